"""The whole server in this process: a real socket, SQLite, a real mail hop, a gateway.

    with Served(folder) as served:
        served.user("ada@people.test")
        served.clock.move(10 * MINUTE)
        served.mailed("ada@people.test").code

Only its clock is unlike `keyturn serve`'s: it can be moved forwards.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import argon2
import pyotp
import uvicorn

from keyturn import wiring
from keyturn.adapters.sql.migrate import ensure
from keyturn.adapters.system import SystemClock
from keyturn.demo.mailbox import KeptMail
from keyturn.demo.peers import Peers
from keyturn.ports.store import Tx
from keyturn.rules.accounts import (
    Contact,
    Factor,
    FactorKind,
    Role,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)
from keyturn.rules.identifiers import canonical
from keyturn.rules.lockout import DAY
from keyturn.settings import Settings
from keyturn.steps.second import sealed_for

T = TypeVar("T")
PASSWORD = "quiet harbour at seven"
PATIENCE_S = 30
_CODE = re.compile(r"^\s*(\d{3}) ?(\d{3})\s*$|\b(\d{6})\b", re.MULTILINE)
_LINK = re.compile(r"https?://\S+")


@lru_cache
def hashed() -> str:
    """PASSWORD hashed with the default parameters."""
    return argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


class MovedClock:
    """The system's clock, and what it was moved by."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self.moved = 0

    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""
        return self._system.now() + self.moved

    def move(self, ms: int) -> None:
        """Let `ms` ≥ 0 pass at once."""
        if ms < 0:
            raise ValueError(ms)
        self.moved += ms


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a person finds in a mail or a text."""

    subject: str
    text: str

    @property
    def code(self) -> str:
        """The six digits in it."""
        found = _CODE.search(self.text)
        assert found, self.text
        return "".join(group or "" for group in found.groups())

    def link(self, path: str) -> str:
        """The link in it whose address holds `path`."""
        return next(link for link in _LINK.findall(self.text) if path in link)


def eventually(look: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
    """What `look` finds, asked again and again for so long at most."""
    pause, end = threading.Event(), time.monotonic() + patience_s
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        pause.wait(0.02)
    raise AssertionError(f"nothing came within {patience_s:.0f} seconds")


class Served:
    """See the module. Attributes: `origin`, `clock`, `peers`, `house`, `tenant`.

    Args:
        host: what browsers call it; passkeys need a name, "localhost".
        front: puts something before the application.
        push: the section "push".
        mail: further settings of the section "mail".
    """

    def __init__(
        self, folder: Path, host: str = "127.0.0.1", *,
        front: Callable[[Any], Any] = lambda app: app, push: Mapping[str, Any] | None = None,
        **mail: Any,
    ) -> None:  # fmt: skip
        self._front = front
        self._push = push or {}
        self.clock = MovedClock()
        self.peers = Peers(delay_s=0.05)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://{host}:{self._listener.getsockname()[1]}"
        self._folder = folder
        self._mail = mail

    def __enter__(self) -> Self:
        self.peers.start()
        settings = self._settings()
        ensure(settings.store.url)
        self.house = wiring.build(settings, clock=self.clock)
        self.tenant = self._add_tenant("northwind", "Northwind Cameras", "#1f6f5c")
        self.other = self._add_tenant("fabrikam", "Fabrikam", "#7a2e8d")
        app = self._front(wiring.application(self.house))
        config = uvicorn.Config(
            app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="server"
        )
        self._thread.start()
        eventually(lambda: self._server.started or None)
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._listener.close()
        self.peers.stop()

    def _settings(self) -> Settings:
        return Settings.model_validate(
            {
                "server": {"origin": self.origin},
                "store": {"data_dir": str(self._folder)},
                "mail": {"host": "127.0.0.1", "port": self.peers.mailbox.port, **self._mail},
                "push": self._push,
                "sms": {
                    "driver": "kannel", "url": self.peers.gateway.url,
                    "user": "keyturn", "password": "demo",
                },
            }
        )  # fmt: skip

    # -- who is there

    def write(self, fn: Callable[[Tx], T]) -> T:
        """One transaction."""
        return self.house.store.submit_write(fn).result(PATIENCE_S)

    def _add_tenant(self, slug: str, name: str, accent: str) -> Tenant:
        tenant = Tenant(
            id=self.house.parts.random.id(self.clock.now()),
            slug=slug,
            name=name,
            host=None if slug == "northwind" else f"{slug}.test",
            sender=f"account@{slug}.test",
            accent=accent,
            timezone="Europe/London",
            context=(slug,),
            support=(
                Contact("Customer care", "+44 20 7946 0018", "Every day, 7:00 to 22:00"),
                Contact("By mail, answered within a day", f"help@{slug}.test"),
                Contact("In the shop", "12 Quay Street, Bristol", "Monday to Saturday"),
            ),
            policy=TenantPolicy(voice=True),
            created_at=self.clock.now() - 90 * DAY,
        )
        self.write(lambda tx: tx.tenants.add(tenant))
        return tenant

    def user(
        self,
        name: str,
        email: str,
        *,
        role: Role | None = None,
        names: Sequence[str] = (),
        tenant: Tenant | None = None,
        **fields: Any,
    ) -> User:
        """Somebody with an account and PASSWORD."""
        now = self.clock.now()
        plain = User(
            id=self.house.parts.random.id(now), tenant_id=(tenant or self.tenant).id,
            state=UserState.ACTIVE, name=name, username=names[0] if names else None, email=email,
            phone=None, phone_verified_at=None, password_hash=hashed(),
            password_set_at=now - 40 * DAY, epoch=0, frozen_at=None, timezone="Europe/London",
            created_at=now - 80 * DAY,
        )  # fmt: skip
        user = replace(plain, **fields)

        def step(tx: Tx) -> None:
            tx.users.add(user, [str(canonical(n)) for n in (email, *names)])
            if role is not None:
                tx.roles.grant(user.tenant_id, user.id, role)

        self.write(step)
        return user

    def authenticator(self, user: User) -> str:
        """Enrol an authenticator; its secret."""
        secret, now = pyotp.random_base32(), self.clock.now()
        sealed = self.house.parts.sealer.seal(secret.encode(), sealed_for(user.id))
        factor = Factor(
            self.house.parts.random.id(now), user.tenant_id, user.id, FactorKind.TOTP, sealed,
            None, now,
        )  # fmt: skip
        self.write(lambda tx: tx.factors.add(factor))
        return secret

    def shown(self, secret: str) -> str:
        """What an authenticator shows now; time moves on if need be, for each works once."""
        self.clock.move(30_000)
        return pyotp.TOTP(secret).generate_otp(self.clock.now() // 30_000)

    # -- what arrives

    def mailed(self, to: str, subject: str = "", *, after: int = 0) -> Arrived:
        """The newest mail to an address with these words in its subject.

        Args:
            after: how many such mails there were before.
        """

        def look() -> KeptMail | None:
            mails = [m for m in self.mails(to) if subject in m.subject]
            return mails[-1] if len(mails) > after else None

        mail = eventually(look)
        return Arrived(mail.subject, mail.text)

    def mails(self, to: str) -> list[KeptMail]:
        """All mails to an address, oldest first."""
        return [m for m in list(self.peers.mailbox.mails) if m.to == to]

    def texted(self, to: str, *, after: int = 0) -> Arrived:
        """The newest text to a number; `after`: how many there were before."""

        def look() -> str | None:
            texts = [t.text for t in list(self.peers.gateway.texts) if t.to == to]
            return texts[-1] if len(texts) > after else None

        return Arrived("", eventually(look))
