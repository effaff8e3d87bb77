"""The catalogue: complete, without dead words, and every blank in it can be filled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyturn.rules.directories.health.catalogue import CATALOGUE, Place, place_of
from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.pages import PATH, as_markdown
from keyturn.rules.health.verdicts import Cause, Finding, State
from keyturn.rules.health.words import PLACE, fill
from tests.unit.rules.directories.health.scenes import WELL, everything, scenes

CAUSES = list(CATALOGUE.causes.values())


def found() -> list[Finding]:
    return [finding for scene in everything() for finding in scene]


def test_every_cause_is_an_answer_of_a_check() -> None:
    assert {cause.check for cause in CAUSES} == set(CATALOGUE.checks)
    well = {cause.check for cause in CAUSES if cause.state is State.OK}
    assert set(CATALOGUE.checks) - well == {"account-there"}  # told only where it fails


def test_checks_find_every_cause_and_no_other() -> None:
    assert {finding.cause for finding in found()} == set(CATALOGUE.causes)


def test_what_checks_find_fills_every_blank_of_the_words() -> None:
    for finding in found():
        cause = CATALOGUE.causes[finding.cause]
        for text in (cause.what, cause.so, cause.mend, *(copy.text for copy in cause.copies)):
            for blank in PLACE.finditer(text):
                assert blank[1] in finding.facts, (finding, blank[1])
            filled = fill(text, finding.facts, lambda ms: f"at {ms}")
            assert not re.search(r"\{[a-z_]+[:}]", filled), filled


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.id)
def test_the_words_say_what_is_and_what_to_do(cause: Cause) -> None:
    assert cause.what.endswith(".")
    if cause.state is State.FAIL:
        assert cause.so
        assert cause.mend
        assert not cause.so.endswith(".")
    if cause.state is State.WARN:
        assert cause.mend.endswith(".")
    if cause.state is State.OK:
        assert (cause.mend, cause.copies) == ("", ())
    assert cause.because == ()  # forest.RULES says what explains what, and where
    assert "please" not in f"{cause.what}{cause.mend}".lower()


def test_every_check_says_one_thing_of_each_of_its_places() -> None:
    for facts in scenes():
        told = judge(facts)
        assert len({(f.check, f.subject) for f in told}) == len(told)
    places = {check: set[str]() for check in CATALOGUE.checks}
    for finding in judge(WELL):
        places[finding.check].add(finding.subject)
    assert {name for name, subjects in places.items() if not subjects} == {"account-there"}


@pytest.mark.parametrize("check", CATALOGUE.checks)
def test_a_check_is_about_one_kind_of_place(check: str) -> None:
    subjects = {f.subject for f in found() if f.check == check} - {""}
    kind = place_of(check)
    if kind is Place.DIRECTORY:
        assert not subjects
    elif kind is Place.AGENT:
        assert all(subject.startswith("agent-") for subject in subjects)
    elif kind is Place.CONTROLLER:
        assert all(subject.endswith(".corp.test") for subject in subjects)
    else:
        assert subjects <= {"OU=Staff,DC=corp,DC=test", "OU=Sales,DC=corp,DC=test", "Executives"}


def test_the_page_of_the_documentation_is_current_and_tells_of_every_trouble() -> None:
    page = (Path(__file__).parents[5] / PATH).read_text("utf-8")
    assert page == as_markdown()
    for cause in CAUSES:
        if cause.state is not State.OK:
            assert f"`{cause.id}`: " in page
