"""The rooms of a transaction: what can be read and stored, by subject.

Each method takes the tenant's id and never answers with another tenant's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.accounts import (
    Case,
    Client,
    Factor,
    FactorKind,
    Flow,
    Passkey,
    Role,
    Session,
    Tenant,
    User,
    UserState,
)
from keyturn.rules.budgets import Budget, Spending
from keyturn.rules.codes import Code
from keyturn.rules.events import Entry
from keyturn.rules.lockout import Lane
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.user_lists import Filter


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a try brings to the lookup.

    Attributes:
        canonical: the name's canonical spelling.
        clients: at most four client ids.
        network: as of network_of().
        absent: the lane's key if nobody has the name.
        own_lanes: known clients have lanes of their own (policy lockout.scope "client").
    """

    tenant_id: str
    canonical: str
    clients: Sequence[str]
    network: str
    absent: str
    own_lanes: bool


@dataclass(frozen=True, slots=True)
class SeenLane:
    """A lane as it was read, without holding it: `version` tells whether it is still so."""

    key: str
    lane: Lane
    version: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """What one sign-in try needs, read in one statement.

    Attributes:
        user: whom the name belongs to; for a name that nobody has, the tenant's decoy: a
            disabled account without a password, read by the same statement.
        known: whether `user` is a person, not the decoy.
        client: the known client among those offered that is this user's, or None.
        factors: the second steps enrolled. A phone number that takes texts is none by
            itself: whether it counts is the tenant's policy.
        staff: has a role somewhere.
        network: what the caller's network has spent of its budget.
        lane: the lane of this try as it stands, or None if it was never used.
    """

    user: User
    known: bool
    client: Client | None
    factors: frozenset[FactorKind]
    staff: bool
    network: Spending | None
    lane: SeenLane | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of users: rows and, if there may be more, the cursor of the next."""

    users: Sequence[User]
    after: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of users in the order that was asked for, and how many there are in all.

    Attributes:
        after: the cursor of the next page, if there may be more.
        total: `most` + 1 for more than `most`; None: nobody has counted that far.
    """

    users: Sequence[User]
    after: str | None
    total: int | None


class Tenants(Protocol):
    """Tenants; few, read often."""

    def all(self) -> Sequence[Tenant]: ...
    def get(self, tenant_id: str) -> Tenant | None: ...
    def add(self, tenant: Tenant) -> None:
        """Raises Taken("slug") or Taken("host")."""
        ...

    def update(self, tenant: Tenant) -> None: ...
    def ring(self, tenant_id: str) -> str | None:
        """Among whose phone numbers the tenant's are kept apart (rules.providers.ring); None: its
        own alone.
        """
        ...

    def join(self, tenant_id: str, ring: str | None) -> None:
        """Move the tenant, with every number its users have proved, into a ring; None: into none.
        Nobody of the tenant proves a number meanwhile, and the tenant's row is held.

        Raises Taken("phone") if another tenant there has one of the numbers: nothing has changed.
        """
        ...


