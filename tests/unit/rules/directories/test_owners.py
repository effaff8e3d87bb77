"""What an account makes of the user it belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.owners import (
    barred,
    counts,
    followed,
    joined,
    mail_of,
    newcomer,
    stood,
)
from keyturn.rules.directories.things import How, LinkedAccount

ENTRY = Entry(
    id="0a1b2c3d4e", name="ada", upn="ada@corp.test", display="Ada Byron",
    mail="Ada@Northwind.test", phone="", unit="", disabled=False, must_change=False,
    locked_at=None, locked_until=None, password_set_at=5, password_expires_at=None,
    expires_at=None, groups=(),
)  # fmt: skip
MADE = newcomer(ENTRY, "t", "u", 7)
LINK = joined(ENTRY, MADE, "d", How.MADE, 7)
DISABLED = replace(MADE, state=UserState.DISABLED)


def test_who_is_made_for_an_account_has_no_password_and_is_invited() -> None:
    assert (MADE.state, MADE.password_hash, MADE.username) == (UserState.INVITED, None, None)
    assert (MADE.name, MADE.email, MADE.created_at) == ("Ada Byron", "Ada@northwind.test", 7)
    assert LinkedAccount("t", "d", "u", ENTRY.id, "ada", "ada@corp.test", 7, How.MADE, "") == LINK


def test_who_is_made_for_a_disabled_account_is_disabled_by_it() -> None:
    off = replace(ENTRY, disabled=True)
    user = newcomer(off, "t", "u", 7)
    assert user.state is UserState.DISABLED
    link = joined(off, user, "d", How.MADE, 7)
    assert link.stopped == "invited"
    assert joined(off, user, "d", How.MAIL, 7).stopped == ""
    assert stood(user, link, away=False, owner=False)[0].state is UserState.INVITED


@pytest.mark.parametrize(
    ("display", "name", "shown"),
    [
        ("Ada Byron", "ada", "Ada Byron"),
        ("", "ada", "ada"),
        ("see www.evil.test", "ada", "ada"),
        ("x" * 500, "\u202eada", "0a1b2c3d"),
    ],
)
def test_a_name_that_nobody_may_have_is_not_taken(display: str, name: str, shown: str) -> None:
    assert newcomer(replace(ENTRY, display=display, name=name), "t", "u", 7).name == shown


@pytest.mark.parametrize(
    ("mail", "spelled"),
    [("Ada@Northwind.test", "ada@northwind.test"), ("", ""), ("ada", ""), ("ä@x.test", "")],
)
def test_an_address_is_spelled_as_identifiers_are(mail: str, spelled: str) -> None:
    entry = replace(ENTRY, mail=mail)
    assert mail_of(entry) == spelled
    assert newcomer(entry, "t", "u", 7).email.lower() == spelled


@pytest.mark.parametrize(
    ("state", "password", "staff", "why"),
    [
        (UserState.ACTIVE, "x", False, ""),
        (UserState.ACTIVE, "x", True, "staff"),
        (UserState.ACTIVE, None, False, "unproved"),
        (UserState.INVITED, None, False, "unproved"),
        (UserState.DISABLED, "x", False, "unproved"),
    ],
)
def test_nobody_is_linked_by_an_address_that_is_not_proved_and_no_staff(
    state: UserState, password: str | None, why: str, *, staff: bool
) -> None:
    assert barred(replace(MADE, state=state, password_hash=password), staff=staff) == why


def test_a_sign_up_that_never_confirmed_its_address_is_nobody() -> None:
    assert not counts(replace(MADE, state=UserState.UNVERIFIED))
    assert counts(DISABLED)


@pytest.mark.parametrize(("how", "opens"), [(How.STAFF, True), (How.MADE, True), (How.MAIL, False)])
def test_a_link_by_an_address_lets_nobody_in(how: How, *, opens: bool) -> None:
    assert replace(LINK, how=how).opens is opens


OTHER = replace(ENTRY, display="Ada King", mail="eve@evil.test")


@pytest.mark.parametrize(
    ("user", "link", "staff", "name", "email"),
    [
        (MADE, LINK, False, "Ada King", "eve@evil.test"),
        (DISABLED, replace(LINK, stopped="invited"), False, "Ada King", "eve@evil.test"),
        (replace(MADE, state=UserState.ACTIVE), LINK, False, "Ada King", MADE.email),
        (replace(MADE, password_hash="x"), LINK, False, "Ada King", MADE.email),
        (DISABLED, replace(LINK, stopped="active"), False, "Ada King", MADE.email),
        (DISABLED, LINK, False, "Ada King", MADE.email),
        (MADE, LINK, True, "Ada Byron", MADE.email),
        (MADE, replace(LINK, how=How.MAIL), False, "Ada Byron", MADE.email),
        (MADE, replace(LINK, how=How.STAFF), False, "Ada Byron", MADE.email),
    ],
)
def test_name_and_address_follow_only_who_was_made_for_it_and_never_a_proved_address(
    user: User, link: LinkedAccount, name: str, email: str, *, staff: bool
) -> None:
    after = followed(user, link, OTHER, staff=staff)
    assert (after.name, after.email) == (name, email)
    assert replace(after, name=user.name, email=user.email) == user


def test_an_address_that_is_gone_or_none_is_gone_here_too() -> None:
    assert followed(MADE, LINK, replace(ENTRY, mail=""), staff=False).email == ""


@pytest.mark.parametrize("was", [UserState.INVITED, UserState.ACTIVE])
def test_who_was_made_for_an_account_is_stopped_by_it_and_comes_back(was: UserState) -> None:
    user = replace(MADE, state=was)
    stopped, link = stood(user, LINK, away=True, owner=False)
    assert (stopped.state, link.stopped) == (UserState.DISABLED, str(was))
    assert stood(stopped, link, away=True, owner=False) == (stopped, link)
    assert stood(stopped, link, away=False, owner=False) == (user, LINK)


@pytest.mark.parametrize(
    ("user", "link", "fields"),
    [
        (MADE, replace(LINK, how=How.MAIL), {"away": True, "owner": False}),
        (MADE, replace(LINK, how=How.STAFF), {"away": True, "owner": False}),
        (MADE, LINK, {"away": True, "owner": True}),
        (DISABLED, LINK, {"away": True, "owner": False}),
        (DISABLED, LINK, {"away": False, "owner": False}),  # staff did that
        (MADE, LINK, {"away": False, "owner": False}),
        # staff have enabled whom the directory stopped
        (MADE, replace(LINK, stopped="invited"), {"away": True, "owner": False}),
    ],
)
def test_nobody_else_is_and_what_staff_did_stands(
    user: User, link: LinkedAccount, fields: dict[str, Any]
) -> None:
    assert stood(user, link, **fields) == (user, link)


def test_who_came_back_by_staff_or_is_to_be_erased_is_let_be() -> None:
    held = replace(LINK, stopped="active")
    active = replace(MADE, state=UserState.ACTIVE)
    assert stood(active, held, away=False, owner=False) == (active, LINK)
    erased = replace(DISABLED, erase_at=9)
    assert stood(erased, held, away=False, owner=False) == (erased, LINK)
