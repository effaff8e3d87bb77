"""A house to try flows in: memory twins, the real store in memory, browsers, an outbox.

    house = open_house()
    ada = house.user("ada@northwind.test", "correct horse battery")
    browser = house.browser()
    answer = browser.sign_in("ada@northwind.test", "correct horse battery")

Flows are coroutines; `run` drives one to its end from a plain test.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

import pyotp
from sqlalchemy import event, func, select

from keyturn.adapters.memory import MemoryNumbering
from keyturn.adapters.memory_secrets import (
    MemoryClock,
    MemorySealer,
    PlainHasher,
    SeededRandom,
)
from keyturn.adapters.otp import Totp
from keyturn.adapters.passkeys import PyWebAuthn
from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import SqliteStore, SqlStore, engine_of
from keyturn.adapters.turns import LaneTurns
from keyturn.flows import signin
from keyturn.ports.parts import Limits, Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import (
    Contact,
    Factor,
    FactorKind,
    Passkey,
    Role,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)
from keyturn.rules.callers import Caller, ClientOffer
from keyturn.rules.events import Entry
from keyturn.rules.identifiers import canonical
from keyturn.rules.lockout import DAY, Lane
from keyturn.rules.messages import Message
from keyturn.rules.passwords import normalised
from keyturn.rules.recovery_codes import shown
from keyturn.steps import sessions
from keyturn.steps.acts import begin
from keyturn.steps.second import RECOVERY_PURPOSE, sealed_for
from keyturn.steps.stepup import Signed

T = TypeVar("T")

EMAIL = "ada@northwind.test"
PASSWORD = "correct horse battery"
COMMON = frozenset({"password", "password1", "12345678"})
LIMITS = Limits(
    network_failures=1000, session_ms=30 * DAY, session_idle_ms=14 * DAY, sms_per_day=100
)


def run(flow: Coroutine[Any, Any, T]) -> T:
    """Drive one flow to its end."""
    return asyncio.run(flow)


def together(*flows: Coroutine[Any, Any, T]) -> list[T]:
    """Drive flows at the same moment; their answers in order."""

    async def all_of_them() -> list[T]:
        return list(await asyncio.gather(*flows))

    return asyncio.run(all_of_them())


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """A database with every table and nothing in them."""
    store = open_store("sqlite://")
    complete().create_all(engine_of(store))
    with engine_of(store).connect() as link:
        driver: Any = link.connection.driver_connection
        made = bytes(driver.serialize())
    store.close()
    return made


class _Written(dict[Any, Any]):
    """Statements that SQLAlchemy has written as text, for every database in memory: what it writes
    hangs on the dialect's kind, and each engine has a dialect of its own.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """See dict."""
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), compiled)


_WRITTEN = _Written()


def furnish(store: SqlStore) -> None:
    """Give an empty store its tables. One in memory gets a copy of one that was made before, and
    statements that were written before: to make them takes longer than most tests do.
    """
    if not isinstance(store, SqliteStore) or store.engine.url.database:
        complete().create_all(engine_of(store))
        return
    store.engine = store.engine.execution_options(compiled_cache=_WRITTEN)
    with engine_of(store).connect() as link:
        driver: Any = link.connection.driver_connection
        driver.deserialize(_empty())


class WatchedHasher(PlainHasher):
    """A PlainHasher that lets something happen while a password is compared or hashed, and
    remembers what passwords were compared with.
    """

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[str] = []
        self.during: Callable[[], Awaitable[object]] | None = None

    async def _happen(self) -> None:
        happening, self.during = self.during, None
        if happening is not None:
            await happening()

    async def hash(self, password: str) -> str:
        """As PlainHasher; `during` happens first, once."""
        await self._happen()
        return await super().hash(password)

    async def verify(self, encoded: str, password: str) -> bool:
        """As PlainHasher; `during` happens first, once."""
        await self._happen()
        self.compared.append(encoded)
        return await super().verify(encoded, password)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of the outbox with its values opened."""

    message: Message
    values: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The template's name."""
        return self.message.kind

    @property
    def code(self) -> str:
        """The six digits in it."""
        return str(self.values["code"])

    @property
    def token(self) -> str:
        """The token at the end of the long link, or of "this wasn't me"."""
        link = self.values.get("link") or self.values["notme"]
        return str(link).rpartition("/")[2]


