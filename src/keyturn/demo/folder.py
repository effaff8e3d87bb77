"""Where a demo keeps what it has, and the settings that follow from it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import ssl
from pathlib import Path

from pydantic import SecretStr

from keyturn import couriers
from keyturn.adapters.dkim import TxtRecord, dns_record, load_key
from keyturn.adapters.system import SystemClock
from keyturn.demo import company
from keyturn.demo.clock import DemoClock
from keyturn.demo.company import Roster
from keyturn.demo.far_side import PASSWORD, USERNAME, FarSide
from keyturn.demo.pushes import Pushed
from keyturn.demo.spool import Spool
from keyturn.demo.vouching import Papers, papers
from keyturn.lab.certificates import Authority
from keyturn.settings import (
    DkimKey,
    Hashing,
    Limits,
    Log,
    Mail,
    Passwords,
    Push,
    Server,
    Settings,
    Sms,
    Storage,
)

MARK = "this-is-a-demo"
SELECTOR = "demo"
HOST = "127.0.0.1"
#: the push service of this demo is on this machine
LOOPBACK = ("127.0.0.0/8", "::1/128")


class NotADemo(Exception):
    """The folder holds something that no demo made; it is left alone."""


class InUse(Exception):
    """A demo runs in this folder already."""


class DemoFolder:
    """A demo's folder.

    Attributes:
        path: where it is.
        old: whether it holds the people of an earlier demo.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    @property
    def old(self) -> bool:
        """Whether an earlier demo was made here, and made completely."""
        return (self.path / MARK).exists() and (self.path / "people.json").exists()

    def take(self, *, keep: bool) -> None:
        """Make it this process's; empty it unless `keep`. Raises NotADemo, InUse, OSError."""
        mark = self.path / MARK
        if self.path.exists() and any(self.path.iterdir()) and not mark.exists():
            raise NotADemo
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse from None
        if not (keep and self.old):
            self._clear()
        if not self._key.exists():
            pem, _ = couriers.mail_key(company.DOMAIN, SELECTOR, "ed25519")
            self._key.write_bytes(pem)
            self._key.chmod(0o600)

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._lock)
        self._lock = -1

    def _clear(self) -> None:
        for item in self.path.iterdir():
            if item.name != MARK:
                shutil.rmtree(item) if item.is_dir() else item.unlink()

    @property
    def _key(self) -> Path:
        return self.path / "dkim.pem"

    @property
    def clock(self) -> DemoClock:
        """The clock that all processes of this demo share."""
        return DemoClock(self.path / "clock")

    @property
    def spool(self) -> Spool:
        """What arrived at the far side."""
        return Spool(self.path / "arrived.jsonl")

    @property
    def roster(self) -> Roster:
        """Who is in it."""
        return Roster(self.path / "people.json")

    @property
    def pushed(self) -> Pushed:
        """What the push service took."""
        return Pushed(self.path / "pushed.jsonl")

    def push_tls(self) -> ssl.SSLContext:
        """What the push service shows: by an authority that is made anew each time."""
        shutil.rmtree(self._push, ignore_errors=True)
        own = Authority(self._push, "Keyturn demo push")
        self._trusted.write_bytes(own.ca.read_bytes() + _system_trust())
        return own.context("localhost")

    @property
    def _trusted(self) -> Path:
        """Whom messages are handed to: our service, and those of browsers' makers."""
        return self._push / "trusted.pem"

    def papers(self, address: str) -> Papers:
        """Those by which other devices come in at an address; by the real time, not the demo's."""
        return papers(self.path / "lan", address, SystemClock().now())

    @property
    def _push(self) -> Path:
        return self.path / "push"

    def record(self) -> TxtRecord:
        """The DNS record of the key that signs its mails."""
        return dns_record(load_key(company.DOMAIN, SELECTOR, self._key.read_bytes()))

    def remember(self, far: FarSide, port: int, workers: int, origin: str = "") -> Settings:
        """The settings with which this demo runs, kept for commands beside it.

        Args:
            origin: what browsers call it; "": localhost.
        """
        facts = {
            "mail": far.mail_port, "sms": far.sms_url, "push": far.push_port, "port": port,
            "workers": workers, "origin": origin or f"http://localhost:{port}",
            "lan": bool(origin),
        }  # fmt: skip
        (self.path / "ports.json").write_text(json.dumps(facts))
        return self.settings()

    def settings(self) -> Settings:
        """As remembered. The environment has no say: a demo is the same everywhere.

        Raises FileNotFoundError if no demo was ever started here.
        """
        facts = json.loads((self.path / "ports.json").read_text())
        port, push_port = facts["port"], facts["push"]
        return Settings(
            server=Server(
                origin=facts["origin"], host=HOST, port=port, workers=facts["workers"]
            ),
            store=Storage(data_dir=self.path),
            mail=Mail(
                host=HOST,
                port=facts["mail"],
                dkim=(DkimKey(domain=company.DOMAIN, selector=SELECTOR, file=self._key),),
            ),
            sms=Sms(
                driver="kannel", url=facts["sms"], user=USERNAME, password=SecretStr(PASSWORD),
                sender="Northwind", report_base=f"http://localhost:{port}",
            ),
            push=Push(
                hosts=("localhost", *(Push().hosts if facts["lan"] else ())),
                ports=(443, push_port), networks=LOOPBACK, ca_file=self._trusted,
            ),
            hash=Hashing(),
            passwords=Passwords(),
            limits=Limits(),
            log=Log(level="warning"),
        )  # fmt: skip


def _system_trust() -> bytes:
    """The authorities that this machine trusts, as one file; nothing where it keeps none."""
    paths = ssl.get_default_verify_paths()
    likely = (paths.cafile, f"{paths.capath}/ca-certificates.crt")
    return next((Path(one).read_bytes() for one in likely if one and Path(one).exists()), b"")
