"""Bursts of tries of directory passwords, through the API, as a stranger would make them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

from keyturn.demo.play.app import PREFIX
from tests.lab.holders import sealed

OK = 200
#: a try waits 20 s for an agent, and its leave lasts half a minute at most
PATIENCE_S, LOOK_S = 90.0, 1.0


class Stranger:
    """One attempt, of a browser that nobody knows."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http, self._headers = http, dict[str, str]()
        self.path = ""

    async def call(self, method: str, path: str, **fields: object) -> dict[str, Any]:
        """The answer's body."""
        reply = await self._http.request(
            method, PREFIX + path, json=fields or None, headers=self._headers
        )
        body: dict[str, Any] = reply.json()
        self._headers["keyturn-browser"] = body.get("browser", "")
        entered = body.get("signed_in")
        if entered:
            self._headers["authorization"] = f"Bearer {entered['session']}"
        return body

    async def ready(self, typed: str, password: str) -> dict[str, Any]:
        """Begin and seal; what is to be handed in."""
        (directory,) = (await self.call("GET", "/signin/directories"))["directories"]
        begun = await self.call("POST", f"/signin/directories/{directory['directory']}")
        sealing = begun["sealing"]
        self.path = f"/signin/attempts/{sealing['job']}"
        envelopes = [sealed(sealing, to, password) for to in sealing["recipients"]]
        return {"identifier": typed, "envelopes": envelopes}

    async def answer(self) -> dict[str, Any]:
        """What came of it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            body = await self.call("POST", self.path + "/answer")
            if body.get("pending", {}).get("step") != "directory_try":
                return body
            await asyncio.sleep(LOOK_S)
        raise TimeoutError(self.path)


def told(body: dict[str, Any]) -> str:
    """A problem's code, or the step that is pending."""
    return str(body.get("code") or body["pending"]["step"])


async def _burst(origin: str, tries: Sequence[tuple[str, str]]) -> list[str]:
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=origin, timeout=60, limits=limits) as http:
        strangers = [Stranger(http) for _ in tries]
        ready = [await s.ready(*one) for s, one in zip(strangers, tries, strict=True)]

        async def go(stranger: Stranger, fields: dict[str, Any]) -> str:
            handed = await stranger.call("POST", stranger.path, **fields)
            if told(handed) != "directory_try":
                return told(handed)
            return told(await stranger.answer())

        return await asyncio.gather(*map(go, strangers, ready))


def burst(origin: str, tries: Sequence[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """All of them at once; how often each name got each answer.

    Args:
        tries: name and password.
    """
    answers = asyncio.run(_burst(origin, tries))
    return Counter((name, one) for (name, _), one in zip(tries, answers, strict=True))


def alone(origin: str, typed: str, password: str) -> str:
    """One try by itself."""
    ((_, answer),) = burst(origin, [(typed, password)])
    return answer
