"""A demo's folder: taken, kept, left alone; its settings know no environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.demo.company import MIA
from keyturn.demo.far_side import FarSide
from keyturn.demo.folder import DemoFolder, InUse, NotADemo

FAR = FarSide(pid=0, mail_port=2525, sms_port=1313, push_port=4443, lifeline=0)


def test_a_fresh_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "a" / "demo")
    folder.take(keep=False)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert not folder.old


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(NotADemo):
        DemoFolder(tmp_path).take(keep=False)
    assert (tmp_path / "thesis.txt").exists()


def test_two_at_once_do_not_go(tmp_path: Path) -> None:
    first = DemoFolder(tmp_path / "demo")
    first.take(keep=False)
    with pytest.raises(InUse):
        DemoFolder(tmp_path / "demo").take(keep=True)


def test_it_is_emptied_unless_it_is_to_be_kept(tmp_path: Path) -> None:
    for keep, kept in ((True, True), (False, False)):
        path = tmp_path / f"demo-{keep}"
        folder = DemoFolder(path)
        folder.take(keep=False)
        folder.roster.write((MIA,))
        folder.release()
        again = DemoFolder(path)
        again.take(keep=keep)
        assert again.old is kept


def test_one_that_was_not_completed_is_begun_anew_although_it_was_to_be_kept(
    tmp_path: Path,
) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.take(keep=False)
    (folder.path / "keyturn.db").write_text("half")
    folder.release()
    again = DemoFolder(tmp_path / "demo")
    again.take(keep=True)
    assert not (again.path / "keyturn.db").exists()


def test_its_settings_bind_to_loopback_and_heed_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYTURN_SERVER__HOST", "0.0.0.0")
    monkeypatch.setenv("KEYTURN_STORE__URL", "sqlite:////srv/real.db")
    folder = DemoFolder(tmp_path / "demo")
    folder.take(keep=False)
    settings = folder.remember(FAR, 8080, 2)
    assert settings.server.host == "127.0.0.1"
    assert settings.server.origin == "http://localhost:8080"
    assert settings.store.url == f"sqlite:///{folder.path}/keyturn.db"
    assert (settings.mail.host, settings.mail.port) == ("127.0.0.1", 2525)
    assert settings.server.trusted_proxies == ()
    assert folder.settings() == settings


def test_its_people_are_read_as_they_were_written(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.take(keep=False)
    folder.roster.write((MIA,))
    assert folder.roster.read() == (MIA,)
