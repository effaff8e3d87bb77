"""A Maildir: only whole mails, only plain files, never a way out of the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from keyturn.adapters.maildir import Maildir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (tmp_path / part).mkdir()
    return tmp_path


def test_a_mail_waits_in_new_until_it_is_removed(folder: Path) -> None:
    bag = Maildir(folder)
    (folder / "new/1.a").write_bytes(b"mail")
    (folder / "tmp/2.b").write_bytes(b"half a ma")
    assert bag.waiting(10) == ("1.a",)
    assert bag.read("1.a", 100) == b"mail"
    assert bag.remove("1.a")
    assert bag.waiting(10) == ()


def test_so_many_are_told_and_so_much_is_read(folder: Path) -> None:
    bag = Maildir(folder)
    for n in range(5):
        (folder / f"new/{n}").write_bytes(b"mail")
    assert len(bag.waiting(3)) == 3
    assert bag.read("0", 2) == b"ma"


def test_what_another_process_took_is_gone_without_harm(folder: Path) -> None:
    bag = Maildir(folder)
    assert bag.read("gone", 10) is None
    assert bag.remove("gone")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.symlink_to("/etc/hostname"),
        lambda path: path.mkdir(),
        os.mkfifo,
    ],
    ids=["link", "folder", "pipe"],
)
def test_what_is_no_plain_file_is_not_read(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "new/odd")
    assert Maildir(folder).read("odd", 10) is None


def test_what_cannot_be_removed_is_not_offered_again(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bag = Maildir(folder)
    (folder / "new/odd").mkdir()
    assert bag.waiting(10) == ("odd",)
    assert not bag.remove("odd")
    assert bag.waiting(10) == ()
    assert "cannot be removed" in caplog.text


def test_a_folder_that_is_not_there_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bag = Maildir(tmp_path / "none")
    assert [bag.waiting(10), bag.waiting(10)] == [(), ()]
    assert caplog.text.count("cannot be read") == 1