class House:
    """One installation with one tenant; see the module."""

    def __init__(self, **policy: Any) -> None:
        self.clock = MemoryClock()
        self.random = SeededRandom()
        self.hasher = WatchedHasher()
        self.sealer = MemorySealer()
        self.store: SqlStore = open_store("sqlite://")
        furnish(self.store)
        self.parts = Parts(
            clock=self.clock,
            random=self.random,
            store=self.store,
            hasher=self.hasher,
            sealer=self.sealer,
            otp=Totp(),
            passkeys=PyWebAuthn(),
            plan=MemoryNumbering(),
            turns=LaneTurns(),
            limits=LIMITS,
            link=lambda tenant, path: f"https://id.test/t/{tenant.slug}{path}",
            is_common=COMMON.__contains__,
        )
        self.tenant = self.add_tenant("northwind", **policy)
        self._ips = iter(range(1, 250))

    def close(self) -> None:
        """Let go of the store's threads."""
        self.store.close()

    def limit(self, **limits: int) -> None:
        """Change the installation's limits."""
        self.parts = replace(self.parts, limits=replace(self.parts.limits, **limits))

    # -- the database, without a flow

    def write(self, fn: Callable[[Tx], T]) -> T:
        """One transaction."""
        return self.store.submit_write(fn).result(timeout=10)

    def add_tenant(self, slug: str, **policy: Any) -> Tenant:
        """One more tenant."""
        tenant = Tenant(
            id=self.random.id(self.clock.now()),
            slug=slug,
            name=slug.title(),
            host=None,
            sender=f"account@{slug}.test",
            accent="#1f7a5c",
            timezone="Europe/London",
            context=(slug,),
            support=(Contact("Phone", "+44 20 7946 0100"),),
            policy=TenantPolicy(**policy),
            created_at=self.clock.now(),
        )
        self.write(lambda tx: tx.tenants.add(tenant))
        return tenant

    def user(
        self,
        email: str = EMAIL,
        password: str | None = PASSWORD,
        *,
        state: UserState = UserState.ACTIVE,
        names: Sequence[str] = (),
        tenant: Tenant | None = None,
        role: Role | None = None,
        **fields: Any,
    ) -> User:
        """A user with these names besides the address."""
        plain: dict[str, Any] = {
            "id": self.random.id(self.clock.now()),
            "tenant_id": (tenant or self.tenant).id,
            "state": state,
            "name": "Ada Byron",
            "username": None,
            "email": email,
            "phone": None,
            "phone_verified_at": None,
            "password_hash": run(self.hasher.hash(normalised(password))) if password else None,
            "password_set_at": self.clock.now() if password else None,
            "epoch": 0,
            "frozen_at": None,
            "timezone": None,
            "created_at": self.clock.now(),
        }
        user = User(**{**plain, **fields})
        canonicals = [str(canonical(name)) for name in (email, *names)]

        def step(tx: Tx) -> None:
            tx.users.add(user, canonicals)
            if role is not None:
                tx.roles.grant(user.tenant_id, user.id, role)

        self.write(step)
        return user

    def again(self, user: User) -> User:
        """The user as stored now."""
        found = self.write(lambda tx: tx.users.get(user.tenant_id, user.id))
        assert found is not None
        return found

    def change(self, user: User, **fields: Any) -> User:
        """Store changed fields of a user."""
        changed = replace(self.again(user), **fields)
        self.write(lambda tx: tx.users.save(changed))
        return changed

    def lane(self, key: str) -> Lane:
        """A lane as stored; an untouched one if there is none."""
        return self.write(lambda tx: tx.lanes.get(self.tenant.id, key)) or Lane()

    def set_lane(self, key: str, lane: Lane, user: User | None = None) -> None:
        """Put a lane into a state that would take long to bring about."""

        def step(tx: Tx) -> None:
            tx.lanes.lock(self.tenant.id, key, self.clock.now())
            tx.lanes.save(self.tenant.id, key, lane, user.id if user else None)

        self.write(step)

    def count(self, table: str) -> int:
        """Rows of a table."""
        wanted = select(func.count()).select_from(complete().tables[table])
        return int(self.write(lambda tx: tx.connection.execute(wanted).scalar()))  # type: ignore[attr-defined]

    def dump(self, *tables: str) -> str:
        """Every cell of these tables, as text."""
        wanted = [select(complete().tables[name]) for name in tables]
        return self.write(lambda tx: str([tx.connection.execute(w).all() for w in wanted]))  # type: ignore[attr-defined]

    def events(self, user: User | None = None) -> list[str]:
        """Names of what the audit trail holds, oldest first; of one user, or of all."""
        return [str(entry.event) for entry in self.trail(user)]

    def trail(self, user: User | None = None) -> list[Entry]:
        """The audit trail, oldest first."""
        entries = self.write(lambda tx: tx.audit.search(self.tenant.id, (), "", None, 1000))
        return [e for e in reversed(entries) if user is None or e.user_id == user.id]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that the store executes meanwhile."""
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "SAVEPOINT item", "RELEASE item")):
                seen.append(re.sub(r"(SAVEPOINT \w+?)\d+", r"\1", statement))

        engine = engine_of(self.store)
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    # -- what people hold in their hands

    def outbox(self, kind: str | None = None) -> list[Letter]:
        """What was queued, oldest first, opened; nothing is taken out."""
        rows = complete().tables["messages"]
        wanted = select(rows.c.tenant_id, rows.c.id).order_by(rows.c.id)

        def step(tx: Tx) -> list[Message]:
            found = tx.connection.execute(wanted).all()  # type: ignore[attr-defined]
            return [m for t, i in found if (m := tx.messages.get(t, i)) is not None]

        return [self._opened(m) for m in self.write(step) if kind in (None, m.kind)]

    def _opened(self, message: Message) -> Letter:
        values = json.loads(self.sealer.open(message.sealed, f"message|{message.id}"))
        return Letter(message=message, values=values)

    def last(self, kind: str) -> Letter:
        """The newest message of this kind."""
        return self.outbox(kind)[-1]

    def totp(self, user: User) -> str:
        """Enrol an authenticator; its secret."""
        secret = pyotp.random_base32()
        sealed = self.sealer.seal(secret.encode(), sealed_for(user.id))
        self._add_factor(user, FactorKind.TOTP, sealed)
        return secret

    def saved_codes(self, user: User, count: int = 2) -> list[str]:
        """Enrol recovery codes; the codes as people read them."""
        letters = [self.random.letters(16) for _ in range(count)]
        for code in letters:
            digest = self.sealer.digest(RECOVERY_PURPOSE, f"{user.id}|{code}")
            self._add_factor(user, FactorKind.RECOVERY, digest)
        return [shown(code) for code in letters]

    def signed(self, browser: Browser, user: User, level: int = 2) -> Signed:
        """A session of a user that began now, whatever the user may do."""

        def step(tx: Tx) -> Signed:
            token = sessions.start(tx, begin(self.parts, browser.caller), user, None, level)
            found = tx.sessions.get(user.tenant_id, sessions.digest(self.parts, token))
            assert found is not None
            return Signed(session=found[0], user=user)

        return self.write(step)

    def passkey(self, user: User, **fields: Any) -> Passkey:
        """Enrol a passkey that no authenticator holds."""
        now = self.clock.now()
        plain: dict[str, Any] = {
            "id": self.random.id(now), "tenant_id": user.tenant_id, "user_id": user.id,
            "credential_id": self.random.token(), "public_key": "", "sign_count": 0,
            "name": "Laptop", "aaguid": "", "transports": "internal", "synced": False,
            "created_at": now, "used_at": None, "cloned_at": None,
        }  # fmt: skip
        made = Passkey(**{**plain, **fields})
        self.write(lambda tx: tx.passkeys.add(made))
        return made

    def _add_factor(self, user: User, kind: FactorKind, secret: str) -> None:
        now = self.clock.now()
        factor = Factor(self.random.id(now), user.tenant_id, user.id, kind, secret, None, now)
        self.write(lambda tx: tx.factors.add(factor))

    def code_of(self, secret: str, steps: int = 0) -> str:
        """What the authenticator shows now, or some 30-second steps from now."""
        return pyotp.TOTP(secret).generate_otp(self.clock.now() // 30_000 + steps)

    def browser(self, *, tenant: Tenant | None = None, ip: str | None = None) -> Browser:
        """A browser nobody knows, in a network of its own unless `ip` is given."""
        return Browser(self, tenant or self.tenant, ip or f"203.0.{next(self._ips)}.7")


class Browser:
    """A browser: keeps cookies, makes Callers.

    Attributes:
        session: the session's token, or None.
    """

    def __init__(self, house: House, tenant: Tenant, ip: str) -> None:
        self.house = house
        self.tenant = tenant
        self.ip = ip
        self.name = "Firefox on Windows"
        self.token = house.random.token()
        self.session: str | None = None
        self.clients: dict[str, str] = {}

    @property
    def caller(self) -> Caller:
        """What a door would make of a request of this browser."""
        digest = self.house.sealer.digest
        return Caller(
            tenant=self.tenant,
            browser=digest("browser", self.token),
            offers=tuple(ClientOffer(i, digest("client", t)) for i, t in self.clients.items()),
            ip=self.ip,
            client_name=self.name,
        )

    def keep(self, answer: T) -> T:
        """Store the cookies that come with an answer; returns the answer."""
        session, client = getattr(answer, "session", None), getattr(answer, "client", None)
        if isinstance(session, str):
            self.session = session
        if isinstance(client, str):
            client_id, _, token = client.partition(".")
            self.clients[client_id] = token
        return answer

    def sign_in(self, typed: str = EMAIL, password: str = PASSWORD) -> signin.Answer:
        """Type a name and a password."""
        return self.keep(run(signin.sign_in(self.house.parts, self.caller, typed, password)))

    def fail(self, times: int, typed: str = EMAIL) -> signin.Answer:
        """Type wrong passwords, one after the other; the last answer."""
        answer: signin.Answer | None = None
        for _ in range(times):
            answer = self.sign_in(typed, "not the password")
        assert answer is not None
        return answer

    def second_step(self, code: str, *, trust: bool = False) -> object:
        """Type the second step."""
        flow = signin.second_step(self.house.parts, self.caller, code, trust=trust)
        return self.keep(run(flow))
