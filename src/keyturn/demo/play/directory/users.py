"""What a person does: unlock, a new password, and what the directory does not take."""

from __future__ import annotations

from keyturn.demo import company
from keyturn.demo.play.directory.cast import Scenery, comes_true, delays, states
from keyturn.demo.play.telling import Teller
from keyturn.lab import people
from keyturn.lab.hand import RIGHT, WRONG

EVERYWHERE = {"dc1": "proved", "dc2": "proved", "dc3": "proved"}


def unlock(stage: Scenery, told: Teller) -> None:
    """B3: five wrong passwords in the domain, and a way out."""
    hand = stage.lab.hand
    told.tell("Bob's laptop tries an old password five times. The domain locks him out.")
    hand.lock("dc1", people.BOB)
    told.check("the domain refuses his right password", hand.try_password(
        "dc1", people.BOB, people.BOB.password) != RIGHT)  # fmt: skip
    ben = stage.holder(stage.person(company.BEN.email))
    standing = ben.standing()
    told.check("his page says that he is locked", standing["locked_until"], standing)
    job = ben.answer(ben.unlock())
    told.check("he unlocks himself", job["state"] == "done", job)
    told.check(
        "his old password opens the domain again",
        hand.try_password("dc1", people.BOB, people.BOB.password) == RIGHT,
    )
    done = ben.everywhere(job)
    told.check("every controller has it", done["everywhere_at"], done)


def reset(stage: Scenery, told: Teller) -> None:
    """B3: a new password, proved on each controller, without costing a try."""
    hand, fresh = stage.lab.hand, "Copper-Kettle-Sings-21"
    ben = stage.holder(stage.person(company.BEN.email))
    before = {name: hand.bad_count(name, people.BOB) for name in EVERYWHERE}
    job = ben.answer(ben.reset(fresh))
    told.check("done: set, and proved on one controller", job["state"] == "done", job)
    took = (job["finished_at"] - job["created_at"]) / 1000
    told.seen(f"set and proved {took:.1f} s after it was begun")
    job = ben.everywhere(job)
    told.check("proved on all three", states(job) == EVERYWHERE, job["proofs"])
    told.seen(f"arrived and tried: {delays(job)}")
    for name in EVERYWHERE:
        told.check(f"{name} takes it", hand.try_password(name, people.BOB, fresh) == RIGHT)
    after = {name: hand.bad_count(name, people.BOB) for name in EVERYWHERE}
    told.check("no proof raised a badPwdCount", all(
        after[name] <= before[name] for name in EVERYWHERE), after)  # fmt: skip
    told.mail(stage.mail(company.BEN.email, "was set anew"))


def technician(stage: Scenery, told: Teller) -> None:
    """A technician starts a reset; the person alone chooses."""
    fresh = "Technicians-Never-See-This-1"
    tom = stage.staff(stage.person(company.TOM.email))
    told.tell("Ben calls. Tom opens his page in the console and starts a reset.")
    page = told.page(stage.start(tom, company.BEN, "/reset"))
    told.check("no field takes a password", not page.has('type="password"'))
    told.mail(stage.mail(company.BEN.email, "Choose a new password"))
    ben = stage.holder(stage.person(company.BEN.email))
    waiting = ben.account["waiting"]
    told.check("Ben's page waits for his choice", waiting, ben.account)
    job = ben.answer(ben.reset(fresh))
    told.check("it is the very job that Tom started", job["id"] == waiting, job)
    told.check("it says who started it", job["starter"] == company.TOM.name, job["starter"])
    told.check("done", job["state"] == "done", job)
    right = stage.lab.hand.try_password("dc1", people.BOB, fresh) == RIGHT
    told.check("the domain takes what Ben chose", right)
    ben.everywhere(job)


def must_change(stage: Scenery, told: Teller) -> None:
    """A technician requires a change at the next logon."""
    tom = stage.staff(stage.person(company.TOM.email))
    told.page(stage.start(tom, company.BEN, "/require-change"))
    ben = stage.holder(stage.person(company.BEN.email))
    told.check("Ben's page says so", comes_true(ben, "must_change"))
    answer = stage.lab.hand.try_password("dc1", people.BOB, "Technicians-Never-See-This-1")
    told.check("the domain answers 773 to the right password", answer == "773", answer)
    job = ben.answer(ben.reset("Autumn-Leaves-Turn-Copper-4"))
    told.check("a new password by himself lifts it", job["state"] == "done", job)
    now = stage.lab.hand.try_password("dc1", people.BOB, "Autumn-Leaves-Turn-Copper-4")
    told.check("and opens the domain", now == RIGHT, now)
    ben.everywhere(job)


def stricter(stage: Scenery, told: Teller) -> None:
    """A fine-grained policy refuses with its own numbers."""
    tom = stage.holder(stage.person(company.TOM.email))
    policy = tom.standing()["policy"]
    told.check("his page shows the policy that binds him", policy["min_length"] ==
               people.STRICT_POLICY.min_length, policy)  # fmt: skip
    job = tom.answer(tom.reset("Short-Enough-1"))
    told.check("14 characters: not done", job["state"] == "not_done", job)
    told.check("because they are too few", job["reason"] == "too_short", job)
    number = job["data"].get("minimum")
    told.check("with that policy's number", number == people.STRICT_POLICY.min_length, job["data"])
    untouched = stage.lab.hand.try_password("dc1", people.FRANK, people.FRANK.password)
    told.check("his old password is what it was", untouched == RIGHT, untouched)
    wrong = stage.lab.hand.try_password("dc1", people.FRANK, "Short-Enough-1")
    told.check("and the refused one opens nothing", wrong == WRONG, wrong)


def protected(stage: Scenery, told: Teller) -> None:
    """A Domain Admin is refused, with the reason."""
    done = stage.keyturn("directory", "link", company.MIA.email, stage.lab.domain, "heidi", "--yes")
    told.check("an account of a Domain Admin cannot even be linked", done.returncode, done.stdout)
    told.seen((done.stdout + done.stderr).strip())
    told.tell("Erin, whose account is Nadia's, becomes a Domain Admin.")
    admins = f"CN=Domain Admins,{people.USERS}"
    stage.lab.hand.modify("dc1", admins, f"add: member\nmember: {people.ERIN.dn}\n-\n")
    nadia = stage.holder(stage.person(company.NADIA.email))
    standing = nadia.standing()
    told.check("her page says that she is protected", standing["protected"], standing)
    job = nadia.answer(nadia.reset("Whatever-Is-Long-Enough-99"))
    told.check("a reset is not done", job["state"] == "not_done", job)
    told.check("because she is a Domain Admin", "protected" in job["reason"], job)
    told.seen(f"{job['reason']} {job['data']}")
    untouched = stage.lab.hand.try_password("dc1", people.ERIN, people.ERIN.password)
    told.check("her password is what it was", untouched == RIGHT, untouched)
