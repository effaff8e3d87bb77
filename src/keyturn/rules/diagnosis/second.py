"""The second step: not accepted, not at hand, or asked for unexpectedly."""

from __future__ import annotations

from typing import Final

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    STRONG,
    Cause,
    Evidence,
    Say,
    Symptom,
    when,
)
from keyturn.rules.diagnosis.facts import Facts

_SECOND = (Symptom.SECOND, Symptom.SIGNIN)
_EITHER = (Symptom.SECOND, Symptom.RECOVERY)
#: an authenticator's code is taken one step of 30 s early or late
_TOLERANCE_S = 30
#: words that a cause works out
AHEAD: Final = "ahead"
BEHIND: Final = "behind"


def _stuck(facts: Facts) -> bool:
    """A second step is enrolled and was asked for or failed after it last passed."""
    return facts.flag("factors.totp") and (
        facts.later("second.failed_at", "second.passed_at")
        or facts.later("second.asked_at", "second.passed_at")
    )


def _refused(facts: Facts, why: str) -> bool:
    """The last second step was refused for this reason, and none passed since."""
    return facts.word("second.last_failure") == why and not facts.later(
        "second.passed_at", "second.failed_at"
    )


def _clock(facts: Facts, _: int) -> Evidence | None:
    skew = facts.count("clock.skew_seconds")
    if abs(skew) <= _TOLERANCE_S or not _refused(facts, "clock"):
        return None
    derived = {"skew": abs(skew), "direction": AHEAD if skew > 0 else BEHIND}
    return Evidence(STRONG, ("clock.skew_seconds", "second.last_failure"), derived)


