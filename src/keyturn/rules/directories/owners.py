"""What an account makes of the user it belongs to: made for it, called as it is, stopped by it.

Whoever may write into a directory says what stands in an account; that is no proof of anything
about a person.  So a user who is made for an account has no name to sign in by, and no password:
they are *invited*.  Name and address follow the account only into a user who was made for it and
is no staff, and the address only until the person has come, for from then on it is one that was
proved.  And only a user who was made for an account is stopped by it.
"""

from __future__ import annotations

from dataclasses import replace

from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.things import How, LinkedAccount
from keyturn.rules.identifiers import Email, display_name, parse_email

#: of an account's id, what stands for a name that nobody can read
SHORT = 8


def _address(entry: Entry) -> Email | None:
    found = parse_email(entry.mail)
    return found if isinstance(found, Email) else None


def mail_of(entry: Entry) -> str:
    """Its address as identifiers are spelled; "" where it has none that can be one."""
    found = _address(entry)
    return found.canonical if found else ""


def barred(user: User, *, staff: bool) -> str:
    """Why an account with the address that a user is known by is not theirs by itself
    (comings.Unclear.why); "" where it is.

    An address is proved by whoever has a password here and may come in: each way to the first
    password leads over a code to it.
    """
    if staff:
        return "staff"
    proved = user.state is UserState.ACTIVE and user.password_hash is not None
    return "" if proved else "unproved"


def counts(user: User) -> bool:
    """Whether a user who is known by an address is anybody: a sign-up that never confirmed it is
    not, for a stranger can begin one.
    """
    return user.state is not UserState.UNVERIFIED


def _name(entry: Entry) -> str:
    """What people read: as the directory shows them, if that can be a name here."""
    shown = (display_name(text) for text in (entry.display, entry.name))
    return next((name for name in shown if isinstance(name, str)), entry.id[:SHORT])


def newcomer(entry: Entry, tenant_id: str, user_id: str, now: int) -> User:
    """The user who is made for an account."""
    address = _address(entry)
    return User(
        id=user_id, tenant_id=tenant_id,
        state=UserState.DISABLED if entry.disabled else UserState.INVITED,
        name=_name(entry), username=None, email=address.address if address else "", phone=None,
        phone_verified_at=None, password_hash=None, password_set_at=None, epoch=0, frozen_at=None,
        timezone=None, created_at=now,
    )  # fmt: skip


def joined(entry: Entry, user: User, directory_id: str, how: How, now: int) -> LinkedAccount:
    """An account that is this user's from now on."""
    made_stopped = how is How.MADE and user.state is UserState.DISABLED
    return LinkedAccount(
        user.tenant_id, directory_id, user.id, entry.id, entry.name, entry.upn, now, how,
        str(UserState.INVITED) if made_stopped else "",
    )  # fmt: skip


def followed(user: User, link: LinkedAccount, entry: Entry, *, staff: bool) -> User:
    """The user as what stands in their account makes them.

    Args:
        staff: they have a role.
    """
    if link.how is not How.MADE or staff:
        return user
    state = link.stopped or str(user.state)
    address = _address(entry)
    if state != UserState.INVITED or user.password_hash is not None:
        return replace(user, name=_name(entry))
    return replace(user, name=_name(entry), email=address.address if address else "")


def stood(
    user: User, link: LinkedAccount, *, away: bool, owner: bool
) -> tuple[User, LinkedAccount]:
    """User and link as they are to be while the account is as it is.

    Args:
        away: the account is disabled in its directory, or gone from it.
        owner: the user owns a tenant: a directory must not be able to leave it without one.

    What staff have done meanwhile stands: whom they have enabled is not stopped twice for the same
    thing, and who is to be erased does not come back.
    """
    if link.how is not How.MADE:
        return user, link
    if away:
        if user.state is UserState.DISABLED or owner or link.stopped:
            return user, link
        return replace(user, state=UserState.DISABLED), replace(link, stopped=str(user.state))
    back = replace(link, stopped="")
    if not link.stopped or user.state is not UserState.DISABLED or user.erase_at is not None:
        return user, back
    return replace(user, state=UserState(link.stopped)), back
