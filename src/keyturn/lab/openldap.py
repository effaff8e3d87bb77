"""A real slapd on this machine's loopback, with its password policy and its providers' overlay.

It is started from nothing in a folder of its own, in less than a second, and leaves nothing.  The
system's own slapd, if there is one, is not touched: only its program is used.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from keyturn.lab.certificates import Shown, Wardrobe
from keyturn.lab.commands import CommandFailed, InVain, attempt, run, until
from keyturn.lab.openldap_people import (
    ADMIN,
    ADMIN_PASSWORD,
    BASE,
    Beside,
    configuration,
    everybody,
)

HOST = "ldap1.corp.example.test"
ADDRESS = "127.0.0.1"
SECOND, SECOND_ADDRESS = "ldap2.corp.example.test", "127.0.0.2"
_SCHEMAS = Path("/etc/ldap/schema/inetorgperson.schema")
_PATIENCE_S = 20
_PROGRAM = ("slapd", "/usr/sbin/slapd")


class Unable(Exception):
    """There is no slapd here; why."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a slapd is set up.

    Attributes:
        provides: slapo-syncprov is there. sessionlog: it remembers who is gone.
        says_locked: olcPPolicyUseLockout.
        agent: what the agent's account may do with passwords: "=w" (as it should be) or "manage".
        replicates: there is another provider, or will be; each takes what the other has.
    """

    provides: bool = True
    sessionlog: bool = True
    says_locked: bool = False
    agent: str = "=w"
    replicates: bool = False


class Slapd:
    """One server.

    Attributes:
        host: the DNS name in its certificate. address, port: where it is.
        wardrobe: the certificates that it can show. ca_file: who vouches for them.
    """

    def __init__(self, options: Options | None = None, first: Slapd | None = None) -> None:
        """Args:
        first: a provider of which this is to be the second, or None for one alone.
        """
        self._options = options or Options()
        self._folder = Path(tempfile.mkdtemp(prefix="keyturn-slapd-"))
        self.wardrobe: Wardrobe = (
            first.wardrobe if first else Wardrobe(self._folder / "certificates")
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._first = first
        self.host, self.address = (SECOND, SECOND_ADDRESS) if first else (HOST, ADDRESS)
        self.ca_file = self.wardrobe.ca
        self.port: int = first.port if first else _free_port()

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start()
            if self._first is None:
                self.apply(everybody())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    # --- its life

    def _prepare(self) -> None:
        if not _program() or not _SCHEMAS.exists() or not shutil.which("ldapmodify"):
            raise Unable("not installed: slapd ldap-utils")
        (self._folder / "data").mkdir()
        self._secret("admin", ADMIN_PASSWORD)
        self.show(Shown.GOOD)

    def show(self, shown: Shown) -> None:
        """What certificate it shows, from its next start on."""
        pair = self.wardrobe.pair(shown, self.host, self.address)
        text = configuration(
            self._folder, pair, provides=self._options.provides,
            sessionlog=self._options.sessionlog, says_locked=self._options.says_locked,
            agent=self._options.agent, beside=self._beside(),
        )  # fmt: skip
        path = self._folder / "slapd.conf"
        path.touch(0o600)
        path.write_text(text)

    def _beside(self) -> Beside | None:
        """What it replicates with."""
        if not self._options.replicates:
            return None
        number, peer = (2, ADDRESS) if self._first else (1, SECOND_ADDRESS)
        return Beside(number, f"ldaps://{peer}:{self.port}", self.ca_file)

    def start(self) -> None:
        """Raises InVain with what it said, if it does not come up."""
        log = self._folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [_program(), "-f", self._folder / "slapd.conf", "-d", "0", "-h",
                 f"ldaps://{self.address}:{self.port}/ {self._local}"],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        try:
            until(self._answers, _PATIENCE_S, "slapd")
        except InVain as vain:
            raise InVain(
                f"slapd: {log.read_text(errors='replace')[-2000:]}", vain.seconds
            ) from None

    def stop(self) -> None:
        """To its end; its data stays."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def restart(self, shown: Shown = Shown.GOOD) -> None:
        """Once more, with this certificate."""
        self.stop()
        self.show(shown)
        self.start()

    def close(self) -> None:
        """Nothing is left."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise InVain("slapd ended", 0)
        status, _out, _err = attempt(
            "ldapsearch", "-x", "-H", self._local, "-b", "", "-s", "base", "1.1", patience_s=5
        )
        return status == 0

    @property
    def _local(self) -> str:
        return f"ldapi://{quote(str(self._folder / 'socket'), safe='')}"

    # --- an administrator's hand

    def apply(self, changes: str) -> None:
        """Make the changes of an LDIF text, as the rootdn."""
        self._run("ldapmodify", given=changes)

    def set_password(self, dn: str, password: str) -> None:
        """As somebody with all rights does it."""
        self._run("ldappasswd", "-T", str(self._secret("new", password)), dn)

    def place(self) -> list[str]:
        """How far it has come (contextCSN)."""
        return sorted(self.read(BASE, "contextCSN").get("contextCSN", []))

    def wait_for(self, other: Slapd) -> None:
        """Until all that another provider has is here. Raises InVain."""
        until(lambda: _there(self) == other.place(), _PATIENCE_S, f"what {other.host} has")

    def _secret(self, name: str, password: str) -> Path:
        """A file of a password, for programs that want one."""
        path = self._folder / name
        path.touch(0o600)
        path.write_text(password)
        return path

    def read(self, dn: str, *attributes: str) -> dict[str, list[str]]:
        """An entry's attributes, operational ones too, as the rootdn sees them."""
        said = self._run(
            "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", dn, "-s", "base",
            "(objectClass=*)", *(attributes or ("*", "+")),
        )  # fmt: skip
        found: dict[str, list[str]] = {}
        for line in said.splitlines():
            name, colon, value = line.partition(": ")
            if colon:
                found.setdefault(name, []).append(value)
        return found

    def _run(self, program: str, *words: str, given: str = "") -> str:
        """Run a program of ldap-utils as the rootdn."""
        return run(
            program, "-x", "-H", self._local, "-D", ADMIN, "-y", self._folder / "admin", *words,
            given=given, patience_s=_PATIENCE_S,
        )  # fmt: skip


def _there(server: Slapd) -> list[str]:
    """How far it has come; nothing while it is still empty."""
    try:
        return server.place()
    except CommandFailed:
        return []


def _program() -> str:
    """The program; "" if there is none."""
    return next((found for name in _PROGRAM if (found := shutil.which(name))), "")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        port: int = taken.getsockname()[1]
        return port


def changed(dn: str, *changes: str) -> str:
    """A modification as LDIF. changes: of each, its lines."""
    parts = "".join(f"{change}\n-\n" for change in changes)
    return f"dn: {dn}\nchangetype: modify\n{parts}\n"
