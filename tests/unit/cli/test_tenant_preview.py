"""`keyturn tenant set`: tried out with --dry-run, and not done where people would be left bare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyturn import wiring
from keyturn.cli import tenant_preview
from keyturn.flows.policies import Preview
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, UserState
from keyturn.settings import load
from tests.unit.cli.conftest import Command, parsed

SET = ("tenant", "set", "northwind")


def write(fn: Callable[[Tx], Any]) -> Any:
    """One transaction of the installation that the commands use."""
    house = wiring.open_house(load(None))
    try:
        return house.store.submit_write(fn).result(timeout=10)
    finally:
        house.close()


def tenant(northwind: Command) -> dict[str, Any]:
    found: dict[str, Any] = parsed(northwind("tenant", "list", "--json"))[0]
    return found


@pytest.fixture
def texted(northwind: Command) -> Command:
    """Texts are a second step, and the only one of two people."""
    northwind(*SET, "--sms-second")
    for number in (1, 2):
        northwind("user", "create", f"u{number}@north.test", "--name", "Ann")

    def step(tx: Tx) -> None:
        home = tx.tenants.all()[0].id
        page = tx.users.search(home, "", None, None, 10)
        for number, user in enumerate(page.users):
            proved = replace(user, phone=f"+44740010000{number}", phone_verified_at=1)
            tx.users.save(replace(proved, state=UserState.ACTIVE))

    write(step)
    return northwind


def test_a_dry_run_says_what_would_be_and_stores_nothing(northwind: Command) -> None:
    before = tenant(northwind)
    status, out, _ = northwind(*SET, "--password-min", "12", "--lockout-scope", "account",
                               "--host", "id.north.test", "--dry-run")  # fmt: skip
    assert status == 0
    for line in (
        "Shortest password  8 → 12", "at least 12 characters",
        "What a lock closes  Each known browser by itself → The whole account",
        "strangers can lock people out", "The owners are told by mail.",
        "host  none → id.north.test", "Nothing was stored.",
    ):  # fmt: skip
        assert line in " ".join(out.split()) or line in out, line
    assert tenant(northwind) == before


def test_a_dry_run_for_programs(texted: Command) -> None:
    [found] = parsed(texted(*SET, "--no-sms-second", "--dry-run", "--json"))
    assert found["stored"] is False
    assert found["whole"] is True
    assert found["left_without_second_step"] == 2
    [change] = found["changes"]
    assert (change["what"], change["from"], change["to"]) == ("sms_second", "on", "off")
    assert change["weaker"] is True
    assert change["effects"][0]["people"] == 2
    assert change["effects"][0]["tone"] == "warn"
    assert "people" not in change["effects"][-1]


def test_what_changes_nothing_says_so(northwind: Command) -> None:
    assert northwind(*SET, "--password-min", "8", "--dry-run")[1] == "Nothing would change.\n"


def test_a_dry_run_refuses_what_a_change_refuses(northwind: Command) -> None:
    assert northwind(*SET, "--password-min", "4", "--dry-run")[0] == 2


def test_nobody_is_left_without_a_second_step_unless_one_is_sure(texted: Command) -> None:
    status, _, err = texted(*SET, "--no-sms-second")
    assert status == 1
    assert "2 people have no other second step" in " ".join(err.split())
    assert tenant(texted)["policy"]["sms_second"] is True
    assert texted(*SET, "--no-sms-second", "--sure")[0] == 0
    assert tenant(texted)["policy"]["sms_second"] is False


def test_more_people_than_are_counted_are_said(
    capsys: pytest.CaptureFixture[str], northwind: Command
) -> None:
    home: Tenant = write(lambda tx: tx.tenants.all()[0])
    capsys.readouterr()
    tenant_preview.show(Preview(home, (), whole=False, stripped=0), json=False)
    assert "the first 200000 were counted" in capsys.readouterr().out