class Users(Protocol):
    """Accounts and the names they are known by."""

    def lookup(self, wanted: Wanted) -> Lookup:
        """See Lookup."""
        ...

    def get(self, tenant_id: str, user_id: str) -> User | None: ...
    def lock(self, tenant_id: str, user_id: str) -> User | None:
        """As get, but nobody else changes the row until this transaction ends."""
        ...

    def named(self, tenant_id: str, canonical: str) -> User | None:
        """Whom an identifier belongs to."""
        ...

    def some(self, tenant_id: str, user_ids: Sequence[str]) -> Sequence[User]:
        """Those of these users who are there, ascending by id; held when writing."""
        ...

    def named_all(self, tenant_id: str, canonicals: Sequence[str]) -> Mapping[str, User]:
        """Whom each of these identifiers belongs to."""
        ...

    def add(self, user: User, identifiers: Sequence[str]) -> None:
        """Raises Taken("identifier")."""
        ...

    def add_all(self, users: Sequence[User]) -> None:
        """Users whom nothing names yet."""
        ...

    def save(self, user: User) -> None:
        """Store every field of an existing user."""
        ...

    def save_number(self, user: User) -> None:
        """As `save`, of a user whose number was proved just now: it is kept apart as the tenant
        says at this moment. Raises Taken("phone"), and then nothing is stored.
        """
        ...

    def set_language(self, tenant_id: str, user_id: str, language: str) -> None:
        """Store the language that a person chose, and nothing else of them."""
        ...

    def delete(self, tenant_id: str, user_id: str) -> None:
        """An unverified sign-up gives way; its identifiers go too."""
        ...

    def add_identifier(self, tenant_id: str, user_id: str, canonical: str) -> None:
        """Raises Taken("identifier")."""
        ...

    def drop_identifier(self, tenant_id: str, user_id: str, canonical: str) -> None: ...
    def holder_of_phone(self, tenant_id: str, phone: str) -> User | None:
        """The active or disabled user who has proved this number, or None."""
        ...

    def held_elsewhere(self, tenant_id: str, phone: str) -> bool:
        """Whether a user of another tenant in the tenant's ring has proved this number."""
        ...

    def clashes(self, tenant_id: str, ring: str) -> int:
        """How many of the tenant's proved numbers users of other tenants in a ring have too."""
        ...

    def search(
        self,
        tenant_id: str,
        query: str,
        state: UserState | None,
        after: str | None,
        limit: int,
        locked: int | None = None,
    ) -> Page:
        """Users whom `query` finds (see rules.search; all for ""), at most `limit` of them
        and of those who are not filed yet as many again.

        `after`: the cursor of the page before; `locked`: only those with a lane that is
        locked at this moment. A page may hold fewer than `limit`, even none, and yet have a
        cursor: so far was looked.
        """
        ...

    def table(
        self, tenant_id: str, wanted: Filter, now: int, after: str | None, limit: int,
        most: int = 0,
    ) -> Listed:  # fmt: skip
        """Users in the order that is asked for; see rules.user_lists. A page may hold fewer than
        `limit`, even none, and yet have a cursor: so far was looked.

        Args:
            now: whose lock ends later is locked.
            after: the cursor of the page before.
            most: so far they are counted; 0: nobody asks how many there are.
        """
        ...

    def tally(self, tenant_id: str, now: int, most: int) -> tuple[int, int]:
        """How many users there are, and how many have a lane that is locked; `most` + 1
        stands for more than `most`.
        """
        ...

    def unfiled(self, most: int = 0) -> bool:
        """Whether more than `most` users of all tenants are yet to be filed under their words."""
        ...

    def file(self, limit: int) -> int:
        """File at most `limit` users who are not; returns how many there were. Those whom
        another server files at this moment are left to it.
        """
        ...


class Lanes(Protocol):
    """Lanes by key; see rules.lockout."""

    def lock(self, tenant_id: str, key: str, now: int) -> Lane:
        """The lane (a new one if there was none), held until this transaction ends."""
        ...

    def save(self, tenant_id: str, key: str, lane: Lane, user_id: str | None) -> None: ...
    def swap(
        self,
        tenant_id: str,
        seen: SeenLane,
        lane: Lane,
        user_id: str | None,
        *,
        durable: bool = True,
    ) -> SeenLane | None:
        """Store `lane` in one statement if nobody has stored another since `seen`; None if
        somebody has: then `lock` and decide again.

        Args:
            durable: False, with Store.each: it need not outlast the database's own fall before
                the next commit, which brings it to the disk as well.
        """
        ...

    def get(self, tenant_id: str, key: str) -> Lane | None: ...
    def of_user(self, tenant_id: str, user_id: str) -> Mapping[str, Lane]:
        """Every lane of a user, by key; held until this transaction ends when writing."""
        ...

    def locked(self, tenant_id: str, user_ids: Sequence[str], now: int) -> Mapping[str, int]:
        """The end of the last lock of each of these users who has one."""
        ...

    def lapsed(self, now: int, limit: int) -> Sequence[tuple[str, str, str | None]]:
        """(tenant, key, user) of lanes with a reservation whose lease is over."""
        ...

    def refused(self, tenant_id: str, key: str) -> int:
        """Count one refusal by a lock; returns how many there were since the lane was
        last saved (so that the audit trail keeps the first few only).
        """
        ...


