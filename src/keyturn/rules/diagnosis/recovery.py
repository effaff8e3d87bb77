"""A forgotten password that cannot be replaced."""

from __future__ import annotations

from dataclasses import replace

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    STRONG,
    Cause,
    Say,
    Symptom,
    Test,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY

_RECOVERY = (Symptom.RECOVERY, Symptom.SIGNIN)
_OPEN = ("recovery.open", "recovery.step", "recovery.started_at")


def _at(step: str, strength: int) -> Test:
    return when(
        lambda f, _: f.flag("recovery.open") and f.word("recovery.step") == step,
        strength,
        "recovery.step",
        "recovery.started_at",
    )


def _elsewhere(facts: Facts, _: int) -> bool:
    return facts.flag("recovery.open") and facts.value("recovery.here") is False


def _lapsed(facts: Facts, now: int) -> bool:
    started = facts.time("recovery.started_at")
    return (
        facts.value("recovery.open") is False
        and facts.later("recovery.started_at", "recovery.done_at")
        and started is not None
        and now - started < DAY
    )


def _done(facts: Facts, now: int) -> bool:
    done = facts.time("recovery.done_at")
    return (
        facts.later("recovery.done_at", "signin.last_success_at")
        and not facts.ahead("lane.unknown.locked_until", now)
        and done is not None
        and now - done < DAY
    )


_CIRCULAR = Cause(
    id="recovery.circular",
    title="The mailbox needs the lost password",
    symptoms=(Symptom.RECOVERY, Symptom.MAIL),
    needs=("account.circular",),
    test=when(lambda f, _: f.flag("account.circular"), LIKELY - 1, "account.circular"),
    person=Say(
        "This address belongs to an organisation: its mailbox may open only with the very "
        "password that was lost.",
        "If the mailbox is still open somewhere, go on with the code. If not, open a case: a "
        "person takes over. Once back in, add a phone number or an address outside.",
    ),
    help_desk=Say(
        "The stored address is in a directory's domain: its mailbox may need the lost password.",
        "Another code there does not help. Go on in a case, with proofs that need no mailbox.",
    ),
    administrator=Say(
        "account.circular: the address is under one of the tenant's directory domains.",
        "The account page asks such people for a phone number or an outside address beforehand. "
        "The list is set by `keyturn tenant set --directory-domain`.",
    ),
    unseen="Whether the mailbox is still open on one of the person's devices cannot be seen.",
)

