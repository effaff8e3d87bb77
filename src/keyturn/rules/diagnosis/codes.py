"""A code or link that is not accepted.

Three of these causes exist twice: for people with proof and for staff from the account's
newest code, and for strangers from what their own browser has done.  The second knows no
difference between a name that exists and one that does not; that a code was *used* is
told to nobody without proof, because only the mailbox's owner can have used it.
"""

from __future__ import annotations

from dataclasses import replace

from keyturn.rules.codes import RESEND_MS, TRIES
from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    STRONG,
    Cause,
    Evidence,
    Say,
    Symptom,
    Test,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY

_CODE = (Symptom.CODE, Symptom.SIGNUP, Symptom.RECOVERY)


def _state(facts: Facts, now: int) -> str:
    """How the newest code stands; "" for none or one older than a day."""
    sent = facts.time("code.sent_at")
    if sent is None or now - sent >= DAY:
        return ""
    state = facts.word("code.state")
    over = state == "live" and facts.reached("code.expires_at", now)
    return "expired" if over else state


def _ended(state: str, strength: int, at: str) -> Test:
    """The newest code ended this way; `{at}` is the moment that the fact `at` names."""

    def test(facts: Facts, now: int) -> Evidence | None:
        if _state(facts, now) != state:
            return None
        return Evidence(strength, ("code.state", at), {"at": facts.time(at)})

    return test


def _replaced(facts: Facts, now: int) -> Evidence | None:
    """An older code gave way to the newest, and somebody then typed a wrong one."""
    at = facts.time("code.replaces_at")
    if _state(facts, now) != "live" or at is None or not facts.count("code.tries"):
        return None
    return Evidence(LIKELY, ("code.replaces_at", "code.tries"), {"at": at})


def _here_expired(facts: Facts, now: int) -> Evidence | None:
    at = facts.time("here.code.expires_at")
    if at is None or not facts.reached("here.code.expires_at", now):
        return None
    return Evidence(STRONG, ("here.code.expires_at",), {"at": at})


def _here_spent(facts: Facts, _: int) -> Evidence | None:
    if facts.count("here.code.tries") < TRIES:
        return None
    derived = {"at": facts.time("here.code.sent_at")}
    return Evidence(CERTAIN, ("here.code.tries",), derived)


def _here_replaced(facts: Facts, now: int) -> Evidence | None:
    at = facts.time("here.code.replaced_at")
    if at is None or not facts.ahead("here.code.expires_at", now):
        return None
    return Evidence(LIKELY, ("here.code.replaced_at",), {"at": at})


def _here(cause: Cause, needs: tuple[str, ...], test: Test) -> Cause:
    """The same cause, judged from what a stranger's own browser has done."""
    return replace(cause, id=f"{cause.id}-here", needs=needs, uses=(), test=test, strangers=True)


_EXPIRED = Cause(
    id="code.expired",
    title="The code is too old",
    symptoms=_CODE,
    needs=("code.state", "code.sent_at", "code.expires_at"),
    test=_ended("expired", STRONG, "code.expires_at"),
    person=Say(
        "The code was good until {at:time}; that is over.",
        "Ask for a new one on the same page and type it within ten minutes.",
    ),
    help_desk=Say(
        "The newest code ended at {at:time}.",
        "Let the person ask for a new one. If mails arrive later than ten minutes, look at the "
        "state of the message.",
    ),
    administrator=Say(
        "Code expired at {at:time} (10 minutes).",
        "Nothing to mend, unless delivery is slow: compare when the message was sent.",
    ),
    unseen="When the message was opened cannot be seen.",
)
_SPENT = Cause(
    id="code.spent",
    title="Five wrong codes were typed",
    symptoms=_CODE,
    needs=("code.state", "code.sent_at", "code.tries"),
    uses=("code.expires_at",),
    test=_ended("spent", CERTAIN, "code.sent_at"),
    person=Say(
        "Five wrong codes were typed for the one sent at {at:time}, so it is no longer good.",
        "Ask for a new one and copy its six digits from the newest message, or open the link in "
        "the mail.",
    ),
    help_desk=Say(
        "The tries of the code sent at {at:time} are used up.",
        "Let the person ask for a new one and type it from the newest message.",
    ),
    administrator=Say(
        "Code spent: 5 wrong tries; sent at {at:time}.",
        "Nothing to mend.",
    ),
    unseen="What was typed is not kept.",
)
_NEWER = Cause(
    id="code.replaced",
    title="A newer code took its place",
    symptoms=_CODE,
    needs=("code.state", "code.sent_at", "code.expires_at", "code.replaces_at", "code.tries"),
    test=_replaced,
    person=Say(
        "A newer code was asked for at {at:time}; the older one stopped working then.",
        "Type the code from the newest message and delete the older ones.",
    ),
    help_desk=Say(
        "A newer code replaced an older at {at:time}, and the older was probably typed.",
        "Let the person sort their messages by time and take the newest.",
    ),
    administrator=Say(
        "A resend at {at:time} replaced the flow's older code.",
        "Nothing to mend.",
    ),
    unseen="Which of the codes was typed cannot be seen.",
)

