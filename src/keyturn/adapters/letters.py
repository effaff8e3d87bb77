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
person, where they are known. Times are milliseconds since the epoch. `language` is what the
person chose; a letter whose words are not all translated is English, as pages are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.runtime import Context

from keyturn.ports.delivery import Mail, Text
from keyturn.rules.accounts import Tenant
from keyturn.rules.health.words import Manner, fill, listed, place, utc
from keyturn.rules.languages import of_mail
from keyturn.words.catalogue import catalogue, saying
from keyturn.words.loader import Translated
from keyturn.words.speech import ENGLISH, Speech, program, speech

FOLDER = Path(__file__).parent.parent / "letters"
FALLBACK_ACCENT = "#2f5d8a"
#: Outlook and Exchange answer automatic mail with holiday notes unless told not to.
HEADERS = {"X-Auto-Response-Suppress": "All"}
FOOT = "-- "
SHELL = "shell.html"
PLACE = "letters/"


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
        self._kept: dict[tuple[bool, str], Environment] = {}

    def mail(self, kind: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> Mail:
        """As ports.Letters. Raises jinja2.UndefinedError for a value that is missing."""
        language = self._language(f"{kind}.txt", tenant, values)
        words = self._write(f"{kind}.txt", language, tenant, to, values)
        subject, text = words.split("\n\n", 1)
        subject = subject.removeprefix("Subject: ")
        return Mail(
            id=str(values["id"]),
            sender=(tenant.name, tenant.sender),
            to=to,
            subject=subject,
            text=text.rstrip("\n") + "\n",
            html=self._layout(subject, text, tenant, language),
            headers={**HEADERS, "Content-Language": language},
        )

    def text(self, kind: str, tenant: Tenant, to: str, values: Mapping[str, object]) -> Text:
        """As ports.Letters. Raises jinja2.UndefinedError for a value that is missing."""
        name = f"{kind}.sms"
        words = self._write(name, self._language(name, tenant, values), tenant, to, values)
        return Text(id=str(values["id"]), to=to, text=words.rstrip("\n"))

    def _language(self, name: str, tenant: Tenant, values: Mapping[str, object]) -> str:
        """The language of this letter: the person's, or English until it is translated."""
        language = of_mail(str(values.get("language") or ""), tenant.policy.language)
        if language == ENGLISH.language:
            return language
        said = (self._speaks(name, language, html=False), self._speaks(SHELL, language, html=True))
        return language if all(said) else ENGLISH.language

    def _speaks(self, name: str, language: str, *, html: bool) -> bool:
        environment = self._environment(language, html=html)
        assert isinstance(environment.loader, Translated)  # noqa: S101  as `_environment` made it
        return environment.loader.speaks(environment, name)

    def _environment(self, language: str, *, html: bool) -> Environment:
        """The templates in a language, read when they are first asked for."""
        if (html, language) not in self._kept:
            self._kept[html, language] = _environment(language, html=html)
        return self._kept[html, language]

    def _write(
        self, name: str, language: str, tenant: Tenant, to: str, values: Mapping[str, object]
    ) -> str:
        template = self._environment(language, html=False).get_template(name)
        host = urlsplit(self._link(tenant, "/")).hostname or ""
        zone = _zone(values.get("timezone"), tenant.timezone)
        return template.render({**values, "tenant": tenant, "to": to, "host": host, "zone": zone})

    def _layout(self, subject: str, text: str, tenant: Tenant, language: str) -> str:
        accent = tenant.accent
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
            accent = FALLBACK_ACCENT
        return self._environment(language, html=True).get_template(SHELL).render(
            language=language, subject=subject, tenant=tenant, blocks=tuple(blocks(text)),
            accent=accent, on_accent=ink_on(accent),
        )  # fmt: skip


def _environment(language: str, *, html: bool) -> Environment:
    """One for words, where "&" is "&", and one for pages, where every value is escaped."""
    loader: BaseLoader = FileSystemLoader(FOLDER)
    if language != ENGLISH.language:
        loader = Translated(loader, catalogue(language), PLACE)
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=html,  # noqa: S701  words are no HTML, and pages are escaped
        finalize=None if html else _one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    said = speech(language)
    environment.globals["speech"] = said
    manner = Manner(saying(language), said.point)
    environment.filters.update(
        clock=_clock, moment=_moment, foreign=partial(_foreign, said),
        caused=partial(_caused, manner), places=partial(_places, manner), said=manner.say,
    )  # fmt: skip
    return environment


def _one_line(value: object) -> object:
    """A value as one line without control characters. Undefined stays, to be refused."""
    if isinstance(value, StrictUndefined) or value is None:
        return value
    printable = "".join(c if c.isprintable() else " " for c in str(value))
    return re.sub(r" +", " ", printable).strip()


def _foreign(said: Speech, value: str | None, longest: int = 60) -> str:
    """A name that a stranger may have chosen: short, and nothing that mail programs would
    turn into a link; "not known" for none.
    """
    plain = re.sub(r"(?<!\d)[^\w\s()'’-]+|[^\w\s()'’-]+(?!\d)", " ", value or "")
    return program(str(_one_line(plain[:longest])), said) or said.patterns.unknown


def _caused(manner: Manner, cause: Mapping[str, Any]) -> str:
    """What a cause of a directory's health is, and what to do; see steps.directory_alarms."""
    facts = cause.get("facts", {})
    return " ".join(fill(cause[part], facts, utc, manner) for part in ("what", "mend"))


def _places(manner: Manner, told: str | Sequence[tuple[str, str]]) -> str:
    """Checks with where they are; a release before this one had queued them as words."""
    if isinstance(told, str):
        return told
    return listed([place(title, subject, manner.say) for title, subject in told], manner.say)


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
    return f"{_hour(context, local)} ({zone})"


@pass_context
def _moment(context: Context, at: int) -> str:
    """A time of any day: "Friday 3 July 2026, 14:07 (Europe/London)"."""
    local, zone = _local(context, at)
    said: Speech = context["speech"]
    moment = said.patterns.moment.format(
        weekday=said.weekdays[local.weekday()], day=local.day, year=local.year,
        month=said.long_months[local.month - 1], hour=_hour(context, local),
    )  # fmt: skip
    return f"{moment} ({zone})"


def _hour(context: Context, local: datetime) -> str:
    said: Speech = context["speech"]
    return said.patterns.hour.format(hour=f"{local:%H:%M}")


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
