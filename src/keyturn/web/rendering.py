"""How pages are rendered: the Jinja2 environment and what templates may call.

Nothing here knows of HTTP.  Doors give each template the variables that
docs/design/02-pages.md lists for it, and besides always

    tenant  rules.accounts.Tenant     base  path prefix, "" or "/t/slug"
    csrf    the form token            now   milliseconds since the epoch
    me      the signed-in User or None

An undefined variable is an error, not an empty string: a page that silently lacks a
sentence would be worse than one that fails in the tests.

Times are shown in the person's own zone.  The server knows it only of somebody signed
in who has set one; otherwise it writes the tenant's time with its zone's name, and the
browser, which knows better, rewrites it (static/app.js).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
from markupsafe import Markup, escape

from keyturn.rules.languages import LANGUAGES
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.words.speech import ENGLISH, Speech, program, speech

if TYPE_CHECKING:
    from jinja2.environment import TemplateModule
    from jinja2.runtime import Context

    from keyturn.rules.diagnosis import Value

_JUST_NOW_MS = 45 * SECOND
#: marks where a time goes in words that are escaped first; no text has this character
_HOLE = "\ue000"
#: among a page's variables, where the modules are that were made for it; no template says it
_MADE = " made"


class _Template(jinja2.Template):
    """A template that makes each module it imports once for a page, and not once for each
    import: nearly all that is imported imports macros.html, and a module is some hundred objects
    that refer to each other in circles.

    What is imported sees the page's context, and nothing that a template has set for itself.
    """

    def render(self, *args: Any, **kwargs: Any) -> str:
        """See jinja2.Template."""
        return super().render(*args, **kwargs, **{_MADE: {}})

    def make_module(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002  Jinja's name
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002  as above
    ) -> TemplateModule:
        """See jinja2.Template."""
        made: dict[str | None, TemplateModule] | None = (vars or {}).get(_MADE)
        if made is None:
            return super().make_module(vars, shared, locals)
        if self.name not in made:
            made[self.name] = super().make_module(vars, shared, locals)
        return made[self.name]


class _Pages(jinja2.Environment):
    template_class = _Template


def environment(
    static_version: str, *, demo: bool = False, cache: Path | None = None
) -> jinja2.Environment:
    """Everything templates need.

    Args:
        static_version: part of the address of static files, so that a new release is
            fetched at once and an old one may be cached for ever.
        cache: a folder of ours in which compiled templates are kept from one start to the
            next; a template that changed is compiled anew.
        demo: this installation is a demo; every page says so and links to its inbox.
    """
    env = _Pages(
        loader=jinja2.PackageLoader("keyturn.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=jinja2.FileSystemBytecodeCache(str(cache)) if cache else None,
    )
    env.globals.update(
        static_version=static_version, demo=demo, problem=None, problems={}, stamp=stamp, told=told,
        glass_at=None, oversees=False, owns=False, serves=False, guest=None, sees_as="",
        speech=ENGLISH, say=str, _=str,
        languages=LANGUAGES, language=ENGLISH.language, this_page="/",
    )  # fmt: skip
    env.filters.update(
        span=jinja2.pass_environment(lambda env, ms: span(ms, env.globals["speech"])),
        minutes=jinja2.pass_environment(
            lambda env, until, now: minutes_until(until, now, env.globals["speech"])
        ),
        href=contact_href,
        initial=initial,
        tenths=jinja2.pass_environment(lambda env, number: env.globals["speech"].tenths(number)),
        whole=jinja2.pass_environment(lambda env, number: env.globals["speech"].whole(number)),
        program=jinja2.pass_environment(lambda env, name: program(name, env.globals["speech"])),
        within=jinja2.pass_environment(lambda env, text: env.globals["speech"].within(text)),
        capital=capital,
        mono=grouped,
    )
    return env


class Tongue:
    """The pages in a language besides English.

    Args:
        pages: the English ones; what is not translated yet is shown as it is there.
        language: one of rules.languages.
    """

    def __init__(self, pages: jinja2.Environment, language: str) -> None:
        from keyturn.words.catalogue import catalogue  # noqa: PLC0415  read when it is asked for
        from keyturn.words.loader import Translated  # noqa: PLC0415  as above

        words = catalogue(language)
        assert pages.loader is not None  # noqa: S101  `environment` gives it one
        self._loader = Translated(pages.loader, words)
        self._pages = pages.overlay(loader=self._loader)
        kept = pages.bytecode_cache
        if isinstance(kept, jinja2.FileSystemBytecodeCache):
            name = f"__{language}-{words.digest}_%s.cache"
            self._pages.bytecode_cache = jinja2.FileSystemBytecodeCache(kept.directory, name)
        said = speech(language)
        said = replace(said, scripted=escape(said.scripted))  # once, and not for each page
        self._pages.globals = {
            **pages.globals, "speech": said, "say": words.say, "language": language,
        }  # fmt: skip

    def template(self, name: str) -> jinja2.Template | None:
        """The template in this language; None until all its words are."""
        if not self._loader.speaks(self._pages, name):
            return None
        return self._pages.get_template(name)


@lru_cache(maxsize=64)
def zone(name: str | None) -> tzinfo:
    """The IANA zone `name`; UTC for None or for one this host does not know."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def local(ms: int, tz: tzinfo) -> datetime:
    """Milliseconds since the epoch as a time in `tz`."""
    return datetime.fromtimestamp(ms / 1000, tz)


