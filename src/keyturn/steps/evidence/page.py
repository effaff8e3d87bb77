"""The page that evidence is written down on."""

from __future__ import annotations

from dataclasses import dataclass, field

from keyturn.rules.diagnosis import Blind, Facts, Unseen, Value


@dataclass(slots=True)
class Page:
    """Facts as they come in.

    Attributes:
        known: values by name; None where somebody looked and there was nothing.
        blind: what was looked at in vain, and why.
    """

    known: dict[str, Value] = field(default_factory=dict)
    blind: dict[str, Blind] = field(default_factory=dict)

    def note(self, prefix: str = "", /, **values: Value) -> None:
        """Write facts down: `note("lane.unknown.", closed=True)`."""
        self.known.update({prefix + name: value for name, value in values.items()})

    def miss(self, why: Blind, *names: str) -> None:
        """These could not be seen."""
        self.blind.update(dict.fromkeys(names, why))

    def facts(self) -> Facts:
        """What was gathered."""
        return Facts(dict(self.known), tuple(Unseen(n, why) for n, why in self.blind.items()))
