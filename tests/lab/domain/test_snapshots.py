"""Prepared folders: kept whole, made once, made anew when they are old or what decides differs."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.lab.snapshots import FRESH_MS, Shelf, default_shelf

HOMES = ("198.18.0.11",)


@pytest.fixture(autouse=True)
def samba() -> None:
    """Its version is part of a prepared folder's name."""
    if shutil.which("samba") is None:
        pytest.fail("failed to run: samba is not installed", pytrace=False)


def shelf(folder: Path, *, later_ms: int = 0, homes: tuple[str, ...] = HOMES) -> Shelf:
    return Shelf(folder / "shelf", homes, SystemClock().now() + later_ms)


def controller(folder: Path, words: str) -> Path:
    """What a stopped controller leaves."""
    made = folder / "made" / "dc1"
    for part in ("private", "log"):
        (made / part).mkdir(parents=True, exist_ok=True)
    (made / "private/sam.ldb").write_text(words)
    (made / "private").chmod(0o700)
    (made / "log/samba.out").write_text("passing")
    return made


def test_what_was_put_is_taken_without_what_passes(tmp_path: Path) -> None:
    prepared = shelf(tmp_path)
    with prepared.locked("one"):
        assert "one" not in prepared
        prepared.put("one", controller(tmp_path, "a domain"))
        assert "one" in prepared
        prepared.take("one", tmp_path)
    assert (tmp_path / "dc1/private/sam.ldb").read_text() == "a domain"
    assert (tmp_path / "dc1/private").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "dc1/log").exists()
    assert "three" not in prepared


def test_an_old_one_is_not_used_and_is_replaced(tmp_path: Path) -> None:
    with shelf(tmp_path).locked("one"):
        shelf(tmp_path).put("one", controller(tmp_path, "old"))
    assert "one" in shelf(tmp_path, later_ms=FRESH_MS - 60_000)
    later = shelf(tmp_path, later_ms=FRESH_MS + 60_000)
    assert "one" not in later
    with later.locked("one"):
        later.put("one", controller(tmp_path, "new"))
        later.take("one", tmp_path)
    assert (tmp_path / "dc1/private/sam.ldb").read_text() == "new"


def test_other_addresses_are_another_folder_and_stale_ones_go(tmp_path: Path) -> None:
    other = shelf(tmp_path, homes=("127.0.0.60",))
    with other.locked("one"):
        other.put("one", controller(tmp_path, "on loopback"))
    prepared = shelf(tmp_path)
    assert "one" not in prepared
    with prepared.locked("one"):
        prepared.put("one", controller(tmp_path, "in namespaces"))
    assert "one" in other
    later = shelf(tmp_path, later_ms=FRESH_MS + 60_000)
    with later.locked("one"):
        later.put("one", controller(tmp_path, "again"))
    assert "one" not in other


def test_whoever_comes_second_waits_and_finds_it(tmp_path: Path) -> None:
    first, found = shelf(tmp_path), []

    def second() -> None:
        mine = shelf(tmp_path)
        with mine.locked("one"):
            found.append("one" in mine)

    thread = threading.Thread(target=second)
    with first.locked("one"):
        thread.start()
        thread.join(0.3)
        assert not found
        first.put("one", controller(tmp_path, "a domain"))
    thread.join(10)
    assert found == [True]


def test_the_shelf_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_shelf() == tmp_path / "keyturn/lab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_shelf() == Path(os.path.expanduser("~")) / ".cache/keyturn/lab"  # noqa: PTH111
