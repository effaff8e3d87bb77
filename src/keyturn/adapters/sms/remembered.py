"""What this process handed over lately: an SMSC's names for a text, and how many parts are out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

#: texts remembered, and parts; older ones are found in the store by the last part's name
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """The text that a receipt is about.

    Attributes:
        complete: its fate is known: a part was lost, or the last one out was delivered.
    """

    message_id: str
    complete: bool


@dataclass(slots=True)
class Remembered:
    """The last texts by the names of their parts; the oldest are forgotten."""

    most: int = MOST
    _of: OrderedDict[str, tuple[str, bool]] = field(default_factory=OrderedDict)
    _out: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def begin(self, message_id: str, parts: int) -> None:
        """A text is handed over in so many parts; whatever was known of it is void."""
        self._out[message_id] = parts
        self._out.move_to_end(message_id)
        if len(self._out) > self.most:
            self._out.popitem(last=False)

    def add(self, message_id: str, name: str) -> None:
        """A part of it was taken under this name."""
        self._of[name] = (message_id, False)
        self._of.move_to_end(name)
        if len(self._of) > self.most:
            self._of.popitem(last=False)

    def settle(self, names: Sequence[str], *, delivered: bool) -> Known | None:
        """A receipt came for a part that one of `names` means; None if none is known.

        Of each part the first receipt counts: a second one completes nothing.
        """
        for name in names:
            message_id, settled = self._of.get(name, ("", False))
            if settled:
                return Known(message_id, complete=False)
            if message_id:
                self._of[name] = (message_id, True)
                return Known(message_id, complete=self._last(message_id) or not delivered)
        return None

    def _last(self, message_id: str) -> bool:
        """Whether no other part of the text is out."""
        if message_id not in self._out:
            return True
        self._out[message_id] -= 1
        return self._out[message_id] <= 0
