"""A directory password that was refused, or a job that came to nothing."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import CERTAIN, Cause, Say, Symptom, when
from keyturn.rules.diagnosis.facts import Facts

_WHAT = ("reset.state", "reset.reason", "reset.finished_at")
_FULL = "Only the directory's answer is known; the password itself was never seen here."


def refused(
    name: str, title: str, *reasons: str, person: Say, help_desk: Say, administrator: Say,
    unseen: str = _FULL, needs: tuple[str, ...] = (),
) -> Cause:  # fmt: skip
    """A cause that is certain, because the last job ended with its reason.

    Args:
        name: of the cause, without "directory.".
        reasons: see rules/directories/causes.py.
        needs: facts that the words use besides.
    """

    def holds(facts: Facts, _now: int) -> bool:
        ended = facts.word("reset.state") == "not_done"
        return ended and facts.word("reset.reason") in reasons

    return Cause(
        id=f"directory.{name}",
        title=title,
        symptoms=(Symptom.DIRECTORY,),
        needs=(*_WHAT, *needs),
        test=when(holds, CERTAIN, "reset.state", "reset.reason"),
        person=person,
        help_desk=help_desk,
        administrator=administrator,
        unseen=unseen,
    )


_POLICY = (
    refused(
        "too-short", "The new password is too short for the directory", "too_short",
        needs=("reset.minimum",),
        person=Say(
            "Your organisation's directory wants a longer password: {reset.minimum} characters "
            "or more. Nothing was changed.",
            "Choose a longer one; a few words with spaces between them are easy to remember.",
        ),
        help_desk=Say(
            "The directory refused the new password as too short; its policy for this account "
            "wants {reset.minimum} characters. The old password still works.",
            "Let the person choose a longer one. The page shows the rule while they type.",
        ),
        administrator=Say(
            "0000052D, minimum length {reset.minimum}: minPwdLength of the domain, or the "
            "fine-grained policy that binds this account (msDS-ResultantPSO).",
            "If the page showed another number, grant the agent's account read access to the "
            "fine-grained policies.",
        ),
    ),
    refused(
        "too-simple", "The new password is too simple for the directory", "too_simple",
        person=Say(
            "Your organisation's directory wants three of five kinds of character, and no part "
            "of your name in the password. Nothing was changed.",
            "Mix lower case, upper case, digits and signs, or let the page make a pass-phrase.",
        ),
        help_desk=Say(
            "The directory refused the new password for its complexity rule. The old one still "
            "works.",
            "Suggest the generated pass-phrase: it fits the rule.",
        ),
        administrator=Say(
            "DOMAIN_PASSWORD_COMPLEX: three of five character kinds, no account name or part of "
            "the display name (MS-SAMR 3.1.1.7.2).",
            "Nothing to mend. Length serves better than complexity, if you may change the policy.",
        ),
    ),
    refused(
        "used-before", "The new password was used before", "used_before",
        needs=("reset.history",),
        person=Say(
            "Your organisation's directory remembers your last passwords, and this is one of "
            "them. Nothing was changed.",
            "Choose one that you have not used there before.",
        ),
        help_desk=Say(
            "The password is among the last {reset.history} that the directory remembers.",
            "Let the person choose another one; the old one still works.",
        ),
        administrator=Say(
            "Password history of {reset.history}, which this directory applies to resets too "
            "(policy hints, 1.2.840.113556.1.4.2239).",
            "Nothing to mend.",
        ),
    ),
    refused(
        "too-young", "The present password may not be changed yet", "too_young",
        needs=("reset.min_age_hours",),
        person=Say(
            "Your organisation's directory lets a password be changed only when it is "
            "{reset.min_age_hours} hours old, and yours is younger. Nothing was changed.",
            "Wait until then, or ask the help desk if somebody else may know your password.",
        ),
        help_desk=Say(
            "The minimum age ({reset.min_age_hours} hours) binds this account, and the directory "
            "applied it.",
            "If the password may be known to somebody else, an administrator can set the "
            "account to change at next logon, which the minimum age does not hinder.",
        ),
        administrator=Say(
            "minPwdAge of {reset.min_age_hours} hours. It binds a change, and a reset only where "
            "the directory holds resets to the policy.",
            "A minimum age of a day or less does what history needs.",
        ),
    ),
    refused(
        "policy", "The new password is against the directory's rules", "policy",
        needs=("reset.detail",),
        person=Say(
            "Your organisation's directory refused the password and does not say which of its "
            "rules it breaks. Nothing was changed.",
            "Choose a longer one that you never used there, without any part of your name; or "
            "let the page make a pass-phrase.",
        ),
        help_desk=Say(
            "The directory refused the password by its policy and does not say which part.",
            "Suggest the generated pass-phrase. If that is refused too, tell an administrator: a "
            "password filter may be installed.",
        ),
        administrator=Say(
            "The controller said: {reset.detail}",
            "Windows names no rule. Compare length, complexity, history and minimum age; look for "
            "password filters on the controller (Notification Packages) and banned-word lists.",
        ),
    ),
)  # fmt: skip

_ACCOUNT = (
    refused(
        "protected", "The account is protected", "protected",
        needs=("reset.why",),
        person=Say(
            "Your directory account has rights of its own over the directory, so its password is "
            "never set from here. Nothing was changed.",
            "Ask an administrator of your organisation, in person.",
        ),
        help_desk=Say(
            "A protected account: Keyturn refuses to touch it, whoever asks.",
            "Send the person to an administrator of the directory.",
        ),
        administrator=Say(
            "Refused by the agent: {reset.why}. Members of administrative groups (nested ones "
            "too), adminCount, krbtgt, trusts, computers and Keyturn's own account are never set.",
            "Set the password with your own tools. If the account left those groups, clear "
            "adminCount and let inheritance of rights return.",
        ),
        unseen="Whether the membership is still wanted cannot be seen.",
    ),
    refused(
        "no-right", "Keyturn may not set this account's password", "no_right",
        needs=("reset.controller", "reset.detail"),
        person=Say(
            "Keyturn has no right to change your directory account. Nothing was changed, and it "
            "is not your doing.",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=Say(
            "The directory refused the agent's account: the right to reset passwords is missing "
            "where this person's account lies.",
            "Tell an administrator; trying again will not help.",
        ),
        administrator=Say(
            "Insufficient access on {reset.controller}: {reset.detail}",
            "Delegate Reset Password and write access to lockoutTime and pwdLastSet on the OU of "
            "the account; `keyturn agent doctor` names what is missing. A protected account "
            "(AdminSDHolder) loses inherited rights.",
        ),
        unseen="Which entry of the access list is missing cannot be seen from an answer.",
    ),
    refused(
        "account-gone", "The directory account is gone", "gone",
        person=Say(
            "The directory has no such account any more. Nothing was changed.",
            "Ask the help desk which account is yours now.",
        ),
        help_desk=Say(
            "The linked account was deleted, or moved out of what the agent may see.",
            "Link the person's present account on their page.",
        ),
        administrator=Say(
            "noSuchObject for the linked objectGUID.",
            "If it was deleted by mistake, bring it back from the recycle bin: it keeps its GUID.",
        ),
        unseen="Who deleted or moved it stands in the directory's own log.",
    ),
    refused(
        "must-change", "“Must change at next logon” would not bind",
        "never_expires", "must_change", "smart_card", "cannot_change",
        needs=("reset.why",),
        person=Say(
            "Your account is set up so that a change at the next logon cannot be asked for. "
            "Nothing was changed.",
            "Choose a new password yourself instead.",
        ),
        help_desk=Say(
            "A required change does not bind this account: its password never expires, its "
            "policy does not ask for it, it needs a smart card, or the person may not change it.",
            "Start a reset, so that the person chooses a new password.",
        ),
        administrator=Say(
            "Refused by the agent: {reset.why}.",
            "Clear DONT_EXPIRE_PASSWORD, SMARTCARD_REQUIRED or the denied Change Password right "
            "if the account is a person's; with OpenLDAP, set pwdMustChange in its policy.",
        ),
        unseen="Why the account is set up so is not known here.",
    ),
    refused(
        "unwilling", "The directory refused and says no more", "unwilling", "other",
        needs=("reset.detail",),
        person=Say(
            "The directory refused without a reason that we know. Nothing was changed.",
            "Try again in a minute. If it is refused again, ask the help desk.",
        ),
        help_desk=Say(
            "The directory refused, and its answer has no meaning in our tables.",
            "Pass the job to an administrator: its page has the directory's own words.",
        ),
        administrator=Say(
            "The controller said: {reset.detail}",
            "Look the code up in the controller's event log at the time of the job.",
        ),
    ),
)  # fmt: skip

_JOB = (
    refused(
        "not-chosen", "No password was chosen in time", "not_chosen",
        person=Say(
            "A reset was waiting for you to choose a password, and its time ran out. Nothing was "
            "changed.",
            "Begin a new one; the page stays open for a quarter of an hour.",
        ),
        help_desk=Say(
            "The reset waited for the person and ran out. Nothing was changed.",
            "Start another one while the person is at the page.",
        ),
        administrator=Say("CHOOSING ended by its time.", "Nothing to mend."),
        unseen="Whether the mail about it was read is not known.",
    ),
    refused(
        "cancelled", "The reset was given up", "cancelled",
        person=Say("The reset was given up before anything was changed.", "Begin a new one."),
        help_desk=Say(
            "Somebody gave the reset up before an agent took it; the audit trail has who.",
            "Start another one if it is still wanted.",
        ),
        administrator=Say("Cancelled before a permit was given.", "Nothing to mend."),
        unseen="Why it was given up is not known.",
    ),
    refused(
        "superseded", "A newer reset took its place", "superseded",
        person=Say(
            "You handed in a newer password before this one was set, so only the newer one "
            "counts.",
            "Look at the newer reset; use the password that you chose last.",
        ),
        help_desk=Say(
            "A newer job on the same account replaced this one, which changed nothing.",
            "Look at the newer one.",
        ),
        administrator=Say(
            "Superseded while QUEUED: an older password never overwrites a newer one.",
            "Nothing to mend.",
        ),
        unseen="Which of the two the person remembers is not known.",
    ),
    refused(
        "deadline", "No agent took the reset within a minute", "deadline",
        needs=("directory.agent",),
        person=Say(
            "The program beside your directory did not take the reset within a minute. It is "
            "certain that nothing was changed.",
            "Try again. If it happens twice, tell the help desk.",
        ),
        help_desk=Say(
            "No agent asked for the job within its 60 seconds; the primary was changing over, or "
            "busy, or cut off. The old password still works.",
            "Look at the directory's page: which agent is primary, and when it was last heard.",
        ),
        administrator=Say(
            "QUEUED until its deadline; agents now: {directory.agent}. No permit was given, so "
            "nothing can arrive late.",
            "Read the agent's log for the minute of the job. A primary that came after the page "
            "was opened has no envelope and leaves the job to those that have one.",
        ),
        unseen="What the agent was doing stands in its own log.",
    ),
    refused(
        "interrupted", "The agent stopped before it acted", "unsent", "interrupted", "late",
        person=Say(
            "The program beside your directory was interrupted. We have looked: nothing was "
            "changed.",
            "Try again.",
        ),
        help_desk=Say(
            "The agent stopped or lost its way to the controller in the middle. The directory was "
            "read afterwards: nothing was changed.",
            "Let the person try again.",
        ),
        administrator=Say(
            "Settled by reading: the replication metadata of unicodePwd is what it was before.",
            "Look at why the agent or the connection stopped.",
        ),
        unseen="Why it stopped stands in the agent's log.",
    ),
    refused(
        "seal", "The sealed password could not be opened", "seal",
        person=Say(
            "The program beside your directory could not open what your browser had sealed. "
            "Nothing was changed.",
            "Load the page anew and try again.",
        ),
        help_desk=Say(
            "The agent could not open the envelope: the page was old, or the agent has a new key.",
            "Let the person load the page anew. If it goes on, tell an administrator.",
        ),
        administrator=Say(
            "HPKE open failed: another sealing key, another job, or a changed script.",
            "Compare the script's published hash and the agent's certificate; the browser's pin of "
            "the directory's identity refuses a key that the directory has not signed.",
        ),
        unseen="Whether the browser or the way changed it cannot be seen.",
    ),
    refused(
        "malformed", "The directory could not read the request", "malformed", "wrong_old",
        needs=("reset.detail",),
        person=Say(
            "The directory could not read our request. Nothing was changed, and it is not your "
            "doing.",
            "Tell the help desk: this is ours to mend.",
        ),
        help_desk=Say(
            "The directory called our request malformed.", "Pass it to an administrator.",
        ),
        administrator=Say(
            "The controller said: {reset.detail}",
            "Report it with the versions of agent and directory.",
        ),
    ),
)  # fmt: skip

CAUSES = (*_POLICY, *_ACCOUNT, *_JOB)
