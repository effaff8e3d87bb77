"""Signing in with a directory password: why the last one that was tried let nobody in.

Each is told from the newest row of the audit trail within a day; anybody may have made that try.
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import CERTAIN, LIKELY, STRONG, Cause, Say, Symptom, Test, when

_S = (Symptom.SIGNIN, Symptom.DIRECTORY)
_NEEDS = ("directory.tried", "directory.tried_at")
_OTHER_WAYS = "Every other way to sign in is as it was."
_UNSEEN = "Whether it was the person who tried cannot be seen."


def _tried(word: str, strength: int) -> Test:
    return when(lambda f, _: f.word("directory.tried") == word, strength, "directory.tried")


CAUSES = (
    Cause(
        id="directory.signin-spent",
        title="The directory's budget of tries is used up",
        symptoms=_S,
        needs=("directory.tries_until",),
        test=when(
            lambda f, now: f.ahead("directory.tries_until", now), CERTAIN - 3,
            "directory.tries_until",
        ),
        person=Say(
            "Your work password was typed wrong here as often as it may be tried. Until "
            "{directory.tries_until:time} even the right one is refused on that page, so that "
            f"nobody can lock your account at work from here. {_OTHER_WAYS}",
            "Wait until then, or sign in another way. If those tries were not yours, your password "
            "held, and you need do nothing.",
        ),
        help_desk=Say(
            "The budget of tries of this account at the directory is used up until "
            f"{{directory.tries_until:time}}. {_OTHER_WAYS}",
            "Let them sign in another way, or wait. The audit trail has where the tries came from.",
        ),
        administrator=Say(
            "Streak of directory sign-in at min(5, threshold - 2) until "
            "{directory.tries_until:time}: the directory's own observation window after the last "
            "wrong try.",
            "Nothing to mend. A flood shows in the audit trail as signin.directory.",
        ),
        unseen=_UNSEEN,
    ),
    Cause(
        id="directory.signin-off",
        title="The directory locks too early for sign-in with its passwords",
        symptoms=_S,
        needs=_NEEDS,
        test=_tried("off", CERTAIN - 4),
        person=Say(
            "Your work password cannot be used to sign in here: your directory locks accounts like "
            f"yours so early that it is never tried from outside. {_OTHER_WAYS}",
            "Sign in another way.",
        ),
        help_desk=Say(
            "Directory sign-in is off for this account: its directory locks after fewer than three "
            "wrong passwords.",
            "Let them sign in another way.",
        ),
        administrator=Say(
            "The account's policy has a lockout threshold under 3: sign-in with its password would "
            "lock it, so it is off.",
            "Raise the threshold of its policy (domain or fine-grained), or leave it off.",
        ),
        unseen="What threshold the organisation wants is not known.",
    ),
    Cause(
        id="directory.signin-margin",
        title="The directory counts too many wrong passwords already",
        symptoms=_S,
        needs=_NEEDS,
        test=_tried("no_margin", STRONG),
        person=Say(
            "Your work password was mistyped several times, here or on a device of yours. One "
            "more wrong one could lock your account at work, so it was not tried.",
            "Wait half an hour, or sign in another way. Look for a phone or computer that still "
            "has an old password.",
        ),
        help_desk=Say(
            "The controller's own count of wrong passwords left no margin at "
            "{directory.tried_at:time}; nothing was tried.",
            "Look for a device with an old password: “Why does it lock again?” asks the directory.",
        ),
        administrator=Say(
            "badPwdCount at the PDC emulator was within two of the threshold at "
            "{directory.tried_at:time}: no bind was sent.",
            "It forgets by itself after the observation window without a wrong one.",
        ),
        unseen="What made the earlier wrong ones is not known to sign-in.",
    ),
    Cause(
        id="directory.signin-locked",
        title="The directory had locked the account",
        symptoms=_S,
        needs=_NEEDS,
        test=_tried("locked", STRONG),
        person=Say(
            "Your account at work was locked when it was asked, so your password was not even "
            "looked at.",
            "Unlock it on your account page, or ask your company's help desk.",
        ),
        help_desk=Say(
            "The directory had the account locked at {directory.tried_at:time}.",
            "Unlock it; then look where the wrong passwords come from.",
        ),
        administrator=Say(
            "lockoutTime was set at {directory.tried_at:time}; no bind was sent.",
            "Unlock it, or wait for the lockout's end. Keyturn's own tries never lock an account.",
        ),
        unseen="Who locked it stands in the directory's log.",
    ),
    Cause(
        id="directory.signin-change",
        title="The password was right, and must be changed first",
        symptoms=_S,
        needs=_NEEDS,
        test=_tried("change", CERTAIN - 4),
        person=Say(
            "Your work password was right, but it has expired or must be changed, so it lets you "
            "in nowhere before that.",
            "Sign in another way, with your second step, and choose a new one under your Windows "
            "account.",
        ),
        help_desk=Say(
            "The right password was given at {directory.tried_at:time}; the directory wants a new "
            "one first.",
            "Start a reset for them, or let them change it at their computer.",
        ),
        administrator=Say(
            "The directory answered 773 or 532 at {directory.tried_at:time}.",
            "Nothing to mend.",
        ),
        unseen=_UNSEEN,
    ),
    Cause(
        id="directory.signin-barred",
        title="The password was right, and the directory lets the account in nowhere",
        symptoms=_S,
        needs=_NEEDS,
        test=_tried("barred", CERTAIN - 4),
        person=Say(
            "Your work password was right, but your account there is switched off, has ended, or "
            "may sign in at other hours or places only.",
            "Ask your company's help desk.",
        ),
        help_desk=Say(
            "The right password was given at {directory.tried_at:time}; the directory refused the "
            "account for another reason: disabled, expired, hours or workstation.",
            "Look at the account in the directory; the audit row has the reason.",
        ),
        administrator=Say(
            "The directory answered 530, 531, 533 or 701 at {directory.tried_at:time}.",
            "Mend it there, if it is not meant.",
        ),
        unseen=_UNSEEN,
    ),
    Cause(
        id="directory.signin-unanswered",
        title="The directory could not be asked",
        symptoms=_S,
        needs=_NEEDS,
        test=_tried("trouble", LIKELY),
        person=Say(
            "Your company's directory could not be asked when a work password was given at "
            f"{{directory.tried_at:time}}. It was not tried. {_OTHER_WAYS}",
            "Try again in a minute.",
        ),
        help_desk=Say(
            "No agent asked the directory in time at {directory.tried_at:time}; nothing was tried.",
            "If it lasts, tell an administrator.",
        ),
        administrator=Say(
            "The PDC emulator did not answer the agent, what was sealed did not open, or its time "
            "had passed, at {directory.tried_at:time}. Nothing is tried at another controller.",
            "`keyturn doctor --directory` says whether the PDC emulator is reached.",
        ),
        unseen="Why it did not answer is for the directory's health to tell.",
    ),
)  # fmt: skip