CAUSES = (
    Cause(
        id="second.not-set-up",
        title="Staff without a second step",
        symptoms=_SECOND,
        needs=("account.staff", "factors.totp"),
        test=when(
            lambda f, _: f.flag("account.staff") and f.value("factors.totp") is False,
            STRONG,
            "account.staff",
            "factors.totp",
        ),
        person=Say(
            "Staff sign in with a second step, and this account has none yet.",
            "After the password, follow the page that sets up an authenticator app.",
        ),
        help_desk=Say(
            "This is a staff account without a second step; it reaches no staff page.",
            "Let the person finish the set-up after signing in with the password.",
        ),
        administrator=Say(
            "account.staff without factors.totp: the console stays shut.",
            "The set-up is offered at sign-in. It cannot be skipped.",
        ),
        unseen="Whether the person has a phone for it is not known.",
    ),
    Cause(
        id="second.lost",
        title="No app and no recovery code left",
        symptoms=(*_EITHER, Symptom.SIGNIN),
        needs=("factors.totp", "factors.recovery_left", "second.passed_at"),
        uses=("second.failed_at", "second.asked_at"),
        test=when(
            lambda f, _: _stuck(f) and not f.count("factors.recovery_left"),
            LIKELY + 5,
            "factors.totp",
            "factors.recovery_left",
        ),
        person=Say(
            "This account asks for the authenticator app, and no saved recovery code is left.",
            "If you no longer have the app, open a case here: support can help after two proofs "
            "that it is you.",
        ),
        help_desk=Say(
            "An authenticator is enrolled and no recovery code is left. If the app is lost, "
            "there is no way in without a case.",
            "Open a case. The factor may be removed only after two proofs by different means; "
            "codes read out on the phone do not suffice.",
        ),
        administrator=Say(
            "factors.totp without unused recovery codes.",
            "Remove the factor only within a case; all addresses are told of it.",
        ),
        unseen="Whether the person still has the app cannot be seen.",
    ),
    Cause(
        id="second.use-saved-code",
        title="A saved recovery code can be used",
        symptoms=(Symptom.SECOND, Symptom.RECOVERY),
        needs=("factors.totp", "factors.recovery_left", "second.passed_at"),
        uses=("second.failed_at", "second.asked_at"),
        test=when(
            lambda f, _: _stuck(f) and f.count("factors.recovery_left") > 0,
            POSSIBLE,
            "factors.totp",
            "factors.recovery_left",
        ),
        person=Say(
            "The second step is open. Saved recovery codes left: {factors.recovery_left}.",
            "If the app is not at hand, type one of the recovery codes you saved; each works once.",
        ),
        help_desk=Say(
            "The second step has not passed. Saved recovery codes left: {factors.recovery_left}.",
            "Ask whether the person printed or saved the codes. They type them; they never read "
            "them out.",
        ),
        administrator=Say(
            "factors.recovery_left = {factors.recovery_left}.",
            "Nothing to mend.",
        ),
        unseen="Whether the person can find the saved codes cannot be seen.",
    ),
    Cause(
        id="second.clock",
        title="The phone's clock is wrong",
        symptoms=_EITHER,
        needs=("clock.skew_seconds", "second.last_failure"),
        uses=("second.failed_at", "second.passed_at"),
        test=_clock,
        person=Say(
            "The clock of the phone with your authenticator is {direction}, so its codes come at "
            "the wrong moment.",
            "Set the phone's date and time to automatic, then type the next code it shows.",
        ),
        help_desk=Say(
            "The authenticator's clock is {skew} seconds {direction}.",
            "Let the person switch the phone to automatic date and time, and try a fresh code.",
        ),
        administrator=Say(
            "The last TOTP code was right for a moment {skew} s {direction}; one step of 30 s is "
            "tolerated.",
            "If several people are {direction}, check this server's own clock.",
        ),
        unseen="Whose clock is wrong is guessed: the server's own is taken to be right.",
    ),
    Cause(
        id="second.reused",
        title="The app's code was used already",
        symptoms=_EITHER,
        needs=("second.last_failure", "second.failed_at"),
        uses=("second.passed_at",),
        test=when(lambda f, _: _refused(f, "reused"), STRONG, "second.last_failure"),
        person=Say(
            "That code had been used already; each code of the app works once.",
            "Wait until the app shows the next code, at most 30 seconds, and type that.",
        ),
        help_desk=Say(
            "At {second.failed_at:time} a code was typed that had already been used.",
            "Let the person wait for the next code.",
        ),
        administrator=Say(
            "TOTP time step already used (RFC 6238, 5.2), at {second.failed_at:time}.",
            "If the person typed it only once, somebody may have relayed it: end the sessions.",
        ),
        unseen="Whether one person typed it twice or two people once cannot be seen.",
    ),
    Cause(
        id="second.saved-code-used",
        title="The saved recovery code was used already",
        symptoms=_EITHER,
        needs=("second.last_failure", "factors.recovery_left"),
        uses=("second.failed_at", "second.passed_at"),
        test=when(lambda f, _: _refused(f, "recovery-used"), STRONG, "second.last_failure"),
        person=Say(
            "That saved recovery code has been used before. Codes left: {factors.recovery_left}.",
            "Cross it out and take the next one on your list.",
        ),
        help_desk=Say(
            "A recovery code was typed that is used already. Left: {factors.recovery_left}.",
            "Let the person take another; after signing in they can make a new list.",
        ),
        administrator=Say(
            "Recovery code with used_at set; unused: {factors.recovery_left}.",
            "Nothing to mend.",
        ),
        unseen="Which codes the person still has on paper cannot be seen.",
    ),
    Cause(
        id="second.wrong",
        title="The code belongs to another entry",
        symptoms=_EITHER,
        needs=("second.last_failure", "second.failed_at", "second.passed_at"),
        test=when(
            lambda f, _: _refused(f, "wrong"), LIKELY, "second.last_failure", "second.failed_at"
        ),
        person=Say(
            "The last code of the second step was wrong, at {second.failed_at:time}.",
            "Check that the app's entry belongs to this account and organisation: an older entry "
            "of the same name shows other codes.",
        ),
        help_desk=Say(
            "The code typed at {second.failed_at:time} belongs to no moment near it.",
            "Ask for two entries of the same name in the app; the older one is dead.",
        ),
        administrator=Say(
            "second.failed at {second.failed_at:time}: no time step nearby matches.",
            "Probably the entry of an earlier enrolment.",
        ),
        unseen="Which entry of the app the code came from cannot be seen.",
    ),
    Cause(
        id="second.locked",
        title="The second step is locked",
        symptoms=(*_EITHER, Symptom.SIGNIN),
        needs=("lane.second.locked_until",),
        test=when(
            lambda f, now: f.ahead("lane.second.locked_until", now),
            CERTAIN,
            "lane.second.locked_until",
        ),
        person=Say(
            "After five wrong codes in a row the second step is locked until "
            "{lane.second.locked_until:time}.",
            "Wait until then. Your password was right; there is no need to change it.",
        ),
        help_desk=Say(
            "The second step is locked until {lane.second.locked_until:time}, after five wrong "
            "codes.",
            "Somebody knew the password. If it was not the person, let them set a new one.",
        ),
        administrator=Say(
            "Lane 2: locked until {lane.second.locked_until:time}.",
            "⋯, Unlock for a verified caller.",
        ),
        unseen="Who typed the codes cannot be seen, only from where.",
    ),
    Cause(
        id="second.closed",
        title="The second step is closed after a hundred wrong codes",
        symptoms=_EITHER,
        needs=("lane.second.closed",),
        test=when(lambda f, _: f.flag("lane.second.closed"), CERTAIN + 1, "lane.second.closed"),
        person=Say(
            "After a hundred wrong codes in a row the second step no longer answers.",
            "Open a case: support can help after two proofs that it is you.",
        ),
        help_desk=Say(
            "The second step is closed after 100 wrong codes. Somebody who knows the password "
            "has been guessing.",
            "Open a case. The person needs a new password as well; that alone does not open it.",
        ),
        administrator=Say(
            "Lane 2: is closed (100 failures without a success).",
            "Neither Unlock nor recovery opens it; removing the factor within a case does. Treat "
            "the password as known to somebody else.",
        ),
        unseen="How the other side learned the password cannot be seen.",
    ),
    Cause(
        id="second.timed-out",
        title="The second step was waited for too long",
        symptoms=(Symptom.SECOND,),
        needs=("second.ends_at", "second.asked_at", "second.passed_at"),
        test=when(
            lambda f, now: (
                f.reached("second.ends_at", now) and f.later("second.asked_at", "second.passed_at")
            ),
            POSSIBLE + 1,
            "second.ends_at",
            "second.asked_at",
        ),
        person=Say(
            "The second step waited until {second.ends_at:time} and was then given up.",
            "Start again with name and password, with the app at hand.",
        ),
        help_desk=Say(
            "The password was right at {second.asked_at:time}; the second step was not completed "
            "by {second.ends_at:time}.",
            "Let the person begin again with the app open.",
        ),
        administrator=Say(
            "Flow signin, step second, expired at {second.ends_at:time}.",
            "Nothing to mend.",
        ),
        unseen="Why it was not completed cannot be seen.",
    ),
)
