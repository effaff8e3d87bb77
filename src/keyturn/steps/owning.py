"""Whose accounts are, settled many at once.

    DUE --+-- it is there, and somebody's: what stands in it follows, and stops or starts its user
          +-- it is there, and nobody's: linked, or a user is made for it, or a person decides
          +-- it is gone: its user is stopped; so many at once wait for a person (rules.directories)

So many accounts cost so many statements whether they are two or two hundred, but for users who
are stopped: that ends sessions, and seldom happens to many.  Nothing is settled while a full read
goes on, or whoever is read first would be taken for the only one with an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.directories import owners, syncs
from keyturn.rules.directories.comings import Belongs, Unclear, belongs
from keyturn.rules.directories.known import LEFT, Known, Owing
from keyturn.rules.directories.things import How, LinkedAccount
from keyturn.rules.events import Entry, Event
from keyturn.steps import disabling, jobs
from keyturn.steps.acts import Act, record, row


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is settled together.

    Attributes:
        links, users: whose the accounts are, by account and by user; those that are somebody's.
        roles: of these users.
    """

    act: Act
    directory_id: str
    links: Mapping[str, LinkedAccount]
    users: Mapping[str, User]
    roles: Mapping[str, frozenset[Role]]


@dataclass(slots=True)
class _Made:
    """What comes of a batch, to be written at once."""

    users: list[User] = field(default_factory=list)
    links: list[LinkedAccount] = field(default_factory=list)
    unclear: dict[str, str] = field(default_factory=dict)
    rows: list[Entry] = field(default_factory=list)


def settle(tx: Tx, act: Act, directory_id: str, limit: int) -> int:
    """Settle the accounts of a directory whose sync is held; how many there were to look at."""
    due = tx.syncs.to_settle(act.tenant.id, directory_id, limit)
    gone = {
        one.entry.id: one.gone_at
        for one in due
        if one.owing is Owing.DUE and one.gone_at is not None
    }
    held = bool(gone) and _held(tx, act, directory_id, gone.values())
    settled = [one for one in due if not (held and one.entry.id in gone)]
    if settled:
        _settle(tx, _batch(tx, act, directory_id, settled), settled)
    return len(due)


def _batch(tx: Tx, act: Act, directory_id: str, those: Sequence[Known]) -> _Batch:
    found = tx.directories.holders(act.tenant.id, directory_id, [one.entry.id for one in those])
    ids = sorted({link.user_id for link in found})
    return _Batch(
        act, directory_id, {link.guid: link for link in found},
        {user.id: user for user in tx.users.some(act.tenant.id, ids)}, tx.roles.of_users(ids),
    )  # fmt: skip


def _settle(tx: Tx, batch: _Batch, those: Sequence[Known]) -> None:
    made = _Made()
    fresh = []
    for one in those:
        link = batch.links.get(one.entry.id)
        if link is not None:
            _follow(tx, batch, link, one, made)
        elif one.gone_at is None and not one.unclear:
            fresh.append(one)
    _join(tx, batch, fresh, made)
    tx.users.add_all(made.users)
    tx.directories.link_all(made.links)
    tx.audit.add_all(made.rows)
    tx.syncs.keep(
        batch.act.tenant.id, batch.directory_id, [_after(batch, made, one) for one in those]
    )


def _after(batch: _Batch, made: _Made, one: Known) -> Known:
    """An account that is settled."""
    owing = Owing.DECIDED if one.owing is Owing.SURE else Owing.NOTHING
    linked = one.entry.id in batch.links
    unclear = "" if linked else made.unclear.get(one.entry.id, one.unclear)
    return replace(one, owing=owing, unclear=unclear)


# -- somebody's


def _follow(tx: Tx, batch: _Batch, link: LinkedAccount, one: Known, made: _Made) -> None:
    user = batch.users.get(link.user_id)
    if user is None:
        return
    roles, entry = batch.roles.get(user.id, frozenset()), one.entry
    after = owners.followed(user, link, entry, staff=bool(roles))
    if after != user:
        tx.users.save(after)
        facts = {"account": entry.upn or entry.name, "guid": entry.id}
        made.rows.append(row(batch.act, Event.USER_FOLLOWED, after, facts))
    away = entry.disabled or one.gone_at is not None
    kept = _stand(tx, batch.act, after, link, away=away, owner=Role.OWNER in roles)
    kept = replace(kept, name=entry.name, upn=entry.upn)
    if kept != link:
        made.links.append(kept)


def _stand(
    tx: Tx, act: Act, user: User, link: LinkedAccount, *, away: bool, owner: bool
) -> LinkedAccount:
    """Stop or start a user as their account says; the link as it is to be kept."""
    after, kept = owners.stood(user, link, away=away, owner=owner)
    if after.state is user.state:
        return kept
    if after.state is UserState.DISABLED:
        record(tx, act, Event.USER_DISABLED, after, {"was": str(user.state), "cause": "directory"})
        disabling.disable(tx, act, user, "disabled")
    else:
        tx.users.save(after)
        record(tx, act, Event.USER_ENABLED, after, {"now": str(after.state), "cause": "directory"})
    return kept


# -- nobody's yet


