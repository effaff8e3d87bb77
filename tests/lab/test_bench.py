"""The measurements, small: what they judge is judged here too, except for times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SRC = Path(__file__).parents[2] / "src"
ENGINES = ("sqlite", "postgresql")


def bench(name: str, *options: str) -> dict[str, Any]:
    """The JSON document of a quick measurement."""
    done = subprocess.run(
        [sys.executable, "-m", "keyturn.bench", name, "--quick", "--json", *options],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["bench"] == name
    assert document["ok"] is (done.returncode == 0)
    return document


def broken(document: dict[str, Any], *timed: str) -> list[dict[str, Any]]:
    """Checks that failed, those of times and sizes left aside."""
    return [
        check
        for check in document["checks"]
        if not check["ok"] and not any(word in check["what"] for word in timed)
    ]


def test_five_guesses_of_a_burst_are_compared_and_all_right_ones_get_in() -> None:
    document = bench("lockout")
    assert broken(document) == []
    for engine in ENGINES:
        figures = document["engines"][engine]
        assert (figures["min_compared"], figures["max_compared"]) == (5, 5)
        assert figures["notices_per_lock"] == 1
        assert figures["http_500"] == 0
        assert set(figures["right"]["signed_in"]) == {figures["right"]["parallel"]}


def test_a_sign_in_hashes_once_and_a_refusal_never() -> None:
    document = bench("signin")
    assert broken(document, "cpu_ms") == []
    for engine in ENGINES:
        figures = document["engines"][engine]
        assert figures["clients_8"]["hashes_per_try"] == 1
        assert figures["clients_8"]["floor"]["hashes_per_try"] == 1
        assert figures["refusal"]["hashes_per_try"] == 0


def test_answers_are_the_same_bytes_whoever_has_an_account() -> None:
    document = bench("oracle")
    assert broken(document) == []
    for engine in ENGINES:
        for group in ("open.try", "locked.try", "forgot.ask", "forgot.page"):
            figures = document["engines"][engine][group]
            assert figures["lines_that_differ"] == []
            assert min(figures["samples"].values()) >= 12


def test_a_start_is_measured_beside_the_floor() -> None:
    document = bench("start", "--engine", "sqlite")
    figures = document["engines"]["sqlite"]
    assert figures["answer_ms"]["floor"] > 0
    assert figures["pss_mib"]["keyturn"] > figures["pss_mib"]["floor"] > 0


@pytest.mark.parametrize("options", [["lockout", "--rounds", "0"], ["nothing"], []])
def test_what_cannot_be_measured_is_refused(options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "keyturn.bench", *options],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "usage" in done.stderr) == (2, True)


def test_a_grown_database_is_the_migrations_own_and_every_list_answers() -> None:
    document = bench("growth")
    assert broken(document, "p99", "p95", "load_s") == []
    for engine in ENGINES:
        assert document["engines"][engine]["accounts"] == 4_000


def test_every_page_of_the_console_answers_and_is_timed() -> None:
    document = bench("console")
    assert broken(document, "p95") == []
    for engine in ENGINES:
        pages = document["engines"][engine]["console"]
        assert len(pages) > 30
        assert all(page["p95_ms"] >= page["p50_ms"] > 0 for page in pages.values())
