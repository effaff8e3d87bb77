"""Who is meant by the rows of a batch, and what an invitation means for each (rules/batches.py).

    the row names            it is
    ----------------------   --------------------------------------------------------------
    a user                   that user
    a directory account      the account's user; the row's address must be theirs
    an address               whoever is known by it; else the user of the one account in a
                             directory that has it; else nobody yet: an account is made

Who stands twice is invited once.  A number that somebody else has is told before the person who
is invited would stumble over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keyturn.ports.store import Tx
from keyturn.rules import batches
from keyturn.rules.access import Action, Staff, hindrance
from keyturn.rules.accounts import User
from keyturn.rules.batches import Means, Row
from keyturn.rules.directories.known import Known
from keyturn.rules.identifiers import canonical
from keyturn.steps import meanings
from keyturn.steps.acts import Act
from keyturn.steps.meanings import portions


def judged(tx: Tx, act: Act, staff: Staff, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, each with who it is and what an invitation means, in their order."""
    known = _users(tx, act, [row.user_id for row in rows if row.user_id])
    first: dict[str, int] = {}
    found: list[Row] = []
    for some in portions(rows):
        named = _Named.read(tx, act, [row for row in some if not row.means and not row.user_id])
        found.extend(_meant(known, named, row, first) for row in some)
    return _told(tx, staff, known, found)


def _users(tx: Tx, act: Act, ids: Sequence[str]) -> dict[str, User]:
    found: dict[str, User] = {}
    for some in portions(sorted(set(ids))):
        found.update((user.id, user) for user in tx.users.some(act.tenant.id, some))
    return found


@dataclass(frozen=True, slots=True)
class _Named:
    """Whom names belong to.

    Attributes:
        by_name: users by canonical address or number.
        accounts: directory accounts by name, and by address.
        holders: whose an account is, by its id.
        users: these, by id.
        numbers: of rows, as they are stored; None: no phone number.
    """

    by_name: Mapping[str, User]
    accounts: Mapping[str, Sequence[Known]]
    holders: Mapping[str, str]
    users: Mapping[str, User]
    numbers: Mapping[str, str | None]

    @classmethod
    def read(cls, tx: Tx, act: Act, rows: Sequence[Row]) -> _Named:
        """What rows that name nobody by id speak of."""
        numbers = {row.phone: _number(act, row.phone) for row in rows if row.phone}
        mails = {_address(row) for row in rows}
        names = sorted(mails | {number for number in numbers.values() if number})
        by_name = tx.users.named_all(act.tenant.id, names) if names else {}
        accounts: dict[str, list[Known]] = {}
        holders: dict[str, str] = {}
        wanted = sorted({_account(row) for row in rows if row.account})
        for directory in tx.directories.all(act.tenant.id) if rows else ():
            here = act.tenant.id, directory.id
            those = tx.syncs.among(*here, names=wanted, mails=sorted(mails))
            for one in those:
                for key in {one.entry.name.casefold(), one.mail} - {""}:
                    accounts.setdefault(key, []).append(one)
            links = tx.directories.holders(*here, [one.entry.id for one in those])
            holders.update((link.guid, link.user_id) for link in links)
        users = _users(tx, act, list(holders.values()))
        return cls(by_name, accounts, holders, users, numbers)

    def owner(self, account: Known) -> User | None:
        """Whose an account is."""
        return self.users.get(self.holders.get(account.entry.id, ""))


def _address(row: Row) -> str:
    return canonical(row.email) or ""


def _account(row: Row) -> str:
    r"""What an account is looked for by: of `DOMAIN\name` and a UPN the name."""
    return row.account.rpartition("\\")[2].partition("@")[0].casefold()


def _number(act: Act, typed: str) -> str | None:
    found = act.parts.plan.look(typed, act.tenant.policy.region)
    return found.e164 if found else None


def _meant(known: dict[str, User], named: _Named, row: Row, first: dict[str, int]) -> Row:
    """The row with its user, or with why it has none; what inviting that user means is still to
    be told.

    Args:
        known: the users that rows are, filled as they are found.
        first: the number of the first row of each person, filled likewise.
    """
    if row.means:  # its source has said why it is nobody's
        return row
    found = row if row.user_id else _looked_up(known, named, row)
    who = found.user_id or _address(found)
    if found.state is batches.RowState.LEFT and found.means:
        return found
    if who in first:
        return batches.judged(found, Means.TWICE, str(first[who]))
    first[who] = row.number
    return found


def _looked_up(known: dict[str, User], named: _Named, row: Row) -> Row:
    unfit = batches.unfit(row)
    if unfit is not None:
        return unfit
    user = _by_account(named, row) if row.account else _by_address(named, row)
    if isinstance(user, Row):
        return user
    number = named.numbers.get(row.phone, "")
    if number is None:
        return batches.judged(row, Means.NUMBER)
    holder = named.by_name.get(number)
    if holder is not None and (user is None or holder.id != user.id):
        return batches.judged(row, Means.NUMBER_HELD, holder.id)
    found = replace(row, phone=number)
    if user is None:
        return batches.judged(found, Means.NEW)
    known[user.id] = user
    return replace(found, user_id=user.id)


def _by_account(named: _Named, row: Row) -> User | Row:
    """The user of the directory account that a row names, or the row with what speaks against."""
    those = [one for one in named.accounts.get(_account(row), ()) if _is_called(one, row)]
    if not those:
        return batches.judged(row, Means.NO_ACCOUNT)
    user = named.owner(those[0])
    if user is None or len(those) > 1:
        return batches.judged(row, Means.UNCLEAR)
    holder = named.by_name.get(_address(row))
    if holder is not None and holder.id != user.id:
        return batches.judged(row, Means.ADDRESS_HELD, holder.id)
    if user.email and canonical(user.email) != _address(row):
        return batches.judged(row, Means.ADDRESS_OTHER)
    return user


def _is_called(one: Known, row: Row) -> bool:
    """A UPN must be the account's own."""
    return "@" not in row.account or one.entry.upn.casefold() == row.account.casefold()


def _by_address(named: _Named, row: Row) -> User | Row | None:
    user = named.by_name.get(_address(row))
    if user is not None:
        return user
    those = [one for one in named.accounts.get(_address(row), ()) if one.mail == _address(row)]
    if not those:
        return None
    owner = named.owner(those[0])
    return owner if owner and len(those) == 1 else batches.judged(row, Means.UNCLEAR)


def _told(
    tx: Tx, staff: Staff, known: Mapping[str, User], rows: Sequence[Row]
) -> tuple[Row, ...]:  # fmt: skip
    """The rows with what an invitation means for those who are somebody."""
    wanted = {row.user_id for row in rows if row.user_id and not row.means}
    means = meanings.of_users(tx, staff, [known[one] for one in sorted(wanted) if one in known])
    maker = hindrance(staff, Action.CREATE_USER, None, 0)
    found = []
    for row in rows:
        if row.user_id and not row.means:
            # gone since it was found: erased
            row = batches.judged(row, means.get(row.user_id, Means.UNCLEAR))  # noqa: PLW2901
        elif row.means == Means.NEW and maker is not None:
            row = batches.judged(row, str(maker))  # noqa: PLW2901
        found.append(row)
    return tuple(found)
