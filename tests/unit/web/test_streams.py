"""Server-sent events: when they come, when they end, and who gets no more of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.leaving import LEAVING
from keyturn.web.refusals import Refusal
from keyturn.web.streams import LONGEST_MS, MOST, Sight, Stream, Watchers, event


class Reader:
    """A browser that reads a stream; time passes with every look."""

    def __init__(self, sights: Sequence[Sight | None], *, each_ms: int = 500) -> None:
        self.clock = MemoryClock()
        self.sent: list[dict[str, Any]] = []
        self.looks = 0
        self._sights = sights
        self._each_ms = each_ms
        self.gone = asyncio.Event()

    async def look(self) -> Sight | None:
        """What there is to see; the last one stays."""
        self.clock.move(self._each_ms)
        self.looks += 1
        return self._sights[min(self.looks, len(self._sights)) - 1]

    async def receive(self) -> dict[str, str]:
        """The browser sends nothing, and goes at some time."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Takes what comes."""
        self.sent.append(message)

    @property
    def text(self) -> str:
        """All that came."""
        return b"".join(m.get("body", b"") for m in self.sent).decode()

    def read(self, watchers: Watchers | None = None, scope: dict[str, Any] | None = None) -> str:
        """The whole stream."""
        stream = Stream(watchers or Watchers(), "ada", self.clock, self.look, pace_s=0)
        asyncio.run(stream({"method": "GET"} | (scope or {}), self.receive, self.send))
        assert self.sent[-1] == {"type": "http.response.body", "body": b""}
        return self.text


def test_only_what_is_another_is_sent_and_the_last_ends_it() -> None:
    sights = [Sight("a", last=False)] * 3 + [Sight("b\nc", last=False), Sight("d", last=True)]
    reader = Reader(sights)
    assert reader.read() == (
        "event: shown\ndata: a\n\nevent: shown\ndata: b\ndata: c\n\n"
        "event: shown\ndata: d\n\nevent: end\ndata: \n\n"
    )
    assert reader.looks == 5


@pytest.mark.parametrize("text", ["a\rb", "a\r\nb", "a\nb"])
def test_no_line_end_can_begin_another_field(text: str) -> None:
    assert event("shown", text) == b"event: shown\ndata: a\ndata: b\n\n"


def test_after_two_minutes_it_pauses_and_says_meanwhile_that_it_lives() -> None:
    reader = Reader([Sight("a", last=False)], each_ms=10_000)
    assert reader.read().endswith("event: pause\ndata: \n\n")
    assert reader.looks == LONGEST_MS // 10_000
    assert reader.text.count(":\n\n") == 5


def test_whoever_may_not_look_any_more_is_let_go() -> None:
    assert Reader([Sight("a", last=False), None]).read().endswith("event: pause\ndata: \n\n")


def test_when_the_browser_goes_nobody_looks_any_more() -> None:
    reader = Reader([Sight("a", last=False)], each_ms=0)

    async def look() -> Sight | None:
        if reader.looks == 3:
            reader.gone.set()
        return await Reader.look(reader)

    stream = Stream(Watchers(), "ada", reader.clock, look, pace_s=0.001)
    asyncio.run(stream({"method": "GET"}, reader.receive, reader.send))
    assert reader.looks in {4, 5}
    assert "end" not in reader.text


def test_a_server_that_leaves_lets_go() -> None:
    reader = Reader([Sight("a", last=False)])
    assert reader.read(scope={LEAVING: lambda: reader.looks > 1}) == "event: shown\ndata: a\n\n"


def test_a_question_for_the_headers_alone_looks_at_nothing() -> None:
    reader = Reader([Sight("a", last=False)])
    assert reader.read(scope={"method": "HEAD"}) == ""
    assert reader.looks == 0


def test_one_person_has_so_many_and_no_more_until_one_ends() -> None:
    watchers = Watchers()

    async def crowd(act: Callable[[], Awaitable[None]]) -> None:
        seats = [watchers.seat("ada") for _ in range(MOST)]
        for seat in seats:
            seat.__enter__()
        with pytest.raises(Refusal) as refused:
            await act()
        assert refused.value.status == 429
        for seat in seats:
            seat.__exit__(None, None, None)

    reader = Reader([Sight("a", last=True)])
    stream = Stream(watchers, "ada", reader.clock, reader.look, pace_s=0)
    asyncio.run(crowd(lambda: stream({"method": "GET"}, reader.receive, reader.send)))
    assert reader.sent == []
    assert reader.read(watchers).endswith("event: end\ndata: \n\n")
    assert not watchers.by_user
