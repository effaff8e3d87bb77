"""Work is bounded: no text within (or far beyond) what doors let in keeps a processor busy.

So it was for half an hour at Stack Overflow (20 July 2016: spaces at the end of a line, trimmed
by a pattern) and at Cloudflare (2 July 2019: a pattern with `.*.*=.*` in every request).

A pattern that goes back and forth, a loop in a loop: both are quick on every honest text.  So
each reader of text gets, in a process of its own, what is worst for such mistakes, and a few
seconds of processor time, of which it needs a hundredth.  Time by the clock is not looked at:
a busy machine fails nobody.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.budget import tries
from tests.fuzz.readers import READERS

SECONDS = 5
#: longer than any header or body that comes through
LONG = 60_000
WORST: dict[str, str] = {
    "spaces": " " * LONG, "tabs and an end": "\t" * LONG + "x", "line ends": "\r\n" * (LONG // 2),
    "dots": "." * LONG, "hyphens": "a" + "-" * LONG + "!", "labels": "a." * (LONG // 2) + "@",
    "ats": "@" * LONG, "digits": "1" * LONG + "x", "plus": "+" * LONG, "brackets": "(" * LONG,
    "a's": "a" * LONG + "!", "words": "ab " * (LONG // 3) + "!", "quotes": '"' * LONG + "'",
    "commas": "," * LONG, "semicolons": "a=b;" * (LONG // 4), "tildes": "~" * LONG,
    "slashes": "a/1" * (LONG // 3), "agent": "Mozilla/5.0 (" + "Version/1." * (LONG // 10),
    "combining": "a" + "\u0301" * LONG, "joiners": "\u200d" * LONG, "wide": "\ufdfa" * LONG,
    "hangul": "\u1100\u1161" * (LONG // 2), "names": "northwind" * (LONG // 9),
    "code": "123 456 " * (LONG // 8), "pairs": "x=y&" * (LONG // 4), "stars": "*" * LONG,
    "objects": '{"a":' * (LONG // 5), "arrays": "[" * LONG, "escapes": "\\u0041" * (LONG // 6),
}  # fmt: skip
ROOT = Path(__file__).parents[2]


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _alone(program: Sequence[str], text: str) -> int:
    """The status of a program that reads `text`; negative if its time was over."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, *program], input=text.encode(), preexec_fn=_limited, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode <= 0, done.stderr.decode()
    return done.returncode


@pytest.mark.parametrize("worst", WORST)
def test_no_reader_takes_long_for(worst: str) -> None:
    assert _alone(["-m", "tests.fuzz.readers"], WORST[worst]) == 0


@pytest.mark.parametrize(
    "slow",
    [
        pytest.param("re.compile(r'(a+)+$').match(text)", id="a pattern that goes back"),
        pytest.param("sum(1 for _ in text for _ in text)", id="a loop in a loop"),
    ],
)
def test_a_reader_that_is_quadratic_is_found(slow: str) -> None:
    program = f"import re, sys\ntext = sys.stdin.buffer.read().decode()\n{slow}\n"
    assert _alone(["-c", program], WORST["a's"]) < 0


@pytest.mark.parametrize("reader", READERS)
def test_no_text_at_all_breaks_a_reader(reader: str) -> None:
    shapes = st.sampled_from(sorted(WORST.values())).map(lambda t: t[:300])
    texts = st.text(max_size=200) | shapes | st.text('{}[]":=;,@.<>() \r\n-v0123%', max_size=80)

    @tries(150)
    @given(texts)
    def holds(text: str) -> None:
        READERS[reader](text.encode("utf-8", "replace").decode())

    holds()