def clock_time(ms: int, now: int, tz: tzinfo, said: Speech = ENGLISH) -> str:
    """A time that fits after "until", "at" or "sent": "14:07", "14:07 tomorrow",
    "14:07 yesterday", "14:07 on 3 May", with the year if it is another.
    """
    then, today = local(ms, tz), local(now, tz)
    say = said.patterns
    hour = say.hour.format(hour=f"{then:%H:%M}")
    days = (then.date() - today.date()) // timedelta(days=1)
    if days == 0:
        return hour
    if abs(days) == 1:
        return (say.tomorrow if days == 1 else say.yesterday).format(hour=hour)
    return say.on.format(hour=hour, date=_date(then, today, said))


def ago(ms: int, now: int, tz: tzinfo, said: Speech = ENGLISH) -> str:
    """How long since: "just now", "5 minutes ago", "2 hours ago"; after a day the date."""
    passed = now - ms
    say = said.patterns
    if passed < _JUST_NOW_MS:
        return say.just_now
    if passed < DAY:
        return say.ago.format(span=span(passed, said))
    then, today = local(ms, tz), local(now, tz)
    hour = say.hour.format(hour=f"{then:%H:%M}")
    return say.at.format(date=_date(then, today, said), hour=hour)


def full_time(ms: int, tz: tzinfo, said: Speech = ENGLISH) -> str:
    """For records: "3 May 2026, 14:07:05"."""
    then = local(ms, tz)
    hour = said.patterns.hour.format(hour=f"{then:%H:%M:%S}")
    return said.patterns.at.format(date=_date(then, None, said), hour=hour)


def _date(then: datetime, today: datetime | None, said: Speech) -> str:
    """The day, with the year if it is not today's."""
    this_year = today is not None and then.year == today.year
    pattern = said.patterns.date if this_year else said.patterns.dated
    return pattern.format(day=then.day, month=said.months[then.month - 1], year=then.year)


def span(ms: int, said: Speech = ENGLISH) -> str:
    """A length of time in one unit, rounded to the nearest: "40 seconds", "6 minutes"."""
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if ms >= size:
            return said.count((ms + size // 2) // size, unit)
    return said.count(max(ms, 0) // SECOND, "second")


def minutes_until(until: int, now: int, said: Speech = ENGLISH) -> str:
    """What is left, rounded up, as whole minutes, or as seconds in the last minute: a
    person who waits that long is never too early.
    """
    left = max(until - now, 0)
    if left <= MINUTE:
        return said.count(-(-left // SECOND), "second")
    return said.count(-(-left // MINUTE), "minute")


@jinja2.pass_context
def stamp(context: Context, ms: int, form: str = "clock") -> Markup:
    """A `<time>` element. `form`: "clock" (see clock_time), "ago" or "full".

    The zone is the signed-in person's own; else the tenant's, named beside the time.
    """
    me: Any = context["me"]
    own = me.timezone if me is not None else None
    tz = zone(own or context["tenant"].timezone)
    now, said = context["now"], context["speech"]
    texts = {"clock": clock_time, "ago": ago}
    text = texts[form](ms, now, tz, said) if form in texts else full_time(ms, tz, said)
    if not own and re.search(r"\d:\d", text):
        text = f"{text} {local(ms, tz):%Z}"
    iso = local(ms, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" data-ms="{}" data-form="{}">{}</time>').format(
        iso, ms, form, text
    )


def said_time(ms: int, now: int, own: str | None, tenants: str, said: Speech = ENGLISH) -> str:
    """A time within a sentence, where no `<time>` can stand; see `stamp`.

    Args:
        own: the reader's own zone, if it is known; `tenants`: the tenant's, which is named.
    """
    tz = zone(own or tenants)
    text = clock_time(ms, now, tz, said)
    return text if own else f"{text} {local(ms, tz):%Z}"


@jinja2.pass_context
def told(context: Context, text: str, values: Mapping[str, Value]) -> Markup:
    """Words of the diagnosis catalogue, filled in: whatever a value holds is escaped, and
    a time is a `<time>` as everywhere on the page.
    """
    from keyturn.rules.diagnosis.judge import (  # noqa: PLC0415  most pages tell no cause
        UNKNOWN,
        render,
    )

    stamps: list[Markup] = []

    def later(ms: int) -> str:
        stamps.append(stamp(context, ms))
        return _HOLE

    say = context["say"]
    # a value may be a word of ours ("ahead"); what a far side said has no translation
    safe = {k: say(v.replace(_HOLE, "")) if isinstance(v, str) else v for k, v in values.items()}
    said = render(say(text), safe, later, say(UNKNOWN))
    pieces = [escape(piece) for piece in said.split(_HOLE)]
    return Markup("").join(p for pair in zip_longest(pieces, stamps, fillvalue="") for p in pair)


def contact_href(value: str) -> str | None:
    """Where a click on a support contact goes: mailto:, tel:, an https page, or nowhere."""
    if value.startswith("https://"):
        return value
    if re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+", value):
        return f"mailto:{value}"
    digits = re.sub(r"[\s().-]", "", value)
    return f"tel:{digits}" if re.fullmatch(r"\+?\d{3,15}", digits) else None


def initial(name: str) -> str:
    """The letter that stands for a name where there is no logo."""
    return next((c.upper() for c in name if c.isalnum()), "·")


def capital(text: str) -> str:
    """A label that begins a sentence; names and abbreviations within it stay as they are."""
    return text[:1].upper() + text[1:]


def grouped(text: str, size: int = 4) -> str:
    """`text` in groups that are easier to copy by hand: "ABCD EFGH"."""
    return " ".join(text[i : i + size] for i in range(0, len(text), size))
