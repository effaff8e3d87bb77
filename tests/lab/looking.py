"""A browser that looks at every page it is shown, at two sizes and in two themes.

An `Eye` drives one Chromium.  `eye.person()` gives a fresh browser of somebody;
`person.see("name")` looks at the page that is open at a phone's and a desk's size in
light and dark, and notes what is wrong with it; pictures of it are kept in the folder that
KEYTURN_SCREENSHOTS names, if it does:

    the Content-Security-Policy was violated          the page scrolls sideways
    something was said on the console                 axe-core found a barrier
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

SHOTS = os.environ.get("KEYTURN_SCREENSHOTS")

#: Chromium without a window, and half the work
CHROMIUM = "/usr/bin/chromium-headless-shell"
#: the whole browser, still without a window: it shows notifications
WHOLE = "/usr/bin/chromium"
MISSING = "Chromium is not installed; as root on Debian: apt-get install chromium-headless-shell"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--in-process-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK = (390, 844), (1280, 900)
SIZES = {"phone": PHONE, "desk": DESK}
THEMES = ("light", "dark")
#: what axe-core looks for: everything at both sizes; of the dark theme, which changes
#: colours and nothing else, what depends on colours
JUDGED = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
#: a machine that does much else is slow, and no test may fail of it; none waits so long in vain
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

_TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation", e =>
  console.error("policy: " + e.effectiveDirective + " forbids " + e.blockedURI))"""
#: of what is in order, axe-core need not write down where each piece of it is
_AXE = """judged => axe.run(document, {runOnly: judged, resultTypes: ["violations"]}).then(r =>
  r.violations.map(v =>
  v.id + ": " + v.nodes[0].target + " " + v.nodes[0].failureSummary.slice(0, 200)))"""
_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
#: a page that refuses is answered 4xx; the browser says so, and it is meant
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
#: Chromium, when somebody typed into a field before the page had put the cursor into its first one:
#: a test on a busy machine is as quick
_QUICKER = "Autofocus processing was blocked because a document already has a focused element."


class Eye:
    """See the module.

    Attributes:
        names: the pages seen; `screens`: how often one was looked at.
        findings: what is wrong, in words.

    Args:
        flags: further ones of the browser's command line.
        whole: the whole browser, not the smaller one.
        sizes: at which pages are looked at.
        home: the browser's home folder, where it finds whom to trust (.pki/nssdb).
        screens: sizes with their themes, where not each size is looked at in each theme.
    """

    def __init__(
        self, driver: Playwright, origin: str, axe: str, flags: Sequence[str] = (),
        *, whole: bool = False, sizes: Mapping[str, tuple[int, int]] = SIZES,
        home: Path | None = None, screens: Collection[tuple[str, str]] | None = None,
    ) -> None:  # fmt: skip
        self.origin = origin
        self.names: list[str] = []
        self.screens = 0
        self.findings: list[str] = []
        self._sizes, self._screens = sizes, screens
        self._axe = axe
        self._browser: Browser = driver.chromium.launch(
            executable_path=WHOLE if whole else CHROMIUM, args=[*FLAGS, *flags],
            env={**os.environ, "HOME": str(home)} if home else None,
        )  # fmt: skip

    def close(self) -> None:
        """End the browser."""
        self._browser.close()

    @property
    def summary(self) -> str:
        """What was looked at, in one line."""
        return (
            f"browser: {len(self.names)} pages seen on {self.screens} screens "
            f"({', '.join(self._sizes)}; {', '.join(THEMES)}), {len(self.findings)} findings"
        )

    def person(self, *, script: bool = True, size: tuple[int, int] = DESK) -> Person:
        """A fresh browser without cookies."""
        context = self._browser.new_context(
            base_url=self.origin,
            viewport={"width": size[0], "height": size[1]},
            timezone_id="Europe/London",
            locale="en-GB",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(_TELL_VIOLATIONS)
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.findings.append(f"{page.url}: {error}"))
        return Person(self, page, script=script)

    def _said(self, message: ConsoleMessage) -> None:
        page = message.page
        address = message.location["url"]
        if page and address == page.url and _REFUSED.match(message.text):
            return
        if message.text == _QUICKER:
            return
        self.findings.append(f"{page.url if page else address}: {message.text} ({address})")

    def look(self, page: Page, name: str, *, script: bool = True) -> None:
        """Look at the page, and note what is wrong with it."""
        assert name not in self.names, name
        self.names.append(name)
        before = page.viewport_size
        if script:
            page.evaluate(f"{self._axe};0")
        for size, (width, height) in self._sizes.items():
            page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                if self._screens and (size, theme) not in self._screens:
                    continue
                self._look_once(page, name, size, theme, script=script)
        page.emulate_media(color_scheme="light")
        if before:
            page.set_viewport_size(before)

    def _look_once(self, page: Page, name: str, size: str, theme: Any, *, script: bool) -> None:
        page.emulate_media(color_scheme=theme)
        where = f"{size}-{theme}/{name}"
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{where}.png", full_page=True)
        self.screens += 1
        if script:
            if page.evaluate(_SIDEWAYS):
                self.findings.append(f"{where}: scrolls sideways")
            found: Sequence[str] = page.evaluate(_AXE, JUDGED[theme])
            self.findings.extend(f"{where}: {finding}" for finding in found)


