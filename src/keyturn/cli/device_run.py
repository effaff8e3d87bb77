"""The camera on a terminal: its screen, and Enter as its button."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rich.text import Text

from keyturn.agent.link import http_client
from keyturn.agent.system import WallClock
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.terminal import OUT, clean
from keyturn.device.camera import Button, Camera
from keyturn.device.folder import Folder, FolderRefused
from keyturn.device.link import Link, Refused

#: what is typed before Enter where the button is held for ten seconds
HOLD: Final = "hold"
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_FOLDER: Mapping[str, tuple[str, str]] = {
    "other": ("This folder belongs to another device.", "Choose another one with --folder."),
    "running": ("A device is running in this folder.", ""),
    "damaged": ("The device's file is damaged.", "Remove the folder: it is a new device then."),
    "unreadable": ("The folder cannot be used: {}.", ""),
}
_REFUSED: Mapping[str, tuple[str, str]] = {
    "unknown": (
        "The server knows no device with this label.",
        "Its maker registers it: `keyturn device register`.",
    ),
    "taken": (
        "This device belongs to somebody, by another key.",
        "Whoever has it gives it back in their account, or support releases it.",
    ),
    "signature": ("The server does not take this device's signature.", ""),
    "clock": ("The server and this machine do not agree on the time.", ""),
}
_MISSING: Mapping[str, str] = {
    "vpn": "its owner has to leave the VPN first",
    "press": "press its button (Enter)",
    "long": "it is somebody else's: hold its button for ten seconds (type “hold”, Enter)",
    "digits": "type what it shows in the account",
}
_SAID: Mapping[str, tuple[str, str]] = {
    "waiting": ("", "Ready to be set up in an account of {tenant}."),
    "paired": ("green", "Set up. It belongs to an account of {tenant} now."),
    "code": ("bold", "Its display shows {code}"),
    "asks": ("bold yellow", "Its light blinks: somebody asks whether you are here. Press Enter."),
    "pressed": ("green", "Pressed. Whoever asked sees it now."),
    "late": ("yellow", "Nobody asks any more."),
    "nobody-asks": ("dim", "Pressed, but nobody asks."),
}
_UNBOUND: Mapping[str, str] = {
    "released": "It was given back: it is nobody's now.",
    "passed": "It was set up anew, and speaks for its new owner.",
    "stopped": "Its key was used in two places, so it is believed no more. Set it up anew.",
    "objected": "Its owner before objected: it is nobody's until it is set up anew.",
    "unknown": "The server knows it no more: it is nobody's now.",
}
_UNHEARD: Mapping[str, str] = {
    "unreachable": "The server cannot be reached ({said}).",
    "status": "The server answers, but not as one of devices does ({said}).",
    "forged": "What answers is not the server that this device knows. It believes nothing of it.",
}


async def run(server: str, label: str, path: Path, ca: Path | None) -> int:
    """The camera, until Ctrl-C or a refusal that no waiting mends; the exit status."""
    place = urlsplit(server.rstrip("/"))
    safe = place.scheme == "https" or (place.scheme == "http" and place.hostname in _LOCAL)
    if not safe or not place.hostname:
        raise WrongUse("That is no address for a device.", "It is such as https://HOST/t/SLUG.")
    try:
        folder = Folder(path, server.rstrip("/"), label)
    except FolderRefused as error:
        what, remedy = _FOLDER[error.why]
        raise NotDone(what.format(error.said), remedy) from error
    button = Button()
    try:
        async with http_client(f"{place.scheme}://{place.netloc}", ca, "") as client:
            listening = _listen(button)
            camera = Camera(folder, Link(folder, client, WallClock().now), button, show)
            try:
                await camera.run()
            except Refused as error:
                raise _never(error) from error
            finally:
                listening()
    finally:
        folder.close()
    return 0


def _never(error: Refused) -> NotDone:
    what, remedy = _REFUSED.get(error.code, (f"The server refuses this device ({error.code}).", ""))
    return NotDone(what, remedy)


def _listen(button: Button) -> Any:
    """Enter presses the button; returns what stops that. Nothing to type on presses nothing."""
    loop = asyncio.get_running_loop()

    def typed() -> None:
        line = sys.stdin.readline()
        if line:
            button.press(long=line.strip().lower() == HOLD)
        else:
            loop.remove_reader(sys.stdin)

    with suppress(PermissionError, ValueError):  # a file, or no input at all
        loop.add_reader(sys.stdin, typed)
        return lambda: loop.remove_reader(sys.stdin)
    return lambda: None


def show(name: str, facts: Mapping[str, Any]) -> None:
    """What happens, on the terminal."""
    plain = {key: clean(value) if isinstance(value, str) else value for key, value in facts.items()}
    if name == "met":
        OUT.print(Text(f"Somebody sets it up. Its display shows {_spaced(plain['show'])}", "bold"))
        for one in plain["missing"]:
            OUT.print(Text(f"  still to come: {_MISSING.get(one, one)}", "dim"))
    elif name == "unbound":
        OUT.print(Text(_UNBOUND.get(plain["why"], _UNBOUND["unknown"]), "yellow"))
    elif name == "unheard":
        OUT.print(Text(_UNHEARD[plain["why"]].format(**plain), "red"))
    else:
        style, sentence = _SAID[name]
        if name == "code":
            plain["code"] = _spaced(plain["code"])
        OUT.print(Text(sentence.format(**plain), style))
    OUT.file.flush()


def _spaced(code: str) -> str:
    """Six digits as a display has them."""
    return f"{code[:3]} {code[3:]}"
