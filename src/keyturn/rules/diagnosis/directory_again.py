"""Why a directory account locks again: where its bad logons come from.

What a source is was judged beside the directory (rules/directories/logons/ranking.py), with logs
that never leave it; here it gets its words.
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import Cause, Evidence, Say, Symptom, Test
from keyturn.rules.diagnosis.facts import Facts, Value
from keyturn.rules.directories.logons.source import Kind, Source
from keyturn.rules.lockout import MINUTE

_FACTS = (
    "directory.again", "directory.again_from", "directory.again_where", "directory.again_count",
    "directory.again_last", "directory.again_every", "directory.again_names",
    "directory.again_strength",
)  # fmt: skip
_BECAUSE = tuple(name for name in _FACTS if name != "directory.again_strength")
#: values of ours among what far sides said; doors say them in the reader's language
NO_CLIENT, NO_RHYTHM = "a client that no log names", "no rhythm"
_LOG = "What the password was, and which program sent it, is in no log of the directory."


def facts(source: Source | None) -> dict[str, Value]:
    """A source as facts; all None where there is none."""
    if source is None:
        return dict.fromkeys(_FACTS)
    every = None if source.every_ms is None else max(1, round(source.every_ms / MINUTE))
    values: tuple[Value, ...] = (
        source.kind.value, source.client, ", ".join(source.controllers), source.count,
        source.last_at, every, source.names, source.strength,
    )  # fmt: skip
    return dict(zip(_FACTS, values, strict=True))


def _is(kind: Kind) -> Test:
    def test(facts: Facts, _now: int) -> Evidence | None:
        if facts.word("directory.again") != kind:
            return None
        every = facts.count("directory.again_every")
        told: dict[str, Value] = {
            "client": facts.word("directory.again_from") or NO_CLIENT,
            "every": every or NO_RHYTHM,
        }
        return Evidence(max(1, facts.count("directory.again_strength")), _BECAUSE, told)

    return test


def _again(
    kind: Kind, title: str, *, person: Say, help_desk: Say, administrator: Say, unseen: str = _LOG
) -> Cause:
    return Cause(
        id=f"directory.again-{kind}", title=title, symptoms=(Symptom.DIRECTORY,), needs=_FACTS,
        test=_is(kind), person=person, help_desk=help_desk, administrator=administrator,
        unseen=unseen,
    )  # fmt: skip


_TRIED = (
    "Bad logons from {client}: {directory.again_count}, minutes between them: {every}, the last "
    "{directory.again_last:time}"
)
_WHERE = f"{_TRIED}, at {{directory.again_where}}."

CAUSES = (
    _again(
        Kind.GUESSING, "Somebody is guessing passwords",
        person=Say(
            "Somebody tries passwords on many names, yours among them, and that locks your "
            "directory account.",
            "Nothing of yours is wrong. Unlock it here, and tell the help desk.",
        ),
        help_desk=Say(
            f"{_TRIED}. Names tried from there within an hour: {{directory.again_names}}.",
            "Tell whoever runs the network. Nothing of the person's has to be changed; unlock "
            "the account as often as it is needed.",
        ),
        administrator=Say(
            f"{_WHERE} Names tried from there within an hour: {{directory.again_names}}.",
            "Block {client}, and look whether a logon from there has succeeded (event 4624; "
            "NT_STATUS_OK in Samba's log).",
        ),
        unseen="Behind a mail server or a gateway, many people's mistakes look just the same.",
    ),
    _again(
        Kind.SERVICE, "A service or scheduled task has an old password",
        person=Say(
            "A program on a computer, a service or a scheduled task, signs in by itself with an "
            "old password of yours.",
            "Give it the new password, or have it use an account of its own; then unlock here.",
        ),
        help_desk=Say(
            f"{_TRIED}: as a service or a scheduled task does.",
            "On {client}, look at services and scheduled tasks that run as this person, give them "
            "the new password, then unlock the account.",
        ),
        administrator=Say(
            _WHERE,
            "On {client}: `schtasks /query /v`, services that log on as this account, saved "
            "credentials (`cmdkey /list`). Better a managed service account than a person's.",
        ),
    ),
    _again(
        Kind.PHONE, "A phone, or a program like it, has an old password",
        person=Say(
            "Something signs in by itself, again and again, with an old password of yours: most "
            "often a phone's or a tablet's mail.",
            "Type the new password into the mail and Wi-Fi settings of each of your devices, or "
            "switch the devices off one after the other; then unlock here.",
        ),
        help_desk=Say(
            f"{_TRIED}: by the clock, as a phone's mail does.",
            "Have the person type the new password into each phone and tablet (mail, calendar, "
            "Wi-Fi), then unlock the account. A phone in flight mode that ends the tries is the "
            "one.",
        ),
        administrator=Say(
            _WHERE,
            "If {client} is a mail server, a gateway or a VPN, its own log names the device.",
        ),
    ),
    _again(
        Kind.TOLERATED, "A computer still has the password of before the change",
        person=Say(
            "A computer goes on with the password that you had before; for an hour after the "
            "change that was let through.",
            "Sign out of that computer and in again with the new password; then unlock here.",
        ),
        help_desk=Say(
            f"{_TRIED}. They began an hour after the change: until then the old password was "
            "taken (NTLM).",
            "Have the person sign out of {client} and in again, and remove saved credentials "
            "there; then unlock the account.",
        ),
        administrator=Say(
            f"{_WHERE} All of them NTLM, the first one about an hour after the change.",
            "OldPasswordAllowedPeriod (Samba: old password allowed period) has run out. Close the "
            "session on {client}, and mappings made with the old password.",
        ),
    ),
    _again(
        Kind.TYPED, "Somebody types a wrong password",
        person=Say(
            "Somebody has typed a wrong password a few times in a row.",
            "If that was you: look at caps lock and the keyboard's language. If it was not, tell "
            "the help desk.",
        ),
        help_desk=Say(
            f"{_TRIED}: a few, close together, as somebody types.",
            "Ask the person whether that was them. If not, look who sits at {client}.",
        ),
        administrator=Say(
            _WHERE,
            "If it was not the person, treat it as somebody else's doing.",
        ),
        unseen="Whether it was the person cannot be seen.",
    ),
    _again(
        Kind.SAVED, "A computer has an old password saved",
        person=Say(
            "A computer signs in with an old password of yours: a mapped drive, a saved "
            "password, or a session that you left open.",
            "Sign out of the computers that you use and in again, connect drives anew; then "
            "unlock here.",
        ),
        help_desk=Say(
            f"{_TRIED}.",
            "On {client}: mapped drives, saved credentials, disconnected sessions of this person. "
            "Then unlock the account.",
        ),
        administrator=Say(
            _WHERE,
            "On {client}: `cmdkey /list`, `net use`, `quser`; in the browser, saved passwords.",
        ),
    ),
    _again(
        Kind.PROGRAM, "Something tries a wrong password",
        person=Say(
            "Some device or program signs in with a wrong password of yours.",
            "Change the password on your phone's mail, mapped drives and saved connections; then "
            "unlock here.",
        ),
        help_desk=Say(
            f"{_TRIED}. No more is known of it.",
            "Find out what {client} is, and whether this person uses it.",
        ),
        administrator=Say(
            _WHERE,
            "Find out what {client} is (DHCP, DNS, the firewall's log), and what runs there as "
            "this person.",
        ),
    ),
    _again(
        Kind.UNSEEN, "A controller counts wrong passwords that no log tells of",
        person=Say(
            "Wrong passwords were counted, and nobody can see from here where they came from.",
            "Change the password on your phone's mail, mapped drives and saved connections; then "
            "unlock here.",
        ),
        help_desk=Say(
            "{directory.again_where} has counted bad logons: {directory.again_count}, the last "
            "{directory.again_last:time}. Its log is not read.",
            "Ask an administrator for the log of that controller.",
        ),
        administrator=Say(
            "badPwdCount on {directory.again_where} is {directory.again_count}, badPasswordTime "
            "{directory.again_last:time}; no log of that controller is named in agent.toml.",
            "Name it (audit_logs or event_programs), or look there: events 4771, 4776, 4625.",
        ),
        unseen="Where they came from stands in that controller's log alone.",
    ),
)  # fmt: skip
