"""Render every page with made-up data, look at it in a browser, and check it.

    python tools/preview_pages.py                     render only (StrictUndefined)
    python tools/preview_pages.py --shots DIR         … and screenshots
    python tools/preview_pages.py --axe               … and axe-core on each
    python tools/preview_pages.py --only signin       pages whose name contains this
    python tools/preview_pages.py --lang de           … in German; and is a word of English left?

Pages are served on loopback under the very Content-Security-Policy of Keyturn, at a
phone's and a desk's size, in the light and the dark theme.  Exits 1 on any violation of
the policy, any finding of axe-core, any sideways scrolling, any message on the console.
"""

from __future__ import annotations

import argparse
import html.parser
import http.server
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

# run as a script, so its own folder is on the path
from preview_samples import PAGES, TENANT  # type: ignore[import-not-found]

from keyturn.rules.languages import ENGLISH, LANGUAGES
from keyturn.web.colours import tenant_css
from keyturn.web.rendering import Tongue, environment
from keyturn.words.source import SPOKEN

STATIC = Path(__file__).resolve().parent.parent / "src/keyturn/web/static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_WORDS = re.compile(r"[^\W\d_]{2}")
#: terms that are the same in English and in German
SAME = {"(optional)", "Active Directory", "Agent", "Authenticator", "Authenticator:", "CEF", "CSV",
        "Code", "Codes", "Demo", "Field", "GUID", "Gmail:", "Keyturn", "Manager", "Name", "OUs",
        "OpenLDAP", "Outlook:", "Passkeys", "Push", "Status", "keyturn.toml"}  # fmt: skip
#: of names that are looked for within a text: "en" is in "Agent"
SHORTEST = 3
#: words that are the same in both, between names
ALIKE = {"Agent", "PDC", "in"}
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
#: what pages ask for besides: colours, what goes on elsewhere
ASKED = {
    "/tenant.css": (tenant_css(TENANT.accent).encode(), "text/css"),
    "/job/events": (b"event: pause\ndata:\n\n", "text/event-stream"),
    "/batch/events": (b"event: pause\ndata:\n\n", "text/event-stream"),
    "/account/directory/looks/l1/events": (b"event: pause\ndata:\n\n", "text/event-stream"),
    "/account/directory/looks/l1": (b'{"over": false}', "application/json"),
    "/console/verifications/01kdvdna00000000000000000v": (b"", "text/html"),
}
SIZES = {"phone": (390, 844), "desk": (1280, 900)}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = """(tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map(
  v => v.id + ': ' + v.nodes[0].target + ' ' + v.nodes[0].failureSummary.slice(0, 200))))"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def render(only: str, language: str = ENGLISH) -> Mapping[str, str]:
    """Every page whose name contains `only`, by name; of another language than English those
    that are translated.
    """
    env = environment("preview", demo=True)
    tongue = None if language == ENGLISH else Tongue(env, language)
    pages = {}
    for name, (template, context) in PAGES.items():
        found = tongue.template(template) if tongue else env.get_template(template)
        if only in name and found:
            pages[name] = found.render(context)
    return pages


class _Texts(html.parser.HTMLParser):
    """The texts of a page, and those of its attributes that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._own = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._own = tag in {"code", "svg", "style"} or ("lang" in dict(attrs) and tag != "html")
        spoken = [(name, value or "") for name, value in attrs if name in SPOKEN]
        # some data-told name a part of the page
        self.texts += [value for name, value in spoken if name != "data-told" or " " in value]

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  the base class's
        self._own = False

    def handle_data(self, data: str) -> None:
        if not self._own:
            self.texts.append(data)


def texts(page: str) -> set[str]:
    """What people read of a page, each piece as one line."""
    parser = _Texts()
    parser.feed(page)
    return {" ".join(text.split()) for text in parser.texts} - {""}


def left(only: str, language: str) -> dict[str, set[str]]:
    """What a page says in another language just as in English though no sample has it and it
    is no term (SAME), by page: what is not translated.
    """
    english = render(only)
    named = sorted(dict.fromkeys(samples(PAGES) + samples(TENANT)), key=len, reverse=True)
    every = "\n".join(named)
    found = {
        name: {text for text in texts(page) & texts(english[name]) if _own(text, named, every)}
        for name, page in render(only, language).items()
    }
    return {name: same for name, same in found.items() if same}


