"""How a language says times and lengths of time, and what a browser is called.

What CLDR knows (months, days of the week, units and their plurals) is Babel's; how the pieces
stand together after "until", "at" or "sent" is in the catalogue, as patterns. The same patterns
go to the browser (`scripted`), which rewrites times in the reader's own zone: both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from keyturn.rules.clients import UNKNOWN, parts
from keyturn.words.catalogue import catalogue

if TYPE_CHECKING:
    from babel import Locale

#: numbers below this have met every plural category of whole numbers
_NUMBERS = 112
UNITS = ("day", "hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Pieces of a time, put together; each is a message of the catalogue."""

    hour: str = "{hour}"
    tomorrow: str = "{hour} tomorrow"
    yesterday: str = "{hour} yesterday"
    on: str = "{hour} on {date}"
    date: str = "{day} {month}"
    dated: str = "{day} {month} {year}"
    at: str = "{date}, {hour}"
    just_now: str = "just now"
    ago: str = "{span} ago"
    wait: str = " in {left}"
    moment: str = "{weekday} {day} {month} {year}, {hour}"
    program: str = "{browser} on {system}"
    stranger: str = UNKNOWN
    unknown: str = "not known"


@dataclass(frozen=True, slots=True)
class Speech:
    """A language's ways.

    Attributes:
        months: short names, for pages. long_months, weekdays (Monday first): for mails.
        units: by unit and CLDR's plural category, with "{0}" for the number.
        category: of a number, CLDR's plural category: "one", "other", …
        point: between whole numbers and tenths; group: between thousands.
        scripted: what static/app.js needs, as JSON; "" for English, which it has.
    """

    language: str
    patterns: Patterns
    months: tuple[str, ...]
    long_months: tuple[str, ...]
    weekdays: tuple[str, ...]
    units: Mapping[str, Mapping[str, str]]
    category: Callable[[int], str]
    point: str = "."
    group: str = ","
    scripted: str = ""

    def tenths(self, number: float) -> str:
        """A number with one decimal: "1.1"."""
        return f"{number:.1f}".replace(".", self.point)

    def whole(self, number: int) -> str:
        """A whole number that may be long: "100,000"."""
        return f"{number:,}".replace(",", self.group)

    def within(self, label: str) -> str:
        """A label in the middle of a sentence. Only English begins most words small: elsewhere
        the label may begin with a noun, and keeps what it begins with.
        """
        return label[:1].lower() + label[1:] if self.language == "en" else label

    def count(self, number: int, unit: str) -> str:
        """A number of UNITS: "1 minute", "6 minutes"."""
        forms = self.units[unit]
        return forms.get(self.category(number), forms["other"]).format(number)


ENGLISH = Speech(
    language="en",
    patterns=Patterns(),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    long_months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    units={unit: {"one": f"{{0}} {unit}", "other": f"{{0}} {unit}s"} for unit in UNITS},
    category=lambda number: "one" if number == 1 else "other",
)  # fmt: skip


@lru_cache(maxsize=8)
def speech(language: str) -> Speech:
    """The ways of a language of rules.languages."""
    if language == ENGLISH.language:
        return ENGLISH
    from babel import Locale  # noqa: PLC0415  whoever serves English alone need not load it

    locale = Locale.parse(language)
    say = catalogue(language).say
    spoken = Speech(
        language=language,
        patterns=Patterns(**{name: say(text) for name, text in asdict(Patterns()).items()}),
        months=tuple(locale.months["format"]["abbreviated"].values()),
        long_months=tuple(locale.months["format"]["wide"].values()),
        weekdays=tuple(locale.days["format"]["wide"].values()),
        units={unit: _forms(locale, unit) for unit in UNITS},
        category=locale.plural_form,
        point=locale.number_symbols["latn"]["decimal"],
        group=locale.number_symbols["latn"]["group"],
    )
    told = {"months": spoken.months, "units": spoken.units, **asdict(spoken.patterns)}
    return replace(spoken, scripted=json.dumps(told, ensure_ascii=False))


def program(name: str, said: Speech) -> str:
    """The name of a browser or app as rules.clients made it; any other stays as it is."""
    if name == UNKNOWN:
        return said.patterns.stranger
    known = parts(name)
    return said.patterns.program.format(browser=known[0], system=known[1]) if known else name


def _forms(locale: Locale, unit: str) -> dict[str, str]:
    """A unit's forms by plural category, from the first number of each."""
    from babel.units import format_unit  # noqa: PLC0415  as above

    forms: dict[str, str] = {}
    for number in range(_NUMBERS):
        said = format_unit(number, f"duration-{unit}", locale=locale)
        forms.setdefault(locale.plural_form(number), said.replace(str(number), "{0}", 1))
    return forms
