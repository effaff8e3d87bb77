"""Rooms that are loaded when somebody first comes to them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match, Route

from keyturn.web.late import Late
from keyturn.web.refusals import Refusal


class Loader:
    """Makes the routes of a room and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> list[BaseRoute]:
        self.calls += 1
        return [Route("/room/a", PlainTextResponse("inside"))]


def scope(path: str) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": ""}


async def visit(room: Late, path: str) -> bytes:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await room.handle(scope(path), None, send)
    return b"".join(m.get("body", b"") for m in sent)


@pytest.mark.parametrize(
    ("path", "ours"),
    [("/room", True), ("/room/a", True), ("/rooms", False), ("/", False), ("/a/room", False)],
)
def test_a_room_has_its_prefix_and_what_is_below(path: str, ours: bool) -> None:
    match, _ = Late("/room", Loader()).matches(scope(path))
    assert match is (Match.FULL if ours else Match.NONE)


def test_it_is_loaded_once_by_whoever_comes_first() -> None:
    loader = Loader()
    room = Late("/room", loader)
    assert loader.calls == 0

    async def crowd() -> list[bytes]:
        return await asyncio.gather(*(visit(room, "/room/a") for _ in range(5)))

    assert asyncio.run(crowd()) == [b"inside"] * 5
    assert loader.calls == 1


def test_a_path_without_a_door_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        asyncio.run(visit(Late("/room", Loader()), "/room/b"))
    assert refused.value.status == 404


def test_a_room_that_could_not_be_loaded_is_tried_again() -> None:
    calls: list[int] = []

    def load() -> list[BaseRoute]:
        calls.append(1)
        if len(calls) == 1:
            raise OSError
        return [Route("/room/a", PlainTextResponse("inside"))]

    room = Late("/room", load)
    with pytest.raises(OSError):  # noqa: PT011  the very one that was raised
        asyncio.run(visit(room, "/room/a"))
    assert asyncio.run(visit(room, "/room/a")) == b"inside"
