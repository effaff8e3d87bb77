"""What happens to agents and controllers meanwhile: cut off, twice there, copied, killed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable

from keyturn.demo import company
from keyturn.demo.agents import AgentProcess
from keyturn.demo.play.directory.cast import (
    ANSWER_S,
    Beside,
    G,
    Holder,
    Job,
    Scenery,
    delays,
    states,
)
from keyturn.demo.play.directory.users import EVERYWHERE
from keyturn.demo.play.telling import Teller
from keyturn.lab import people
from keyturn.lab.commands import until
from keyturn.lab.hand import RIGHT

TAKEOVER_S = 60.0
#: an agent that was not heard for so long is taken for dead (a lease, and something over)
SILENT_S = 50.0
#: what an agent's forerunner says so long after it began is no late request any more
LATE_S = 20.0
#: two writes at two controllers within a second: the directory keeps either of them
APART_S = 3.0
TRIES = 5


def cut_off(stage: Scenery, told: Teller) -> None:
    """A controller cut off during a reset: done, later everywhere."""
    fresh = "Branch-Line-Is-Down-Again-7"
    ben = stage.holder(stage.person(company.BEN.email))
    told.tell("The line to the branch office breaks: dc3 is cut off from the other controllers.")
    stage.lab.faults.cut("dc3")
    try:
        job = ben.answer(ben.reset(fresh))
        told.check("done all the same", job["state"] == "done", job)
        job = ben.when(job, lambda seen: states(seen).get("dc2") == "proved", "it on dc2", ANSWER_S)
        told.check("not everywhere", job["everywhere_at"] is None, job)
        told.check("dc3 still waits", states(job).get("dc3") == "waiting", job["proofs"])
        old = stage.lab.hand.try_password("dc3", people.BOB, fresh)
        told.check("and dc3 really does not take it yet", old != RIGHT, old)
    finally:
        stage.lab.faults.heal("dc3")
    told.tell("The line is mended.")
    job = ben.everywhere(job)
    told.check("now on dc3, and so everywhere", states(job) == EVERYWHERE, job["proofs"])
    told.seen(delays(job))


def second_primary(stage: Scenery, told: Teller) -> None:
    """The same agent installed twice: the second is refused, and told where the first is."""
    first = stage.estate.agents["dc1"]
    told.check("the agent beside dc1 is primary", first.phase == "primary", first.phase)
    told.tell("Somebody installs the main agent a second time: its folder, beside dc2.")
    twin = _copy(stage, first, "dc2", "twin")
    twin.start()
    try:
        until(lambda: "by-dc1" in twin.said or twin.ended is not None, TAKEOVER_S, "a refusal")
        told.check("it is told where the first one is", "by-dc1" in twin.said, twin.said)
        told.seen(_last_line(twin))
    finally:
        twin.kill()
    told.check("the first one goes on", first.phase == "primary", first.phase)
    told.mail(stage.mail(company.NADIA.email, "a second machine wants to be"), "same key")


def copied_key(stage: Scenery, told: Teller) -> None:
    """A copied key is stopped in both places, and its owners hear of it."""
    name = "dc3"
    first = stage.estate.agents[name]
    told.tell("The agent beside dc3 stands still. Later a copy of its disk begins, beside dc2.")
    first.freeze()
    threading.Event().wait(SILENT_S)
    twin = _copy(stage, first, "dc2", "copy")
    twin.start()
    try:
        until(lambda: twin.phase == "standby", 2 * TAKEOVER_S, "the copy to be taken for it")
        threading.Event().wait(LATE_S)
        told.tell("The first one is back.")
        first.thaw()
        told.mail(stage.mail(company.NADIA.email, "is used in two places", TAKEOVER_S), "revoke")
        until(lambda: first.ended is not None, TAKEOVER_S, "the first one to stop")
        until(lambda: twin.ended is not None, TAKEOVER_S, "the copy to stop")
        told.check("both have stopped", first.ended and twin.ended, (first.ended, twin.ended))
    finally:
        twin.kill()
    told.tell("Nadia revokes it, and it is enrolled anew.")
    stage.estate.keyturn("directory", "revoke", stage.lab.domain, first.name, "--yes")
    first.stop()
    stage.estate.move_in(first, anew=True)
    told.check("it stands by again", first.phase == "standby", first.phase)


def _last_line(agent: AgentProcess) -> str:
    lines = agent.said.strip().splitlines()
    return lines[-1] if lines else ""


def takeover(stage: Scenery, told: Teller) -> None:
    """The primary is killed; another takes over and does the work."""
    first = stage.estate.agents["dc1"]
    told.tell("The power fails at the machine of the primary.")
    first.kill()
    took = _until_primary(stage, "dc1")
    told.seen(f"another is primary after {took:.0f} s")
    told.check("within 60 seconds", took <= TAKEOVER_S, took)
    ben = stage.holder(stage.person(company.BEN.email))
    job = ben.answer(ben.reset("Second-In-Command-Is-Here-8"))
    told.check("a reset is done by it", job["state"] == "done", job)
    first.start()
    back = first.reach("standby", "primary")
    told.check("the first comes back and stands by", back == "standby", back)
    ben.everywhere(job)


def _until_primary(stage: Scenery, gone: str) -> float:
    others = [agent for name, agent in stage.estate.agents.items() if name != gone]
    return until(
        lambda: any(agent.phase == "primary" for agent in others), 2 * TAKEOVER_S, "a primary", 0.5
    )


def by_hand(stage: Scenery, told: Teller) -> None:
    """Changed by hand between the set and its report: "changed since by someone else"."""
    fresh = "By-The-Hand-Of-An-Admin-3"
    ben = stage.holder(stage.person(company.BEN.email))
    job = changed_between(
        stage, told, ben, lambda: stage.lab.hand.set_password("dc1", people.BOB, fresh)
    )
    told.check("changed since by someone else", job["state"] == "changed", job)
    answer = stage.lab.hand.try_password("dc1", people.BOB, fresh)
    told.check("and so it is", answer == RIGHT, answer)


def changed_between(
    stage: Beside[G], told: Teller, holder: Holder, change: Callable[[], None]
) -> Job:
    """How a reset ends whose agent is gone for good when somebody else `change`s the account."""
    told.tell("While a reset is under way its agent's machine stands still, …")
    job = _frozen_in_the_middle(stage, holder)
    threading.Event().wait(APART_S)
    told.tell("… and an administrator sets the same password by hand.")
    change()
    return holder.answer(job, 2 * ANSWER_S)


def _frozen_in_the_middle(stage: Beside[G], holder: Holder) -> Job:
    """A job whose agent is gone for good between permit and report."""
    for number in range(TRIES):
        primary = next(each for each in stage.estate.agents.values() if each.phase == "primary")
        begun = holder.begin()
        watching = threading.Thread(target=_freeze_at_permit, args=(holder, begun["job"], primary))
        watching.start()
        job = holder.reset(f"Never-Reported-By-Anybody-{number}", begun)
        watching.join()
        job = holder.job(job["id"])
        if job["state"] in {"permitted", "unsettled"}:
            primary.kill()
            return job
        primary.thaw()
        holder.answer(job)
    raise LookupError("no job was caught in the middle")


def _freeze_at_permit(holder: Holder, job: Job, primary: AgentProcess) -> None:
    """Stop the agent's process the moment its permit is seen."""
    waits = {"choosing", "queued"}
    holder.when(job, lambda seen: seen["state"] not in waits, "a permit", TAKEOVER_S, 0.0)
    primary.freeze()


def _copy(stage: Scenery, first: AgentProcess, beside: str, name: str) -> AgentProcess:
    """A copy of an agent's folder, at another place."""
    twin = AgentProcess(stage.lab, beside, stage.origin, name)
    shutil.copytree(first.state, twin.state, dirs_exist_ok=True)
    (twin.state / "status.json").unlink(missing_ok=True)  # it tells of the first one's run
    return twin
