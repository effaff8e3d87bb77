"""A stand-alone machine with accounts of its own: Samba's smbd, no domain.

It runs on the host's loopback, on a free port, with its own folders.  Its people are nobody's
on the host: nss_wrapper shows smbd a passwd file of the lab's.  SAMR is served by a program of
its own, samba-dcerpcd: were it left to smbd to start it, it would outlive smbd.  Both end by
themselves when their standard input, a pipe, is closed: whatever becomes of the process that
started them, they do not outlive it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from keyturn.lab import instances
from keyturn.lab.commands import InVain, run, until
from keyturn.lab.people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DOMAIN_POLICY,
    ERIN,
    GRACE,
    HEIDI,
    IVAN,
    JUDY,
    LEO,
    MIA,
    SERVICE,
    Person,
)
from keyturn.lab.processes import group, signal_group

ADDRESS: Final = "127.0.0.61"
HOST: Final = "files1.example.test"
NETBIOS: Final = "FILES1"
READY_S, STOP_S = 20, 10
PROGRAMS: Final = Path("/usr/libexec/samba")
WRAPPER: Final = "libnss_wrapper.so"
ADMINISTRATORS: Final = "S-1-5-32-544"
_USERS, _ADMINS, _HELPERS = 30_000, 30_001, 30_002
_DAY_S = 86_400

PEOPLE: Final = (
    ALICE, BOB, CAROL, DAVE, ERIN, GRACE, HEIDI, IVAN, JUDY, LEO, MIA, SERVICE,
)  # fmt: skip
"""HEIDI is an administrator, GRACE one through a group within it, IVAN is disabled, JUDY's
password never expires, LEO must change it, MIA's account has expired."""
FLAGS: Final = {IVAN: "[D]", JUDY: "[X]", SERVICE: "[X]"}
MACHINE_ACCOUNT: Final = "pc7$"

CONFIGURATION = """\
[global]
	netbios name = {netbios}
	workgroup = WORKGROUP
	server role = standalone server
	passdb backend = tdbsam
	private dir = {folder}/private
	lock dir = {folder}/lock
	state directory = {folder}/state
	cache directory = {folder}/cache
	pid directory = {folder}/run
	ncalrpc dir = {folder}/run/ncalrpc
	winbindd socket directory = {folder}/run/winbindd
	usershare path = {folder}/state
	log file = {folder}/log/log.%m
	interfaces = {address}/8
	bind interfaces only = yes
	smb ports = {port}
	rpc start on demand helpers = no
	disable netbios = yes
	server min protocol = {protocol}
	client min protocol = SMB3
	server smb encrypt = {encrypt}
	ntlm auth = ntlmv2-only
	map to guest = {guest}
	load printers = no
	disable spoolss = yes
	printcap name = /dev/null
"""


class Unable(Exception):
    """This machine cannot run such a lab: the reason, for people."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How it behaves.

    Attributes:
        protocol: the oldest and, if it is not SMB3, the newest that it speaks.
        encrypt: "required", "desired" or "off".
        guest: who is let in as a guest: "Never", "Bad User", "Bad Password".
    """

    protocol: str = "SMB3"
    encrypt: str = "required"
    guest: str = "Never"

    @property
    def most(self) -> str:
        """A line for smb.conf."""
        newest = "SMB3_11" if self.protocol == "SMB3" else self.protocol
        return f"\tserver max protocol = {newest}\n"


PLAIN = Conduct()


def able() -> str:
    """Why such a machine cannot run here; "" if it can."""
    if os.geteuid() != 0:
        return "not root: smbd owns its files and changes into its users"
    programs = {"smbd": "samba", "pdbedit": "samba-common-bin", "net": "samba-common-bin"}
    missing = {package for program, package in programs.items() if not shutil.which(program)}
    if _wrapper() is None:
        missing.add("libnss-wrapper")
    return f"not installed: {' '.join(sorted(missing))}" if missing else ""


