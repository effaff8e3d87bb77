"""The state folder, the numbers, the keys: what survives, and who may not look."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.agent import keys as keyring
from keyturn.agent import who as known
from keyturn.agent.keys import NoIdentity
from keyturn.agent.numbers import BLOCK, FILE, Numbers
from keyturn.agent.state import Locked, State, StateUnusable
from keyturn.rules.directories.things import Epoch
from keyturn.wire.signatures import Lane
from tests.unit.agent.linked import folder, who


def why(path: Path) -> str:
    with pytest.raises(StateUnusable) as caught:
        State(path)
    return caught.value.cause


def test_the_folder_is_made_for_its_user_alone_and_so_is_every_file(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        state = folder(tmp_path)
    finally:
        os.umask(old)
    assert state.path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in state.path.iterdir()} == {0o600}


def test_a_folder_that_others_may_look_into_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path).path
    path.chmod(0o750)
    assert why(path) == "open to others"


def test_a_folder_that_is_not_there_or_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert why(tmp_path / "none") == "absent"
    path = folder(tmp_path).path
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert why(path) == "not ours"


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    state = folder(tmp_path)
    (state.path / keyring.SIGNING).chmod(0o640)
    with pytest.raises(StateUnusable) as caught:
        keyring.load(state)
    assert caught.value.cause == "open to others"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (keyring.SIGNING, "no base64 !"), (keyring.SIGNING, "QQ=="), (known.FILE, "{"),
        (known.FILE, "[]"), (known.FILE, "{}"), (known.KNOWN, "{}"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_told_with_its_name(tmp_path: Path, name: str, text: str) -> None:
    state = folder(tmp_path)
    state.write(name, text.encode())
    read = {known.FILE: known.load, known.KNOWN: known.known_epoch}.get(name, keyring.load)
    with pytest.raises(StateUnusable) as caught:
        read(state)
    assert (caught.value.path.name, caught.value.cause) == (name, "damaged")


def test_a_crash_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = folder(tmp_path)
    state.write("file", b"old")

    def crash(_handle: int) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", crash)
        with pytest.raises(OSError, match="power cut"):
            state.write("file", b"new")
    assert state.read("file") == b"old"
    state.write("file", b"newer")
    assert state.read("file") == b"newer"


def _hold(path: str, ready: object, done: object) -> None:
    with State(Path(path)).lock():
        ready.set()  # type: ignore[attr-defined]
        done.wait(20)  # type: ignore[attr-defined]


def test_a_second_process_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    state = folder(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(str(state.path), ready, done))
    other.start()
    try:
        assert ready.wait(20)
        with pytest.raises(Locked) as caught, state.lock():
            pass
        assert caught.value.pid == other.pid == state.holder()
    finally:
        done.set()
        other.join(20)
    assert state.holder() is None


def test_a_lock_is_never_seen_under_the_number_of_who_had_it_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what that one last said of itself would be taken for what the new one says."""
    state = folder(tmp_path)
    (state.path / "lock").write_text("1")
    seen: list[int | None] = []
    looking = threading.Thread(target=lambda: seen.append(state.holder()))
    truncate = os.ftruncate

    def slow(handle: int, length: int) -> None:
        looking.start()
        looking.join(0.05)  # as long as it would take, did it not have to wait
        truncate(handle, length)

    monkeypatch.setattr(os, "ftruncate", slow)
    with state.lock():
        looking.join()
    assert seen == [os.getpid()]


def test_whoever_looks_refuses_nobody(tmp_path: Path) -> None:
    state, done = folder(tmp_path), threading.Event()

    def look() -> None:
        while not done.is_set():
            state.holder()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(300):  # each an agent that starts
            with state.lock():
                pass
    finally:
        done.set()
        looking.join()


def test_who_we_are_is_remembered(tmp_path: Path) -> None:
    state = folder(tmp_path)
    me = who(state)
    assert known.load(state) == me
    assert known.load(state) == me
    pinned = me.pinned(state, b"i" * 32)
    assert known.load(state) == pinned
    known.keep_epoch(state, Epoch(2, 5))
    assert known.known_epoch(state) == Epoch(2, 5)


# --- numbers


def test_numbers_rise_by_lane_and_over_every_restart(tmp_path: Path) -> None:
    state = folder(tmp_path)
    numbers = Numbers(state)
    assert [numbers.next(Lane.WORK) for _ in range(3)] == [1, 2, 3]
    assert numbers.next(Lane.BELL) == 1
    again = Numbers(state)  # as after a kill: nothing was said at the end
    assert again.next(Lane.WORK) == BLOCK + 1
    assert again.next(Lane.WAIT) == 1


def test_no_number_is_given_before_it_is_on_the_disk_as_used(tmp_path: Path) -> None:
    state = folder(tmp_path)
    numbers = Numbers(state, block=10)
    for _ in range(35):
        number = numbers.next(Lane.WORK)
        assert json.loads((state.path / FILE).read_text())["work"] >= number


@pytest.mark.parametrize("text", ['{"work": 0}', '{"work": "1"}', '{"other": 1}', '{"work": true}'])
def test_damaged_numbers_are_not_begun_anew(tmp_path: Path, text: str) -> None:
    state = folder(tmp_path)
    state.write(FILE, text.encode())
    with pytest.raises(StateUnusable):
        Numbers(state)


# --- the safe

PHRASE = "correct horse battery"


def no(path: Path, directory: str = "d", phrase: str = PHRASE) -> str:
    with pytest.raises(NoIdentity) as caught:
        keyring.opened_export(path, directory, phrase)
    return caught.value.why


def test_an_export_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    key, path = Ed25519PrivateKey.generate(), tmp_path / "safe.json"
    text = keyring.sealed_export(key, "d", "corp.example.test", PHRASE)
    path.write_text(text)
    assert key.private_bytes_raw().hex() not in text
    found = keyring.opened_export(path, "d", PHRASE)
    assert found.private_bytes_raw() == key.private_bytes_raw()
    assert no(path, phrase="wrong") == "passphrase"
    assert no(path, directory="other") == "directory"
    path.write_text(text.replace("corp.example.test", "evil.example.test"))
    assert no(path) == "passphrase"
    for broken in ("", "[]", "{}", text.replace('"version": 1', '"version": 2'),
                   text.replace('"nonce": "', '"nonce": "00')):  # fmt: skip
        path.write_text(broken)
        assert no(path) == "format"
