"""`keyturn device`: labels, registering, listing, releasing; and a camera on a terminal."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from keyturn import wiring
from keyturn.cli import device_run
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.device.folder import Folder
from keyturn.ports.devices import Secret
from keyturn.ports.store import Tx
from keyturn.rules.devices import Pairing
from keyturn.settings import load
from tests.unit.cli.conftest import Command, parsed

DIGEST = "ab" * 32
LABEL = "ABCD-EFGH-JKMN-PQRS"


@pytest.fixture
def stock(northwind: Command, tmp_path: Path) -> Command:
    """One device is registered."""
    (tmp_path / "stock.csv").write_text(f"model,serial,digest\nCamera C2,C2-1,{DIGEST}\n\n")
    [done] = parsed(northwind("device", "register", "stock.csv", "--json"))
    assert done == {"registered": 1, "known": 0, "wrong": []}
    return northwind


def paired(user_id: str, serial: str) -> str:
    """The device is somebody's; the pairing's id."""
    house = wiring.open_house(load())

    def step(tx: Tx) -> str:
        tenant = tx.tenants.all()[0]
        device = tx.devices.named(tenant.id, "Camera C2", serial)
        assert device is not None
        now = house.parts.clock.now()
        one = Pairing(house.parts.random.id(now), tenant.id, user_id, device.id, "key", now)
        tx.devices.pair(one, Secret("sealed"))
        return one.id

    try:
        return house.store.submit_write(step).result()
    finally:
        house.close()


def test_a_label_is_made_and_registered(
    northwind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, line, told = northwind("device", "label", "Camera C2", "C2-1")
    assert (status, "For the label: " in told) == (0, True)
    [made] = parsed(northwind("device", "label", "Camera C2", "C2-2", "--json"))
    assert len(made["label"]) == 19
    monkeypatch.setattr("sys.stdin", io.StringIO(line))
    assert northwind("device", "register", "-")[:2] == (0, "1 registered, 0 were known.\n")


def test_what_is_wrong_is_told_by_its_line(stock: Command, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("Camera C2,C2-2,none\nCamera C2,C2-1,{}\n".format("c" * 64))
    status, out, err = stock("device", "register", "more.csv")
    assert (status, out) == (1, "0 registered, 0 were known.\n")
    assert "Line 1: the digest is not 64" in err
    assert "Line 2: this device is registered with another label" in err
    (tmp_path / "more.csv").write_text("Camera C2,C2-2\n")
    assert stock("device", "register", "more.csv")[0] == 2
    assert stock("device", "register", "nothing.csv")[0] == 1


def test_listed_and_released(stock: Command) -> None:
    [one] = parsed(stock("device", "list", "--json"))
    assert (one["serial"], one["pairing"]) == ("C2-1", None)
    assert stock("device", "release", "C2-1")[0] == 1
    [ada] = parsed(stock("user", "create", "ada@people.test", "--name", "Ada", "--json"))
    pairing = paired(ada["id"], "C2-1")
    assert "ada@people.test" in stock("device", "list")[1]
    [one] = parsed(stock("device", "list", "--json"))
    assert one["pairing"]["id"] == pairing
    assert parsed(stock("device", "release", pairing, "--json")) == [{"released": pairing}]
    assert stock("device", "release", pairing)[0] == 1


def test_nothing_is_listed_as_such(northwind: Command) -> None:
    assert northwind("device", "list")[1] == "No device is registered.\n"
    assert parsed(northwind("device", "list", "--json")) == []


@pytest.mark.parametrize("server", ["http://example.test", "ftp://localhost", "localhost", ""])
def test_a_camera_goes_to_https_or_to_this_machine(tmp_path: Path, server: str) -> None:
    with pytest.raises(WrongUse):
        asyncio.run(device_run.run(server, LABEL, tmp_path / "camera", None))
    assert not (tmp_path / "camera").exists()


def test_a_camera_wants_a_label_s_code(keyturn: Command) -> None:
    said = keyturn("device", "run", "--server", "https://id.test", "--label", "ABCD")
    assert said[0] == 2
    assert "sixteen letters" in said[2]


def test_a_folder_of_another_device_is_told(tmp_path: Path) -> None:
    Folder(tmp_path, "https://other.test", LABEL).close()
    with pytest.raises(NotDone) as error:
        asyncio.run(device_run.run("https://id.test", LABEL, tmp_path, None))
    assert error.value.what == "This folder belongs to another device."


@pytest.mark.parametrize(
    ("name", "facts", "shown"),
    [
        ("waiting", {"tenant": "North\x1bwind"}, "Ready to be set up in an account of North"),
        ("met", {"show": "482913", "missing": ["press"]}, "482 913"),
        ("code", {"code": "482913"}, "Its display shows 482 913"),
        ("asks", {"ends_at": 1}, "Press Enter"),
        ("unbound", {"why": "stopped"}, "two places"),
        ("unbound", {"why": "something"}, "nobody's now"),
        ("unheard", {"why": "forged", "said": ""}, "believes nothing"),
    ],
)
def test_the_screen(
    capsys: pytest.CaptureFixture[str], name: str, facts: dict[str, object], shown: str
) -> None:
    device_run.show(name, facts)
    out = capsys.readouterr().out
    assert shown in out
    assert "\x1b" not in out
