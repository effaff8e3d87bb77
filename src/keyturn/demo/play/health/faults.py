"""Every fault: how it is done from outside and undone, and what has to be said of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from keyturn.demo.agents import AgentProcess
from keyturn.demo.play.health.ward import Place, Ward, faketime
from keyturn.lab.certificates import Shown
from keyturn.lab.commands import until
from keyturn.lab.controllers import DOMAIN, NETBIOS
from keyturn.lab.people import PLANT, POLICIES, STRICT_NAME
from keyturn.lab.provisioning import BRANCH

DC1, DC2, DC3, OLD = (f"{name}.{DOMAIN}" for name in ("dc1", "dc2", "dc3", "dc9"))
FAST: Final = "+7m"
REFUSAL_S: Final = 60.0
STRICT: Final = f"CN={STRICT_NAME},{POLICIES}"
Act = Callable[[Ward], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing, or several at once, that go wrong.

    Attributes:
        roots: what has to be named, nothing else, in this order.
        beneath: causes that have to stand beneath them, among others.
        do, undo: from outside.
        lacking: why it cannot be played on this machine; "" if it can.
        lasts: it cannot be taken back within a play: nothing is played after it.
    """

    name: str
    roots: tuple[Place, ...]
    do: Act
    undo: Act
    beneath: tuple[str, ...] = ()
    lacking: Callable[[], str] = lambda: ""
    lasts: bool = False


def _certificate(shown: Shown) -> Act:
    return lambda ward: ward.lab.faults.certificate("dc2", shown)


def _mend(name: str) -> Act:
    return lambda ward: ward.lab.faults.mend(name)


def _revoke(ward: Ward) -> None:
    gone = ward.estate.agents["dc3"]
    ward.estate.keyturn("directory", "revoke", ward.directory, gone.name, "--yes")
    gone.stop()


def _enrol_again(ward: Ward) -> None:
    ward.estate.move_in(ward.estate.agents["dc3"], anew=True, role="listener")


def _no_faketime() -> str:
    return "" if faketime() else "libfaketime is not installed (make setup installs it as root)"


def _fast_clock(ward: Ward) -> None:
    """Its own clock only: what counts for leases goes on as everywhere."""
    fake = {"LD_PRELOAD": str(faketime()), "FAKETIME": FAST, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    ward.again(ward.estate.agents["dc3"], **fake)


def _twin(ward: Ward) -> AgentProcess:
    return ward.agent_beside("dc2", "twin")


def _second_primary(ward: Ward) -> None:
    """The main agent's folder, copied to another machine, and started there."""
    twin = _twin(ward)
    shutil.copytree(ward.primary.state, twin.state, dirs_exist_ok=True)
    (twin.state / "status.json").unlink(missing_ok=True)  # it tells of the first one's run
    twin.start()
    try:
        until(lambda: twin.ended is not None or "by-dc1" in twin.said, REFUSAL_S, "a refusal")
    finally:
        twin.kill()


ONE: Final = (
    Fault("agent stopped", (("agent.silent", "agent-dc1"),),
          lambda ward: ward.primary.stop(), lambda ward: ward.primary.start(),
          ("primary.none", "resets.no-primary")),
    Fault("listener missing", (("listener.missing", DC3),), _revoke, _enrol_again,
          ("replication.unseen",)),
    Fault("directory given by NetBIOS name", (("domain-name.short", ""),),
          lambda ward: ward.rename(NETBIOS), lambda ward: ward.rename(DOMAIN)),
    Fault("TLS 1.0 and 1.1 only", (("tls.old", DC2),),
          lambda ward: ward.lab.faults.old_tls("dc2"), _mend("dc2"), ("replication.unseen",)),
    Fault("certificate expired", (("end.expired", DC2),), _certificate(Shown.EXPIRED),
          _mend("dc2"), ("replication.unseen",)),
    Fault("wrong CA", (("chain.untrusted", DC2),), _certificate(Shown.OTHER_CA), _mend("dc2"),
          ("replication.unseen",)),
    Fault("wrong host name", (("name.other", DC2),), _certificate(Shown.OTHER_NAME), _mend("dc2"),
          ("replication.unseen",)),
    Fault("port 636 blocked", (("port.blocked", DC2),),
          lambda ward: ward.lab.faults.block("dc2"), lambda ward: ward.lab.faults.unblock("dc2"),
          ("tls.unseen", "chain.unseen", "name.unseen", "end.unseen")),
    Fault("decommissioned, its object left", (("left-over.settings", OLD),),
          lambda ward: ward.lab.faults.leave_behind("dc1", "dc9", BRANCH),
          lambda ward: ward.lab.faults.clean_up("dc1", "dc9", BRANCH)),
    Fault("controller dead", (("controller.dead", DC3),),
          lambda ward: ward.lab.faults.kill("dc3"), lambda ward: ward.lab.faults.start("dc3"),
          ("port.closed", "tls.unseen", "chain.unseen")),
    Fault("replication stopped", (("replication.stopped", DC3),),
          lambda ward: ward.lab.faults.stop_replication("dc3"),
          lambda ward: ward.lab.faults.resume_replication("dc3")),
    Fault("rights missing on one OU", (("rights.missing", PLANT),),
          lambda ward: ward.shut_out(PLANT), lambda ward: ward.let_in(PLANT)),
    Fault("fine-grained policy unreadable", (("fine-policy.unreadable", STRICT_NAME),),
          lambda ward: ward.shut_out(STRICT), lambda ward: ward.let_in(STRICT)),
    Fault("clock off", (("clock.wrong", "agent-dc3"),), _fast_clock,
          lambda ward: ward.again(ward.estate.agents["dc3"]), lacking=_no_faketime),
    Fault("agent's disk full", (("disk.full", "agent-dc1"),),
          lambda ward: ward.small_disk(ward.primary), lambda ward: ward.large_disk(ward.primary),
          ("resets.no-disk",)),
)  # fmt: skip
#: what was refused is told for an hour, so it comes last
LAST: Final = Fault(
    "second primary tried", (("second.refused", "agent-dc1"),), _second_primary,
    lambda _ward: None, lasts=True,
)  # fmt: skip


def stop_listener(ward: Ward) -> None:
    """The agent beside dc2 stops."""
    ward.estate.agents["dc2"].stop()


def start_listener(ward: Ward) -> None:
    """Undo `stop_listener`."""
    ward.estate.agents["dc2"].start()