class Clients(Protocol):
    """Known clients."""

    def add(self, client: Client) -> None: ...
    def save(self, client: Client) -> None: ...
    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Client]: ...
    def last_seen(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, int]:
        """When each user last signed in, where that is known."""
        ...

    def forget(self, tenant_id: str, user_id: str, client_id: str | None) -> int:
        """Forget one client, or all with None; returns how many."""
        ...


class Sessions(Protocol):
    """Signed-in browsers."""

    def add(self, session: Session) -> None: ...
    def get(self, tenant_id: str, digest: str) -> tuple[Session, User] | None:
        """The session with its user, dead or alive; see rules.sessions."""
        ...

    def touch(self, tenant_id: str, digest: str, seen_at: int, level: int) -> None:
        """The session is used now; `level`: what it is still worth."""
        ...

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Session]: ...
    def end(self, tenant_id: str, user_id: str, digest: str | None) -> int:
        """End one session, or all with None; returns how many."""
        ...


class Flows(Protocol):
    """What browsers have begun."""

    def open(self, tenant_id: str, browser: str, kind: str, now: int) -> Flow | None:
        """The open, unexpired flow of this kind in this browser, held for this transaction."""
        ...

    def get(self, tenant_id: str, flow_id: str) -> Flow | None: ...
    def add(self, flow: Flow) -> None:
        """Closes an older open one of the same browser and kind (at flow.created_at)."""
        ...

    def save(self, flow: Flow) -> None: ...
    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Flow]: ...


class Codes(Protocol):
    """One-time codes; see rules.codes."""

    def add(self, code: Code) -> None:
        """Replaces (at code.sent_at) the live codes of the same flow."""
        ...

    def latest(self, flow_id: str) -> Code | None:
        """The newest code of a flow, held until this transaction ends."""
        ...

    def replaced(self, flow_id: str) -> Sequence[Code]:
        """A flow's codes that a newer one took the place of, newest first, at most ten."""
        ...

    def by_link(self, tenant_id: str, link: str) -> Code | None:
        """The code whose long link has this digest, held until this transaction ends."""
        ...

    def save(self, code: Code) -> None: ...


class Factors(Protocol):
    """Second steps."""

    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Factor]:
        """All, used recovery codes included; held when writing."""
        ...

    def add(self, factor: Factor) -> None: ...
    def save(self, factor: Factor) -> None: ...
    def remove(self, tenant_id: str, user_id: str, kind: FactorKind) -> int: ...
    def enrolled(self, tenant_id: str, user_ids: Sequence[str], kind: FactorKind) -> frozenset[str]:
        """Which of these users have enrolled this kind."""
        ...


class Passkeys(Protocol):
    """WebAuthn credentials."""

    def add(self, passkey: Passkey) -> None:
        """Raises Taken("passkey") if the tenant knows the credential already."""
        ...

    def save(self, passkey: Passkey) -> None: ...
    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Passkey]:
        """Oldest first; held when writing."""
        ...

    def named(self, tenant_id: str, credential_id: str) -> Passkey | None:
        """The passkey with this credential id; held when writing."""
        ...

    def remove(self, tenant_id: str, user_id: str, passkey_id: str | None) -> int:
        """Remove one, or all with None; returns how many."""
        ...

    def holders(self, tenant_id: str, user_ids: Sequence[str]) -> frozenset[str]:
        """Which of these users have a passkey that is still accepted."""
        ...


