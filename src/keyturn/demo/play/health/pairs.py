"""Two faults at once: two roots, each with what comes of it, the graver first."""

from __future__ import annotations

from typing import Final

from keyturn.demo.play.health import faults
from keyturn.demo.play.health.faults import DC2, DC3, Fault
from keyturn.demo.play.health.ward import Ward
from keyturn.lab.people import PLANT

_BY_NAME: Final = {fault.name: fault for fault in faults.ONE}
_LISTENER: Final = Fault(
    "agent stopped", (("agent.silent", "agent-dc2"),), faults.stop_listener,
    faults.start_listener, ("replication.unseen",),
)  # fmt: skip


def _both(one: Fault, other: Fault, *first: tuple[str, str]) -> Fault:
    """Args:
    first: the roots, in the order in which they have to be named.
    """

    def do(ward: Ward) -> None:
        one.do(ward)
        other.do(ward)

    def undo(ward: Ward) -> None:
        other.undo(ward)
        one.undo(ward)

    beneath = (*one.beneath, *other.beneath)
    return Fault(f"{one.name} + {other.name}", first, do, undo, beneath)


PAIRS: Final = (
    _both(_BY_NAME["controller dead"], _LISTENER,
          ("agent.silent", "agent-dc2"), ("controller.dead", DC3)),
    _both(_BY_NAME["wrong CA"], _BY_NAME["rights missing on one OU"],
          ("chain.untrusted", DC2), ("rights.missing", PLANT)),
    _both(_BY_NAME["port 636 blocked"], _BY_NAME["replication stopped"],
          ("port.blocked", DC2), ("replication.stopped", DC3)),
)  # fmt: skip
