"""One Samba domain controller: its configuration, its start and its end.

`samba -i` ends by itself when its standard input, a pipe, is closed: whatever becomes of the
process that started it, no controller outlives it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from keyturn.lab.certificates import Pair, Shown, Wardrobe
from keyturn.lab.commands import InVain, attempt, run, until
from keyturn.lab.processes import group, memory_kib, signal_group

REALM = "CORP.EXAMPLE.TEST"
DOMAIN = REALM.lower()
NETBIOS = "CORP"
BASE = "DC=" + DOMAIN.replace(".", ",DC=")

NEW_TLS = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"
OLD_TLS = "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1"
READY_S = 90
STOP_S = 15

#: anybody may (RFC 4512 5.1)
READ_ROOT = ("ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-b", "", "-s", "base")
FOLDERS = ("private", "lock", "state/sysvol", "cache", "run", "log", "tls", "etc")

CONFIGURATION = """\
[global]
	netbios name = {netbios}
	realm = {realm}
	workgroup = {workgroup}
	server role = active directory domain controller
	server services = rpc, ldap, cldap, kdc, drepl, kcc, dns
	private dir = {folder}/private
	lock dir = {folder}/lock
	state directory = {folder}/state
	cache directory = {folder}/cache
	pid directory = {folder}/run
	ncalrpc dir = {folder}/run/ncalrpc
	winbindd socket directory = {folder}/run/winbindd
	ntp signd socket directory = {folder}/run/ntp_signd
	log file = {folder}/log/log.%m
	log level = 1 auth_audit:3
	max log size = 10000
	interfaces = {interfaces}
	bind interfaces only = yes
	dns forwarder = 127.0.0.1:1
	disable netbios = yes
	prefork children = 1
	ldap server require strong auth = yes
	tls enabled = yes
	tls keyfile = {folder}/tls/key.pem
	tls certfile = {folder}/tls/cert.pem
	tls cafile = {folder}/tls/ca.pem
	tls priority = {tls}
	old password allowed period = {old_password_minutes}
	dreplsrv:notify_interval = 1
	dreplsrv:periodic_interval = {pull_s}
	kccsrv:periodic_interval = {kcc_s}
[sysvol]
	path = {folder}/state/sysvol
	read only = no
[netlogon]
	path = {folder}/state/sysvol/{domain}/scripts
	read only = no
"""

KERBEROS = """\
[libdefaults]
 default_realm = {realm}
 dns_lookup_realm = false
 dns_lookup_kdc = true
 rdns = false
"""


class Network(Protocol):
    """What a controller needs of the network it lives in (network.py, loopback.py)."""

    @property
    def interfaces(self) -> str:
        """What it listens on, as smb.conf has it."""
        ...

    def home(self, name: str) -> str:
        """Its address in every lab."""
        ...

    def reach(self, name: str) -> str:
        """Its address as the host sees it."""
        ...

    def prefix(self, name: str) -> Sequence[str]:
        """Put before a command, it runs there."""
        ...


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a controller behaves.

    Attributes:
        tls: GnuTLS's priority string.
        shown: its certificate.
        old_password_minutes: how long a replaced password goes on working; Samba's default, and
            what Windows does for network logons.
        pull_s: seconds between its own looks at its partners; notices come within a second.
        home_only: it listens on its home address alone, and says no other (while a domain is
            made).
    """

    tls: str = NEW_TLS
    shown: Shown = Shown.GOOD
    old_password_minutes: int = 60
    pull_s: int = 30
    kcc_s: int = 300
    home_only: bool = False


PLAIN = Conduct()


