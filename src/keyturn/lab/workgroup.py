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
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from keyturn.lab import instances
from keyturn.lab.commands import InVain, until
from keyturn.lab.people import SERVICE
from keyturn.lab.processes import group, signal_group
from keyturn.lab.workgroup_people import Hand, wrapper
from keyturn.rules.directories.entries import DirectoryKind

ADDRESS: Final = "127.0.0.61"
HOST: Final = "files1.example.test"
NETBIOS: Final = "FILES1"
READY_S, STOP_S = 20, 10
PROGRAMS: Final = Path("/usr/libexec/samba")
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
	null passwords = {blank}
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
        blank: whoever needs no password is let in with any.
    """

    protocol: str = "SMB3"
    encrypt: str = "required"
    guest: str = "Never"
    blank: bool = False

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
    if wrapper() is None:
        missing.add("libnss-wrapper")
    if missing:
        return f"not installed: {' '.join(sorted(missing))}"
    shut = _shut(Path(tempfile.gettempdir()))
    return f"nobody but root may pass {shut}, and smbd changes into its users" if shut else ""


def _shut(folder: Path) -> Path | None:
    """The first folder on the way to this one that others may not pass; None: they get there."""
    way = (*reversed(folder.absolute().parents), folder)
    return next((each for each in way if not each.stat().st_mode & stat.S_IXOTH), None)


class Standalone:
    """A machine that runs as long as this is open.

    Raises Unable on entering, with the reason.

    Attributes:
        host: the name that agents are told. address, port: where it listens.
        hand: its administrator.
    """

    kind = DirectoryKind.WORKGROUP
    host, address, netbios = HOST, ADDRESS, NETBIOS
    domain = HOST
    agent_password = SERVICE.password
    apart, server_address = False, "127.0.0.1"
    places = ("north", "south")

    def __init__(self) -> None:
        self.port = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    # --- life

    def __enter__(self) -> Self:
        if reason := able():
            raise Unable(reason)
        self._instance = instances.claim()
        try:
            self.hand = Hand(self._folder, self._file)
            self.port = _free_port()
            self._configure(PLAIN)
            self.hand.populate()
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
        shutil.rmtree(self._folder / "run/ncalrpc", ignore_errors=True)  # pipes of before
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
                    env={**os.environ, **self.hand.environment}, start_new_session=True,
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

    # --- for agents

    @property
    def folder(self) -> Path:
        """Its files; gone when it ends."""
        return self._folder

    def beside(self, _name: str) -> tuple[str, ...]:
        """Nothing: every place is here."""
        return ()

    def agent_settings(self, _name: str) -> dict[str, object]:
        """What agent.toml says of it, wherever the agent stands."""
        return {
            "kind": str(self.kind), "directory": self.domain, "controller": self.host,
            "account": SERVICE.name, "port": self.port, "addresses": {self.host: self.address},
        }  # fmt: skip

    # --- making it

    @property
    def _folder(self) -> Path:
        return self._instance.folder

    @property
    def _file(self) -> Path:
        return self._folder / "smb.conf"

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
            blank="yes" if conduct.blank else "no",
        )
        self._file.write_text(text + conduct.most)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((ADDRESS, 0))
        return int(trial.getsockname()[1])
