"""Three `keyturn serve` on one PostgreSQL, as on three hosts, behind nginx or Caddy.

The proxies run the files of docs/examples, with other addresses and a certificate of the
tests' own.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import re
import shutil
import signal
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from keyturn import wiring
from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.system import SystemClock, SystemRandom
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.callers import Caller
from keyturn.settings import Settings
from keyturn.steps.acts import begin
from keyturn.steps.outbox import mail_notice
from tests.lab.commanded import Server
from tests.lab.own import free_port, listens, open_folder, program, running, until
from tests.lab.served import PASSWORD, hashed

T = TypeVar("T")
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
HOSTS = ("10.0.0.11:8080", "10.0.0.12:8080", "10.0.0.13:8080")
NAME = "account.example.org"
#: where browsers come from; the proxies call the servers from 127.0.0.1
BROWSER = "127.0.0.2"
LEAVE_S = 3
#: between two sign-ins of one person: the machine has other tests to run
PAUSE_S = 0.1
_CSRF = re.compile(r'name="csrf" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate that signed itself."""

    chain: Path
    key: Path

    def trust(self) -> ssl.SSLContext:
        """A client's settings that trust it and nothing else."""
        return ssl.create_default_context(cafile=str(self.chain))


def self_signed(folder: Path) -> Certificate:
    """For https://127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.fromtimestamp(SystemClock().now() / 1000, dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    made = Certificate(folder / "chain.pem", folder / "key.pem")
    made.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


class Fleet:
    """The three servers. Attributes: `origin`, `store` (the test's own look), `tenant`."""

    def __init__(self, folder: Path, url: str, mail_port: int) -> None:
        self._url = url
        self.proxy_port = free_port()
        self.origin = f"https://127.0.0.1:{self.proxy_port}"
        self.ports = [free_port() for _ in HOSTS]
        self._folders = [folder / f"host{n}" for n in range(len(HOSTS))]
        self._shared = {
            "KEYTURN_SERVER__ORIGIN": self.origin,
            "KEYTURN_SERVER__WORKERS": "1",
            "KEYTURN_SERVER__TRUSTED_PROXIES": "127.0.0.1",
            "KEYTURN_SERVER__LEAVE_SECONDS": str(LEAVE_S),
            "KEYTURN_STORE__URL": url,
            "KEYTURN_MAIL__PORT": str(mail_port),
            "KEYTURN_MAIL__HOST": "127.0.0.1",
            "KEYTURN_LIMITS__NETWORK_FAILURES": "100000",
        }
        for place in self._folders:
            (place / "data").mkdir(parents=True)
        self.servers = [self._start(0)]
        self.servers[0].listening()
        for place in self._folders[1:]:
            shutil.copy(self._folders[0] / "data" / "keys.json", place / "data" / "keys.json")
        self.servers += [self._start(number) for number in range(1, len(HOSTS))]
        for server in self.servers[1:]:
            server.listening()
        self.store: SqlStore = open_store(url)
        (self.tenant,) = self.read(lambda tx: tx.tenants.all())

    def _start(self, number: int) -> Server:
        place = self._folders[number]
        more = {
            "KEYTURN_SERVER__PORT": str(self.ports[number]),
            "KEYTURN_STORE__DATA_DIR": str(place / "data"),
        }
        return Server(place, **self._shared, **more)

    def restart(self, number: int) -> None:
        """One after the other: stop, and start anew in the same place."""
        assert self.servers[number].stop() == 0
        self.servers[number].close()
        self.servers[number] = self._start(number)
        self.servers[number].listening()

    def kill(self, number: int) -> None:
        """Master and workers at once, as a host that loses its power."""
        for pid in self._processes(number):
            os.kill(pid, signal.SIGKILL)
        self.servers[number].process.wait()

    def revive(self, number: int) -> None:
        """Start one that was killed."""
        self.servers[number].close()
        self.servers[number] = self._start(number)
        self.servers[number].listening()

    def _processes(self, number: int) -> list[int]:
        """A server's master and workers."""
        pid = self.servers[number].process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def sockets(self) -> list[set[str]]:
        """The sockets that each server holds now, as /proc names them."""
        return [
            {
                str(file.readlink())
                for pid in self._processes(number)
                for file in Path(f"/proc/{pid}/fd").iterdir()
                if file.is_symlink()
            }
            for number in range(len(self.servers))
        ]

    def queue(self, user: User, count: int) -> None:
        """Put so many mails to somebody into the outbox, in one transaction."""
        data = self._folders[0] / "data"
        parts = wiring.build(
            Settings.model_validate({"store": {"data_dir": str(data), "url": self._url}})
        ).parts
        nobody = Caller(tenant=self.tenant, browser="", offers=(), ip="", client_name="test")
        act = begin(parts, nobody)
        values = {"ref": "KT-0000-00", "at": act.now}

        def step(tx: Tx) -> None:
            for _ in range(count):
                mail_notice(tx, act, "case_opened", user, values)

        self.write(step)

    def close(self) -> None:
        """End them all."""
        self.store.close()
        for server in self.servers:
            server.close()

    # -- what they share

    def read(self, fn: Callable[[Tx], T]) -> T:
        """A look of the test's own."""
        return self.store.submit_read(fn).result(30)

    def write(self, fn: Callable[[Tx], T]) -> T:
        """A transaction of the test's own: no server hears of it."""
        return self.store.submit_write(fn).result(30)

    def people(self, count: int, start: str) -> list[User]:
        """So many accounts with PASSWORD, whose user names begin with `start`."""
        now, random = SystemClock().now(), SystemRandom()
        made = [
            User(
                id=random.id(now), tenant_id=self.tenant.id, state=UserState.ACTIVE,
                name=f"{start} {n}", username=f"{start}{n}", email=f"{start}{n}@example.test",
                phone=None, phone_verified_at=None, password_hash=hashed(),
                password_set_at=now, epoch=0, frozen_at=None, timezone=None, created_at=now,
            )
            for n in range(count)
        ]  # fmt: skip
        for user in made:
            self.write(partial(_add, user))
        return made


def _add(user: User, tx: Tx) -> None:
    tx.users.add(user, [user.email, str(user.username)])


# -- the proxies


@contextmanager
def nginx(fleet: Fleet, certificate: Certificate) -> Iterator[None]:
    """docs/examples/nginx.conf."""
    with open_folder("nginx") as folder:
        temporary = "".join(
            f"{part}_temp_path {folder}/{part};\n" for part in ("client_body", "proxy", "fastcgi")
        )
        text = _placed(
            (EXAMPLES / "nginx.conf").read_text(), fleet, certificate,
            {
                "http {\n": f"http {{\naccess_log off;\n{temporary}",
                "listen 443 ": f"listen 127.0.0.1:{fleet.proxy_port} ",
                "listen 80;": f"listen 127.0.0.1:{free_port()};",
            },
        )  # fmt: skip
        (folder / "nginx.conf").write_text(text)
        command = program("nginx", "nginx")
        main = f"daemon off; pid {folder}/pid; error_log {folder}/error.log;"
        with running(
            command, "-p", folder, "-c", folder / "nginx.conf", "-g", main, log=folder / "log"
        ):
            until(lambda: listens(fleet.proxy_port), what="nginx")
            yield


@contextmanager
def caddy(fleet: Fleet, certificate: Certificate) -> Iterator[None]:
    """docs/examples/Caddyfile."""
    with open_folder("caddy") as folder:
        text = _placed(
            (EXAMPLES / "Caddyfile").read_text(), fleet, certificate,
            {f"{NAME} {{\n": f"{fleet.origin} {{\n\tbind 127.0.0.1\n"},
        )  # fmt: skip
        head = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
        (folder / "Caddyfile").write_text(head + text)
        command = program("caddy", "caddy")
        home = f"XDG_DATA_HOME={folder}", f"XDG_CONFIG_HOME={folder}"
        run = ("/usr/bin/env", *home, command, "run", "--config", folder / "Caddyfile")
        with running(*run, "--adapter", "caddyfile", log=folder / "log"):
            until(lambda: listens(fleet.proxy_port), what="Caddy")
            yield


def _placed(text: str, fleet: Fleet, certificate: Certificate, changes: Mapping[str, str]) -> str:
    """An example with addresses of this machine. Each must be there: it is what is tested."""
    hosts = {host: f"127.0.0.1:{port}" for host, port in zip(HOSTS, fleet.ports, strict=True)}
    files = {
        f"/etc/ssl/{NAME}.pem": str(certificate.chain),
        f"/etc/ssl/private/{NAME}.key": str(certificate.key),
    }
    for old, new in {**changes, **hosts, **files}.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


# -- browsers


@dataclass(slots=True)
class Browsers:
    """People who sign in. Attributes: `outcomes`: how often each answer came."""

    fleet: Fleet
    trust: ssl.SSLContext
    outcomes: Counter[str] = field(default_factory=Counter)

    def open(self) -> httpx.AsyncClient:
        """A browser."""
        transport = httpx.AsyncHTTPTransport(verify=self.trust, local_address=BROWSER)
        return httpx.AsyncClient(
            base_url=self.fleet.origin, transport=transport, timeout=30,
            headers={"accept": "text/html"},
        )  # fmt: skip

    async def post(self, client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
        """Open a page and send its form."""
        page = await client.get(path)
        token = _CSRF.search(page.text)
        assert token, (page.status_code, page.text[:300])
        return await client.post(path, data={"csrf": token[1], **fields})

    async def sign_in(self, client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> str:
        """As somebody nobody has seen before; the answer's status, or what went wrong."""
        client.cookies.clear()
        try:
            reply = await self.post(client, "/signin", identifier=name, password=password)
        except (httpx.HTTPError, AssertionError) as error:
            outcome = f"{type(error).__name__}: {error}"[:200]
        else:
            outcome = str(reply.status_code)
        self.outcomes[outcome] += 1
        return outcome

    async def keep_signing_in(self, names: list[str], stop: asyncio.Event) -> None:
        """One after the other, each in a coroutine of its own, until told to stop."""

        async def life(name: str) -> None:
            async with self.open() as client:
                while not stop.is_set():
                    await self.sign_in(client, name)
                    await asyncio.sleep(PAUSE_S)

        await asyncio.gather(*(life(name) for name in names))
