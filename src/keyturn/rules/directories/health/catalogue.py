"""Every check of a directory and every cause, in the order of whom they hurt: everybody first,
then one OU or one controller, then nobody yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from keyturn.rules.directories.health import words_controllers, words_whole
from keyturn.rules.health.report import Catalogue

_ROOMS = (words_whole, words_controllers)
_ORDER: Final = (
    "resets", "primary", "domain-name", "account", "agent", "disk", "services", "domain-clock",
    "controller", "port", "tls", "chain", "name", "end", "rights", "policy", "replication",
    "controller-clock", "clock", "account-there", "listener", "left-over", "fine-policy",
    "second", "journal", "version", "telling",
)  # fmt: skip
_CHECKS: Final = {check.name: check for room in _ROOMS for check in room.CHECKS}

CATALOGUE: Final = Catalogue(
    checks={name: _CHECKS[name] for name in _ORDER},
    causes={cause.id: cause for room in _ROOMS for cause in room.CAUSES},
)


class Place(StrEnum):
    """What a finding is about; its `subject` is the name of one."""

    DIRECTORY = "directory"  # the subject is ""
    AGENT = "agent"
    CONTROLLER = "controller"
    UNIT = "unit"
    POLICY = "policy"


#: by check; those that are not here are about a controller. A check of several places is about
#: the directory where there is nothing to name: no left-over, no policy that cannot be read.
_PLACES: Final[Mapping[str, Place]] = {
    **dict.fromkeys(
        ("resets", "primary", "domain-name", "account", "domain-clock", "policy", "telling"),
        Place.DIRECTORY,
    ),
    **dict.fromkeys(
        ("agent", "disk", "services", "clock", "second", "journal", "version"), Place.AGENT
    ),
    "rights": Place.UNIT,
    "fine-policy": Place.POLICY,
}


def place_of(check: str) -> Place:
    """What a check is about."""
    return _PLACES.get(check, Place.CONTROLLER)
