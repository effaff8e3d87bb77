"""What the play of a directory's health expects, held against what the doctor can say."""

from __future__ import annotations

from itertools import starmap

import pytest
from rich.console import Console

from keyturn.demo.play.health.faults import LAST, ONE, Fault
from keyturn.demo.play.health.pairs import PAIRS
from keyturn.demo.play.health.playing import FAULTS, Row, names, table
from keyturn.demo.play.health.ward import Report, Root
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.forest import arrange
from keyturn.rules.health.verdicts import Finding

FAULT = Fault("a fault", (("tls.old", "dc2"),), print, print, ("replication.unseen",))
RIGHT = Report((Root("tls.old", "dc2", ("chain.unseen", "replication.unseen")),), ())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_expects_what_the_doctor_has_words_for_in_its_order(fault: Fault) -> None:
    found = [Finding(cause, subject, 0) for cause, subject in fault.roots]
    named = [(r.finding.cause, r.finding.subject) for r in arrange(reversed(found), 0).roots]
    assert tuple(named) == fault.roots
    assert set(fault.beneath) <= CATALOGUE.causes.keys()


def test_a_pair_is_two_of_the_single_faults_or_like_one() -> None:
    alone = {cause for fault in ONE for cause, _ in fault.roots}
    assert all({cause for cause, _ in pair.roots} <= alone for pair in PAIRS)
    assert (FAULTS[-1], LAST.lasts) == (LAST, True)


@pytest.mark.parametrize(
    "roots",
    [
        [],
        [("tls.old", "dc3", ("replication.unseen",))],
        [("tls.old", "dc2", ())],
        [("tls.old", "dc2", ("replication.unseen",)), ("replication.unseen", "dc3", ())],
        [("port.blocked", "dc2", ("replication.unseen",)), ("tls.old", "dc2", ())],
    ],
)
def test_anything_but_the_right_root_with_what_comes_of_it_is_wrong(
    roots: list[tuple[str, str, tuple[str, ...]]],
) -> None:
    assert names(FAULT)(RIGHT)
    assert not names(FAULT)(Report(tuple(starmap(Root, roots)), ()))


def test_a_domain_of_which_something_is_not_looked_at_is_not_healthy() -> None:
    assert Report((), ()).healthy
    assert not Report((), ("rights",)).healthy
    assert not RIGHT.healthy


def test_the_table_says_what_was_expected_seen_and_when() -> None:
    rows = [Row(FAULT, RIGHT, 61.4, 75.0), Row(FAULT), Row(FAULT, RIGHT, 3.0, -1.0)]
    console = Console(width=160, record=True)
    console.print(table(rows))
    head, good, unseen, stuck = console.export_text().splitlines()
    assert head.split() == ["Fault", "Expected", "root", "Seen", "root", "Beneath", "Seen", "after",
                            "Well", "after"]  # fmt: skip
    assert (good[0], good.split()[-4:]) == ("✓", ["61", "s", "75", "s"])
    assert (unseen[0], unseen.split()[-3:]) == ("✗", ["never", "not", "awaited"])
    assert (stuck[0], stuck.split()[-3:]) == ("✗", ["3", "s", "never"])
