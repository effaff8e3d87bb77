"""The vocabulary of facts: every name that diagnosis understands.

A collector fills in what it can; what it leaves out makes the causes that need it
"cannot tell".  The audience of a fact is the wall behind the neutral answer: a stranger's
diagnosis is computed from PUBLIC facts alone, and those are the same for a name that
exists and for one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.accounts import UserState
from keyturn.rules.activation import LinkState
from keyturn.rules.directories.causes import NOT_DONE
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.logons.source import Kind as SourceKind
from keyturn.rules.directories.resets import JobKind, JobState
from keyturn.rules.matching import Ended
from keyturn.rules.messages import MessageState
from keyturn.rules.networks import Verdict as Networks
from keyturn.rules.pairing import Missing
from keyturn.rules.phone_checks.checks import CAUSES as CHECKED
from keyturn.rules.phone_checks.checks import Verdict
from keyturn.rules.phone_checks.platforms import System
from keyturn.rules.proofs import Method, Outcome
from keyturn.rules.recoveries import State as Recovery


class Kind(StrEnum):
    """The type of a fact's value; None is allowed for every kind."""

    FLAG = "flag"  # bool
    COUNT = "count"  # int, in the unit that the fact's meaning names
    TIME = "time"  # int, milliseconds since the epoch
    WORD = "word"  # str, one of the fact's `words`
    TEXT = "text"  # str, foreign text: to be escaped wherever it is shown


