"""How languages say times and lengths of time."""

from __future__ import annotations

import json
from datetime import UTC

import pytest

from keyturn.rules.clients import UNKNOWN
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.web.rendering import ago, clock_time, full_time, minutes_until, span
from keyturn.words.speech import ENGLISH, UNITS, program, speech

NOW = 1_767_965_460_000  # 9 January 2026, 13:31 UTC, a Friday
GERMAN = speech("de")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (NOW, "13:31\u00a0Uhr"),
        (NOW + DAY, "13:31\u00a0Uhr morgen"),
        (NOW - DAY, "13:31\u00a0Uhr gestern"),
        (NOW + 2 * DAY, "13:31\u00a0Uhr am 11. Jan."),
        (NOW - 30 * DAY, "13:31\u00a0Uhr am 10. Dez. 2025"),
    ],
)
def test_a_clock_time_in_german(ms: int, text: str) -> None:
    assert clock_time(ms, NOW, UTC, GERMAN) == text


def test_the_past_lengths_and_records_in_german() -> None:
    assert ago(NOW, NOW, UTC, GERMAN) == "gerade eben"
    assert ago(NOW - MINUTE, NOW, UTC, GERMAN) == "vor 1 Minute"
    assert ago(NOW - 2 * DAY, NOW, UTC, GERMAN) == "7. Jan., 13:31\u00a0Uhr"
    assert full_time(NOW, UTC, GERMAN) == "9. Jan. 2026, 13:31:00\u00a0Uhr"
    assert [span(ms, GERMAN) for ms in (SECOND, 3 * HOUR, 2 * DAY)] == [
        "1 Sekunde",
        "3 Stunden",
        "2 Tage",
    ]
    assert minutes_until(NOW + 6 * MINUTE, NOW, GERMAN) == "6 Minuten"
    assert (ENGLISH.tenths(1.14), GERMAN.tenths(1.14)) == ("1.1", "1,1")


def test_what_the_browser_gets_is_what_the_server_says() -> None:
    told = json.loads(GERMAN.scripted)
    assert told["months"] == list(GERMAN.months)
    assert told["units"].keys() == set(UNITS)
    assert told["ago"] == GERMAN.patterns.ago
    assert speech("en") is ENGLISH
    assert ENGLISH.scripted == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Chrome on Android", "Chrome auf Android"),
        ("Firefox", "Firefox"),
        (UNKNOWN, "ein unbekanntes Programm"),
        ("Blue key on my desk", "Blue key on my desk"),
    ],
)
def test_only_the_names_that_keyturn_gives_are_said_in_german(name: str, said: str) -> None:
    assert program(name, GERMAN) == said
    assert program(name, ENGLISH) == name
