"""Where a demo keeps what it has, and the settings that follow from it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

from pydantic import SecretStr

from keyturn import wiring
from keyturn.adapters.dkim import TxtRecord, dns_record, load_key
from keyturn.demo import company
from keyturn.demo.clock import DemoClock
from keyturn.demo.company import Roster
from keyturn.demo.far_side import PASSWORD, USERNAME, FarSide
from keyturn.demo.spool import Spool
from keyturn.settings import (
    DkimKey,
    Hashing,
    Limits,
    Log,
    Mail,
    Passwords,
    Server,
    Settings,
    Sms,
    Storage,
)

MARK = "this-is-a-demo"
SELECTOR = "demo"
HOST = "127.0.0.1"


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
            pem, _ = wiring.mail_key(company.DOMAIN, SELECTOR, "ed25519")
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

    def record(self) -> TxtRecord:
        """The DNS record of the key that signs its mails."""
        return dns_record(load_key(company.DOMAIN, SELECTOR, self._key.read_bytes()))

    def remember(self, far: FarSide, port: int, workers: int) -> Settings:
        """The settings with which this demo runs, kept for commands beside it."""
        facts = {"mail": far.mail_port, "sms": far.sms_url, "port": port, "workers": workers}
        (self.path / "ports.json").write_text(json.dumps(facts))
        return self.settings()

    def settings(self) -> Settings:
        """As remembered. The environment has no say: a demo is the same everywhere.

        Raises FileNotFoundError if no demo was ever started here.
        """
        facts = json.loads((self.path / "ports.json").read_text())
        port = facts["port"]
        return Settings.model_construct(
            server=Server(
                origin=f"http://localhost:{port}", host=HOST, port=port, workers=facts["workers"]
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
            hash=Hashing(),
            passwords=Passwords(),
            limits=Limits(),
            log=Log(level="warning"),
        )  # fmt: skip
