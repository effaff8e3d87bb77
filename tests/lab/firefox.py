"""Debian's Firefox, driven by WebDriver BiDi (W3C draft) over its own socket: no driver beside it.

Playwright's Firefox has no Web Push; this one has, at whatever service its settings name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

from tests.lab.served import eventually

PROGRAM = "/usr/bin/firefox-esr"
MISSING = "failed to run: Firefox is not installed; as root on Debian: apt-get install firefox-esr"
PATIENCE_S = 60
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
#: it calls nobody of its own accord, asks nothing, and shows messages without a desktop
QUIET = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "alerts.useSystemBackend": False,
    "remote.active-protocols": 1,
}
#: what a test says in the page: what is shown there, as a person sees it
_SHOWN = "const shown = (it) => it.getClientRects().length > 0;"


class Firefox:
    """A browser with one page. A context manager.

    Args:
        folder: for its profile, empty.
        settings: further preferences (about:config).
    """

    def __init__(self, folder: Path, settings: Mapping[str, str | int | bool]) -> None:
        self._folder = folder
        self._settings = {**QUIET, **settings}
        self._numbers = count(1)
        self._hearing = threading.Thread(target=lambda: None)
        self._hearing.start()

    def __enter__(self) -> Self:
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in self._settings.items())
        (self._folder / "user.js").write_text("\n".join(lines))
        self._process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-remote", "--profile", str(self._folder),
             "--remote-debugging-port", "0"],
            env={**os.environ, "HOME": str(self._folder)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._ends = ExitStack()
        self._ends.callback(self._end)
        try:
            way = connect(f"{self._address()}/session", max_size=None, compression=None)
            self._link = self._ends.enter_context(way)
            self.tell("session.new", capabilities={"alwaysMatch": {}})
            self._page = self.tell("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.close()

    def _address(self) -> str:
        """Where it listens, once it does; what it says later is let go."""
        said = self._process.stderr
        assert said
        for line in said:
            if found := _LISTENS.search(line):
                self._hearing = threading.Thread(target=said.read)
                self._hearing.start()
                return found[1]
        raise AssertionError("Firefox ended before anybody could drive it")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._hearing.join()
        if self._process.stderr:
            self._process.stderr.close()

    def tell(self, method: str, **given: Any) -> Any:
        """One command; its result. Raises AssertionError with its error."""
        number = next(self._numbers)
        self._link.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            said = json.loads(self._link.recv(PATIENCE_S))
            if said.get("id") == number:
                assert said["type"] == "success", f"{method}: {said}"
                return said["result"]

    def go(self, address: str) -> Self:
        """Open an address."""
        self.tell("browsingContext.navigate", context=self._page, url=address, wait="complete")
        return self

    def run(self, body: str, *given: object) -> Any:
        """Run the body of an async function on the page, as if somebody had tapped; what it
        returns, through JSON. `given`: its arguments.
        """
        call = f"(async (...given) => {{ {_SHOWN} {body} }})(...{json.dumps(given)})"
        found = self.tell(
            "script.evaluate",
            expression=f"{call}.then((it) => JSON.stringify(it ?? null))",
            target={"context": self._page}, awaitPromise=True, userActivation=True,
        )  # fmt: skip
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    # -- as a person

    @property
    def heading_now(self) -> str:
        """The sentence on the page."""
        body = "return [...document.querySelectorAll('h1')].filter(shown).map((h) => h.innerText)"
        return " ".join(" ".join(self.run(body)).split())

    def heading(self, words: str) -> Self:
        """Wait until the page's sentence holds these words."""
        try:
            eventually(lambda: words in self.heading_now or None)
        except AssertionError:
            raise AssertionError(f"{words!r} is not in {self.heading_now!r}") from None
        return self

    def told(self, words: str) -> Self:
        """Wait until these words can be read."""
        eventually(lambda: words in self.run("return document.body.innerText") or None)
        return self

    def press(self, words: str) -> Self:
        """Press the button that reads like this, once it is there."""
        body = """const [words] = given;
          const all = [...document.querySelectorAll("main button, main a")].filter(shown);
          const it = all.find((each) => each.innerText.trim().startsWith(words) && !each.disabled);
          it?.click(); return Boolean(it);"""
        eventually(lambda: self.run(body, words) or None)
        return self

    def fill(self, label: str, text: str) -> Self:
        """Type into the field of that name."""
        body = """const [name, text] = given;
          const all = [...document.querySelectorAll("main label")].filter(shown);
          const it = all.find((each) => each.innerText.trim() === name)?.control;
          if (it) { it.value = text; it.dispatchEvent(new Event("input", {bubbles: true})); }
          return Boolean(it);"""
        eventually(lambda: self.run(body, label, text) or None)
        return self
