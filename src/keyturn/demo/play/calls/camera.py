"""A camera at somebody's home: the reference device (keyturn.device), with a hand on its button."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from keyturn.agent.link import http_client
from keyturn.agent.system import WallClock
from keyturn.demo.play.stage import Stage, eventually
from keyturn.device.camera import Button, Camera
from keyturn.device.folder import Folder
from keyturn.device.link import Link

#: for whoever waits for a line of the camera's screen, seconds
PATIENCE_S: Final = 40


@dataclass(frozen=True, slots=True)
class Spoken:
    """A request that it has sent, as somebody on its line would have written it down."""

    url: str
    headers: Mapping[str, str]
    content: bytes


class HomeCamera:
    """One camera, switched on; `close` switches it off.

    Attributes:
        spoken: what it has sent, oldest first.
        pairing: id of its pairing, once somebody has set it up.
    """

    def __init__(self, stage: Stage, folder: Path, label: str) -> None:
        self.spoken: list[Spoken] = []
        self._shown: list[tuple[str, Mapping[str, Any]]] = []
        self._folder = Folder(folder, f"{stage.origin}/t/northwind", label)
        self._button: Button
        self._camera: Camera
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(stage.origin)))
        self._thread.start()
        self._ready.wait()

    async def _live(self, origin: str) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._button = Button()
        async with http_client(origin, None, "") as client:
            client.event_hooks["request"].append(self._write_down)
            link = Link(self._folder, client, WallClock().now)
            self._camera = Camera(self._folder, link, self._button, self._show)
            self._ready.set()
            with suppress(asyncio.CancelledError):
                await self._camera.run()

    async def _write_down(self, request: httpx.Request) -> None:
        self.spoken.append(Spoken(str(request.url), dict(request.headers), request.content))

    def _show(self, name: str, facts: Mapping[str, Any]) -> None:
        self._shown.append((name, facts))

    def close(self) -> None:
        """Switch it off."""
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._folder.close()

    @property
    def pairing(self) -> str:
        """See the class."""
        return self._folder.kept.pairing

    def press(self) -> None:
        """Somebody presses its button."""
        self._loop.call_soon_threadsafe(self._button.press)

    def code(self) -> str:
        """The six digits on its display now."""
        return self._camera.code()

    def shows(self, name: str, after: int = 0) -> Mapping[str, Any]:
        """What its screen says, once it says this; `after`: lines that were there before."""

        def look() -> Mapping[str, Any] | None:
            return next((facts for one, facts in self._shown[after:] if one == name), None)

        return eventually(look, f"“{name}” on the camera's screen", PATIENCE_S)

    @property
    def lines(self) -> int:
        """How many lines its screen has shown."""
        return len(self._shown)
