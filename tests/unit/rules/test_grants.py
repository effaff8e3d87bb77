"""Grants: the table of what proofs permit."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.grants import (
    LIFE_MS,
    TABLE,
    Deed,
    Grant,
    Missing,
    Permit,
    Short,
    granted,
    permit,
    use,
)
from keyturn.rules.proofs import Method, Proof
from keyturn.rules.verified import PROOF_MS
from tests.unit.rules.cases import CASE, NOW, OLD, USER, about
from tests.unit.rules.test_proofs import ENOUGH

TOM = about("tom")
HARMLESS = {Deed.UNLOCK, Deed.END_SESSIONS, Deed.RESEND, Deed.START_RESET}
BOUND = {"push", "offline", "presence", "device"}


def proofs(*methods: str, at: int = NOW) -> list[Proof]:
    return [
        Proof(CASE, USER, 1, "tom", Method(name), at, OLD, "mia" if name == "approval" else "")
        for name in methods
    ]


def asked(deed: Deed, *methods: str, staff: bool = False) -> Permit | Short:
    return permit(deed, proofs(*methods), TOM, NOW, staff=staff)


def missing(deed: Deed, *methods: str, staff: bool = False) -> tuple[Missing, ...]:
    found = asked(deed, *methods, staff=staff)
    assert isinstance(found, Short)
    assert found.deed is deed
    return found.missing


def test_every_deed_has_its_row() -> None:
    assert set(TABLE) == set(Deed)


@pytest.mark.parametrize("deed", sorted(HARMLESS))
def test_what_harms_nobody_asks_for_nothing(deed: Deed) -> None:
    assert asked(deed) == asked(deed, staff=True) == Permit(deed, ())


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("staff", [False, True])
def test_one_proof_resends_the_link_and_does_nothing_more(method: str, staff: bool) -> None:
    assert missing(Deed.RESEND_LINK, staff=staff) == (Missing.PROOF,)
    assert isinstance(asked(Deed.RESEND_LINK, method, staff=staff), Permit)
    assert isinstance(asked(Deed.LOST_PHONE, method, staff=staff), Short)
    assert isinstance(asked(Deed.RELEASE_NUMBER, method, staff=staff), Short)
    assert isinstance(asked(Deed.TEMPORARY_PASSWORD, method, staff=staff), Short)


@pytest.mark.parametrize("two", list(combinations(Method, 2)))
def test_two_proofs_by_the_table(two: tuple[str, str]) -> None:
    enough = frozenset(two) in ENOUGH
    assert isinstance(asked(Deed.LOST_PHONE, *two), Permit) is enough
    bound = bool(BOUND & set(two))
    assert isinstance(asked(Deed.RELEASE_NUMBER, *two), Permit) is (enough and bound)
    phone = "push" in two
    temporary = isinstance(asked(Deed.TEMPORARY_PASSWORD, *two), Permit)
    assert temporary is (enough and bound and not phone)


def test_what_is_missing_is_said() -> None:
    lost, temporary = Deed.LOST_PHONE, Deed.TEMPORARY_PASSWORD
    assert missing(lost) == (Missing.PROOF,)
    assert missing(lost, "push") == missing(lost, "push", "offline") == (Missing.ANOTHER,)
    assert missing(lost, "text", "mail") == missing(lost, "offline") == (Missing.UNRELAYED,)
    assert missing(temporary, "text", "approval") == (Missing.BOUND,)
    assert missing(temporary, "push") == missing(temporary, "push", "text") == (Missing.PHONE,)
    assert missing(temporary, "push", "text", staff=True) == (Missing.PHONE, Missing.SECOND)
    assert missing(lost, "push", "text", staff=True) == (Missing.SECOND,)
    assert missing(lost, "approval", staff=True) == (Missing.PROOF,)
    assert missing(lost, "push", "approval", staff=True) == (Missing.ANOTHER,)
    assert missing(lost, staff=True) == (Missing.PROOF, Missing.SECOND)


def test_the_phones_approval_takes_nothing_from_what_is_enough_without_it() -> None:
    found = asked(Deed.TEMPORARY_PASSWORD, "push", "offline", "approval")
    assert isinstance(found, Permit)
    assert [proof.method for proof in found.proofs] == ["offline", "approval"]


def test_the_second_technicians_word_is_none_of_the_two() -> None:
    found = asked(Deed.LOST_PHONE, "push", "text", "approval", staff=True)
    assert isinstance(found, Permit)
    assert [proof.method for proof in found.proofs] == ["push", "text", "approval"]
    assert isinstance(asked(Deed.LOST_PHONE, "text", "approval", "approval", staff=True), Short)


def test_a_bound_factor_is_used_where_there_is_one() -> None:
    found = asked(Deed.LOST_PHONE, "text", "approval", "push", "presence")
    assert isinstance(found, Permit)
    assert [proof.method for proof in found.proofs] == ["push", "presence"]
    assert found.bound
    unbound = asked(Deed.LOST_PHONE, "text", "approval")
    assert isinstance(unbound, Permit)
    assert not unbound.bound


@given(
    old=st.sets(st.sampled_from(sorted(Method))), new=st.sampled_from(sorted(Method)),
    staff=st.booleans(), late=st.integers(PROOF_MS, 10 * PROOF_MS),
)  # fmt: skip
def test_old_proofs_beside_one_new_permit_nothing(
    old: set[str], new: str, staff: bool, late: int
) -> None:
    found = [*proofs(*old, at=NOW - late), *proofs(new)]
    for deed in (Deed.LOST_PHONE, Deed.RELEASE_NUMBER, Deed.TEMPORARY_PASSWORD):
        assert isinstance(permit(deed, found, TOM, NOW, staff=staff), Short)


@given(st.lists(st.sampled_from(["offline", "text", "mail"])), st.booleans())
def test_codes_read_aloud_permit_nothing_dangerous_however_many(
    read: list[str], staff: bool
) -> None:
    for deed in (Deed.LOST_PHONE, Deed.RELEASE_NUMBER, Deed.TEMPORARY_PASSWORD):
        assert isinstance(asked(deed, *read, staff=staff), Short)


LOST = Deed.LOST_PHONE


class TestAGrant:
    @pytest.fixture
    def grant(self) -> Grant:
        """To replace a lost phone."""
        found = asked(LOST, "push", "text")
        assert isinstance(found, Permit)
        return granted("g1", found, TOM, NOW)

    def test_it_is_used_once(self, grant: Grant) -> None:
        used = use(grant, LOST, TOM, NOW + 1)
        assert used == replace(grant, used_at=NOW + 1)
        assert use(used, LOST, TOM, NOW + 1) is None

    @pytest.mark.parametrize(("late", "good"), [(-1, True), (0, False), (1, False)])
    def test_it_lives_five_minutes(self, grant: Grant, late: int, good: bool) -> None:
        assert (use(grant, LOST, TOM, NOW + LIFE_MS + late) is not None) is good
        assert use(grant, LOST, TOM, NOW - 1) is None

    def test_it_is_for_one_deed_case_user_epoch_and_technician(self, grant: Grant) -> None:
        assert use(grant, Deed.TEMPORARY_PASSWORD, TOM, NOW) is None
        others = [
            about("mia"), replace(TOM, case_id="x"), replace(TOM, user_id="x"), about("tom", 2),
        ]  # fmt: skip
        for other in others:
            assert use(grant, LOST, other, NOW) is None
