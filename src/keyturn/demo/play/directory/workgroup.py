"""The play beside a machine without a domain."""

from __future__ import annotations

from typing import Final

from keyturn.demo import company
from keyturn.demo.estate import ELSEWHERE
from keyturn.demo.play.directory import kinds
from keyturn.demo.play.directory.cast import Beside, states
from keyturn.demo.play.directory.kinds import plain
from keyturn.demo.play.playing import Act
from keyturn.demo.play.telling import Teller
from keyturn.lab import people
from keyturn.lab.logons import LOCKED, MUST_CHANGE, RIGHT, WRONG, lock, log_on
from keyturn.lab.workgroup import Standalone
from keyturn.lab.workgroup_people import PEOPLE
from keyturn.rules.directories.workgroup import LIMITS

Stage = Beside[Standalone]
FRESH, LATER = "Copper-Kettle-Sings-21", "Autumn-Leaves-Turn-Copper-4"
POLICY: Final = people.DOMAIN_POLICY


def stage() -> Stage:
    """Where it is played."""
    return Beside(Standalone(), ELSEWHERE)


def connected(stage: Stage, told: Teller) -> None:
    """It is connected, with its limits; an agent for a domain is refused."""
    settings = stage.lab.agent_settings("north")
    other = {name: settings[name] for name in ("directory", "controller", "account")}
    authority = stage.lab.folder / "some-ca.pem"
    authority.touch()
    told_so = {**other, "kind": "active_directory", "ca_file": str(authority)}
    kinds.connected(stage, told, "Workgroup machine", LIMITS, told_so)


def unlock(stage: Stage, told: Teller) -> None:
    """Locked by the machine, and out again."""
    told.tell("Bob's old laptop tries a wrong password five times. The machine locks him out.")
    lock(stage.lab, people.BOB, POLICY.threshold)
    answer = log_on(stage.lab, people.BOB, people.BOB.password)
    told.check("it refuses his right password", answer == LOCKED, answer)
    ben = stage.seat(company.BEN)
    page = plain(told, ben.look())
    told.check("his page says that he is locked", page.has("is locked"), page.sentence)
    told.check("and promises nothing about its end", page.has("may open it again by itself"))
    page = plain(told, ben.press_unlock())
    told.check("he unlocks himself", page.has("Your account is unlocked"), page.sentence)
    answer = log_on(stage.lab, people.BOB, people.BOB.password)
    told.check("his old password opens it again", answer == RIGHT, answer)


def reset(stage: Stage, told: Teller) -> None:
    """A new password, proved by one logon, without costing a try."""
    ben = stage.seat(company.BEN)
    page = plain(told, ben.choose(FRESH))
    told.check("done", page.has("Your new password works on files1"), page.sentence)
    job = ben.everywhere(ben.job_of(page))
    told.check("proved on the one machine", states(job) == {"files1": "proved"}, job["proofs"])
    told.check("which is everywhere", job["everywhere_at"], job)
    counted = stage.lab.hand.bad_count(people.BOB)
    told.check("the proof cost him no try", counted == 0, counted)
    answer = log_on(stage.lab, people.BOB, FRESH)
    told.check("it takes the new one", answer == RIGHT, answer)
    answer = log_on(stage.lab, people.BOB, people.BOB.password)
    told.check("and not the old one", answer == WRONG, answer)
    told.mail(stage.mail(company.BEN.email, "was set anew"))


def refused(stage: Stage, told: Teller) -> None:
    """The machine's policy, which the agent holds a reset to."""
    ben = stage.seat(company.BEN)
    page = plain(told, ben.choose("Short-1"))
    words = f"shorter than the {POLICY.min_length} characters"
    told.check("too short, with the policy's number", page.has("not changed", words), page.sentence)
    answer = log_on(stage.lab, people.BOB, FRESH)
    told.check("his password is what it was", answer == RIGHT, answer)
    policy = ben.standing()["policy"]
    told.check("that history is not looked at is known beforehand", policy["history"] and
               not policy["history_on_reset"], policy)  # fmt: skip
    page = plain(told, ben.choose(people.BOB.password))
    told.check("so an old one is taken", page.has("Your new password works"), page.sentence)


def must_change(stage: Stage, told: Teller) -> None:
    """A change at the next logon, and where it would not bind."""
    page = kinds.required(stage, told, company.BEN)
    ben = stage.seat(company.BEN)
    told.check("done for Ben", page.has("Require a change: done"), page.sentence)
    answer = log_on(stage.lab, people.BOB, people.BOB.password)
    told.check("the machine wants a new one from him", answer == MUST_CHANGE, answer)
    page = plain(told, ben.look())
    told.check("his page says so", page.has("wants a new password from you"), page.sentence)
    page = plain(told, ben.choose(LATER))
    told.check("a new one by himself lifts it", page.has("Your new password works"), page.sentence)
    answer = log_on(stage.lab, people.BOB, LATER)
    told.check("and opens the machine", answer == RIGHT, answer)
    told.tell("Tom's password there never expires.")
    page = kinds.required(stage, told, company.TOM)
    told.check("refused, in words", page.has("not done", "never expires"), page.text)


def protected(stage: Stage, told: Teller) -> None:
    """Whoever administers the machine, through groups as well, and our own account."""
    kinds.refused_links(
        stage, told,
        {people.HEIDI.name: "protected (administrators)",
         people.GRACE.name: "protected (administrators)",
         people.SERVICE.name: "protected (service)"},
    )  # fmt: skip
    told.tell("Erin, whose account is Nadia's, becomes an administrator of the machine.")
    stage.lab.hand.join_administrators(people.ERIN)
    nadia = stage.seat(company.NADIA)
    try:
        page = plain(told, nadia.look())
        words = page.has("This account is not changed from here")
        told.check("her page says that it is not changed from here", words, page.text)
        job = nadia.answer(nadia.reset("Whatever-Is-Long-Enough-99"))
        refused = (job["state"], job["reason"]) == ("not_done", "protected")
        told.check("a reset is not done all the same", refused, job)
        answer = log_on(stage.lab, people.ERIN, people.ERIN.password)
        told.check("her password is what it was", answer == RIGHT, answer)
    finally:
        stage.lab.hand.leave_administrators(people.ERIN)


def everybody(stage: Stage, told: Teller) -> None:
    """All are read, and a change is found by comparing."""

    def change() -> None:
        told.tell("An administrator sets Bob's password on the machine itself.")
        stage.lab.hand.set_password(people.BOB, "By-The-Hand-Of-An-Admin-3")

    kinds.everybody(stage, told, len(PEOPLE), change, "account.password")


def by_hand(stage: Stage, told: Teller) -> None:
    """Changed by hand in between."""
    fresh = "By-The-Hand-Of-An-Admin-4"
    kinds.between(stage, told, lambda: stage.lab.hand.set_password(people.ERIN, fresh))
    answer = log_on(stage.lab, people.ERIN, fresh)
    told.check("and so it is", answer == RIGHT, answer)


ACTS = (
    Act(
        "B4",
        "A workgroup machine is connected, with its limits; another kind is refused",
        connected,
    ),
    Act("B4 B3", "Five bad logons lock him out, and he unlocks himself", unlock),
    Act("B4 B3", "A new password, proved by a logon", reset),
    Act("B4", "The machine's policy refuses, with its own number", refused),
    Act("B4", "A change is required where that binds, and refused where not", must_change),
    Act("B4", "Protected accounts are refused", protected),
    Act("B4", "Everybody is read, and a change is seen", everybody),
    Act("B4 B3", "Changed by hand in between", by_hand),
)
