"""Signing in with a directory password on a real controller: what comes of each answer, and that
bursts never reach the controller more often than the budget allows.

KEYTURN_SIGNIN_BURSTS says how many bursts, 2 unless it says otherwise.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keyturn.lab.people import DOMAIN_POLICY, Person
from keyturn.rules.directories.signins.budget import allowance
from tests.figures import Figure
from tests.lab.bursts import alone, burst
from tests.lab.domains import domain
from tests.lab.estates import DC, Installed
from tests.lab.powered import PoweredServer

pytestmark = pytest.mark.lab

BURSTS = int(os.environ.get("KEYTURN_SIGNIN_BURSTS", "2"))
AT_ONCE = 200
SINGLE = 4
BUDGET = allowance(DOMAIN_POLICY.threshold)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """An installation beside a controller; its directory's passwords sign people in."""
    folder: Path = tmp_path_factory.mktemp("signin")
    server = PoweredServer(
        folder, KEYTURN_MAIL__PORT="1", KEYTURN_LIMITS__NETWORK_FAILURES="1000000"
    )
    with domain(1) as lab, Installed(lab, server, SINGLE + BURSTS, "burst") as installed:
        installed.estate.keyturn("directory", "signin", lab.domain, "--on")
        yield installed


def person(at: Installed, number: int) -> Person:
    return at.accounts[number]


def binds(at: Installed, who: Person) -> int:
    """Wrong passwords of somebody's that the controller's audit log holds."""
    said = (at.lab.controller(DC).folder / "log" / "samba.out").read_text(errors="replace")
    names = (f"[{who.name}]".lower(), who.upn.lower(), who.dn.lower())
    return sum(
        "Auth: [" in line and "NT_STATUS_WRONG_PASSWORD" in line
        and any(name in line.lower() for name in names)
        for line in said.splitlines()
    )  # fmt: skip


def test_a_right_password_signs_in_and_a_wrong_one_does_not(at: Installed) -> None:
    who = person(at, 0)
    for typed in (who.upn, who.down_level, f"{who.name}@people.test"):
        assert alone(at.server.origin, typed, who.password) == "second_factor"
    assert alone(at.server.origin, who.upn, who.password + " ") == "wrong"
    assert at.lab.hand.bad_count(DC, who) == binds(at, who) == 1


def test_one_that_must_be_changed_is_no_way_in(at: Installed) -> None:
    who = person(at, 1)
    at.lab.hand.replace(DC, who.dn, "pwdLastSet", "0")
    assert alone(at.server.origin, who.upn, who.password) == "directory-change"
    assert alone(at.server.origin, who.upn, "Not-The-Password-1") == "wrong"


def test_a_locked_account_is_not_tried(at: Installed) -> None:
    who = person(at, 2)
    at.lab.hand.lock(DC, who)
    before = binds(at, who)
    assert alone(at.server.origin, who.upn, who.password) == "wrong"
    assert binds(at, who) == before


def test_mistypings_at_the_desk_leave_a_margin(at: Installed) -> None:
    who = person(at, 3)
    for _ in range(DOMAIN_POLICY.threshold - 2):
        at.lab.hand.try_password(DC, who, "Mistyped-At-The-Desk-1")
    before = binds(at, who)
    assert alone(at.server.origin, who.upn, who.password) == "wrong"
    assert binds(at, who) == before
    assert not at.lab.hand.locked(DC, who)


def test_no_burst_exceeds_the_budget(
    at: Installed, figure: Figure, record_property: Callable[[str, object], None]
) -> None:
    answers: Counter[tuple[str, str]] = Counter()
    most = 0
    for number in range(BURSTS):
        who = person(at, SINGLE + number)
        names = (who.upn, f"nobody{number:03}@{at.lab.domain}")
        tries = [(names[n % 2], f"Guess-Number-{n:03}") for n in range(AT_ONCE)]
        for (name, answer), count in burst(at.server.origin, tries).items():
            answers["known" if name == who.upn else "absent", answer] += count
        counted, logged = at.lab.hand.bad_count(DC, who), binds(at, who)
        assert 0 < counted == logged <= BUDGET, (who.name, counted, logged)
        assert not at.lab.hand.locked(DC, who)
        most = max(most, counted)
    assert {answer for _, answer in answers} <= {"wrong", "directory-silent"}
    assert answers["known", "wrong"]
    assert answers["absent", "wrong"]
    figure("bursts of 200 tries of directory passwords", BURSTS)
    figure("wrong passwords a burst brought to the controller, at most", most, of=BUDGET)
    for (who_, answer), count in sorted(answers.items()):
        figure(f"answers to bursts, {who_}: {answer}", count)
    record_property("answers", {f"{a} {b}": n for (a, b), n in sorted(answers.items())})
