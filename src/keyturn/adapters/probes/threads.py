"""Blocking looks in threads that nobody has to wait for.

A name server that is silent holds `getaddrinfo` for as long as the resolver's own settings
say, and nothing can end it.  In a pool it would hold the end of the program as well.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def aside(look: Callable[[], T]) -> T:
    """`look()` in a thread of its own; raises what it raises. If nobody waits any more, its
    answer is dropped.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]  # a T unless there is an error

    def work() -> None:
        value: T | None = None
        caught: BaseException | None = None
        try:
            value = look()
        except BaseException as error:  # noqa: BLE001  it is the caller's, and goes to the caller
            caught = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, value, caught)

    threading.Thread(target=work, name="probe", daemon=True).start()
    return await answer
