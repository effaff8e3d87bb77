"""The two digits that one screen shows and the phone asks for; see rules/matching.py."""

from __future__ import annotations

from keyturn.ports.parts import Parts
from keyturn.rules.matching import COUNT, DIGITS, number


def fresh(parts: Parts) -> str:
    """A number to show, each as likely as any other."""
    while (drawn := int(parts.random.digits(DIGITS))) >= COUNT:
        pass
    return number(drawn)
