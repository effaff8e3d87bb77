"""Signed out: why a session ended."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    Cause,
    Say,
    Symptom,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY

_AT, _WHY = "session.ended_at", "session.ended_reason"
#: an end older than this explains nothing of today
_RECENT_MS = 7 * DAY


def _ended(facts: Facts, now: int, why: str) -> bool:
    at = facts.time(_AT)
    return facts.word(_WHY) == why and at is not None and now - at < _RECENT_MS


def _cause(
    why: str, title: str, person: Say, help_desk: Say, administrator: Say, unseen: str
) -> Cause:
    """All causes here need the same two facts and differ by the reason."""
    return Cause(
        id=f"session.{why}",
        title=title,
        symptoms=(Symptom.SESSION,),
        needs=(_WHY, _AT),
        test=when(lambda facts, now: _ended(facts, now, why), CERTAIN, _WHY, _AT),
        person=person,
        help_desk=help_desk,
        administrator=administrator,
        unseen=unseen,
    )


CAUSES = (
    _cause(
        "recovery",
        "Signed out by a recovered password",
        Say(
            "Setting a new password at {session.ended_at:time} signed all browsers out.",
            "Sign in with the new password. If you did not set it, use “This wasn't me”.",
        ),
        Say(
            "All sessions ended at {session.ended_at:time} because the password was recovered.",
            "Expected. Ask whether it was the person who did it.",
        ),
        Say(
            "sessions.ended (recovery) at {session.ended_at:time}.",
            "Nothing to mend: whoever knew the old password is out too.",
        ),
        "Who sat at the browser that set the password cannot be seen.",
    ),
    _cause(
        "password",
        "Signed out by a changed password",
        Say(
            "Changing the password at {session.ended_at:time} signed your other browsers out.",
            "Sign in here with the new password.",
        ),
        Say(
            "Other sessions ended at {session.ended_at:time}: the password was changed in the "
            "account.",
            "Expected. Let the person sign in with the new one.",
        ),
        Say("sessions.ended (password) at {session.ended_at:time}.", "Nothing to mend."),
        "Which of the browsers matters to the person is not known.",
    ),
    _cause(
        "staff",
        "Signed out by the organisation",
        Say(
            "The organisation signed this account out everywhere, at {session.ended_at:time}.",
            "Sign in again. If that fails, ask the organisation by the contacts on this page.",
        ),
        Say(
            "Staff ended the sessions at {session.ended_at:time}.",
            "The account's history says who did it; ask them before undoing anything.",
        ),
        Say(
            "sessions.ended (staff) at {session.ended_at:time}.",
            "See the actor in the audit trail.",
        ),
        "Why they did it is known to them alone.",
    ),
    _cause(
        "owner",
        "Signed out from another browser",
        Say(
            "This browser was signed out from your account page in another one, at "
            "{session.ended_at:time}.",
            "Sign in again. If that was not you, use “This wasn't me”.",
        ),
        Say(
            "The session was ended at {session.ended_at:time} from the person's own account page.",
            "Ask whether the person did that in another browser.",
        ),
        Say(
            "sessions.ended (owner) at {session.ended_at:time}.",
            "See the address of that entry in the audit trail.",
        ),
        "Who sat at the other browser cannot be seen.",
    ),
    _cause(
        "not-me",
        "Signed out by “This wasn't me”",
        Say(
            "“This wasn't me” was pressed at {session.ended_at:time}: all browsers were signed "
            "out and changes were stopped.",
            "Sign in and follow the case that was opened, or call support.",
        ),
        Say(
            "“This wasn't me” ended all sessions at {session.ended_at:time}.",
            "Work on the case that it opened; believe neither side without proofs.",
        ),
        Say(
            "owner.objected at {session.ended_at:time}; sessions ended, changes frozen.",
            "Look at the sign-ins and changes before it.",
        ),
        "Whether the owner or somebody in their mailbox pressed it cannot be seen.",
    ),
    _cause(
        "disabled",
        "The account was switched off",
        Say(
            "The account was switched off at {session.ended_at:time}.",
            "Ask the organisation, by the contacts on this page.",
        ),
        Say(
            "Sessions ended at {session.ended_at:time} because the account was disabled.",
            "Find out from the account's history who did it and why.",
        ),
        Say(
            "sessions.ended (disabled) at {session.ended_at:time}.",
            "Enabling the account does not bring sessions back.",
        ),
        "Why it was disabled is known to the person who did it.",
    ),
    _cause(
        "idle",
        "Nothing was done for too long",
        Say(
            "Nothing was done for so long that you were signed out, at {session.ended_at:time}.",
            "Sign in again. That is normal, and keeps others out of an open browser.",
        ),
        Say(
            "The session ran into its idle limit at {session.ended_at:time}.",
            "Let the person sign in again.",
        ),
        Say(
            "Session idle limit reached at {session.ended_at:time}.",
            "The limit is a setting of the installation.",
        ),
        "Whether the person was still reading cannot be seen.",
    ),
    _cause(
        "limit",
        "The sign-in reached its greatest age",
        Say(
            "A sign-in lasts for a set time; yours ended at {session.ended_at:time}.",
            "Sign in again.",
        ),
        Say(
            "The session reached its greatest age at {session.ended_at:time}.",
            "Let the person sign in again.",
        ),
        Say(
            "Session absolute limit reached at {session.ended_at:time}.",
            "The limit is a setting of the installation.",
        ),
        "What was open at that moment is not known.",
    ),
    _cause(
        "signout",
        "Somebody signed out",
        Say(
            "Somebody chose Sign out in this browser, at {session.ended_at:time}.", "Sign in again."
        ),
        Say("The person signed out at {session.ended_at:time}.", "Let them sign in again."),
        Say("signout at {session.ended_at:time}.", "Nothing to mend."),
        "Who pressed it cannot be seen.",
    ),
)
