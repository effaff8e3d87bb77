"""The play beside two OpenLDAP providers."""

from __future__ import annotations

from typing import Final

from keyturn.demo import company
from keyturn.demo.estate import ELSEWHERE
from keyturn.demo.play.directory import kinds
from keyturn.demo.play.directory.cast import Beside, delays, states
from keyturn.demo.play.directory.kinds import plain
from keyturn.demo.play.playing import Act
from keyturn.demo.play.telling import Teller
from keyturn.lab import openldap_people as people
from keyturn.lab.providers import MUST_CHANGE, RIGHT, WRONG, Providers
from keyturn.rules.directories.ppolicy import LIMITS

Stage = Beside[Providers]
EVERYWHERE: Final = {"ldap1": "proved", "ldap2": "proved"}
FRESH, LATER = "Copper-Kettle-Sings-21", "Autumn-Leaves-Turn-Copper-4"


def stage() -> Stage:
    """Where it is played."""
    return Beside(Providers(), ELSEWHERE)


def connected(stage: Stage, told: Teller) -> None:
    """It is connected, with its limits; an agent for a workgroup is refused."""
    settings = stage.lab.agent_settings("ldap1")
    other = {name: settings[name] for name in ("directory", "controller", "account")}
    kinds.connected(stage, told, "OpenLDAP", LIMITS, {**other, "kind": "workgroup"})


def unlock(stage: Stage, told: Teller) -> None:
    """Locked by slapo-ppolicy, and out again."""
    told.tell("Bob's old phone tries a wrong password five times. slapd locks him out.")
    for number in range(stage.lab.hand.threshold):
        stage.lab.try_password("ldap1", people.BOB, f"Wrong-Wrong-Wrong-{number}")
    answer = stage.lab.try_password("ldap1", people.BOB, people.BOB.password)
    told.check("slapd refuses his right password", answer == WRONG, answer)
    ben = stage.seat(company.BEN)
    page = plain(told, ben.look())
    told.check("his page says until when", page.has("is locked until"), page.sentence)
    page = plain(told, ben.press_unlock())
    told.check("he unlocks himself", page.has("Your account is unlocked"), page.sentence)
    answer = stage.lab.try_password("ldap1", people.BOB, people.BOB.password)
    told.check("his old password opens the directory again", answer == RIGHT, answer)
    ben.everywhere(ben.job_of(page))


def reset(stage: Stage, told: Teller) -> None:
    """A new password, proved at both providers, without costing a try."""
    ben, lab = stage.seat(company.BEN), stage.lab
    page = plain(told, ben.choose(FRESH))
    told.check("done", page.has("Your new password works"), page.sentence)
    job = ben.everywhere(ben.job_of(page))
    told.check("proved at both providers", states(job) == EVERYWHERE, job["proofs"])
    told.seen(f"arrived and tried: {delays(job)}")
    counted = {name: lab.hand.failures(lab.server(name), people.BOB) for name in lab.places}
    told.check("no proof cost him a try", not any(counted.values()), counted)
    for name in lab.places:
        answer = lab.try_password(name, people.BOB, FRESH)
        told.check(f"{name} takes it", answer == RIGHT, answer)
        old = lab.try_password(name, people.BOB, people.BOB.password)
        told.check(f"{name} does not take the old one", old == WRONG, old)
    told.mail(stage.mail(company.BEN.email, "was set anew"))


def refused(stage: Stage, told: Teller) -> None:
    """slapo-ppolicy refuses, in words, with its own numbers."""
    ben = stage.seat(company.BEN)
    page = plain(told, ben.choose("Short-1"))
    words = f"shorter than the {people.DEFAULT.min_length} characters"
    told.check("too short, with the policy's number", page.has("not changed", words), page.sentence)
    told.seen(f"slapd said: {ben.job_of(page)['data']}")
    page = plain(told, ben.choose(people.BOB.password))
    words = f"one of the last {people.DEFAULT.history} that you had"
    told.check("used before, with its number", page.has("not changed", words), page.sentence)
    answer = stage.lab.try_password("ldap1", people.BOB, FRESH)
    told.check("his password is what it was", answer == RIGHT, answer)


