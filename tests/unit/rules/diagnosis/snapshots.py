"""For each cause: a snapshot in which it is the first thing to say, and a near miss.

A row is (what the person runs into, the facts, what differs in the near miss).  A near
miss that maps a name to MISSING takes the fact away: then the cause cannot be told.
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import Symptom
from keyturn.rules.diagnosis.phone_app import cause_id
from keyturn.rules.diagnosis.phone_app_mends import MENDS, Mend

S = Symptom
NOW = 1_800_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
AGO, SOON = NOW - 5 * MINUTE, NOW + 5 * MINUTE
EARLIER = NOW - HOUR
MISSING = object()

Row = tuple[S, dict[str, object], dict[str, object]]

_LOCKED: dict[str, object] = {"lane.unknown.locked_until": SOON}
_TOTP: dict[str, object] = {
    "factors.totp": True,
    "factors.recovery_left": 0,
    "second.passed_at": EARLIER,
    "second.failed_at": AGO,
}
_RECOVERY: dict[str, object] = {"recovery.open": True, "recovery.started_at": AGO}
_SENT: dict[str, object] = {"code.sent_at": AGO, "code.expires_at": SOON, "code.tries": 0}
_MAIL: dict[str, object] = {
    "mail.at": AGO,
    "mail.address": "m•••@example.org",
    "mail.detail": "250 2.0.0 fine",
    "tenant.sender": "no-reply@example.org",
    "mail.attempts": 0,
    "mail.next_at": SOON,
    "mail.updated_at": AGO,
}
_SMS: dict[str, object] = {
    "sms.at": AGO,
    "sms.address": "•••• 123",
    "sms.detail": "id:7 stat",
    "sms.attempts": 0,
    "sms.next_at": SOON,
    "sms.updated_at": AGO,
}
_UNVERIFIED: dict[str, object] = {"account.state": "unverified", "code.state": "live", **_SENT}


def _back(detail: str) -> dict[str, object]:
    return {**_MAIL, "mail.state": "bounced", "mail.detail": detail}


def _text_back(detail: str) -> dict[str, object]:
    return {**_SMS, "sms.state": "bounced", "sms.detail": detail}


def _session(reason: str) -> Row:
    facts: dict[str, object] = {"session.ended_reason": reason, "session.ended_at": AGO}
    return S.SESSION, facts, {"session.ended_at": NOW - 7 * DAY}


_JOB: dict[str, object] = {
    "reset.kind": "reset", "reset.reason": None, "reset.finished_at": AGO,
    "reset.started_at": EARLIER, "reset.everywhere_at": AGO, "reset.missing": 0,
    "reset.unbound": False, "reset.minimum": 15, "reset.history": 24, "reset.min_age_hours": 24,
    "reset.why": "domain_admins", "reset.controller": "dc1.corp.example",
    "reset.detail": "0000052D", "directory.agent": "alive", "directory.kind": "active_directory",
}  # fmt: skip


def _refused(reason: str) -> Row:
    facts = {**_JOB, "reset.state": "not_done", "reset.reason": reason}
    return S.DIRECTORY, facts, {"reset.reason": "cancelled" if reason != "cancelled" else "seal"}


def _agent(word: str) -> Row:
    facts: dict[str, object] = {
        "directory.linked": True, "directory.agent": word, "directory.heard_at": EARLIER,
    }  # fmt: skip
    return S.DIRECTORY, facts, {"directory.agent": "alive"}


def _looked(name: str) -> Row:
    facts: dict[str, object] = {name: True, "directory.looked_at": AGO}
    return S.DIRECTORY, facts, {name: False}


def _tried(word: str) -> Row:
    facts: dict[str, object] = {"directory.tried": word, "directory.tried_at": AGO}
    return S.SIGNIN, facts, {"directory.tried": "wrong"}


def _again(kind: str) -> Row:
    facts: dict[str, object] = {
        "directory.again": kind, "directory.again_from": "pc-14",
        "directory.again_where": "dc1.corp.example", "directory.again_count": 6,
        "directory.again_last": AGO, "directory.again_every": 15, "directory.again_names": 7,
        "directory.again_strength": 75,
    }  # fmt: skip
    return S.DIRECTORY, facts, {"directory.again": "saved" if kind == "typed" else "typed"}


def _phone(mend: Mend) -> Row:
    facts: dict[str, object] = {
        f"app.checks.{mend.check}": mend.cause, "app.system": mend.system or "android",
        "app.checked_at": AGO,
    }  # fmt: skip
    return S.APP, facts, {f"app.checks.{mend.check}": "untold"}


def _link(state: str) -> Row:
    facts: dict[str, object] = {
        "app.bound": False, "app.link": state, "app.link_at": EARLIER, "app.link_ends": AGO,
    }  # fmt: skip
    return S.APP, facts, {"app.bound": True}


def _code(reason: str) -> Row:
    facts: dict[str, object] = {"app.bound": False, "app.code": reason, "app.code_at": AGO}
    return S.APP, facts, {"app.code": "reset"}


# one row, one look: a table reads better than what the formatter makes of it
# fmt: off
ROWS: dict[str, Row] = {
    "lost.waits": (
        S.APP,
        {"lost.state": "waiting", "lost.case": "KT-7F3K-2M", "lost.due_at": SOON,
         "lost.ended_at": None},
        {"lost.state": "done"},
    ),
    "lost.stopped": (
        S.APP,
        {"lost.state": "stopped", "lost.case": "KT-7F3K-2M", "lost.due_at": SOON,
         "lost.ended_at": AGO},
        {"lost.ended_at": NOW - DAY},
    ),
    "case.unproved": (
        S.SIGNIN,
        {"case.unproved": "push", "case.unproved_why": "denied", "case.unproved_at": AGO},
        {"case.unproved_at": NOW - HOUR},
    ),
    "device.vpn": (
        S.DEVICE,
        {"device.vpn": "Example VPN", "device.vpn_at": AGO, "device.setup_at": EARLIER},
        {"device.setup_at": NOW},
    ),
    "device.networks": (
        S.DEVICE,
        {"device.setup_at": AGO, "device.missing": "digits", "device.verdict": "different"},
        {"device.verdict": "families"},
    ),
    "device.press": (
        S.DEVICE,
        {"device.setup_at": AGO, "device.missing": "press", "device.verdict": "same"},
        {"device.missing": "hello"},
    ),
    "device.silent": (
        S.DEVICE,
        {"device.silent": 1, "device.silent_at": EARLIER},
        {"device.silent": 0},
    ),
    "app.link-expired": _link("expired"),
    "app.link-withdrawn": _link("withdrawn"),
    "app.link-open": _link("open"),
    "app.code-expired": _code("expired"),
    "app.code-newer": _code("newer"),
    "app.code-number": _code("number"),
    **{cause_id(mend): _phone(mend) for mend in MENDS},
    # directory passwords
    "directory.too-short": _refused("too_short"),
    "directory.too-simple": _refused("too_simple"),
    "directory.used-before": _refused("used_before"),
    "directory.too-young": _refused("too_young"),
    "directory.policy": _refused("policy"),
    "directory.protected": _refused("protected"),
    "directory.no-right": _refused("no_right"),
    "directory.account-gone": _refused("gone"),
    "directory.must-change": _refused("never_expires"),
    "directory.unwilling": _refused("unwilling"),
    "directory.not-chosen": _refused("not_chosen"),
    "directory.cancelled": _refused("cancelled"),
    "directory.superseded": _refused("superseded"),
    "directory.deadline": _refused("deadline"),
    "directory.interrupted": _refused("unsent"),
    "directory.seal": _refused("seal"),
    "directory.malformed": _refused("malformed"),
    "directory.agent-credentials": _refused("credentials"),
    "directory.read-only": _refused("read_only"),
    "directory.not-private": _refused("not_private"),
    "directory.controller-busy": _refused("busy"),
    "directory.controller-name": _refused("name"),
    "directory.controller-unreachable": _refused("refused"),
    "directory.tls-old": _refused("tls_old"),
    "directory.tls-ca": _refused("tls_ca"),
    "directory.tls-name": _refused("tls_name"),
    "directory.tls-expired": _refused("tls_expired"),
    "directory.tls": _refused("tls"),
    "directory.no-agent": _agent("none"),
    "directory.agent-waiting": _agent("waiting"),
    "directory.agent-revoked": _agent("revoked"),
    "directory.agent-copied": _agent("cloned"),
    "directory.agent-silent": _agent("silent"),
    "directory.not-linked": (S.DIRECTORY, {"directory.linked": False}, {"directory.linked": True}),
    "directory.too-many": (S.DIRECTORY, {"directory.spent_until": SOON},
        {"directory.spent_until": AGO}),
    "directory.signin-spent": (S.SIGNIN, {"directory.tries_until": SOON},
        {"directory.tries_until": AGO}),
    "directory.signin-off": _tried("off"),
    "directory.signin-margin": _tried("no_margin"),
    "directory.signin-locked": _tried("locked"),
    "directory.signin-change": _tried("change"),
    "directory.signin-barred": _tried("barred"),
    "directory.signin-unanswered": _tried("trouble"),
    "directory.unsettled": (S.DIRECTORY, {**_JOB, "reset.state": "unsettled"},
        {"reset.state": "done"}),
    "directory.changed": (S.DIRECTORY, {**_JOB, "reset.state": "changed"},
        {"reset.reason": "untried"}),
    "directory.untried": (S.DIRECTORY,
        {**_JOB, "reset.state": "changed", "reset.reason": "untried"}, {"reset.reason": None}),
    "directory.unbound": (S.DIRECTORY, {**_JOB, "reset.state": "done", "reset.unbound": True},
        {"reset.unbound": False}),
    "directory.again-guessing": _again("guessing"),
    "directory.again-service": _again("service"),
    "directory.again-phone": _again("phone"),
    "directory.again-tolerated": _again("tolerated"),
    "directory.again-typed": _again("typed"),
    "directory.again-saved": _again("saved"),
    "directory.again-program": _again("program"),
    "directory.again-unseen": _again("unseen"),
    "directory.locked": _looked("directory.locked"),
    "directory.disabled": _looked("directory.disabled"),
    "directory.account-expired": _looked("directory.expired"),
    "directory.change-first": _looked("directory.must_change"),
    "directory.password-expired": (S.DIRECTORY, {"directory.password_expires_at": AGO},
        {"directory.password_expires_at": SOON}),
    "directory.not-everywhere": (S.DIRECTORY,
        {**_JOB, "reset.state": "done", "reset.everywhere_at": None, "reset.missing": 2},
        {"reset.everywhere_at": AGO}),
    "directory.given-up": (S.DIRECTORY,
        {**_JOB, "reset.state": "done", "reset.reason": "given_up", "reset.missing": 1},
        {"reset.reason": None}),
    "directory.overtaken": (S.DIRECTORY,
        {**_JOB, "reset.state": "done", "reset.reason": "overtaken"}, {"reset.reason": None}),
    "directory.old-password": (S.DIRECTORY, {**_JOB, "reset.state": "done"},
        {"reset.finished_at": EARLIER}),
    "directory.away": (S.DIRECTORY,
        {**_JOB, "reset.state": "done", "reset.finished_at": NOW - DAY,
         "reset.everywhere_at": None},
        {"reset.finished_at": NOW - 7 * DAY}),
    "directory.space": (S.DIRECTORY,
        {**_JOB, "reset.state": "done", "reset.finished_at": NOW - DAY},
        {"reset.everywhere_at": None}),
    # signing in
    "signin.few-wrong": (S.SIGNIN,
        {"lane.unknown.failed": 4, "signin.last_failure_at": AGO}, {"lane.unknown.failed": 0}),
    "signin.old-password": (S.SIGNIN,
        {"signin.failures_since_password": 2, "password.set_at": EARLIER,
         "signin.last_success_at": EARLIER - 1},
        {"signin.last_success_at": EARLIER}),
    "signin.unknown-name": (S.SIGNIN, {"account.exists": False, "account.similar": 0},
        {"account.exists": True}),
    "signin.other-address": (S.SIGNIN,
        {"account.exists": False, "asked.kind": "email", "account.similar": 1},
        {"asked.kind": "username"}),
    "signin.misspelt": (S.SIGNIN,
        {"account.exists": False, "asked.kind": "username", "account.similar": 2},
        {"account.similar": 0}),
    "signin.disabled": (S.RECOVERY, {"account.state": "disabled", "account.disabled_at": EARLIER},
        {"account.state": "active"}),
    "signin.invited": (S.SIGNIN, {"account.state": "invited"}, {"account.state": None}),
    "signin.no-password": (S.SIGNIN, {"account.state": "active", "password.exists": False},
        {"password.exists": True}),
    "signin.in-since": (S.SIGNIN,
        {"signin.last_success_at": AGO + 1, "signin.last_refusal.at": AGO},
        {"signin.last_success_at": AGO}),
    "signin.typing": (S.SIGNIN,
        {"signin.last_failure_at": NOW - DAY + 1, "signin.last_success_at": None},
        {"signin.last_failure_at": NOW - DAY}),
    "signin.no-try": (S.SIGNIN,
        {"account.exists": True, "signin.last_refusal.at": None, "signin.last_success_at": None},
        {"signin.last_refusal.at": AGO}),
    # locked
    "lock.shown": (S.SIGNIN, {"lane.asked.locked_until": NOW + 1},
        {"lane.asked.locked_until": NOW}),
    "lock.now": (S.SIGNIN, {"lane.unknown.locked_until": NOW + 1},
        {"lane.unknown.locked_until": NOW}),
    "lock.strangers": (S.SIGNIN,
        {**_LOCKED, "clients.known": 1, "signin.foreign_failures": 5},
        {"signin.foreign_failures": 4}),
    "lock.elsewhere": (S.SIGNIN, {**_LOCKED, "this_client.known": True},
        {"this_client.known": False}),
    "lock.whole-account": (S.SIGNIN, {**_LOCKED, "tenant.lockout_scope": "account"},
        {"tenant.lockout_scope": "client"}),
    "lock.new-password": (S.SIGNIN,
        {**_LOCKED, "password.set_at": SOON - 10 * MINUTE},
        {"password.set_at": SOON - 10 * MINUTE - 1}),
    "lock.own-browser": (S.SIGNIN, {"lane.client.locked_until": NOW + 1},
        {"lane.client.locked_until": NOW}),
    "lock.closed": (S.SIGNIN, {"lane.unknown.closed": True, **_LOCKED},
        {"lane.unknown.closed": False}),
    "lock.own-browser-closed": (S.SIGNIN,
        {"lane.client.closed": True, "lane.client.locked_until": SOON},
        {"lane.client.closed": False}),
    "lock.over": (S.SIGNIN,
        {"lane.unknown.locked_until": NOW, "signin.last_refusal.cause": "locked",
         "signin.last_refusal.at": AGO, "signin.last_refusal.client": "Firefox on Windows",
         "signin.last_refusal.ip": "192.0.2.7"},
        {"lane.unknown.locked_until": NOW + 1}),
    "lock.repeating": (S.SIGNIN,
        {"lane.unknown.total": 15, "signin.last_failure_at": AGO}, {"lane.unknown.total": 14}),
    "lock.many-networks": (S.SIGNIN,
        {"signin.distinct_networks": 4, "signin.failures_since_success": 5},
        {"signin.distinct_networks": 3}),
    "lock.notice-lost": (S.SIGNIN,
        {"notice.state": "bounced", "notice.at": AGO, "notice.address": "m•••@example.org",
         "notice.detail": "550 5.1.1 no such user"},
        {"notice.state": "delivered"}),
    # the second step
    "second.not-set-up": (S.SECOND, {"account.staff": True, "factors.totp": False},
        {"account.staff": False}),
    "second.lost": (S.SECOND, _TOTP, {"factors.recovery_left": 1}),
    "second.use-saved-code": (S.SECOND, {**_TOTP, "factors.recovery_left": 3},
        {"second.failed_at": EARLIER}),
    "second.clock": (S.SECOND, {"second.last_failure": "clock", "clock.skew_seconds": -31},
        {"clock.skew_seconds": 30}),
    "second.reused": (S.SECOND, {"second.last_failure": "reused", "second.failed_at": AGO},
        {"second.passed_at": AGO + 1}),
    "second.saved-code-used": (S.SECOND,
        {"second.last_failure": "recovery-used", "factors.recovery_left": 2},
        {"second.last_failure": "wrong"}),
    "second.wrong": (S.SECOND,
        {"second.last_failure": "wrong", "second.failed_at": AGO, "second.passed_at": None},
        {"second.passed_at": AGO + 1}),
    "second.locked": (S.SECOND, {"lane.second.locked_until": NOW + 1},
        {"lane.second.locked_until": NOW}),
    "second.closed": (S.SECOND, {"lane.second.closed": True, "lane.second.locked_until": SOON},
        {"lane.second.closed": False}),
    "passkey.copied": (S.SIGNIN, {"passkeys.copied_at": AGO, "passkeys.usable": 1},
        {"passkeys.copied_at": None}),
    "passkey.refused": (S.SIGNIN,
        {"passkeys.refused_at": AGO, "second.last_failure": None,
         "signin.last_success_at": EARLIER},
        {"signin.last_success_at": AGO + 1}),
    "second.new-browser": (S.SECOND, {"this_client.known": False, "clients.known": 2},
        {"clients.known": 0}),
    "second.staff-always": (S.SECOND,
        {"account.staff": True, "factors.totp": True, "this_client.trusted": True},
        {"this_client.trusted": False}),
    "second.not-trusted": (S.SECOND,
        {"this_client.known": True, "this_client.trusted": False, "factors.totp": True},
        {"this_client.trusted": True}),
    "second.browsers-forgotten": (S.SECOND,
        {"clients.known": 0, "clients.forgotten_at": AGO, "signin.last_success_at": EARLIER},
        {"signin.last_success_at": AGO + 1}),
    "second.timed-out": (S.SECOND,
        {"second.ends_at": NOW, "second.asked_at": AGO, "second.passed_at": None},
        {"second.ends_at": NOW + 1}),
    # sign-up
    "signup.code-not-entered": (S.SIGNIN, _UNVERIFIED, {"code.expires_at": NOW}),
    "signup.code-ended": (S.SIGNIN, {**_UNVERIFIED, "code.expires_at": NOW},
        {"code.expires_at": NOW + 1}),
    "signup.mail-lost": (S.SIGNIN,
        {**_UNVERIFIED, **_back("550 5.1.1 no such user")}, {"mail.state": "sent"}),
    "signup.closed": (S.SIGNUP, {"tenant.signup": False}, {"tenant.signup": True}),
    "signup.has-account": (S.SIGNUP,
        {"account.state": "active", "signup.repeated_at": AGO}, {"signup.repeated_at": None}),
    "signup.phone-wanted": (S.SIGNUP,
        {"tenant.phone": "required", "account.state": "active", "phone.verified_at": None},
        {"phone.verified_at": AGO}),
    # codes
    "code.expired": (S.CODE, {**_SENT, "code.state": "live", "code.expires_at": NOW},
        {"code.expires_at": NOW + 1}),
    "code.expired-here": (S.CODE, {"here.code.expires_at": NOW}, {"here.code.expires_at": NOW + 1}),
    "code.spent": (S.CODE, {**_SENT, "code.state": "spent", "code.tries": 5},
        {"code.state": "live"}),
    "code.spent-here": (S.CODE, {"here.code.tries": 5, "here.code.sent_at": AGO},
        {"here.code.tries": 4}),
    "code.replaced": (S.CODE,
        {**_SENT, "code.state": "live", "code.tries": 1, "code.replaces_at": AGO},
        {"code.tries": 0}),
    "code.replaced-here": (S.CODE,
        {"here.code.replaced_at": AGO, "here.code.expires_at": SOON},
        {"here.code.replaced_at": None}),
    "code.used": (S.CODE, {**_SENT, "code.state": "used", "code.used_at": AGO},
        {"code.sent_at": NOW - DAY}),
    "code.link-only": (S.CODE,
        {**_SENT, "code.state": "live", "code.link_only": True, "budget.code_mails.until": SOON},
        {"budget.code_mails.until": NOW}),
    "code.no-more-mails": (S.MAIL, {"budget.link_mails.until": NOW + 1},
        {"budget.link_mails.until": NOW}),
    "code.tries-of-day": (S.CODE, {"budget.code_tries.until": NOW + 1},
        {"budget.code_tries.until": NOW}),
    "code.just-sent": (S.MAIL, {"here.code.sent_at": NOW - 59_999},
        {"here.code.sent_at": NOW - 60_000}),
    "code.flow-over": (S.CODE, {"here.flow.expires_at": NOW}, {"here.flow.expires_at": NOW + 1}),
    # recovery
    "recovery.frozen": (S.RECOVERY, {"account.frozen_at": AGO}, {"account.frozen_at": None}),
    "recovery.second-wanted": (S.RECOVERY, {**_RECOVERY, "recovery.step": "second"},
        {"recovery.open": False}),
    "recovery.password-wanted": (S.RECOVERY, {**_RECOVERY, "recovery.step": "password"},
        {"recovery.step": "second"}),
    "recovery.code-wanted": (S.RECOVERY, {**_RECOVERY, "recovery.step": "code"},
        {"recovery.step": None}),
    "recovery.other-browser": (S.CODE, {**_RECOVERY, "recovery.here": False},
        {"recovery.here": True}),
    "recovery.several-browsers": (S.CODE, {"recovery.browsers": 2}, {"recovery.browsers": 1}),
    "recovery.given-up": (S.RECOVERY,
        {"recovery.open": False, "recovery.started_at": AGO, "recovery.done_at": None},
        {"recovery.done_at": AGO}),
    "recovery.done": (S.SIGNIN,
        {"recovery.done_at": AGO, "signin.last_success_at": EARLIER,
         "lane.unknown.locked_until": None},
        {"lane.unknown.locked_until": NOW + 1}),
    # mail
    "recovery.circular": (S.RECOVERY, {"account.circular": True}, {"account.circular": False}),
    "recovery.circular-asked": (S.RECOVERY, {"asked.circular": True}, {"asked.circular": False}),
    "mail.queued": (S.MAIL, {**_MAIL, "mail.state": "sending", "mail.attempts": 1},
        {"mail.state": "queued"}),
    "mail.queue-stuck": (S.MAIL,
        {**_MAIL, "mail.state": "queued", "outbox.due_at": NOW - 2 * MINUTE - 1},
        {"outbox.due_at": NOW - 2 * MINUTE}),
    "mail.deferred": (S.MAIL,
        {**_MAIL, "mail.state": "queued", "mail.attempts": 1, "mail.detail": "451 4.7.1 later"},
        {"mail.attempts": 0}),
    "mail.no-report": (S.MAIL, {**_MAIL, "mail.state": "sent"}, {"mail.at": NOW - DAY}),
    "mail.put-off": (S.MAIL,
        {**_MAIL, "mail.state": "deferred", "mail.detail": "4.7.1 450 4.7.1 greylisted"},
        {"mail.detail": "452 4.2.2 mailbox full"}),
    "mail.relayed": (S.MAIL, {**_MAIL, "mail.state": "relayed"}, {"mail.state": "sent"}),
    "mail.delivered": (S.MAIL, {**_MAIL, "mail.state": "delivered"}, {"mail.state": "sent"}),
    "mail.no-mailbox": (S.MAIL, _back("550 5.1.1 <m@example.org> user unknown"),
        {"mail.detail": "552 5.2.2 mailbox full"}),
    "mail.full": (S.MAIL, _back("552 5.2.2 mailbox full"),
        {"mail.detail": "550 5.2.1 mailbox disabled"}),
    "mail.blocked": (S.MAIL, _back("554 5.7.1 refused by policy"),
        {"mail.detail": "554 refused"}),
    "mail.came-back": (S.MAIL, _back("554 transaction failed"),
        {"mail.detail": "554 5.7.1 refused by policy"}),
    "mail.no-domain": (S.MAIL, _back("5.4.4 unable to look up host example.invalid"),
        {"mail.detail": "5.4.1 relay access denied"}),
    "mail.closed": (S.MAIL, _back("550 5.2.1 mailbox disabled"),
        {"mail.detail": "550 5.2.4 list expansion"}),
    "mail.too-big": (S.MAIL, _back("552 5.3.4 message too big"), {"mail.state": "deferred"}),
    "mail.too-late": (S.MAIL, {**_MAIL, "mail.state": "expired"}, {"mail.state": "dropped"}),
    "mail.none": (S.MAIL, {"account.exists": True, "mail.at": None}, {"account.exists": False}),
    # text messages and phones
    "sms.landline": (S.PHONE, {"phone.line": "landline", "phone.verified_at": None},
        {"phone.verified_at": AGO}),
    "sms.internet-number": (S.PHONE, {"phone.line": "voip", "phone.verified_at": None},
        {"phone.line": "mobile"}),
    "sms.queued": (S.TEXT, {**_SMS, "sms.state": "queued"}, {"sms.attempts": 1}),
    "sms.deferred": (S.TEXT, {**_SMS, "sms.state": "sending", "sms.attempts": 2},
        {"sms.attempts": 1}),
    "sms.no-report": (S.TEXT, {**_SMS, "sms.state": "sent"}, {"sms.state": "delivered"}),
    "sms.delivered": (S.TEXT, {**_SMS, "sms.state": "delivered"}, {"sms.at": NOW - DAY}),
    "sms.undeliverable": (S.TEXT, {**_SMS, "sms.state": "bounced"}, {"sms.state": "expired"}),
    "sms.rejected": (S.TEXT, {**_SMS, "sms.state": "rejected"}, {"sms.state": "bounced"}),
    "sms.phone-off": (S.TEXT, {**_SMS, "sms.state": "expired"}, {"sms.at": None}),
    "sms.number-unknown": (S.TEXT, _text_back("unknown-number: 30005 x"),
        {"sms.detail": "30005 x"}),
    "sms.reported-landline": (S.TEXT, _text_back("landline: 30006 x"), {"sms.at": NOW - DAY}),
    "sms.filtered": (S.TEXT, _text_back("filtered: 30007 x"), {"sms.state": "delivered"}),
    "sms.barred": (S.TEXT, _text_back("barred: 30004 x"), {"sms.detail": "filtered: x"}),
    "sms.not-served": (S.TEXT, _text_back("no-route: 21408 x"), {"sms.state": "sent"}),
    "sms.gateway-account": (S.TEXT, _text_back("our-account: 30002 x"), {"sms.state": "queued"}),
    "sms.gateway-slow": (S.TEXT, _text_back("too-slow: 30036 x"), {"sms.detail": "30036 x"}),
    "sms.country-closed": (S.PHONE, {"phone.served": False}, {"phone.served": True}),
    "sms.range-cap": (S.TEXT, {"budget.sms_range.until": NOW + 1},
        {"budget.sms_range.until": NOW}),
    "sms.network-cap": (S.TEXT, {"budget.sms_network.until": NOW + 1},
        {"budget.sms_network.until": NOW}),
    "sms.too-many": (S.TEXT, {"budget.sms.until": NOW + 1}, {"budget.sms.until": NOW}),
    "sms.organisation-cap": (S.TEXT, {"budget.sms_tenant.until": NOW + 1},
        {"budget.sms_tenant.until": NOW}),
    "sms.none": (S.TEXT, {"phone.given": False, "sms.at": None}, {"sms.at": AGO}),
    "phone.in-use": (S.PHONE, {"phone.in_use": True, "phone.holder_state": "disabled"},
        {"phone.in_use": False}),
    "phone.code-not-entered": (S.PHONE, {"phone.given": True, "phone.verified_at": None},
        {"phone.given": False}),
    # signed out
    **{f"session.{why}": _session(why) for why in (
        "recovery", "password", "staff", "owner", "not-me", "disabled", "idle", "limit",
        "signout")},
    # network and pages
    "network.too-many": (S.SIGNIN, {"network.exhausted_until": NOW + 1},
        {"network.exhausted_until": NOW}),
    "server.busy": (S.SIGNIN, {"here.refused": "busy"}, {"here.refused": "neutral"}),
    "server.store": (S.SIGNIN, {"here.refused": "store"}, {"here.refused": "busy"}),
    "browser.no-cookies": (S.PAGE, {"browser.cookie": False, "here.refused": "form"},
        {"browser.cookie": True}),
    "page.too-old": (S.PAGE, {"browser.cookie": True, "here.refused": "form"},
        {"browser.cookie": False}),
    "page.flow-gone": (S.CODE, {"browser.cookie": True, "here.refused": "flow"},
        {"here.refused": "form"}),
    "page.other-address": (S.PAGE, {"here.refused": "origin"}, {"here.refused": MISSING}),
}
# fmt: on
