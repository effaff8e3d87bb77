"""A new phone that the help desk was asked for, and callers who were not proved."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import CERTAIN, LIKELY, Cause, Say, Symptom, Test, when
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY, HOUR
from keyturn.rules.recoveries import State

_SYMPTOMS = (Symptom.APP, Symptom.SIGNIN)
_LOST = ("lost.state", "lost.case", "lost.due_at", "lost.ended_at")


def _is(state: State, strength: int, *evidence: str) -> Test:
    return when(lambda f, _: f.word("lost.state") == state, strength, "lost.state", *evidence)


def _stopped(facts: Facts, now: int) -> bool:
    ended = facts.time("lost.ended_at")
    return facts.word("lost.state") == State.STOPPED and ended is not None and now - ended < DAY


def _unproved(facts: Facts, now: int) -> bool:
    at = facts.time("case.unproved_at")
    return at is not None and now - at < HOUR


CAUSES = (
    Cause(
        id="lost.waits",
        title="A new phone waits for its day to pass",
        symptoms=_SYMPTOMS,
        needs=_LOST,
        test=_is(State.WAITING, CERTAIN, "lost.due_at", "lost.case"),
        person=Say(
            "Our help desk was asked for a new phone for you, in the case {lost.case}. It waits "
            "until {lost.due_at:time}, so that you can stop it if it was not you.",
            "Wait for the mail with the link. If you have your phone again, or it was not you, "
            "stop it on the page of your account, or by the link in our mail.",
        ),
        help_desk=Say(
            "A new phone was permitted in the case {lost.case}; the link goes out at "
            "{lost.due_at:time}, because no bound factor took part in the proofs.",
            "Nothing shortens the wait, a second request neither. Stop it in the case if it was "
            "wrong.",
        ),
        administrator=Say(
            "recoveries: waiting, due {lost.due_at:time}; the sweep carries it out.",
            "If it is late, see whether the server's sweep runs (its log says where it stumbled).",
        ),
        unseen="Whether the person has read the notices cannot be seen.",
    ),
    Cause(
        id="lost.stopped",
        title="The new phone was stopped",
        symptoms=_SYMPTOMS,
        needs=_LOST,
        test=when(_stopped, LIKELY, "lost.state", "lost.ended_at", "lost.case"),
        person=Say(
            "The new phone that our help desk was asked for in the case {lost.case} was stopped at "
            "{lost.ended_at:time}.",
            "If you do need a new phone, contact the help desk and name the case.",
        ),
        help_desk=Say(
            "The new phone of the case {lost.case} was stopped at {lost.ended_at:time}; the case "
            "says by what.",
            "If the person objected, somebody else has called in their name: look at the account "
            "with them. Otherwise prove the caller anew.",
        ),
        administrator=Say(
            "recoveries: stopped at {lost.ended_at:time}; lost.stopped in the audit trail has the "
            "cause.",
            "An objection of its owner freezes the account as well.",
        ),
        unseen="Who has objected cannot be seen: whoever reads the person's mail or texts can.",
    ),
    Cause(
        id="case.unproved",
        title="A caller was not proved",
        symptoms=_SYMPTOMS,
        needs=("case.unproved", "case.unproved_why", "case.unproved_at"),
        test=when(_unproved, LIKELY - 1, "case.unproved", "case.unproved_why", "case.unproved_at"),
        person=Say(
            "Somebody called our help desk in your name, and could not show that it was you.",
            "If it was you, call again with your phone at hand. If not, there is nothing to do: "
            "nothing was done for them.",
        ),
        help_desk=Say(
            "The last proof in a case of this person failed at {case.unproved_at:time}: "
            "{case.unproved}, {case.unproved_why}.",
            "Prove the caller another way. After a denial do nothing that needs a proof: whoever "
            "has the phone says that they do not call.",
        ),
        administrator=Say(
            "case.unproved in the audit trail: {case.unproved}, {case.unproved_why}.",
            "Many in a short time, over several people, may be somebody who tries the help desk.",
        ),
        unseen="Who was on the telephone cannot be seen.",
    ),
)