CAUSES = (
    _EXPIRED,
    _here(_EXPIRED, ("here.code.expires_at",), _here_expired),
    _SPENT,
    _here(_SPENT, ("here.code.tries", "here.code.sent_at"), _here_spent),
    _NEWER,
    _here(_NEWER, ("here.code.replaced_at", "here.code.expires_at"), _here_replaced),
    Cause(
        id="code.used",
        title="The code or link was used already",
        symptoms=_CODE,
        needs=("code.state", "code.sent_at", "code.used_at"),
        uses=("code.expires_at",),
        test=_ended("used", STRONG, "code.used_at"),
        person=Say(
            "This code or link was used already, at {at:time}; it works once.",
            "Go back to the browser where you used it. If it was not you, ask for a new one and "
            "use “This wasn't me”.",
        ),
        help_desk=Say(
            "The newest code was used at {at:time}.",
            "Ask whether the person did that, perhaps in another browser. Some mail scanners "
            "open links, but opening alone uses nothing up here.",
        ),
        administrator=Say(
            "Code used_at {at:time}.",
            "See the audit trail for the browser and address.",
        ),
        unseen="Who used it cannot be seen, only from where.",
    ),
    Cause(
        id="code.link-only",
        title="The mail has a link and no code",
        symptoms=(*_CODE, Symptom.MAIL),
        needs=("code.link_only", "code.state", "code.sent_at", "budget.code_mails.until"),
        uses=("code.expires_at",),
        test=when(
            lambda f, now: (
                f.flag("code.link_only")
                and _state(f, now) == "live"
                and f.ahead("budget.code_mails.until", now)
            ),
            STRONG + 1,
            "code.link_only",
            "budget.code_mails.until",
        ),
        person=Say(
            "Many codes were asked for within the hour, so the newest mail has a link in place "
            "of a code.",
            "Open the link in that mail. Mails with codes come again from "
            "{budget.code_mails.until:time}.",
        ),
        help_desk=Say(
            "Three code mails went out within an hour; until {budget.code_mails.until:time} "
            "mails carry a link only.",
            "Let the person open the link. Perhaps somebody else keeps asking for codes.",
        ),
        administrator=Say(
            "Budget code-mails spent until {budget.code_mails.until:time}; codes have no digits "
            "meanwhile.",
            "Nothing to mend: a stranger cannot use up the owner's recovery.",
        ),
        unseen="Who asked for the codes cannot be seen, only from where.",
    ),
    Cause(
        id="code.no-more-mails",
        title="Too many mails were asked for",
        symptoms=(*_CODE, Symptom.MAIL),
        needs=("budget.link_mails.until",),
        test=when(
            lambda f, now: f.ahead("budget.link_mails.until", now),
            CERTAIN,
            "budget.link_mails.until",
        ),
        person=Say(
            "So many mails were asked for that no further one is sent before "
            "{budget.link_mails.until:time}.",
            "Use the newest mail you have: its link still works while it is not replaced. Or "
            "use a browser you signed in with before.",
        ),
        help_desk=Say(
            "No further code or link mail before {budget.link_mails.until:time}.",
            "Let the person use the newest mail, or a known browser, which has its own count.",
        ),
        administrator=Say(
            "Budget link-mails spent until {budget.link_mails.until:time}.",
            "See code.sent in the audit trail for who keeps asking.",
        ),
        unseen="Whether the owner still has the newest mail is not known.",
    ),
    Cause(
        id="code.tries-of-day",
        title="Too many codes were tried in a day",
        symptoms=_CODE,
        needs=("budget.code_tries.until",),
        test=when(
            lambda f, now: f.ahead("budget.code_tries.until", now),
            CERTAIN + 1,
            "budget.code_tries.until",
        ),
        person=Say(
            "Twenty codes were tried within a day. Further codes are not looked at before "
            "{budget.code_tries.until:time}.",
            "Use the long link in the mail, or a browser you signed in with before.",
        ),
        help_desk=Say(
            "The day's 20 code tries are used up until {budget.code_tries.until:time}.",
            "The link in the mail still works. If the tries were not the person's, open a case.",
        ),
        administrator=Say(
            "Budget code-tries spent until {budget.code_tries.until:time}.",
            "See code.failed in the audit trail for the addresses.",
        ),
        unseen="Who tried the codes cannot be seen, only from where.",
    ),
    Cause(
        id="code.just-sent",
        title="The code was asked for a moment ago",
        symptoms=(Symptom.CODE, Symptom.MAIL, Symptom.TEXT),
        needs=("here.code.sent_at",),
        test=when(
            lambda f, now: 0 <= now - (f.time("here.code.sent_at") or 0) < RESEND_MS,
            POSSIBLE,
            "here.code.sent_at",
        ),
        person=Say(
            "The code was asked for less than a minute ago.",
            "Give it a minute. After that the page lets you ask for another.",
        ),
        help_desk=Say(
            "The code was asked for at {here.code.sent_at:time}; a new one may be asked for "
            "after 60 seconds.",
            "Wait together with the person.",
        ),
        administrator=Say(
            "Resend is refused for 60 s after {here.code.sent_at:time}.",
            "Nothing to mend.",
        ),
        unseen="How long the far side takes to deliver is not known.",
    ),
    Cause(
        id="code.flow-over",
        title="What was begun has run out",
        symptoms=(*_CODE, Symptom.PAGE),
        needs=("here.flow.expires_at",),
        test=when(
            lambda f, now: f.reached("here.flow.expires_at", now),
            STRONG + 2,
            "here.flow.expires_at",
        ),
        person=Say(
            "What was begun in this browser waited until {here.flow.expires_at:time} and was "
            "then given up.",
            "Begin again; nothing was changed.",
        ),
        help_desk=Say(
            "The flow of this browser ended at {here.flow.expires_at:time}, unfinished.",
            "Let the person begin again.",
        ),
        administrator=Say(
            "Flow expired at {here.flow.expires_at:time}.",
            "Nothing to mend.",
        ),
        unseen="Why it was not finished cannot be seen.",
    ),
)
