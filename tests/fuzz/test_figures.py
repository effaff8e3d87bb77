"""What the tests count is what is said at the end."""

from __future__ import annotations

from types import SimpleNamespace

from tests import figures


def report(when: str, *counted: tuple[str, int, int | None]) -> SimpleNamespace:
    return SimpleNamespace(
        when=when, user_properties=[(figures.NAME, list(each)) for each in counted]
    )


def test_figures_of_one_name_are_added_up_over_all_tests() -> None:
    reports = [
        report("teardown", ("500s", 0, None), ("seeded errors found", 3, 3)),
        report("teardown", ("inputs tried", 1200, None), ("seeded errors found", 1, 2)),
        report("call", ("inputs tried", 1200, None)),
        SimpleNamespace(),
    ]
    sums = figures.totals(reports)
    assert sums == {"500s": (0, None), "inputs tried": (1200, None), "seeded errors found": (4, 5)}
    assert figures.lines(sums)[1:] == [
        "  inputs tried                1,200",
        "  seeded errors found             4 of 5",
    ]


def test_nothing_counted_is_nothing_said() -> None:
    assert figures.lines(figures.totals([])) == []
