"""Working on a case: whose it is, what is noted, what its page says."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import casework, staff, support
from keyturn.flows.casework import (
    FREE,
    MINE,
    Done,
    HeldBack,
    NoSuchName,
    NotAllowed,
    NotFound,
    NotPermitted,
    NotSent,
    NotYours,
    Over,
)
from keyturn.flows.staff import on_the_host
from keyturn.rules.access import Action, Staff, Why
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.budgets import CASE_MAILS
from keyturn.rules.cases import SecretKind
from keyturn.rules.grants import Deed, Missing, Permit, Short
from keyturn.rules.proofs import Method
from keyturn.steps.invitations import Bar, Sent
from tests.unit.flows.helpdesk import HelpDesk, me
from tests.unit.flows.house import EMAIL, House, run


@pytest.fixture
def desk(house: House) -> HelpDesk:
    """Where Ada calls."""
    return HelpDesk(house)


@pytest.fixture
def tom(desk: HelpDesk) -> Staff:
    """A technician."""
    return desk.staff("tom")


def opens(house: House, by: Staff, typed: str = EMAIL, words: str = "", contact: str = "") -> Any:
    return run(casework.open_for(house.parts, by, typed, contact, words))


# -- opening one for a caller


def test_a_user_name_is_all_a_caller_needs(house: House, desk: HelpDesk, tom: Staff) -> None:
    answer = opens(house, tom, words="cannot sign in since Monday", contact="extension 12")
    assert isinstance(answer, Done)
    found = desk.look(tom, answer.ref)
    assert (found.page.user, found.holder, found.mine) == (desk.ada, "Tom", True)
    assert (found.page.case.note, found.page.case.contact) == (
        "cannot sign in since Monday", "extension 12",
    )  # fmt: skip
    assert desk.kinds(tom, answer.ref) == ["opened", "taken"]
    assert house.events(desk.ada)[-2:] == ["case.opened", "case.taken"]
    assert house.last("case_opened").message.user_id == desk.ada.id


def test_the_owner_is_not_flooded_by_cases_in_their_name(house: House, tom: Staff) -> None:
    for _ in range(CASE_MAILS.limit + 1):
        assert isinstance(opens(house, tom), Done)
    assert len(house.outbox("case_opened")) == CASE_MAILS.limit


@pytest.mark.parametrize("typed", ["nobody@northwind.test", "", "\x00"])
def test_nobody_is_called_that(house: House, tom: Staff, typed: str) -> None:
    assert opens(house, tom, typed) == NoSuchName()


def test_nobody_opens_a_case_of_their_own_or_of_somebody_higher(house: House, tom: Staff) -> None:
    house.user("boss@northwind.test", role=Role.OWNER)
    assert opens(house, tom, me(tom).email) == NotAllowed(Why.SELF)
    assert opens(house, tom, "boss@northwind.test") == NotAllowed(Why.RANK)


def test_what_the_caller_says_may_hold_no_secret(house: House, tom: Staff) -> None:
    assert opens(house, tom, words="the code is 123456") == HeldBack(SecretKind.CODE)
    assert house.count("cases") == house.count("case_log") == 0


def test_a_command_on_the_host_works_on_no_case(house: House, desk: HelpDesk, tom: Staff) -> None:
    host = on_the_host(tom.caller)
    assert opens(house, host) == NotAllowed(Why.NO_ROLE)
    ref = desk.case(tom)
    assert run(casework.take(house.parts, host, ref)) == NotAllowed(Why.NO_ROLE)
    assert run(casework.index(house.parts, host, MINE)).cases == ()
    assert not desk.look(host, ref).mine


# -- whose it is


def test_a_case_is_taken_and_handed_over(house: House, desk: HelpDesk, tom: Staff) -> None:
    opened = run(support.open_case(house.parts, house.browser().caller, EMAIL, "", ""))
    assert isinstance(opened, support.Opened)
    ref, mia = opened.ref, desk.staff("mia")
    assert (desk.look(tom, ref).holder, desk.look(tom, ref).mine) == ("", False)
    assert run(casework.hand(house.parts, tom, ref, me(mia).id)) == NotYours("")
    for _ in range(2):  # again changes nothing
        assert run(casework.take(house.parts, tom, ref)) == Done(ref)
    assert run(casework.hand(house.parts, mia, ref, me(tom).id)) == NotYours("Tom")
    assert run(casework.hand(house.parts, tom, ref, me(mia).id)) == Done(ref)
    assert desk.kinds(tom, ref) == ["taken", "handed"]
    entry = desk.look(tom, ref).entries[1]
    assert (entry.actor, entry.about) == ("Tom", "Mia")
    assert run(casework.take(house.parts, tom, ref)) == Done(ref)
    assert desk.look(tom, ref).mine


def test_a_case_is_handed_to_who_may_work_on_it(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref = desk.case(tom)
    desk.staff("aud", Role.AUDITOR)
    gone = me(desk.staff("gone"))
    house.change(gone, state=UserState.DISABLED)
    boss = desk.staff("boss", Role.OWNER)
    assert [one.name for one in desk.look(tom, ref).colleagues] == ["Boss"]
    for wrong in (gone.id, me(tom).id, desk.ada.id, "nobody"):
        assert run(casework.hand(house.parts, tom, ref, wrong)) == NotFound()
    assert run(casework.hand(house.parts, tom, ref, me(boss).id)) == Done(ref)


def test_proofs_do_not_come_with_the_case(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref, mia = desk.case(tom), desk.staff("mia")
    desk.push(tom, ref)
    assert desk.proved(tom, ref) == {"push"}
    run(casework.hand(house.parts, tom, ref, me(mia).id))
    assert desk.proved(mia, ref) == set()
    run(casework.hand(house.parts, mia, ref, me(tom).id))
    assert desk.proved(tom, ref) == set()


def test_lists(house: House, desk: HelpDesk, tom: Staff) -> None:
    mine, other = desk.case(tom), desk.case(desk.staff("mia"))
    opened = run(support.open_case(house.parts, house.browser().caller, EMAIL, "", ""))
    assert isinstance(opened, support.Opened)
    run(staff.close_case(house.parts, tom, other, None))

    def refs(which: str | None) -> list[str]:
        return [case.ref for case in run(casework.index(house.parts, tom, which)).cases]

    assert refs(MINE) == [mine]
    assert refs(FREE) == [opened.ref]
    assert refs("open") == [opened.ref, mine]
    assert refs("closed") == [other]
    assert refs(None) == [opened.ref, other, mine]
    assert sorted(run(casework.index(house.parts, tom, None)).holders.values()) == ["Mia", "Tom"]


# -- notes


def test_notes_are_kept_by_whoever_works_here(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref, mia = desk.case(tom), desk.staff("mia")
    assert run(casework.note(house.parts, mia, ref, "  called back, no answer ")) == Done(ref)
    assert run(casework.note(house.parts, mia, ref, " \n")) == Done(ref)
    note = desk.look(tom, ref).entries[-1]
    assert (note.row.facts, note.actor) == ({"text": "called back, no answer"}, "Mia")
    assert "called back" not in house.dump("audit")


@pytest.mark.parametrize(
    ("words", "kind"),
    [("her code is 482 913", SecretKind.CODE), ("password: hunter2!", SecretKind.PASSWORD)],
)
def test_a_note_that_looks_like_a_secret_is_stored_nowhere(
    house: House, desk: HelpDesk, tom: Staff, words: str, kind: SecretKind
) -> None:
    ref = desk.case(tom)
    assert run(casework.note(house.parts, tom, ref, words)) == HeldBack(kind)
    assert words not in house.dump("case_log", "audit", "cases")


# -- who may


def test_auditors_look_and_nothing_more(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref, auditor = desk.case(tom), desk.staff("aud", Role.AUDITOR)
    assert desk.look(auditor, ref).can == frozenset()
    no = NotAllowed(Why.NO_ROLE)
    assert run(casework.take(house.parts, auditor, ref)) == no
    assert run(casework.note(house.parts, auditor, ref, "x")) == no
    assert opens(house, auditor) == no


def test_nobody_works_on_their_own_case(house: House, desk: HelpDesk, tom: Staff) -> None:
    boss = desk.staff("boss", Role.OWNER)
    ref = desk.case(boss, me(tom).email)
    assert run(casework.take(house.parts, tom, ref)) == NotAllowed(Why.SELF)
    assert desk.look(tom, ref).can == frozenset()
    assert Action.RESET_USER in desk.look(boss, ref).can


def test_a_closed_case_takes_nothing(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref = desk.case(tom)
    desk.push(tom, ref)
    run(staff.close_case(house.parts, tom, ref, None))
    assert desk.kinds(tom, ref)[-1] == "closed"
    assert run(casework.take(house.parts, tom, ref)) == Over()
    assert run(casework.note(house.parts, tom, ref, "x")) == Over()
    assert run(casework.resend_link(house.parts, tom, ref)) == Over()
    found = desk.look(tom, ref)
    assert (found.proofs, found.ways, found.colleagues, found.mine) == ((), (), (), False)


def test_tenants_are_walls(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref, other = desk.case(tom), house.add_tenant("contoso")
    browser = house.browser(tenant=other)
    eve = house.user("eve@contoso.test", tenant=other, role=Role.OWNER)
    there = run(staff.authorise(house.parts, browser.caller, house.signed(browser, eve)))
    assert isinstance(there, Staff)
    assert run(casework.look(house.parts, there, ref)) == NotFound()
    assert run(casework.take(house.parts, there, ref)) == NotFound()
    assert run(casework.note(house.parts, there, ref, "x")) == NotFound()
    assert run(casework.index(house.parts, there, None)).cases == ()
    assert opens(house, there) == NoSuchName()
    question = desk.asks(tom, ref)
    assert run(casework.of_question(house.parts, tom, question)) == ref
    assert run(casework.of_question(house.parts, there, question)) == ""


# -- what it permits


def test_the_page_says_what_is_permitted_and_what_is_missing(desk: HelpDesk, tom: Staff) -> None:
    ref = desk.case(tom)
    deeds = {one.deed: one for one in desk.look(tom, ref).deeds}
    assert set(deeds) == set(Deed)
    assert isinstance(deeds[Deed.UNLOCK], Permit)
    assert deeds[Deed.LOST_PHONE] == Short(Deed.LOST_PHONE, (Missing.PROOF,))
    desk.push(tom, ref)
    assert desk.deed(tom, ref) == Short(Deed.LOST_PHONE, (Missing.ANOTHER,))


def test_of_a_name_that_nobody_has_nothing_is_proved(
    house: House, desk: HelpDesk, tom: Staff
) -> None:
    opened = run(support.open_case(house.parts, house.browser().caller, "who@here.test", "", ""))
    assert isinstance(opened, support.Opened)
    run(casework.take(house.parts, tom, opened.ref))
    found = desk.look(tom, opened.ref)
    assert (found.page.user, found.proofs, found.recovery) == (None, (), None)
    assert all(isinstance(one, Short) for one in found.deeds)
    assert all(way.bar for way in found.ways)
    assert run(casework.resend_link(house.parts, tom, opened.ref)) == NotFound()


def test_one_proof_resends_the_link(house: House, desk: HelpDesk, tom: Staff) -> None:
    ref = desk.case(tom)
    resend = casework.resend_link
    assert run(resend(house.parts, tom, ref)) == NotSent(Bar.BOUND)
    now = house.clock.now()
    eli = house.user("eli@northwind.test", phone="+447400123457", phone_verified_at=now)
    house.clock.move(1)
    ref = desk.case(tom, eli.email)
    found = run(resend(house.parts, tom, ref))
    assert found == NotPermitted(Short(Deed.RESEND_LINK, (Missing.PROOF,)))
    desk.reads(tom, ref, Method.TEXT)
    assert isinstance(run(resend(house.parts, tom, ref)), Sent)
    assert desk.kinds(tom, ref)[-2:] == ["granted", "used"]
    assert house.last("activation").message.user_id == eli.id
