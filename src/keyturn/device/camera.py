"""What the camera does: it is set up, beats, shows its code, and is pressed.

    nobody's --hello …--> met --button--> paired --beat …--> a press is wanted --button--> pressed
        ^                                    |
        +------ released, passed on, stopped-+

It survives a restart: whose it is stands in its folder.  What it shows goes to a screen; its button
is pressed from outside.  No wait is longer than it takes somebody to press.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from keyturn.device.folder import Folder
from keyturn.device.link import Link, Refused, Unheard
from keyturn.rules.lockout import SECOND

#: how long the server may hold an answer back
WAIT_MS: Final = 25 * SECOND
#: until it tries again where nobody answered, in seconds
AGAIN_S: Final = 3.0
STEP_S: Final = 30
_DIGITS: Final = 6

#: what happens on the screen: its name, and facts
Screen = Callable[[str, Mapping[str, Any]], None]


class Button:
    """What somebody presses."""

    def __init__(self) -> None:
        self._pressed = asyncio.Event()
        self._long = False

    def press(self, *, long: bool = False) -> None:
        """Once; long: for ten seconds."""
        self._long = long
        self._pressed.set()

    async def taken(self, most_s: float) -> bool | None:
        """Whether a press within `most_s` was a long one; None: there was none."""
        try:
            await asyncio.wait_for(self._pressed.wait(), most_s)
        except TimeoutError:
            return None
        self._pressed.clear()
        return self._long


class Camera:
    """One device, until it is cancelled."""

    def __init__(self, folder: Folder, link: Link, button: Button, screen: Screen) -> None:
        self._folder = folder
        self._link = link
        self._button = button
        self._screen = screen
        self._shown: tuple[str, Mapping[str, Any]] | None = None

    def _show(self, name: str, **facts: Any) -> None:
        """What is on the screen; the same twice is said once."""
        if self._shown != (name, facts):
            self._shown = (name, facts)
            self._screen(name, facts)

    async def run(self) -> None:
        """Whatever comes. Raises Refused where the server will never have it."""
        while True:
            try:
                if not self._folder.kept.installation:
                    await self._link.new("time")
                await (self._at_home() if self._folder.kept.pairing else self._set_up())
            except Unheard as error:
                self._show("unheard", why=error.why, said=error.said)
                await self._button.taken(AGAIN_S)

    # -- nobody's

    async def _set_up(self) -> None:
        said = await self._link.new("hello", label=self._folder.kept.label)
        while said["state"] != "paired":
            pressed = await self._wait_to_be_set_up(said)
            met = said["state"] == "met"
            if pressed is not None and met:
                said = await self._pressed_for(said["setup"], long=pressed)
            else:
                said = await self._link.new("hello", label=self._folder.kept.label)
        self._folder.change(pairing=said["pairing"], secret="")
        self._show("paired", tenant=said["tenant"])

    async def _wait_to_be_set_up(self, said: Mapping[str, Any]) -> bool | None:
        if said["state"] == "met":
            self._show("met", show=said["show"], missing=said["missing"])
        else:
            self._show("waiting", tenant=said["tenant"])
        return await self._button.taken(said["again_ms"] / SECOND)

    async def _pressed_for(self, setup: str, *, long: bool) -> dict[str, Any]:
        try:
            label = self._folder.kept.label
            return await self._link.new("press", label=label, setup=setup, long=long)
        except Refused as error:
            if error.code != "over":
                raise
            return await self._link.new("hello", label=self._folder.kept.label)

    # -- somebody's

    async def _at_home(self) -> None:
        """Beat, show the code, be pressed, until it is nobody's any more."""
        try:
            while True:
                said = await self._meanwhile(self._beat())
                if said is None:
                    self._show("nobody-asks")
                elif said["press"] is not None:
                    await self._asked(said["press"])
        except Refused as error:
            if error.code not in {"unbound", "signature"}:
                raise
            self._folder.change(pairing="", secret="")
            self._show("unbound", why=error.data.get("why", "unknown"))

    async def _beat(self) -> dict[str, Any]:
        has = bool(self._folder.kept.secret)
        said = await self._link.paired("beat", has_secret=has, wait=WAIT_MS)
        if said["secret"] is not None:
            self._folder.change(secret=said["secret"])
        return said

    async def _meanwhile(self, beat: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any] | None:
        """What the beat brought; None: the button was pressed before, for nobody."""
        task = asyncio.ensure_future(beat)
        try:
            while not task.done():
                self._show_code()
                pressed = asyncio.ensure_future(self._button.taken(self._to_next_code()))
                await asyncio.wait({task, pressed}, return_when=asyncio.FIRST_COMPLETED)
                if pressed.done() and pressed.result() is not None and not task.done():
                    return None
                pressed.cancel()
            return task.result()
        finally:
            task.cancel()

    def _show_code(self) -> None:
        if self._folder.kept.secret:
            self._show("code", code=self.code())

    def code(self) -> str:
        """What it shows now (RFC 6238)."""
        secret = base64.b32decode(self._folder.kept.secret)
        made = TOTP(secret, _DIGITS, SHA1(), STEP_S, enforce_key_length=False)  # noqa: S303  RFC 6238
        return made.generate(self._link.now() // SECOND).decode()

    def _to_next_code(self) -> float:
        return STEP_S - (self._link.now() / SECOND) % STEP_S

    async def _asked(self, press: Mapping[str, Any]) -> None:
        """Somebody wants to know whether a hand is there."""
        self._show("asks", ends_at=press["ends_at"])
        left = (press["ends_at"] - self._link.now()) / SECOND
        if await self._button.taken(max(left, 0)) is None:
            self._show("late")
            return
        try:
            await self._link.paired("pressed", challenge=press["challenge"])
        except Refused as error:
            if error.code not in {"over", "unknown"}:
                raise
            if error.data.get("why") != "given":  # it was heard, and the answer was lost
                self._show("late")
                return
        self._show("pressed")