class Person:
    """Somebody at a browser of their own. Attribute: `page`."""

    def __init__(self, eye: Eye, page: Page, *, script: bool) -> None:
        self.page = page
        self._eye = eye
        self._script = script

    def see(self, name: str) -> None:
        """Look at the open page; see the module."""
        self._eye.look(self.page, name, script=self._script)

    def go(self, path: str) -> Person:
        """Open an address."""
        self.page.goto(path)
        return self

    def type(self, **fields: str) -> Person:
        """Fill in fields by their names."""
        for name, value in fields.items():
            self.page.fill(f"main [name='{name}']", value)
        return self

    def press(self, words: str) -> Person:
        """Press the button or link in the page's middle that reads like this."""
        self.seek(words).first.click()
        return self

    def seek(self, words: str) -> Locator:
        """Buttons and links in the page's middle that read like this."""
        main = self.page.locator("main")
        named = re.compile(rf"^\s*{re.escape(words)}")
        buttons, links = (
            main.get_by_role("button", name=named),
            main.get_by_role("link", name=named),
        )
        return buttons.or_(links)

    @property
    def heading(self) -> str:
        """The one sentence that says how things stand."""
        return " ".join(self.page.locator("h1:visible").first.inner_text().split())

    @property
    def path(self) -> str:
        """Where this browser is."""
        return self.page.url.removeprefix(self._eye.origin)

    def reads(self, words: str) -> bool:
        """Whether these words can be read on the page."""
        return words in " ".join(self.page.locator("body").inner_text().split())

    def sign_in(self, name: str, password: str) -> Person:
        """Open the sign-in page and send the form."""
        self.go("/signin").type(identifier=name, password=password)
        return self.press("Sign in")

    def keys(self, *keys: str) -> Person:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def tab_to(self, label: str, most: int = 60) -> Person:
        """Press Tab until what is called `label` has the focus."""
        for _ in range(most):
            self.keys("Tab")
            if self.focused == label:
                return self
        raise AssertionError(f"the keyboard does not reach {label!r}")

    @property
    def focused(self) -> str:
        """What the focus is on: its label, or its words."""
        label: str = self.page.evaluate(
            """() => { const e = document.activeElement;
              return e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText }"""
        )
        return " ".join(label.split())

    def leave(self) -> None:
        """Close this browser."""
        self.page.context.close()


@contextmanager
def opened(
    origin: str, flags: Sequence[str] = (), *, whole: bool = False,
    sizes: Mapping[str, tuple[int, int]] = SIZES, home: Path | None = None,
    screens: Collection[tuple[str, str]] | None = None,
) -> Iterator[Eye]:  # fmt: skip
    """An Eye while it is needed; without a browser its tests are left out. Args: as of Eye."""
    if not Path(WHOLE if whole else CHROMIUM).exists():
        pytest.skip(MISSING)
    axe = (files("axe_playwright_python") / "axe.min.js").read_text()
    with sync_playwright() as driver:
        eye = Eye(driver, origin, axe, flags, whole=whole, sizes=sizes, home=home, screens=screens)
        try:
            yield eye
        finally:
            eye.close()


@contextmanager
def unharmed(eye: Eye) -> Iterator[Eye]:
    """The same; when this is over, nothing may have been wrong meanwhile."""
    before = len(eye.findings)
    yield eye
    wrong = eye.findings[before:]
    assert not wrong, wrong
