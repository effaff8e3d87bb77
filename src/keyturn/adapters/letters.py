"""The words of mails and texts, from the templates in `keyturn/letters`.

A mail is one plain text, `KIND.txt`: the first line is its subject, then a blank line,
then paragraphs between blank lines. The same text is laid out as HTML by one shell,
`shell.html`, so that the two can never say different things:

    lines indented by two    facts, "Name: value"
    a line indented by four  a code, shown large
    a line "http…"           an address; the line above it says what it is for
    "-- "                    what follows is the small print

A text message is `KIND.sms`. Every value put into a template becomes one line without
control characters first: nothing a stranger typed can add a paragraph or a field.

Values that every template may use: `tenant`, `to`, and `name` and `timezone` of the
person, where they are known. Times are milliseconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from keyturn.ports.delivery import Mail, Text
from keyturn.rules.accounts import Tenant

FOLDER = Path(__file__).parent.parent / "letters"
FALLBACK_ACCENT = "#2f5d8a"
#: Outlook and Exchange answer automatic mail with holiday notes unless told not to.
HEADERS = {"X-Auto-Response-Suppress": "All"}
FOOT = "-- "


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a mail's text, as the shell lays it out.

    Attributes:
        kind: "text", "code", "link" or "facts".
        lines: of the text. Of a link: what it is for, and its address. Of facts: name
            and value in turn.
        small: belongs to the small print.
    """

    kind: str
    lines: tuple[str, ...]
    small: bool


class JinjaLetters:
    """The Letters port.

    Args:
        link: as ports.Parts.link: (tenant, path) to an absolute address of ours.
    """

    def __init__(self, link: Callable[[Tenant, str], str]) -> None:
        self._link = link
        self._words: Environment | None = None
        self._pages: Environment | None = None

    def mail(self, kind: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> Mail:
        """As ports.Letters. Raises jinja2.UndefinedError for a value that is missing."""
        subject, text = self._write(f"{kind}.txt", tenant, to, values).split("\n\n", 1)
        subject = subject.removeprefix("Subject: ")
        return Mail(
            id=str(values["id"]),
            sender=(tenant.name, tenant.sender),
            to=to,
            subject=subject,
            text=text.rstrip("\n") + "\n",
            html=self._layout(subject, text, tenant),
            headers=HEADERS,
        )

    def text(self, kind: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> Text:
        """As ports.Letters. Raises jinja2.UndefinedError for a value that is missing."""
        words = self._write(f"{kind}.sms", tenant, to, values)
        return Text(id=str(values["id"]), to=to, text=words.rstrip("\n"))

    def _write(self, name: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> str:
        if self._words is None:
            self._words = _environment(html=False)
        template = self._words.get_template(name)
        host = urlsplit(self._link(tenant, "/")).hostname or ""
        zone = _zone(values.get("timezone"), tenant.timezone)
        return template.render({**values, "tenant": tenant, "to": to, "host": host, "zone": zone})

    def _layout(self, subject: str, text: str, tenant: Tenant) -> str:
        if self._pages is None:
            self._pages = _environment(html=True)
        accent = tenant.accent
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
            accent = FALLBACK_ACCENT
        return self._pages.get_template("shell.html").render(
            subject=subject, tenant=tenant, blocks=tuple(blocks(text)), accent=accent,
            on_accent=ink_on(accent),
        )  # fmt: skip


def _environment(*, html: bool) -> Environment:
    """One for words, where "&" is "&", and one for pages, where every value is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=html,  # noqa: S701  words are no HTML, and pages are escaped
        finalize=None if html else _one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters.update(clock=_clock, moment=_moment, foreign=_foreign)
    return environment


def _one_line(value: object) -> object:
    """A value as one line without control characters. Undefined stays, to be refused."""
    if isinstance(value, StrictUndefined) or value is None:
        return value
    printable = "".join(c if c.isprintable() else " " for c in str(value))
    return re.sub(r" +", " ", printable).strip()


def _foreign(value: str | None, longest: int = 60) -> str:
    """A name that a stranger may have chosen: short, and nothing that mail programs would
    turn into a link; "not known" for none.
    """
    plain = re.sub(r"(?<!\d)[^\w\s()'’-]+|[^\w\s()'’-]+(?!\d)", " ", value or "")
    return str(_one_line(plain[:longest])) or "not known"


def _zone(person: object, tenant: str) -> tuple[str, tzinfo]:
    """The person's time zone, or the tenant's, or UTC: its name and its rules."""
    for name in (person, tenant):
        try:
            return str(name), ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC", UTC


def _local(context: Context, at: int) -> tuple[datetime, str]:
    name, zone = context["zone"]
    return datetime.fromtimestamp(at / 1000, zone), name


@pass_context
def _clock(context: Context, at: int) -> str:
    """A time of today: "14:07 (Europe/London)"."""
    local, zone = _local(context, at)
    return f"{local:%H:%M} ({zone})"


@pass_context
def _moment(context: Context, at: int) -> str:
    """A time of any day: "Friday 3 July 2026, 14:07 (Europe/London)"."""
    local, zone = _local(context, at)
    return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} ({zone})"


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a mail's text; see the module."""
    small = False
    for paragraph in re.split(r"\n{2,}", text.strip("\n")):
        lines = paragraph.split("\n")
        if lines[0] == FOOT:
            small, lines = True, lines[1:]
        yield _block(lines, small)


def _block(lines: list[str], small: bool) -> Block:
    if lines[-1].startswith(("http://", "https://")):
        return Block("link", (" ".join(lines[:-1]).rstrip(":"), lines[-1]), small)
    if lines[0].startswith("    "):
        return Block("code", tuple(line.strip() for line in lines), small)
    if lines[0].startswith("  "):
        halves = (part.strip() for line in lines for part in line.split(":", 1))
        return Block("facts", tuple(halves), small)
    return Block("text", tuple(lines), small)


def ink_on(accent: str) -> str:
    """Black or white, whichever is read more easily on `accent` (WCAG 2.2 contrast)."""
    channels = (int(accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]  # noqa: PLR2004  sRGB
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"
