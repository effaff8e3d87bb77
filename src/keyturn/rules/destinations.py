"""Where texts may go, and when a destination looks as if somebody earned money with it.

Texts cost the sender and pay the operators they go to.  Whoever owns a range of numbers
abroad, or has a share in its income, asks for codes to all of them and enters none ("SMS
pumping").  Three things hold against it: countries that the tenant does not serve are
refused, each range and each foreign country has a cap, and a destination whose codes are
hardly ever entered raises an alarm.
"""

from __future__ import annotations

#: international networks and services that belong to no country (ITU-T E.164.1)
NOWHERE = "001"
#: digits at the end of a number that are left out of its range
RANGE_DIGITS = 4
#: codes asked for, at least, before it can be said that hardly any was entered
LEAST_IN_RANGE, LEAST_IN_COUNTRY = 10, 30
#: of so many texts, at least one is entered where people use them
ONE_IN = 4


def served(region: str, allowed: tuple[str, ...]) -> bool:
    """Whether texts go to numbers of `region` (ISO 3166); `allowed`: () for every country."""
    return region != NOWHERE and (not allowed or region in allowed)


def range_of(number: str) -> str:
    """The range that an E.164 number lies in, as it is shown: "+44740012····"."""
    return number[:-RANGE_DIGITS] + "·" * RANGE_DIGITS


def pumped(asked: int, entered: int, least: int) -> bool:
    """Whether fewer than one in four of at least `least` codes was entered."""
    return asked >= least and entered * ONE_IN < asked