CAUSES = (
    Cause(
        id="recovery.frozen",
        title="Changes are stopped",
        symptoms=(Symptom.RECOVERY, Symptom.PHONE, Symptom.SECOND),
        needs=("account.frozen_at",),
        test=when(
            lambda f, _: f.time("account.frozen_at") is not None, CERTAIN + 2, "account.frozen_at"
        ),
        person=Say(
            "Changes to this account are stopped since {account.frozen_at:time}, because "
            "somebody pressed “This wasn't me”.",
            "Open a case or call support: after a proof that it is you they lift the stop.",
        ),
        help_desk=Say(
            "Changes are frozen since {account.frozen_at:time}, by “This wasn't me”.",
            "Read the case that was opened with it. Lift the freeze only after two proofs.",
        ),
        administrator=Say(
            "account.frozen_at {account.frozen_at:time}: password, addresses and factors cannot "
            "be changed.",
            "Resolve the case; look at the sign-ins before the objection.",
        ),
        unseen="Whether the owner or somebody in their mailbox objected cannot be seen.",
    ),
    Cause(
        id="recovery.second-wanted",
        title="The second step is still to come",
        symptoms=_RECOVERY,
        needs=_OPEN,
        test=_at("second", STRONG),
        person=Say(
            "The code from the mail was right. This account has a second step, and that is "
            "still to come before a new password can be set.",
            "Type a code from your authenticator app, or one of your saved recovery codes. "
            "Without both, open a case.",
        ),
        help_desk=Say(
            "The recovery begun at {recovery.started_at:time} waits for the second step.",
            "If app and saved codes are lost, open a case for proofs.",
        ),
        administrator=Say(
            "Flow recovery, step second, since {recovery.started_at:time}.",
            "Mail alone never replaces a password where a second factor is bound.",
        ),
        unseen="Whether the person still has the second step cannot be seen.",
    ),
    Cause(
        id="recovery.password-wanted",
        title="The new password is still to be set",
        symptoms=_RECOVERY,
        needs=_OPEN,
        test=_at("password", STRONG),
        person=Say(
            "The code was right, but the new password has not been set yet.",
            "Go back to the browser you began in and finish there.",
        ),
        help_desk=Say(
            "The recovery begun at {recovery.started_at:time} is proved and waits for the new "
            "password.",
            "Let the person finish in the browser they began in. A refused password is told "
            "with its reason there.",
        ),
        administrator=Say(
            "Flow recovery, step password, since {recovery.started_at:time}.",
            "Nothing to mend.",
        ),
        unseen="Which passwords were refused is not kept.",
    ),
    Cause(
        id="recovery.code-wanted",
        title="The code from the mail is still to be entered",
        symptoms=_RECOVERY,
        needs=_OPEN,
        test=_at("code", POSSIBLE + 5),
        person=Say(
            "A recovery was begun at {recovery.started_at:time} and waits for the code from the "
            "mail.",
            "Type the code from the newest mail in the browser you began in.",
        ),
        help_desk=Say(
            "The recovery begun at {recovery.started_at:time} waits for its code.",
            "See the state of the mail, and let the person look in the spam folder.",
        ),
        administrator=Say(
            "Flow recovery, step code, since {recovery.started_at:time}.",
            "Nothing to mend; see the state of the mail.",
        ),
        unseen="Whether the mail was read cannot be seen.",
    ),
    Cause(
        id="recovery.other-browser",
        title="It was begun in another browser",
        symptoms=(Symptom.RECOVERY, Symptom.CODE),
        needs=("recovery.open", "recovery.here", "recovery.started_at"),
        test=when(_elsewhere, LIKELY + 5, "recovery.here"),
        person=Say(
            "The recovery was begun at {recovery.started_at:time} in another browser; its code "
            "works only there.",
            "Go on in that browser, or begin again here and use the newer code.",
        ),
        help_desk=Say(
            "The open recovery belongs to another browser than the one asking.",
            "A code typed into the wrong browser never fits. Begin again in one browser.",
        ),
        administrator=Say(
            "Flow recovery of {recovery.started_at:time} hangs on another browser's cookie.",
            "Nothing to mend. Mail apps often open a browser of their own.",
        ),
        unseen="Whether the other browser is the person's own cannot be seen.",
    ),
    Cause(
        id="recovery.several-browsers",
        title="It was begun in several browsers",
        symptoms=(Symptom.RECOVERY, Symptom.CODE),
        needs=("recovery.browsers",),
        test=when(lambda f, _: f.count("recovery.browsers") > 1, LIKELY, "recovery.browsers"),
        person=Say(
            "Recoveries are open in several browsers at once; each has a code of its own.",
            "Choose one browser, ask for a new code there, and type the newest.",
        ),
        help_desk=Say(
            "Browsers with an open recovery: {recovery.browsers}. Codes fit only where they were "
            "asked for.",
            "Let the person close all but one. If they began only one, somebody else began the "
            "other; that one cannot go on without the mail.",
        ),
        administrator=Say(
            "Open recovery flows: {recovery.browsers}.",
            "See recovery.started in the audit trail for the addresses.",
        ),
        unseen="Which of the browsers are the person's cannot be seen.",
    ),
    Cause(
        id="recovery.given-up",
        title="It was not finished",
        symptoms=_RECOVERY,
        needs=("recovery.open", "recovery.started_at", "recovery.done_at"),
        test=when(_lapsed, POSSIBLE + 3, "recovery.started_at", "recovery.done_at"),
        person=Say(
            "The recovery begun at {recovery.started_at:time} was not finished, so the old "
            "password is still the right one.",
            "Choose Forgot password again and finish in one go.",
        ),
        help_desk=Say(
            "A recovery was begun at {recovery.started_at:time} and never finished. The "
            "password has not changed.",
            "Stay with the person while they do it again.",
        ),
        administrator=Say(
            "recovery.started at {recovery.started_at:time} without recovery.done.",
            "Nothing to mend; look at the delivery of its mail.",
        ),
        unseen="Why it was left unfinished cannot be seen.",
    ),
    Cause(
        id="recovery.done",
        title="The new password is set and not used yet",
        symptoms=_RECOVERY,
        needs=("recovery.done_at", "signin.last_success_at", "lane.unknown.locked_until"),
        test=when(_done, LIKELY, "recovery.done_at", "signin.last_success_at"),
        person=Say(
            "A new password was set at {recovery.done_at:time}. It works now; the recovery "
            "itself signs nobody in.",
            "Sign in with the new password.",
        ),
        help_desk=Say(
            "A new password was set at {recovery.done_at:time} and has not been used yet.",
            "Let the person go to the sign-in page and use it.",
        ),
        administrator=Say(
            "recovery.done at {recovery.done_at:time}, no sign-in since, no lock.",
            "Nothing to mend.",
        ),
        unseen="Whether the person remembers the new password cannot be seen.",
    ),
    _CIRCULAR,
    replace(
        _CIRCULAR,
        id="recovery.circular-asked",
        needs=("asked.circular",),
        test=when(lambda f, _: f.flag("asked.circular"), LIKELY - 1, "asked.circular"),
        strangers=True,
    ),
)