def _own(text: str, named: list[str], every: str) -> bool:
    """Whether words are left of a text, one line, without what the samples gave it: `named`, and
    `every` one of them in a line of its own.
    """
    if text in SAME or not _WORDS.search(text) or text in every:
        return False
    for name in (name for name in named if len(name) >= SHORTEST):
        text = text.replace(name, " ")
    return not ALIKE.issuperset(re.findall(r"[^\W\d_]{2,}", text))


def samples(value: Any) -> list[str]:
    """Every string of a sample: names and addresses, which are the same in all languages."""
    if isinstance(value, str):
        return [" ".join(piece.split()) for piece in re.split(r"\{[\w.:]+\}", value)]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in samples(item)]
    if isinstance(value, list | tuple | set):
        return [text for item in value for text in samples(item)]
    held = getattr(value, "__dict__", None) or {
        name: getattr(value, name) for name in getattr(value, "__slots__", ())
    }
    return samples(held)


@contextmanager
def server(pages: Mapping[str, str]) -> Iterator[str]:
    """Serves pages and static files on loopback; yields the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class wants this name
            path = self.path.partition("?")[0]
            name = path.strip("/")
            if name in pages:
                self.answer(pages[name].encode(), "text/html; charset=utf-8")
            elif path in ASKED:
                self.answer(*ASKED[path])
            elif path.startswith("/static/") and (file := STATIC / path[8:]).is_file():
                self.answer(file.read_bytes(), TYPES[file.suffix])
            else:
                self.send_error(404)

        def do_POST(self) -> None:  # what scripts ask; there is nothing behind these pages
            self.send_response(204)
            self.end_headers()

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200 if body else 204)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", CSP)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
            """Quiet."""

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{served.server_port}"
    finally:
        served.shutdown()


def look(address: str, names: list[str], shots: Path | None, axe: str) -> list[str]:
    """Open every page at every size in both themes; returns what is wrong."""
    wrong: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium-headless-shell", args=FLAGS
        )
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=theme,
                    timezone_id="Europe/London",
                    device_scale_factor=1,
                )
                page = context.new_page()
                where = f"{size}-{theme}"
                listen(page, where, wrong)
                for name in names:
                    page.goto(f"{address}/{name}")
                    wrong += [f"{where} {name}: {fault}" for fault in check(page, axe)]
                    if shots:
                        page.screenshot(path=shots / f"{name}-{where}.png", full_page=True)
                context.close()
        browser.close()
    return wrong


def listen(page: Any, where: str, wrong: list[str]) -> None:
    """Note messages on the console (violations of the policy are among them) and errors."""
    page.on("console", lambda m: wrong.append(f"{where} {page.url}: {m.text}"))
    page.on("pageerror", lambda e: wrong.append(f"{where} {page.url}: {e}"))


def check(page: Any, axe: str) -> Iterator[str]:
    """What is wrong with the open page."""
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        yield "scrolls sideways"
    if axe:
        page.evaluate(f"{axe};0")
        yield from page.evaluate(f"{AXE}({TAGS})")


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description="Look at every page.")
    parser.add_argument("--shots", type=Path, help="folder for screenshots")
    parser.add_argument("--axe", action="store_true", help="judge each page with axe-core")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--lang", choices=LANGUAGES, default=ENGLISH, help="a language")
    args = parser.parse_args()
    pages = render(args.only, args.lang)
    print(f"{len(pages)} pages rendered")
    english = left(args.only, args.lang) if args.lang != ENGLISH else {}
    print(
        *(f"{name}: still English: {text}" for name in english for text in english[name]), sep="\n"
    )
    if not args.shots and not args.axe:
        sys.exit(bool(english))
    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    with server(pages) as address:
        axe = (files("axe_playwright_python") / "axe.min.js").read_text() if args.axe else ""
        wrong = look(address, list(pages), args.shots, axe)
    print("\n".join(wrong) or "nothing wrong")
    sys.exit(bool(wrong or english))


if __name__ == "__main__":
    main()
