"""Every check and every cause, in the order in which they are told."""

from __future__ import annotations

from typing import Final

from keyturn.rules.health import (
    catalogue_delivery,
    catalogue_house,
    catalogue_push,
    catalogue_ranges,
    catalogue_sender,
)
from keyturn.rules.health.report import Catalogue
from keyturn.rules.health.verdicts import Area, Cause, Check, State

_ROOMS = (
    catalogue_house, catalogue_ranges, catalogue_delivery, catalogue_push, catalogue_sender,
)  # fmt: skip
GAVE_UP: Final = "gave-up"


def _gave_up(check: Check) -> Cause:
    """Every look can take too long, or stumble over what nobody thought of."""
    return Cause(
        f"{check.name}.{GAVE_UP}",
        State.UNKNOWN,
        f"{check.title}: the look took too long, or stumbled ({{why}}).",
        mend="Look again. If it stays so, tell whoever maintains Keyturn for you.",
    )


def _causes() -> dict[str, Cause]:
    checks = [check for room in _ROOMS for check in room.CHECKS]
    causes = [cause for room in _ROOMS for cause in room.CAUSES]
    return {cause.id: cause for cause in (*causes, *map(_gave_up, checks))}


CATALOGUE: Final = Catalogue(
    checks={check.name: check for room in _ROOMS for check in room.CHECKS}, causes=_causes()
)


def chosen(name: str) -> frozenset[str]:
    """The checks that a name means: one, or those of an area; none for an unknown name."""
    if name in CATALOGUE.checks:
        return frozenset({name})
    areas = {str(area) for area in Area} & {name}
    return frozenset(c.name for c in CATALOGUE.checks.values() if c.area in areas)