def must_change(stage: Stage, told: Teller) -> None:
    """A change at the next sign-in where the policy lets it be asked for, and where not."""
    page = kinds.required(stage, told, company.BEN)
    ben = stage.seat(company.BEN)
    told.check("done for Ben", page.has("Require a change: done"), page.sentence)
    answer = stage.lab.try_password("ldap1", people.BOB, FRESH)
    told.check("slapd lets him in only to change it", answer == MUST_CHANGE, answer)
    page = plain(told, ben.look())
    told.check("his page says so", page.has("wants a new password from you"), page.sentence)
    page = plain(told, ben.choose(LATER))
    told.check("a new one by himself lifts it", page.has("Your new password works"), page.sentence)
    answer = stage.lab.try_password("ldap1", people.BOB, LATER)
    told.check("and opens the directory", answer == RIGHT, answer)
    told.tell("Tom's policy has pwdMustChange FALSE.")
    page = kinds.required(stage, told, company.TOM)
    told.check("refused, in words", page.has("not done", "does not bind this account"), page.text)


def protected(stage: Stage, told: Teller) -> None:
    """Administrators, our own account, and who was locked by hand."""
    kinds.refused_links(
        stage, told,
        {people.HEIDI.name: "protected (named)", people.SERVICE: "protected (service)",
         people.IVAN.name: "protected (locked by hand)"},
    )  # fmt: skip
    words = ("directory", "link", company.MIA.email, stage.lab.domain, people.ADMIN, "--yes")
    told.check("the rootdn is nobody's account", stage.keyturn(*words).returncode)
    told.tell("Erin, whose account is Nadia's, becomes an administrator.")
    stage.lab.hand.join_administrators(people.ERIN)
    nadia = stage.seat(company.NADIA)
    try:
        page = plain(told, nadia.look())
        words_ = page.has("This account is not changed from here")
        told.check("her page says that it is not changed from here", words_, page.text)
        job = nadia.answer(nadia.reset("Whatever-Is-Long-Enough-99"))
        refused = (job["state"], job["reason"]) == ("not_done", "protected")
        told.check("a reset is not done all the same", refused, job)
        answer = stage.lab.try_password("ldap1", people.ERIN, people.ERIN.password)
        told.check("her password is what it was", answer == RIGHT, answer)
    finally:
        stage.lab.hand.leave_administrators(people.ERIN)


def cut_off(stage: Stage, told: Teller) -> None:
    """One provider is away: done, and everywhere only later."""
    fresh = "Branch-Line-Is-Down-Again-7"
    nadia, second = stage.seat(company.NADIA), stage.lab.server("ldap2")
    told.tell("The power fails in the branch office: ldap2 is away.")
    second.stop()
    try:
        page = plain(told, nadia.choose(fresh))
        told.check("done all the same", page.has("Your new password works on ldap1"), page.sentence)
        job = nadia.job_of(page)
        told.check("not everywhere", job["everywhere_at"] is None, job)
        there = states(job).get("ldap2")
        told.check("ldap2 is still waited for", there in {"waiting", "unreachable"}, job["proofs"])
    finally:
        second.start()
    told.tell("ldap2 is back.")
    job = nadia.everywhere(job)
    told.check("now at both, and so everywhere", states(job) == EVERYWHERE, job["proofs"])
    told.seen(delays(job))
    answer = stage.lab.try_password("ldap2", people.ERIN, fresh)
    told.check("ldap2 takes it", answer == RIGHT, answer)


def everybody(stage: Stage, told: Teller) -> None:
    """All are read, and a change is seen (syncrepl)."""

    def change() -> None:
        told.tell("An administrator sets Bob's password by hand, in slapd.")
        stage.lab.hand.set_password(people.BOB, "By-The-Hand-Of-An-Admin-3")

    kinds.everybody(stage, told, len(people.EVERYBODY), change, "account.password")


def by_hand(stage: Stage, told: Teller) -> None:
    """Changed by hand in between."""
    fresh = "By-The-Hand-Of-An-Admin-4"
    kinds.between(stage, told, lambda: stage.lab.hand.set_password(people.ERIN, fresh))
    answer = stage.lab.try_password("ldap1", people.ERIN, fresh)
    # what an administrator chose is to be changed, by pwdMustChange; it is right all the same
    told.check("and so it is", answer == MUST_CHANGE, answer)


ACTS = (
    Act("B4", "OpenLDAP is connected, with its limits; another kind is refused", connected),
    Act("B4 B3", "Five bad sign-ins lock him out, and he unlocks himself", unlock),
    Act("B4 B3", "A new password, proved at two providers", reset),
    Act("B4", "The password policy refuses, with its own numbers", refused),
    Act("B4", "A change is required where that binds, and refused where not", must_change),
    Act("B4", "Protected accounts are refused", protected),
    Act("B4 B3", "A provider is away: done, later everywhere", cut_off),
    Act("B4", "Everybody is read, and a change is seen", everybody),
    Act("B4 B3", "Changed by hand in between", by_hand),
)
