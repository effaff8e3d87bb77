"""Common and breached passwords: the frequent ones, plain lists, lists of hashes."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.common_passwords import CommonPasswords, HashList, open_list


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize("password", ["password", "PassWord", "123456", "qwertyuiop"])
def test_frequent_passwords_are_common_however_they_are_spelled(password: str) -> None:
    assert CommonPasswords().is_common(password)


@pytest.mark.parametrize("password", ["", " ", "violet canoe hums at dawn", "\ud800", "\0"])
def test_others_are_not(password: str) -> None:
    assert not CommonPasswords().is_common(password)


def test_many_threads_asking_first_at_once_read_the_lists_once() -> None:
    common = CommonPasswords()
    barrier = threading.Barrier(8)
    seen = []

    def ask() -> None:
        barrier.wait()
        seen.append(common.load())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all(lists is seen[0] for lists in seen)


def test_an_installations_own_plain_list_counts_as_well(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text("Violet Canoe\n\nnorthwind2026\n")
    common = CommonPasswords(path)
    assert common.is_common("violet canoe")
    assert common.is_common("Northwind2026")
    assert common.is_common("password")
    assert not common.is_common("")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("digits", [40, 20])
def test_a_list_of_hashes_is_searched_in_place(
    tmp_path: Path, ending: str, last: bool, digits: int
) -> None:
    known = [f"breached {n}" for n in range(200)]
    lines = sorted(f"{sha1(word)[:digits]}:{n}" for n, word in enumerate(known))
    path = tmp_path / "pwned.txt"
    path.write_bytes((ending.join(lines) + (ending if last else "")).encode())
    common = CommonPasswords(path)
    assert all(common.is_common(word) for word in known)
    assert not any(common.is_common(f"unheard of {n}") for n in range(200))


def test_a_spelling_that_was_breached_is_found_as_typed(tmp_path: Path) -> None:
    path = tmp_path / "pwned.txt"
    path.write_text(sha1("TrustNo1-2026") + ":3\n")
    assert CommonPasswords(path).is_common("TrustNo1-2026")
    assert not CommonPasswords(path).is_common("trustno1-2026")


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(0, 300))
def test_bisection_agrees_with_looking_at_every_line(present: set[int], asked: int) -> None:
    hashes = HashList("\n".join(sorted(sha1(str(n)) for n in present)).encode())
    assert hashes.has(str(asked)) is (asked in present)


def test_an_empty_list_knows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert not open_list(path)("password")


def test_a_list_that_is_not_there_is_an_error_when_asked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        CommonPasswords(tmp_path / "none").is_common("password")
