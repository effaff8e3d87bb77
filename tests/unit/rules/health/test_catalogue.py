"""The catalogue: complete, without dead words, and every blank in it can be filled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyturn.rules.health.catalogue import CATALOGUE, GAVE_UP, chosen
from keyturn.rules.health.pages import as_markdown
from keyturn.rules.health.report import AREAS, needed
from keyturn.rules.health.verdicts import Area, Cause, Finding, State
from keyturn.rules.health.words import PLACE, fill
from tests.unit.rules.health.scenes import everything

CAUSES = list(CATALOGUE.causes.values())


def found() -> list[Finding]:
    return [finding for scene in everything() for finding in scene]


def test_every_cause_is_an_answer_of_a_check_and_every_check_can_be_well() -> None:
    assert {cause.check for cause in CAUSES} == set(CATALOGUE.checks)
    assert {c.check for c in CAUSES if c.state is State.OK} == set(CATALOGUE.checks)


def test_judges_find_every_cause_and_no_other() -> None:
    words = {cause.id for cause in CAUSES if not cause.id.endswith(GAVE_UP)}
    assert {finding.cause for finding in found()} == words


def test_what_judges_find_fills_every_blank_of_the_words() -> None:
    for finding in found():
        cause = CATALOGUE.causes[finding.cause]
        for text in (cause.what, cause.mend, *(copy.text for copy in cause.copies)):
            for blank in PLACE.finditer(text):
                assert blank[1] in finding.facts, (finding, blank[1])
            filled = fill(text, finding.facts, lambda ms: f"at {ms}")
            assert not re.search(r"\{[a-z_]+[:}]", filled), filled


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.id)
def test_the_words_say_what_is_and_what_to_do(cause: Cause) -> None:
    assert cause.what.endswith((".", "}", "…"))
    if cause.state is State.FAIL:
        assert cause.so
        assert cause.mend
        assert not cause.so.endswith(".")
    if cause.state is State.WARN:
        assert cause.mend
    if cause.state is State.OK:
        assert (cause.mend, cause.copies, cause.because) == ("", (), ())
    assert "please" not in f"{cause.what}{cause.mend}".lower()


def test_what_depends_on_what_leads_to_checks_and_never_in_a_circle() -> None:
    for check in CATALOGUE.checks.values():
        assert set(check.needs) <= set(CATALOGUE.checks)
        assert check.name not in needed(CATALOGUE, check.name)
    for cause in CAUSES:
        assert set(cause.because) <= set(CATALOGUE.checks) - {cause.check}


def test_every_area_has_a_name_and_a_check() -> None:
    assert set(AREAS) == set(Area) == {check.area for check in CATALOGUE.checks.values()}


def test_a_check_or_an_area_can_be_chosen() -> None:
    assert chosen("spf") == {"spf"}
    assert {"sms-gateway", "sms-login"} < chosen("sms")
    assert not chosen("nothing")
    assert not chosen("")


def test_the_page_of_the_documentation_is_current_and_tells_of_every_trouble() -> None:
    page = (Path(__file__).parents[4] / "docs" / "doctor.md").read_text("utf-8")
    assert page == as_markdown()
    for cause in CAUSES:
        told = f"`{cause.id}`" in page
        assert told is (cause.state is not State.OK and not cause.id.endswith(GAVE_UP))