class Controller:
    """A domain controller with its files in `folder`.

    Attributes:
        name: "dc1". host: its DNS name. conduct: how it behaves since its last start.
    """

    def __init__(self, name: str, folder: Path, network: Network, wardrobe: Wardrobe) -> None:
        self.name = name
        self.host = f"{name}.{DOMAIN}"
        self.folder = folder
        self.conduct = PLAIN
        self._network = network
        self._wardrobe = wardrobe
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ip(self) -> str:
        """Its address as the host sees it."""
        return self._network.reach(self.name)

    @property
    def home(self) -> str:
        """Its address as the domain's DNS says it."""
        return self._network.home(self.name)

    @property
    def configuration(self) -> Path:
        """Its smb.conf."""
        return self.folder / "etc/smb.conf"

    @property
    def database(self) -> Path:
        """Its copy of the directory, for tools with the rights of the system."""
        return self.folder / "private/sam.ldb"

    @property
    def settings(self) -> str:
        """The DN of its own NTDS settings, as its rootDSE says it; it must be running."""
        found = re.search(r"^dsServiceName: (.+)$", self.root("dsServiceName"), re.MULTILINE)
        if found is None:
            raise InVain(f"{self.host} to say where its settings are", 0)
        return found[1]

    @property
    def environment(self) -> dict[str, str]:
        """What programs need that are to speak to the domain from here."""
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf")}

    # --- files

    def prepare(self) -> None:
        """Its folders and krb5.conf. May be done again."""
        for part in FOLDERS:
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "private").chmod(0o700)
        (self.folder / "krb5.conf").write_text(KERBEROS.format(realm=REALM))

    def configure(self, conduct: Conduct) -> None:
        """Write smb.conf and the certificate; they count from the next start on."""
        self.conduct = conduct
        self.prepare()
        self.configuration.write_text(
            CONFIGURATION.format(
                netbios=self.name.upper(),
                realm=REALM,
                workgroup=NETBIOS,
                domain=DOMAIN,
                folder=self.folder,
                interfaces=f"lo {self.home}" if conduct.home_only else self._network.interfaces,
                tls=conduct.tls,
                old_password_minutes=conduct.old_password_minutes,
                pull_s=conduct.pull_s,
                kcc_s=conduct.kcc_s,
            )
        )
        names = dict.fromkeys((self.host, DOMAIN, self.home, self.ip))
        self._wear(self._wardrobe.pair(conduct.shown, *names))

    def _wear(self, pair: Pair) -> None:
        tls = self.folder / "tls"
        key = tls / "key.pem"
        key.touch(0o600)
        key.write_bytes(pair.key.read_bytes())
        (tls / "cert.pem").write_bytes(pair.certificate.read_bytes())
        (tls / "ca.pem").write_bytes(self._wardrobe.ca.read_bytes())

    # --- life

    @property
    def running(self) -> bool:
        """Whether its process lives. It may still be starting."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Begin; `wait` says when it answers. A running one stays as it is."""
        if self.running:
            return
        (self.folder / "run/samba.pid").unlink(missing_ok=True)
        with (self.folder / "log/samba.out").open("ab") as said:
            self._process = subprocess.Popen(
                [*self._network.prefix(self.name), "samba", "-i", "-M", "prefork", "-s",
                 str(self.configuration)],
                stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment}, start_new_session=True,
            )  # fmt: skip

    def wait(self, seconds: float = READY_S) -> float:
        """Until it answers and says that it is synchronised; the seconds that took.

        Raises InVain, with the end of what it said; at once if its process has ended.
        """
        try:
            took = until(
                lambda: self.synchronised() or not self.running, seconds, f"{self.host} to answer"
            )
        except InVain as vain:
            raise InVain(f"{vain.what}: {self.said()}", seconds) from vain
        if not self.running:
            raise InVain(f"{self.host}, whose process has ended: {self.said()}", took)
        return took

    def synchronised(self) -> bool:
        """What its rootDSE says of itself; False if it does not answer."""
        return "isSynchronized: TRUE" in self.root("isSynchronized")

    def root(self, *attributes: str) -> str:
        """Attributes of its rootDSE as LDIF, asked from within; "" if it does not answer."""
        return attempt(
            *self._network.prefix(self.name), *READ_ROOT, "-o", "nettimeout=2",
            "-H", f"ldap://{self.home}", "(objectClass=*)", *attributes, patience_s=5,
        )[1]  # fmt: skip

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does, all its processes at once."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        for sent in (number, signal.SIGKILL):
            signal_group(process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired, InVain):
                process.wait(STOP_S)
                until(lambda: not group(process.pid), STOP_S, f"the end of {self.host}")
                break
        if process.stdin:
            process.stdin.close()
        self._process = None

    def restart(self, **changes: object) -> None:
        """Stop, configure and start again, and wait until it answers.

        Args:
            changes: fields of Conduct; the others stay as they are.
        """
        self.stop()
        self.configure(replace(self.conduct, **changes))  # type: ignore[arg-type]
        self.start()
        self.wait()

    def said(self, lines: int = 12) -> str:
        """The end of its output."""
        file = self.folder / "log/samba.out"
        text = file.read_text("utf-8", "replace") if file.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def memory_kib(self) -> int:
        """What its processes hold together, shared pages counted once (PSS)."""
        if self._process is None:
            return 0
        return sum(map(memory_kib, group(self._process.pid)))

    # --- its own tools

    def tool(self, *words: str | Path, given: str = "") -> str:
        """Run a program of Samba's or LDAP's at this controller. Raises CommandFailed."""
        return run(
            *self._network.prefix(self.name), *words, given=given, environment=self.environment
        )

    def ldb(self, program: str, *words: str, given: str = "") -> str:
        """Run ldbsearch or ldbmodify on its own copy, as the system. Raises CommandFailed."""
        where = ("-H", self.database, f"--configfile={self.configuration}")
        return self.tool(program, *where, *words, given=given)

    def samba_tool(self, *words: str) -> str:
        """Run samba-tool at this controller. Raises CommandFailed."""
        return self.tool("samba-tool", *words, "-s", str(self.configuration))