class Roles(Protocol):
    """Who is staff where. Whoever acts at a customer of their tenant's (ports/providers.py) has
    that role there, for as long as that stands; `here`, `grant` and `revoke` know the tenant's own.
    """

    def of_user(self, user_id: str) -> Mapping[str, Role]:
        """Role by tenant id."""
        ...

    def of_users(self, user_ids: Sequence[str]) -> Mapping[str, frozenset[Role]]:
        """The roles that these users have, in whatever tenant; who has none is left out."""
        ...

    def here(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, Role]:
        """The role of each of these users in a tenant, as far as they have one."""
        ...

    def grant(self, tenant_id: str, user_id: str, role: Role) -> None: ...
    def revoke(self, tenant_id: str, user_id: str) -> None: ...
    def holders(self, tenant_id: str, role: Role) -> Sequence[tuple[str, str]]:
        """(home tenant, id) of everybody who has this role in a tenant: a provider's staff
        have their accounts in another.
        """
        ...

    def any_owner(self) -> bool:
        """Whether the installation has an owner yet."""
        ...


class Budgets(Protocol):
    """Counters within windows; see rules.budgets."""

    def spend(self, tenant_id: str, key: str, now: int, budget: Budget) -> Spending:
        """Spend one; the window with it in. Compare with budget.allows()."""
        ...

    def look(
        self, tenant_id: str, key: str, budget: Budget, *, hold: bool = False
    ) -> Spending | None:
        """What was spent, without spending.

        Args:
            hold: nobody else spends until this transaction ends, once something was spent: of
                many at a time no more go on than the budget has left.
        """
        ...


class Messages(Protocol):
    """The outbox; see rules.messages."""

    def add(self, message: Message) -> None: ...
    def claim(self, now: int, limit: int, *, pushes: bool = False) -> Sequence[Message]:
        """Take due messages for a lease (state sending, attempt + 1): pushes to phones, or all
        the others.
        """
        ...

    def get(self, tenant_id: str, message_id: str) -> Message | None: ...
    def settle(self, message: Message, attempt: int) -> bool:
        """Store the outcome if the message is still being sent, at `attempt`; else False: a
        later worker has it, or a report came first.
        """
        ...

    def report(self, message_id: str, state: MessageState, detail: str, now: int) -> Message | None:
        """A delivery report came in; None if no such message or a state it may not take.
        Erases the sealed values: a report says that the message went.
        """
        ...

    def by_reference(self, channel: str, references: Sequence[str]) -> Sequence[Message]:
        """Messages that a gateway knows by one of these names, of all tenants, newest first,
        at most ten. The one look without a tenant, because a gateway serves them all: what
        it reports counts only for the message whose address it names.
        """
        ...

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Message]: ...
    def recent(
        self,
        tenant_id: str,
        channel: str | None,
        state: MessageState | None,
        limit: int,
        before: str | None = None,
    ) -> Sequence[Message]:
        """Newest first, dropped ones left out."""
        ...

    def crowd(self, until: int, most: int) -> int:
        """How many messages of all tenants, but for pushes, are to leave until then and have not;
        `most` stands for more.
        """
        ...

    def next_due(self, now: int, *, pushes: bool = False) -> int | None:
        """When the next message that `claim` would take is due (may be past), or None."""
        ...


class Audit(Protocol):
    """The audit trail: append and read."""

    def add(self, entry: Entry) -> None: ...
    def add_all(self, entries: Sequence[Entry]) -> None: ...
    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Entry]:
        """Newest first."""
        ...

    def search(
        self, tenant_id: str, events: Sequence[str], query: str, before: str | None, limit: int,
        *, since: int | None = None, until: int | None = None,
    ) -> Sequence[Entry]:  # fmt: skip
        """Newest first. `events`: names or prefixes ("signin."), none for all; `query`:
        a user's id or an ip address; `before`: an entry's id; only what happened from `since`
        to before `until` (ms), if these are given.
        """
        ...


class Cases(Protocol):
    """Cases."""

    def add(self, case: Case) -> None: ...
    def get(self, tenant_id: str, ref: str) -> Case | None: ...
    def save(self, case: Case) -> None: ...
    def recent(self, tenant_id: str, state: str | None, limit: int) -> Sequence[Case]: ...
    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Case]: ...
