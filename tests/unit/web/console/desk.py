"""The whole site without sockets, and browsers that staff sit at.

office = Office()
desk = office.desk("manager")         signed in at level 2, with that role
answer = desk.get("/console/users")
answer = desk.post(f"/console/users/{ada.id}/unlock")
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx

from keyturn.adapters.memory_health import MemoryLedger
from keyturn.rules.accounts import Role, Session, Tenant, User
from keyturn.rules.lockout import DAY
from keyturn.rules.providers import Link, Member
from keyturn.steps import sessions
from keyturn.web import console
from keyturn.web.app import Gate
from keyturn.web.cookies import Jar
from keyturn.web.site import Site
from tests.unit.flows.clinic import probes
from tests.unit.flows.house import House
from tests.unit.web.browsing import pages

ORIGIN = "http://localhost:8080"
#: what links begin with (house.py)
LINKS = "https://id.test"
PAGE = {"accept": "text/html"}
MARK = "boundary-of-a-browser"
#: parameters of doors that test_directories.py tries
NOWHERE = {
    **dict.fromkeys(
        ("directory", "agent", "job", "look", "account", "batch", "pairing", "approval", "link",
         "tenant", "member", "begun"), "0" * 26
    ),
    "method": "text",
    **dict.fromkeys(("browser", "signature", "code"), "0" * 43), "home": "nobody",
}  # fmt: skip


class Office:
    """One installation with two tenants and the console's doors.

    Attributes:
        house: what is behind the doors; `other`: a second tenant.
    """

    def __init__(self) -> None:
        self.house = House()
        self.other = self.house.add_tenant("fabrikam")
        site = Site(parts=self.house.parts, origin=ORIGIN, trusted=(), pages=pages())
        site.health = lambda: (probes(clock=self.house.clock), MemoryLedger())
        self.routes = console.routes(site)
        self._site = site
        self.gate = Gate(site, [*self.routes, *console.ways(site)])
        self._staff = 0

    def close(self) -> None:
        """Let go of the store's threads."""
        self.house.close()

    def staff(self, role: Role | None, tenant: Tenant | None = None, **fields: Any) -> User:
        """A user with this role."""
        self._staff += 1
        where = tenant or self.house.tenant
        email = f"staff{self._staff}@{where.slug}.test"
        fields = {"name": f"Staff {self._staff}", "timezone": "Europe/London", **fields}
        return self.house.user(email, role=role, tenant=tenant, **fields)

    def desk(
        self, role: Role | None, *, level: int = 2, tenant: Tenant | None = None, **fields: Any
    ) -> Desk:
        """A browser in which somebody with this role is signed in."""
        desk = Desk(self, tenant or self.house.tenant)
        desk.sign_in(self.staff(role, tenant, **fields), level)
        return desk

    def customer(self, provider: Tenant, tenant: Tenant, role: Role = Role.MANAGER) -> Link:
        """A link of `tenant` with `provider`."""
        return linked(self.house, provider, tenant, role)

    def member(self, link: Link, user: User, role: Role) -> Member:
        """Let somebody act by a link."""
        return let_in(self.house, link, user, role)

    def guest(self, role: Role, tenant: Tenant | None = None, home: Role = Role.AUDITOR) -> Guest:
        """Somebody of a provider at work in a tenant's console, with this role there."""
        self._staff += 1
        provider = self.house.add_tenant(f"provider{self._staff}")
        self._site.forget_tenants()
        link = self.customer(provider, tenant or self.house.tenant)
        own = self.desk(home, tenant=provider)
        assert own.me is not None
        self.member(link, own.me, role)
        there = Desk(self, tenant or self.house.tenant)
        enter(own, there)
        there.me = own.me
        return Guest(own, there, link)

    def stranger(self) -> Desk:
        """A browser in which nobody is."""
        return Desk(self, self.house.tenant)


@dataclass(frozen=True, slots=True)
class Sent:
    """How a request is made, apart from its address."""

    method: str = "GET"
    headers: dict[str, str] | None = None
    content: str | bytes = ""


