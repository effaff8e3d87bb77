"""Questions to the DNS and their answers, as values."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeVar

T = TypeVar("T")
Kind = Literal["A", "AAAA", "MX", "TXT", "PTR", "NS"]


class Reply(StrEnum):
    """What came back."""

    FOUND = "found"
    EMPTY = "empty"  # the name is there, without such records
    ABSENT = "absent"  # no such name (NXDOMAIN)
    SILENT = "silent"  # no answer, or a name server that failed: nothing is known


@dataclass(frozen=True, slots=True)
class Query:
    """One question. `name` without the last dot."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        records: A, AAAA: addresses; PTR: names; TXT: the strings of a record joined (RFC 7208
            §3.3); MX: "10 mail.example.com", by preference. Names in lower case, no last dot.
    """

    reply: Reply
    records: tuple[str, ...] = ()

    @property
    def void(self) -> bool:
        """Answered, and there is nothing (RFC 7208 §4.6.4)."""
        return self.reply in {Reply.EMPTY, Reply.ABSENT}


SILENT = Answer(Reply.SILENT)
ABSENT = Answer(Reply.ABSENT)
EMPTY = Answer(Reply.EMPTY)

Asking = Generator[Query, Answer, T]


def settled(asking: Asking[T], look: Callable[[Query], Answer]) -> T:
    """Drive an evaluation to its end with a function that answers at once."""
    try:
        query = next(asking)
        while True:
            query = asking.send(look(query))
    except StopIteration as end:
        result: T = end.value
        return result


def labels(domain: str) -> list[str]:
    """The labels of a name, from the left."""
    return [label for label in domain.split(".") if label]