def _join(tx: Tx, batch: _Batch, fresh: Sequence[Known], made: _Made) -> None:
    act, tenant_id = batch.act, batch.act.tenant.id
    mails = sorted({one.mail for one in fresh if one.mail})
    named = {m: u for m, u in tx.users.named_all(tenant_id, mails).items() if owners.counts(u)}
    ids = sorted({user.id for user in named.values()})
    staff = tx.roles.of_users(ids)
    barred = {user.id: owners.barred(user, staff=user.id in staff) for user in named.values()}
    holding = {a.user_id for a in tx.directories.of_users(tenant_id, batch.directory_id, ids)}
    shared = tx.syncs.mails(tenant_id, batch.directory_id, mails)
    for one in fresh:
        user = named.get(one.mail)
        match belongs(
            None, (user.id,) if user else (), holding, barred, shared=shared.get(one.mail, 0) > 1
        ):
            case Unclear(why=why):
                made.unclear[one.entry.id] = why
                facts = {"why": why, "account": one.entry.upn or one.entry.name,
                         "guid": one.entry.id}  # fmt: skip
                made.rows.append(row(act, Event.ACCOUNT_UNCLEAR, None, facts))
            case Belongs(user_id=user_id):
                holding.add(user_id)
                link = owners.joined(
                    one.entry, named[one.mail], batch.directory_id, How.MAIL, act.now
                )
                made.links.append(link)
                made.rows.append(
                    row(act, Event.ACCOUNT_LINKED, named[one.mail], _facts(one, How.MAIL))
                )
            case _:  # a newcomer
                _make(act, batch.directory_id, one, made)


def _make(act: Act, directory_id: str, one: Known, made: _Made) -> User:
    user = owners.newcomer(one.entry, act.tenant.id, act.id(), act.now)
    made.users.append(user)
    made.links.append(owners.joined(one.entry, user, directory_id, How.MADE, act.now))
    made.rows.append(row(act, Event.USER_CREATED, user, {"cause": "directory"}))
    made.rows.append(row(act, Event.ACCOUNT_LINKED, user, _facts(one, How.MADE)))
    return user


def _facts(one: Known, how: How) -> Mapping[str, object]:
    return {"account": one.entry.upn or one.entry.name, "guid": one.entry.id, "how": str(how)}


# -- so many are gone


def _held(tx: Tx, act: Act, directory_id: str, moments: Iterable[int]) -> bool:
    """Whether those who went at these moments wait for a person. Whoever was stopped within the
    hour because of it comes back: it is the same disappearance.
    """
    tenant_id = act.tenant.id
    since = min(act.now - syncs.GONE_WINDOW_MS, *moments)
    tally = tx.syncs.tally(tenant_id, directory_id, since)
    if not syncs.held_back(tally.present + tally.gone, tally.gone):
        return False
    before = tx.syncs.held(tenant_id, directory_id)
    ids = tx.syncs.hold(tenant_id, directory_id, since)
    entries = {one.entry.id: one for one in tx.syncs.known(tenant_id, directory_id, ids)}
    links = [one for one in tx.directories.holders(tenant_id, directory_id, ids) if one.stopped]
    users = {u.id: u for u in tx.users.some(tenant_id, sorted({one.user_id for one in links}))}
    kept = [
        _stand(tx, act, users[link.user_id], link, away=entries[link.guid].entry.disabled,
               owner=False)
        for link in links if link.user_id in users
    ]  # fmt: skip
    tx.directories.link_all(kept)
    if not before.count:
        record(tx, act, Event.SYNC_HELD, None, {"directory": directory_id, "gone": len(ids)})
    return True


# -- a person decides


def give(tx: Tx, act: Act, directory_id: str, one: Known, user: User) -> None:
    """A person has said that an account is this user's; the one they had here is nobody's, and
    is settled anew. Raises Taken if somebody else has it by now.
    """
    for was in tx.directories.of_users(act.tenant.id, directory_id, [user.id]):
        give_up(tx, act, was)
        stir(tx, act, directory_id, [was.guid])
    tx.directories.link(owners.joined(one.entry, user, directory_id, How.STAFF, act.now))
    record(tx, act, Event.ACCOUNT_LINKED, user, _facts(one, How.STAFF))
    _put(tx, act, directory_id, replace(one, unclear=""))


def make(tx: Tx, act: Act, directory_id: str, one: Known) -> User:
    """A person has said that an account is somebody's who is not here yet. Raises Taken as
    `give`.
    """
    made = _Made()
    user = _make(act, directory_id, one, made)
    tx.users.add_all(made.users)
    tx.directories.link_all(made.links)
    tx.audit.add_all(made.rows)
    _put(tx, act, directory_id, replace(one, unclear=""))
    return user


def leave(tx: Tx, act: Act, directory_id: str, guid: str) -> None:
    """A person has said that an account is nobody's here; so it stays until a person says
    otherwise.
    """
    for one in tx.syncs.known(act.tenant.id, directory_id, [guid]):
        _put(tx, act, directory_id, replace(one, unclear=LEFT))


def stir(tx: Tx, act: Act, directory_id: str, guids: Sequence[str]) -> None:
    """Something else than the directory has changed whose these accounts are."""
    found = tx.syncs.known(act.tenant.id, directory_id, guids)
    tx.syncs.keep(
        act.tenant.id, directory_id, [replace(one, owing=Owing.DUE, unclear="") for one in found]
    )


def _put(tx: Tx, act: Act, directory_id: str, one: Known) -> None:
    tx.syncs.keep(act.tenant.id, directory_id, [one])


def give_up(tx: Tx, act: Act, account: LinkedAccount) -> None:
    """Jobs of an account that is not this person's any more, as far as they can be stopped."""
    for job in tx.jobs.open_of(account.tenant_id, account.directory_id, account.guid):
        jobs.cancel(tx, act, job)
