"""Client names: from a fixed table, whatever the header says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.clients import UNKNOWN, client_name, parts

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
IOS = "Mozilla/5.0 (%s; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
DROID = "Mozilla/5.0 (Linux; Android 14; K) " + CHROME

NAMES = {
    WINDOWS.strip()[:-1] + "; rv:127.0) Gecko/20100101 Firefox/127.0": "Firefox on Windows",
    WINDOWS + CHROME + "Safari/537.36": "Chrome on Windows",
    WINDOWS + CHROME + "Safari/537.36 Edg/126.0.0.0": "Edge on Windows",
    WINDOWS + CHROME + "Safari/537.36 OPR/111.0.0.0": "Opera on Windows",
    MAC + "Version/17.5 Safari/605.1.15": "Safari on macOS",
    IOS % "iPhone" + "Version/17.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    IOS % "iPad" + "CriOS/126.0 Mobile/15E148 Safari/604.1": "Chrome on iPad",
    IOS % "iPhone" + "FxiOS/127.0 Mobile/15E148 Safari/605.1.15": "Firefox on iPhone",
    DROID + "Mobile Safari/537.36": "Chrome on Android",
    DROID.replace("Chrome/", "SamsungBrowser/25.0 Chrome/") + "Mobile Safari/537.36":
        "Samsung Internet on Android",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0": "Firefox on Linux",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + CHROME + "Safari/537.36": "Chrome on ChromeOS",
    "Mozilla/5.0 (Haiku R1) Gecko/20100101 Firefox/127.0": "Firefox",
}  # fmt: skip


@pytest.mark.parametrize(("header", "name"), NAMES.items())
def test_a_browser_is_named_with_its_system(header: str, name: str) -> None:
    assert client_name(header) == name


@pytest.mark.parametrize(
    "header",
    [
        "",
        "curl/8.5.0",
        "Firefox/127.0 on Windows NT",
        "Mozilla/5.0 (Windows NT 10.0) an unheard-of thing",
        WINDOWS + "Firefox/127.0\r\nBcc: eve@b.test",
        WINDOWS + "Firefox/127.0\0",
        WINDOWS + "<script>Firefox/127.0</script>",
        WINDOWS + "\u202eFirefox/127.0",
        WINDOWS + "Firefox/127.0 'quoted'",
        WINDOWS + "Firefox/127.0 " + "x" * 600,
        WINDOWS + "\u0424irefox/127.0",
    ],
)
def test_anything_strange_is_an_unknown_program(header: str) -> None:
    assert client_name(header) == UNKNOWN


@given(st.text(max_size=600), st.sampled_from(list(NAMES)))
def test_nothing_of_the_header_gets_into_the_name(noise: str, honest: str) -> None:
    for header in (noise, honest + noise, noise + honest):
        assert client_name(header) in {*NAMES.values(), UNKNOWN, *_crossed()}


def _crossed() -> set[str]:
    """Every name the two tables can make."""
    browsers = {name.partition(" on ")[0] for name in NAMES.values()}
    systems = {name.partition(" on ")[2] for name in NAMES.values()} - {""}
    return browsers | {f"{browser} on {system}" for browser in browsers for system in systems}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Firefox on Windows", ("Firefox", "Windows")),
        ("Firefox", None),
        ("Blue key on Windows", None),
        ("Firefox on my desk", None),
        (UNKNOWN, None),
    ],
)
def test_only_a_name_of_ours_is_taken_apart(name: str, known: tuple[str, str] | None) -> None:
    assert parts(name) == known