def _wrapper() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob(f"*/{WRAPPER}"))), None)


class Standalone:
    """A machine that runs as long as this is open.

    Raises Unable on entering, with the reason.

    Attributes:
        host: the name that agents are told. address, port: where it listens.
    """

    host, address, netbios = HOST, ADDRESS, NETBIOS

    def __init__(self) -> None:
        self.port = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    # --- life

    def __enter__(self) -> Self:
        if reason := able():
            raise Unable(reason)
        self._instance = instances.claim()
        try:
            self.port = _free_port()
            self._configure(PLAIN)
            self._populate()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, and remove its files."""
        self.stop()
        self._instance.close()

    def start(self) -> None:
        """Until it takes connections. Raises InVain."""
        where = ("--foreground", "--no-process-group", f"--configfile={self._file}")
        self._begin(PROGRAMS / "samba-dcerpcd", *where, PROGRAMS / "rpcd_lsad")
        self._begin("smbd", *where, "--debug-stdout")
        try:
            until(self._answers, READY_S, f"{HOST} to answer")
        except InVain as vain:
            raise InVain(f"{vain.what}: {self.said()}", READY_S) from vain

    def _begin(self, *command: str | Path) -> None:
        with (self._folder / "log/said").open("ab") as said:
            self._processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT,
                    env={**os.environ, **self._environment}, start_new_session=True,
                )
            )  # fmt: skip

    def stop(self) -> None:
        """End all its processes."""
        while self._processes:
            self._end(self._processes.pop())

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for sent in (signal.SIGTERM, signal.SIGKILL):
            signal_group(process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired, InVain):
                process.wait(STOP_S)
                until(lambda: not group(process.pid), STOP_S, f"the end of {HOST}")
                break
        if process.stdin:
            process.stdin.close()

    def restart(self, conduct: Conduct = PLAIN) -> None:
        """Stop, configure and start again."""
        self.stop()
        self._configure(conduct)
        self.start()

    def pause(self) -> None:
        """All its processes stand still: it takes connections and says nothing."""
        for process in self._processes:
            signal_group(process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """The end of `pause`."""
        for process in self._processes:
            signal_group(process.pid, signal.SIGCONT)

    def said(self, lines: int = 12) -> str:
        """The end of its output."""
        file = self._folder / "log/said"
        text = file.read_text("utf-8", "replace") if file.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _answers(self) -> bool:
        pipe = self._folder / "run/ncalrpc/np/samr"
        with contextlib.suppress(OSError), socket.create_connection((ADDRESS, self.port), 1):
            return pipe.exists()
        return False

    # --- what an administrator does by hand

    def set_password(self, person: Person, password: str) -> None:
        """On the machine itself. Raises CommandFailed."""
        self._tool("smbpasswd", "-c", self._file, "-s", person.name, given=f"{password}\n" * 2)

    def require_change(self, person: Person) -> None:
        """At the next logon."""
        self._tool("net", "sam", "set", "pwdmustchangenow", person.name, "yes")

    def set_flags(self, name: str, flags: str) -> None:
        """As pdbedit writes them: "[D]" is a disabled user."""
        self._pdbedit("-r", "-u", name, "-c", flags)

    def set_display(self, person: Person, display: str) -> None:
        """The full name."""
        self._pdbedit("-r", "-u", person.name, "-f", display)

    def add(self, person: Person) -> None:
        """An account; the person must be one of PEOPLE, so that the host knows a number."""
        given = f"{person.password}\n" * 2
        self._pdbedit("-a", "-t", "-u", person.name, "-f", person.display, given=given)

    def remove(self, person: Person) -> None:
        """The account is gone."""
        self._pdbedit("-x", "-u", person.name)

    def sid(self, person: Person) -> str:
        """Its SID, as people write it."""
        return self._field(person, "User SID")

    def bad_count(self, person: Person) -> int:
        """Bad logons that the machine counts."""
        return int(self._field(person, "Bad password count"))

    def _field(self, person: Person, name: str) -> str:
        found = re.search(rf"^{name}\s*:\s*(.*)$", self._pdbedit("-v", person.name), re.MULTILINE)
        return found[1].strip() if found else ""

    # --- making it

    @property
    def _folder(self) -> Path:
        return self._instance.folder

    @property
    def _file(self) -> Path:
        return self._folder / "smb.conf"

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(_wrapper()),
            "NSS_WRAPPER_PASSWD": str(self._folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(self._folder / "group"),
        }

    def _configure(self, conduct: Conduct) -> None:
        for part in ("private", "lock", "state", "cache", "run", "log"):
            (self._folder / part).mkdir(mode=0o755, exist_ok=True)
        self._folder.chmod(0o755)  # smbd looks into it as its users, too
        text = CONFIGURATION.format(
            netbios=NETBIOS,
            folder=self._folder,
            address=ADDRESS,
            port=self.port,
            protocol=conduct.protocol,
            encrypt=conduct.encrypt,
            guest=conduct.guest,
        )
        self._file.write_text(text + conduct.most)

    def _populate(self) -> None:
        names = [*(person.name for person in PEOPLE), MACHINE_ACCOUNT]
        rows = [f"{name}:x:{_USERS + n}:{_USERS}::/nowhere:/bin/false" for n, name in
                enumerate(names, 1)]  # fmt: skip
        (self._folder / "passwd").write_text(
            "\n".join(
                ["root:x:0:0::/root:/bin/sh", "nobody:x:65534:65534::/:/bin/false", *rows, ""]
            )
        )
        (self._folder / "group").write_text(
            f"root:x:0:\nnogroup:x:65534:\nusers:x:{_USERS}:\nadmins:x:{_ADMINS}:\n"
            f"helpers:x:{_HELPERS}:\n"
        )
        for person in PEOPLE:
            self.add(person)
        self._pdbedit("-a", "-m", "-u", MACHINE_ACCOUNT)
        self._groups()
        self._policy()
        for person, flags in FLAGS.items():
            self.set_flags(person.name, flags)
        self._pdbedit("-r", "-u", MIA.name, "-K", "946684800")  # 2000-01-01
        self.require_change(LEO)

    def _groups(self) -> None:
        def mapped(*words: str) -> None:
            self._tool("net", "groupmap", *words)

        mapped("add", f"sid={ADMINISTRATORS}", "type=builtin", "unixgroup=admins",
               "ntgroup=Administrators")  # fmt: skip
        mapped("add", "type=local", "unixgroup=helpers", "ntgroup=Helpers")
        listed = self._tool("net", "groupmap", "list", "ntgroup=Helpers")
        helpers = re.findall(r"S-1-5-21-[\d-]+", listed)[0]
        for member in (self.sid(SERVICE), self.sid(HEIDI), helpers):
            mapped("addmem", ADMINISTRATORS, member)
        mapped("addmem", helpers, self.sid(GRACE))

    def _policy(self) -> None:
        policy = DOMAIN_POLICY
        for name, value in {
            "min password length": policy.min_length,
            "password history": policy.history,
            "minimum password age": policy.min_age_days * _DAY_S,
            "maximum password age": policy.max_age_days * _DAY_S,
            "bad lockout attempt": policy.threshold,
            "lockout duration": policy.lockout_min,
            "reset count minutes": policy.lockout_min,
        }.items():
            self._pdbedit("-P", name, "-C", str(value))

    def _pdbedit(self, *words: str, given: str = "") -> str:
        return self._tool("pdbedit", "-s", self._file, *words, given=given)

    def _tool(self, program: str, *words: str | Path, given: str = "") -> str:
        """Raises CommandFailed."""
        where = (f"--configfile={self._file}",) if program == "net" else ()
        return run(program, *words, *where, given=given, environment=self._environment)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((ADDRESS, 0))
        return int(trial.getsockname()[1])