class Audience(StrEnum):
    """Who may see a fact's value, and whatever was concluded from it."""

    PUBLIC = "public"  # anybody in that browser: the same for known and absent names
    PERSON = "person"  # the account's owner, after proof
    STAFF = "staff"  # help desk and administrators


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the vocabulary.

    Attributes:
        name: dotted, stable; stored in snapshots: add, never rename.
        kind: the value's type.
        audience: who may see it.
        meaning: one line; what None says where that is not plain.
        source: where a collector finds it.
        words: the closed set of values of a WORD.
    """

    name: str
    kind: Kind
    audience: Audience
    meaning: str
    source: str
    words: tuple[str, ...] = ()

    def fits(self, value: object) -> bool:
        """Whether `value` can be a value of this fact."""
        if value is None:
            return True
        if self.kind is Kind.FLAG:
            return isinstance(value, bool)
        if self.kind in {Kind.COUNT, Kind.TIME}:
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, str) and (self.kind is Kind.TEXT or value in self.words)


#: in place of a holder's state: they are another tenant's, which is told of nobody
ELSEWHERE: Final = "at another customer of the provider"

_FLAG, _COUNT, _TIME, _WORD, _TEXT = Kind
_PUBLIC, _PERSON, _STAFF = Audience
_Bare = tuple[str, Kind, Audience, str, str]
_Row = _Bare | tuple[str, Kind, Audience, str, str, tuple[str, ...]]

# Tables: one fact, one or two lines; the formatter would give each part a line of its own.
# fmt: off
_HERE: tuple[_Row, ...] = (
    ("browser.cookie", _FLAG, _PUBLIC, "the browser came with the cookie it was given",
     "Caller.browser"),
    ("asked.kind", _WORD, _PUBLIC, "what the name that was typed looks like",
     "the spelling alone", ("email", "phone", "username", "none")),
    ("asked.circular", _FLAG, _PUBLIC,
     "the name that was typed is an address in a directory's domain", "the spelling alone"),
    ("here.refused", _WORD, _PUBLIC, "what this browser was last shown instead of a way in",
     "the door, from the flow's result",
     ("neutral", "locked", "network", "busy", "store", "form", "origin", "flow")),
    ("lane.asked.locked_until", _TIME, _PUBLIC,
     "end of the lock that a try under this name would meet here; absent names have lanes too",
     "lanes.get (u:, c: or a:)"),
    ("here.flow.expires_at", _TIME, _PUBLIC, "when the flow of this browser ends or ended",
     "flows.open, or the flow that the page named"),
    ("here.code.sent_at", _TIME, _PUBLIC, "when this browser was told that a code is on its way",
     "codes.latest of this browser's flow"),
    ("here.code.expires_at", _TIME, _PUBLIC, "when that code ends", "codes.latest"),
    ("here.code.tries", _COUNT, _PUBLIC, "wrong codes typed in this browser's flow",
     "codes.latest"),
    ("here.code.replaced_at", _TIME, _PUBLIC, "when this browser asked for a newer code",
     "an older code of this browser's flow"),
    ("network.exhausted_until", _TIME, _PUBLIC,
     "until when this network may not try any name; None: it may", "budgets.look (network)"),
    ("tenant.signup", _FLAG, _PUBLIC, "people may create accounts themselves", "Tenant.policy"),
    ("tenant.phone", _WORD, _PUBLIC, "whether a phone number is asked for", "Tenant.policy",
     ("off", "optional", "required")),
    ("tenant.lockout_scope", _WORD, _PUBLIC, "one lane for each known client, or one for all",
     "Tenant.policy", ("client", "account")),
    ("tenant.sender", _TEXT, _PUBLIC, "the one address that mail comes from", "Tenant.sender"),
    ("tenant.voice", _FLAG, _PUBLIC, "the gateway can call and read a code out", "Tenant.policy"),
)

_ACCOUNT: tuple[_Row, ...] = (
    ("account.exists", _FLAG, _PERSON, "somebody has the name that was asked for", "users.named"),
    ("account.state", _WORD, _PERSON, "where the account stands; None: there is none",
     "User.state", tuple(UserState)),
    ("account.circular", _FLAG, _PERSON,
     "its address is in a directory's domain: the mailbox may open with the lost password",
     "User.email, Tenant.policy"),
    ("account.staff", _FLAG, _PERSON, "has a role somewhere", "roles.of_user"),
    ("account.similar", _COUNT, _STAFF,
     "accounts here whose name, e-mail or phone starts like the name typed", "users.search"),
    ("account.disabled_at", _TIME, _PERSON, "when it was last disabled", "audit user.disabled"),
    ("account.frozen_at", _TIME, _PERSON, "since when changes are frozen", "User.frozen_at"),
    ("password.exists", _FLAG, _PERSON, "the account has a password", "User.password_hash"),
    ("password.set_at", _TIME, _PERSON, "when the password was last set", "User.password_set_at"),
    ("signin.last_success_at", _TIME, _PERSON, "last full sign-in", "User.last_signin_at"),
    ("signin.last_failure_at", _TIME, _PERSON, "last wrong password", "audit signin.failed"),
    ("signin.failures_since_success", _COUNT, _STAFF, "wrong passwords since the last sign-in",
     "audit signin.failed"),
    ("signin.failures_since_password", _COUNT, _STAFF,
     "wrong passwords since the password was set", "audit signin.failed"),
    ("signin.foreign_failures", _COUNT, _STAFF,
     "of the failures since the last sign-in, those from networks where no known client was seen",
     "audit signin.failed, clients.of_user, network_of"),
    ("signin.distinct_networks", _COUNT, _STAFF,
     "networks that the failures since the last sign-in came from", "audit, network_of"),
    ("signin.last_refusal.at", _TIME, _PERSON, "when a sign-in was last refused for any reason",
     "audit signin.*"),
    ("signin.last_refusal.cause", _WORD, _STAFF, "the reason kept with that refusal",
     "audit signin.* facts",
     ("wrong", "locked", "unverified")),
    ("signin.last_refusal.client", _TEXT, _STAFF, "the client's name, as it says itself",
     "Entry.client"),
    ("signin.last_refusal.ip", _TEXT, _STAFF, "the address that the refused try came from",
     "Entry.ip"),
    ("clients.known", _COUNT, _PERSON, "clients that completed a full sign-in",
     "clients.of_user"),
    ("clients.forgotten_at", _TIME, _PERSON, "when known clients were last forgotten",
     "audit client.forgotten, owner.objected"),
    ("this_client.known", _FLAG, _PERSON, "the browser asking is a known client of the account",
     "Caller.offers, steps.clients.recognised"),
    ("this_client.trusted", _FLAG, _PERSON, "and need not do the second step again",
     "Client.trusted"),
)

_WHOSE: Mapping[str, str] = {
    "unknown": "the lane of all clients that are new to the account (u:)",
    "client": "the lane of the known client asking; for staff, of the one locked last (c:)",
    "second": "the lane of guesses at the second step (2:)",
}
_LOCKS: tuple[_Row, ...] = tuple(
    row
    for lane, whose in _WHOSE.items()
    for row in (
        (f"lane.{lane}.locked_until", _TIME, _PERSON, f"end of the lock in {whose}", "lanes.get"),
        (f"lane.{lane}.closed", _FLAG, _PERSON, f"nothing is right any more in {whose}",
         "lanes.get"),
    )
)
_STREAKS: tuple[_Row, ...] = tuple(
    row
    for lane in ("unknown", "client")
    for row in (
        (f"lane.{lane}.failed", _COUNT, _STAFF,
         f"failures of the present streak in {_WHOSE[lane]}", "lanes.get, lockout.observe"),
        (f"lane.{lane}.total", _COUNT, _STAFF,
         f"failures in a row over all locks in {_WHOSE[lane]}", "lanes.get, lockout.observe"),
    )
)

_SECOND: tuple[_Row, ...] = (
    ("factors.totp", _FLAG, _PERSON, "an authenticator app is enrolled", "factors.of_user"),
    ("factors.recovery_left", _COUNT, _PERSON, "saved recovery codes not used yet",
     "factors.of_user"),
    ("second.failed_at", _TIME, _PERSON, "last wrong second step", "audit second.failed"),
    ("second.passed_at", _TIME, _PERSON, "last right second step", "audit second.passed"),
    ("second.asked_at", _TIME, _PERSON, "when a right password was last asked for a second step",
     "audit second.pending"),
    ("second.ends_at", _TIME, _PERSON, "when that question ends or ended", "Flow.expires_at"),
    ("second.last_failure", _WORD, _PERSON, "why the last second step was refused",
     "audit second.failed facts",
     ("wrong", "reused", "clock", "recovery-used", "passkey", "passkey-cloned")),
    ("clock.skew_seconds", _COUNT, _PERSON,
     "seconds by which the authenticator's clock is ahead (+) or behind (-), from the last code",
     "audit second.failed facts"),
    ("passkeys.usable", _COUNT, _PERSON, "passkeys that are still accepted", "passkeys.of_user"),
    ("passkeys.copied_at", _TIME, _PERSON,
     "when one of the stored passkeys was last found to exist twice", "Passkey.cloned_at"),
    ("passkeys.refused_at", _TIME, _PERSON,
     "when a passkey that was to sign in alone was last refused", "audit passkey.refused"),
)


_CODE: tuple[_Row, ...] = (
    ("code.state", _WORD, _PERSON, "how the account's newest code stands; None: there was none",
     "flows.of_user, codes.latest, rules.codes.standing",
     ("live", "used", "expired", "spent", "replaced")),
    ("code.sent_at", _TIME, _PERSON, "when it was made", "Code.sent_at"),
    ("code.expires_at", _TIME, _PERSON, "when it ends or ended", "Code.expires_at"),
    ("code.used_at", _TIME, _PERSON, "when it was used", "Code.used_at"),
    ("code.tries", _COUNT, _PERSON, "wrong tries at it", "Code.tries"),
    ("code.replaces_at", _TIME, _PERSON, "when an older code of its flow gave way to it",
     "Code.replaced_at of the older"),
    ("code.link_only", _FLAG, _PERSON, "its message carries a link and no digits",
     "Code.digest is None"),
)

_FLOWS: tuple[_Row, ...] = (
    ("signup.repeated_at", _TIME, _PERSON,
     "when somebody last signed up with this address although it has an account",
     "audit signup.repeated"),
    ("recovery.open", _FLAG, _PERSON, "a recovery waits to be finished",
     "flows.of_user (recovery)"),
    ("recovery.step", _WORD, _PERSON, "what the open recovery waits for", "Flow.step",
     ("code", "second", "password")),
    ("recovery.here", _FLAG, _PERSON, "the open recovery belongs to the browser asking",
     "Flow.browser"),
    ("recovery.browsers", _COUNT, _PERSON, "browsers with an open recovery", "flows.of_user"),
    ("recovery.started_at", _TIME, _PERSON, "when the newest recovery began", "Flow.created_at"),
    ("recovery.done_at", _TIME, _PERSON, "when a recovery last set a new password",
     "audit recovery.done"),
    ("budget.code_mails.until", _TIME, _PERSON, "until when mails carry a link and no digits",
     "budgets.look (code-mails)"),
    ("budget.link_mails.until", _TIME, _PERSON, "until when no further mail is sent either",
     "budgets.look (link-mails)"),
    ("budget.code_tries.until", _TIME, _PERSON, "until when no further code may be tried",
     "budgets.look (code-tries)"),
    ("budget.sms.until", _TIME, _PERSON, "until when this person or number gets no further text",
     "budgets.look (sms-number, sms-user)"),
    ("budget.sms_range.until", _TIME, _PERSON,
     "until when numbers of this range or country get no further text",
     "budgets.look (sms-range, sms-country)"),
    ("budget.sms_network.until", _TIME, _PERSON,
     "until when the network that asks gets no further text", "budgets.look (sms-network)"),
    ("budget.sms_tenant.until", _TIME, _STAFF, "until when the tenant sends no further text",
     "budgets.look (Limits.sms_per_hour, Limits.sms_per_day)"),
    ("outbox.due_at", _TIME, _STAFF, "since when the oldest waiting message is due",
     "messages.next_due"),
)


def _message(name: str, what: str) -> tuple[_Row, ...]:
    """The newest message of a sort: what it is, and how it went."""
    return (
        (f"{name}.state", _WORD, _PERSON, f"{what}; None: there is none", "messages.of_user",
         tuple(MessageState)),
        (f"{name}.at", _TIME, _PERSON, "when it was asked for", "Message.created_at"),
        (f"{name}.address", _TEXT, _PERSON, "where it goes, masked", "Message.address, masked"),
        (f"{name}.detail", _TEXT, _STAFF, "the far side's last words", "Message.detail"),
    )


def _progress(name: str) -> tuple[_Row, ...]:
    """How far the delivery of that message has come."""
    return (
        (f"{name}.updated_at", _TIME, _PERSON, "when its state last changed",
         "Message.updated_at"),
        (f"{name}.next_at", _TIME, _PERSON, "when the next try is due", "Message.run_at"),
        (f"{name}.attempts", _COUNT, _STAFF, "how often it was tried", "Message.attempt"),
    )


_MESSAGES: tuple[_Row, ...] = (
    *_message("mail", "the newest mail with a code or link"),
    *_progress("mail"),
    *_message("sms", "the newest text message with a code"),
    *_progress("sms"),
    *_message("notice", "the newest mail about a lock"),
    ("phone.given", _FLAG, _PERSON, "a phone number was entered", "User.phone or the open flow"),
    ("phone.line", _WORD, _PERSON, "what the numbering plan says of it", "NumberingPlan.look",
     ("mobile", "landline", "either", "voip", "other")),
    ("phone.served", _FLAG, _PERSON, "the tenant sends texts to the number's country",
     "NumberingPlan.look, Tenant.policy"),
    ("phone.verified_at", _TIME, _PERSON, "when the number was proved", "User.phone_verified_at"),
    ("phone.in_use", _FLAG, _PERSON, "another account has proved the number that was entered",
     "users.holder_of_phone, users.held_elsewhere"),
    ("phone.holder_state", _WORD, _STAFF, "state of the account that has proved it",
     "users.holder_of_phone, users.held_elsewhere", (*UserState, ELSEWHERE)),
    ("session.ended_at", _TIME, _PERSON, "when a session last ended",
     "audit sessions.ended, signout; or the session's own limits"),
    ("session.ended_reason", _WORD, _PERSON, "why it ended", "audit sessions.ended facts",
     ("recovery", "password", "staff", "owner", "not-me", "disabled", "idle", "limit", "signout")),
)

_DIRECTORY: tuple[_Row, ...] = (
    ("directory.linked", _FLAG, _PERSON, "has an account in a connected directory",
     "directories.linked"),
    ("directory.kind", _WORD, _PERSON, "what that directory is; None: no account in any",
     "Directory.kind", tuple(DirectoryKind)),
    ("directory.agent", _WORD, _PERSON, "how the agents of that directory stand",
     "agents.of", ("alive", "silent", "none", "waiting", "revoked", "cloned")),
    ("directory.heard_at", _TIME, _PERSON, "when one of them was last heard", "Run.seen_at"),
    ("directory.spent_until", _TIME, _PERSON, "until when no further reset may begin",
     "budgets.look (directory-jobs)"),
    ("directory.tried", _WORD, _PERSON,
     "what came of the last directory password tried at sign-in; None: none within a day",
     "audit signin.directory",
     ("right", "change", "barred", "wrong", "locked", "no_margin", "spent", "off", "unreadable",
      "changed", "trouble", "other")),
    ("directory.tried_at", _TIME, _PERSON, "when that was", "audit signin.directory"),
    ("directory.tries_until", _TIME, _PERSON, "until when none is tried any more",
     "audit signin.spent"),
    ("directory.looked_at", _TIME, _PERSON, "when the directory last told of the account",
     "jobs.last_look"),
    ("directory.locked", _FLAG, _PERSON, "it was locked then", "Look.view"),
    ("directory.locked_until", _TIME, _PERSON, "until when; None: until somebody unlocks it",
     "Look.view"),
    ("directory.disabled", _FLAG, _PERSON, "it was disabled then", "Look.view"),
    ("directory.expired", _FLAG, _PERSON, "its last day had passed then", "Look.view"),
    ("directory.must_change", _FLAG, _PERSON, "its password had to be changed first",
     "Look.view"),
    ("directory.password_expires_at", _TIME, _PERSON, "when its password expires; None: never",
     "Look.view"),
    ("directory.again", _WORD, _PERSON, "what its bad logons come from; None: none were found",
     "Look.view (again)", tuple(SourceKind)),
    ("directory.again_from", _TEXT, _STAFF, "the computer or address they come from",
     "Source.client"),
    ("directory.again_where", _TEXT, _STAFF, "the controllers that refused them",
     "Source.controllers"),
    ("directory.again_count", _COUNT, _STAFF, "how many there were, within a day",
     "Source.count"),
    ("directory.again_last", _TIME, _STAFF, "when the last one was", "Source.last_at"),
    ("directory.again_every", _COUNT, _STAFF, "minutes between them; None: no rhythm",
     "Source.every_ms"),
    ("directory.again_names", _COUNT, _STAFF, "names tried from there within an hour",
     "Source.names"),
    ("directory.again_strength", _COUNT, _STAFF, "how sure the agent is, of 100",
     "Source.strength"),
    ("reset.kind", _WORD, _PERSON, "what was last asked of the directory; None: nothing yet",
     "jobs.of", tuple(JobKind)),
    ("reset.state", _WORD, _PERSON, "where that stands", "Job.state", tuple(JobState)),
    ("reset.reason", _WORD, _PERSON, "why it was not done, or is watched no more", "Job.reason",
     (*NOT_DONE, "untried", "overtaken", "given_up", "other")),
    ("reset.started_at", _TIME, _PERSON, "when it began", "Job.created_at"),
    ("reset.finished_at", _TIME, _PERSON, "when it came to its answer", "Job.finished_at"),
    ("reset.everywhere_at", _TIME, _PERSON, "since when every writable controller has it",
     "Job.everywhere_at"),
    ("reset.missing", _COUNT, _PERSON, "writable controllers that do not have it yet",
     "jobs.proofs, Directory.topology"),
    ("reset.unbound", _FLAG, _PERSON, "the directory said nothing when it was tried",
     "Job.detail"),
    ("reset.minimum", _COUNT, _PERSON, "characters that the policy wants", "Job.detail"),
    ("reset.history", _COUNT, _PERSON, "passwords that the directory remembers", "Job.detail"),
    ("reset.min_age_hours", _COUNT, _PERSON, "age at which a password may be changed, hours",
     "Job.detail"),
    ("reset.why", _TEXT, _STAFF, "what makes the account protected, or the change not bind",
     "Job.detail"),
    ("reset.controller", _TEXT, _STAFF, "the controller that was asked", "Job.permit, Job.detail"),
    ("reset.detail", _TEXT, _STAFF, "the directory's own words", "Job.detail"),
)
_APP: tuple[_Row, ...] = (
    ("app.bound", _FLAG, _PERSON, "a phone is bound", "the user's phones"),
    ("app.link", _WORD, _PERSON, "how the newest activation link stands; None: there was none",
     "rules.activation.judge", tuple(LinkState)),
    ("app.link_at", _TIME, _PERSON, "when it was made", "Link.made_at"),
    ("app.link_ends", _TIME, _PERSON, "when it ends or ended", "Link.expires_at"),
    ("app.code", _WORD, _PERSON, "what ended the newest code to scan; None: nothing, or no code",
     "ScanCode.ended", tuple(Ended)),
    ("app.code_at", _TIME, _PERSON, "when it ended", "ScanCode.ended_at"),
    ("app.checked_at", _TIME, _PERSON, "when the phone last checked itself; None: there is none",
     "Check my phone"),
    ("app.system", _WORD, _PERSON, "the phone's system", "Check my phone", tuple(System)),
    *((f"app.checks.{check}", _WORD, _PERSON, f"what it found then about its {check}",
       "Check my phone", (Verdict.WELL, Verdict.UNTOLD, *causes))
      for check, causes in CHECKED.items()),
)

_HELP_DESK: tuple[_Row, ...] = (
    ("lost.state", _WORD, _PERSON,
     "how the last new phone stands that the help desk was asked for; None: none was",
     "recoveries.newest", tuple(Recovery)),
    ("lost.case", _TEXT, _PERSON, "the reference of its case", "Recovery.ref"),
    ("lost.due_at", _TIME, _PERSON, "when its link is mailed", "Recovery.due_at"),
    ("lost.ended_at", _TIME, _PERSON, "when it was stopped; None: it was not",
     "Recovery.ended_at"),
    ("case.unproved", _WORD, _STAFF,
     "by which method a caller was last not proved in a case; None: the last proof was one",
     "audit case.unproved", tuple(Method)),
    ("case.unproved_why", _WORD, _STAFF, "why it was none", "audit case.unproved",
     tuple(Outcome)),
    ("case.unproved_at", _TIME, _STAFF, "when", "audit case.unproved"),
)  # fmt: skip

_DEVICES: tuple[_Row, ...] = (
    ("device.setup_at", _TIME, _PERSON, "when the last set-up was begun", "Setup.made_at"),
    ("device.missing", _WORD, _PERSON, "what was still to come of it; None: nothing",
     "rules.pairing.missing", tuple(Missing)),
    ("device.verdict", _WORD, _PERSON, "what the two addresses told", "rules.networks.judge",
     tuple(Networks)),
    ("device.vpn", _TEXT, _PERSON, "the network that a set-up was last refused for",
     "device.refused"),
    ("device.vpn_at", _TIME, _PERSON, "when that was", "device.refused"),
    ("device.silent", _COUNT, _PERSON, "devices of theirs that are silent", "Devices.last"),
    ("device.silent_at", _TIME, _PERSON, "when the last of these was heard", "Devices.last"),
)
# fmt: on


def _by_name(rows: Iterable[_Row]) -> Mapping[str, Fact]:
    return {row[0]: Fact(*row) for row in rows}


#: every fact by name, in the order in which people are told of them
VOCABULARY: Final = _by_name(
    (
        *_HERE,
        *_ACCOUNT,
        *_LOCKS,
        *_STREAKS,
        *_SECOND,
        *_CODE,
        *_FLOWS,
        *_MESSAGES,
        *_DIRECTORY,
        *_APP,
        *_HELP_DESK,
        *_DEVICES,
    )
)