class Desk:
    """A browser with its cookies. Attribute: `me`, who is signed in, or None."""

    def __init__(self, office: Office, tenant: Tenant) -> None:
        self.office = office
        self.tenant = tenant
        self.me: User | None = None
        self._jar = Jar(tenant.slug, secure=False)
        self._base = f"/t/{tenant.slug}"
        self.cookies = {self._jar.name("browser"): office.house.random.token()}

    def sign_in(self, user: User, level: int) -> None:
        """A session, as a sign-in would make it."""
        house = self.office.house
        token, now = house.random.token(), house.clock.now()
        session = Session(
            digest=sessions.digest(house.parts, token), tenant_id=user.tenant_id,
            user_id=user.id, client_id=None, level=level, epoch=user.epoch, ip="203.0.113.9",
            client_name="Firefox on Windows", created_at=now, seen_at=now, expires_at=now + DAY,
        )  # fmt: skip
        house.write(lambda tx: tx.sessions.add(session))
        self.cookies[self._jar.name("session")] = token
        self.me = user

    @property
    def csrf(self) -> str:
        """The form token of this browser."""
        browser = self.cookies[self._jar.name("browser")]
        return self.office.house.sealer.digest("csrf", browser)

    def send(self, path: str, sent: Sent) -> httpx.Response:
        """One request, whatever is in it."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**PAGE, "cookie": cookies, **(sent.headers or {})}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.office.gate, client=("203.0.113.9", 50000))
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                return await client.request(
                    sent.method, self._base + path, content=sent.content, headers=headers
                )

        return asyncio.run(ask())

    def take(self, answer: httpx.Response) -> None:
        """Keep the cookies of an answer; those that are taken away go."""
        for line in answer.headers.get_list("set-cookie"):
            name, value = line.partition(";")[0].split("=", 1)
            self.cookies[name] = value
            if not value:
                del self.cookies[name]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(path, Sent(headers=named))

    def post(self, path: str, /, **fields: str) -> httpx.Response:
        """Send a form of this browser."""
        content = str(httpx.QueryParams({"csrf": self.csrf, **fields}))
        form = {"content-type": "application/x-www-form-urlencoded", "origin": ORIGIN}
        return self.send(path, Sent("POST", form, content))

    def upload(self, path: str, octets: bytes, name: str = "a.csv") -> httpx.Response:
        """Send a form of this browser with a file (RFC 7578)."""
        head = f"--{MARK}\r\nContent-Disposition: form-data; name="
        fields = f'{head}"csrf"\r\n\r\n{self.csrf}\r\n{head}"file"; filename="{name}"\r\n\r\n'
        form = {"content-type": f"multipart/form-data; boundary={MARK}", "origin": ORIGIN}
        body = fields.encode() + octets + f"\r\n--{MARK}--\r\n".encode()
        return self.send(path, Sent("POST", form, body))


def linked(house: House, provider: Tenant, tenant: Tenant, role: Role = Role.MANAGER) -> Link:
    """A link of `tenant` with `provider`."""
    now, new_id = house.clock.now(), house.random.id
    link = Link(new_id(now), provider.id, tenant.id, role, None, now)
    house.write(lambda tx: tx.providers.add_link(link))
    return link


def let_in(house: House, link: Link, user: User, role: Role) -> Member:
    """Let somebody act by a link."""
    now, provider, tenant = house.clock.now(), link.provider_id, link.tenant_id
    made = Member(
        house.random.id(now), link.id, provider, tenant, user.id, role, None, now
    )  # fmt: skip
    house.write(lambda tx: tx.providers.add_member(made))
    return made


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody of a provider in one browser: `home`, their own console; `desk`: the customer's."""

    home: Desk
    desk: Desk
    link: Link


def enter(home: Desk, there: Desk) -> None:
    """Go from a provider's console to a customer's, as a browser does."""
    begun = home.post(f"/console/customers/{there.tenant.id}/enter")
    assert begun.status_code == 200, begun.text
    there.take(back(there, home, there.get(onward(begun, there))))


def onward(answer: httpx.Response, to: Desk) -> str:
    """Where an answer leads, which is at `to`'s tenant."""
    place = answer.headers.get("location") or answer.headers["refresh"].partition("url=")[2]
    base = f"{LINKS}/t/{to.tenant.slug}"
    assert place.startswith(f"{base}/"), (place, answer.text)
    return str(place.removeprefix(base))


def back(there: Desk, home: Desk, told: httpx.Response) -> httpx.Response:
    """From the customer's address over home to where they are let in."""
    return there.get(onward(home.get(onward(told, home)), there))


def heading(answer: httpx.Response) -> str:
    """The one sentence that says how things stand."""
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    assert found, answer.text
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


def places(office: Office, **parts: str) -> list[SimpleNamespace]:
    """Every path of the console with the methods it takes, its parameters filled in."""
    found: list[SimpleNamespace] = []
    for route in office.routes:
        door: Any = route
        path = door.path.format(**{**NOWHERE, **parts})
        taken = [m for m in ("GET", "POST") if door.app._handlers[m] is not None]
        found.extend(SimpleNamespace(path=path, method=method) for method in taken)
    return found
