"""All checks of a directory, in one call."""

from __future__ import annotations

from keyturn.rules.directories.health.agents import agents
from keyturn.rules.directories.health.certificates import certificates
from keyturn.rules.directories.health.controllers import controllers
from keyturn.rules.directories.health.facts import Facts
from keyturn.rules.directories.health.replication import replication
from keyturn.rules.directories.health.view import view
from keyturn.rules.directories.health.whole import whole
from keyturn.rules.health.verdicts import Finding

_ROOMS = (whole, agents, controllers, certificates, replication)


def judge(facts: Facts) -> tuple[Finding, ...]:
    """What is so: one finding for each check and place, in no order that counts. A finding's
    moment is that of the facts it rests on.
    """
    seen = view(facts)
    found = (finding for room in _ROOMS for finding in room(seen))
    return tuple({(finding.check, finding.subject): finding for finding in found}.values())
