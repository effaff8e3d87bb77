"""Phones with what their checks say, as JSON, for the copy of these rules in the app's script.

`tools/write_docs.py` writes tests/vectors/phone_checks.json.  What is expected is what
`checks.results` says; that it is right is the business of its own tests.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from keyturn.rules.phone_checks.checks import Check, results
from keyturn.rules.phone_checks.platforms import platform
from keyturn.rules.phone_checks.seen import WORDS, Seen

_SHAPE = (
    "Made by tools/write_docs.py from rules/phone_checks/vectors.py. Change that, not this. "
    "cases: {seen: what the phone found out, without what is null, platform: {system, version and "
    "chromium: [major, minor] or null, within}, results: by check, in order: 'well', 'untold' or "
    "the cause}."
)

_MOZILLA: Final = "Mozilla/5.0 "
_KHTML: Final = "AppleWebKit/537.36 (KHTML, like Gecko) "
_WEBKIT: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) "
#: user agents as browsers send them; the comment says what is special
AGENTS: Final = {
    "chrome, reduced": f"{_MOZILLA}(Linux; Android 10; K) {_KHTML}Chrome/142.0.0.0 Mobile "
    "Safari/537.36",
    "chrome 119 on android 7": f"{_MOZILLA}(Linux; Android 10; K) {_KHTML}Chrome/119.0.0.0 Mobile "
    "Safari/537.36",
    "chrome 95 on android 6": f"{_MOZILLA}(Linux; Android 6.0.1; SM-G900F) {_KHTML}"
    "Chrome/95.0.4638.74 Mobile Safari/537.36",
    "chrome 95 on android 9": f"{_MOZILLA}(Linux; Android 9; SM-G960F) {_KHTML}"
    "Chrome/95.0.4638.74 Mobile Safari/537.36",
    "samsung": f"{_MOZILLA}(Linux; Android 10; K) {_KHTML}SamsungBrowser/23.0 Chrome/115.0.0.0 "
    "Mobile Safari/537.36",
    "webview": f"{_MOZILLA}(Linux; Android 13; SM-A536B Build/TP1A; wv) {_KHTML}Version/4.0 "
    "Chrome/120.0.6099.43 Mobile Safari/537.36",
    "firefox on android": f"{_MOZILLA}(Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
    "iphone 16.3": f"{_MOZILLA}(iPhone; CPU iPhone OS 16_3_1 like Mac OS X) {_WEBKIT}Version/16.3 "
    "Mobile/15E148 Safari/604.1",
    "iphone 16.4": f"{_MOZILLA}(iPhone; CPU iPhone OS 16_4 like Mac OS X) {_WEBKIT}Version/16.4 "
    "Mobile/15E148 Safari/604.1",
    "iphone 26, frozen, home screen": f"{_MOZILLA}(iPhone; CPU iPhone OS 18_6 like Mac OS X) "
    f"{_WEBKIT}Mobile/15E148",
    "chrome on iphone": f"{_MOZILLA}(iPhone; CPU iPhone OS 17_5 like Mac OS X) {_WEBKIT}"
    "CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
    "ipad as a mac": f"{_MOZILLA}(Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT}Version/17.4 "
    "Safari/605.1.15",
    "old ipad": f"{_MOZILLA}(iPad; CPU OS 12_5_7 like Mac OS X) {_WEBKIT}Version/12.1.2 "
    "Mobile/15E148 Safari/604.1",
    "iphone without a version": f"{_MOZILLA}(iPhone) {_WEBKIT}Mobile",
    "android without a version": f"{_MOZILLA}(Linux; Android) {_KHTML}Mobile",
    "windows": f"{_MOZILLA}(Windows NT 10.0; Win64; x64) {_KHTML}Chrome/142.0.0.0 Safari/537.36",
    "strange": "x",
}
ABLE: Final[dict[str, Any]] = dict.fromkeys(("worker", "push", "notices", "database", "keys"), True)
#: a phone on which nothing is wrong
WELL: Final[dict[str, Any]] = {
    **ABLE, "home": False, "online": True, "ahead_ms": 120, "trip_ms": 80,
    "free_bytes": 10**9, "camera": "works", "permission": "granted", "asked": True,
    "subscription": "lives", "test": "arrived", "platform": "Android",
    "platform_version": "14.0.0", "chromium": "142.0.7444.60",
    "agent": AGENTS["chrome, reduced"], "touch": 5,
}  # fmt: skip
_UNABLE: Final[dict[str, Any]] = {**ABLE, "push": False, "notices": False}


def _varied() -> list[dict[str, Any]]:
    """The phone that is well with one thing different, and all user agents, able and not."""
    one_off: list[dict[str, Any]] = [
        *({name: word} for name, words in WORDS.items() for word in (None, *words)),
        *({name: value} for name in ABLE for value in (False, None)),
        *({"online": value} for value in (False, None)),
        *({"home": value} for value in (True, None)),
        *({"free_bytes": value} for value in (0, 4_999_999, 5_000_000, None)),
        *(
            {"ahead_ms": off, "trip_ms": trip}
            for off in (-30_101, -30_100, -29_900, 0, 29_950, 30_000, 30_051, 90_000, None)
            for trip in (0, 100, 200, None)
        ),
        *({"permission": "default", "asked": asked} for asked in (True, False, None)),
        *({"test": None, "subscription": word} for word in (None, *WORDS["subscription"])),
        *({"test": "lost", "subscription": word} for word in (None, *WORDS["subscription"])),
    ]
    hints: list[dict[str, Any]] = [
        {"platform": name, "platform_version": version, "chromium": engine}
        for name in ("Android", "Windows", "", None)
        for version in ("6.0.1", "7.0.0", "7", "x", None)
        for engine in ("118.0.5993.80", "119", "x", None)
    ]
    bare = {"platform": None, "platform_version": None, "chromium": None}
    agents: list[dict[str, Any]] = [
        {**bare, "agent": agent, "home": home, "touch": touch}
        for agent in (*AGENTS.values(), "", None)
        for home in (True, False, None)
        for touch in (0, 5)
    ]
    unable: list[dict[str, Any]] = [{**_UNABLE, **change} for change in (*hints, *agents)]
    return [{}, *one_off, *unable, *agents[::6]]


def as_json() -> str:
    """The text of tests/vectors/phone_checks.json."""
    cases = [_case(Seen(**{**WELL, **change})) for change in _varied()]
    about = f"{_SHAPE} Checks: {', '.join(Check)}."
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in [*cases, _case(Seen())])
    return f'{{"about": {json.dumps(about)},\n"cases": [\n{lines}\n]}}\n'


def _case(seen: Seen) -> object:
    return {
        "seen": {name: value for name, value in asdict(seen).items() if value is not None},
        "platform": asdict(platform(seen)),
        "results": {one.check: one.cause or one.verdict for one in results(seen)},
    }
