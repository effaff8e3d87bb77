"""Memory twins of the agent's ports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.wire.messages import Answer, Denied, Request

A = TypeVar("A")


class MemoryLink:
    """A server in the same process.

    Args:
        answer: what the server says to a message; it may raise LinkDown.

    Attributes:
        said: every message, in order.
    """

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self.said: list[Request] = []

    async def call(self, message: Request, want: type[A]) -> A:
        self.said.append(message)
        answer = self._answer(message)
        if isinstance(answer, Denied):
            raise LinkDenied(answer)
        if not isinstance(answer, want):
            raise LinkDown("message", type(answer).__name__)
        return answer
