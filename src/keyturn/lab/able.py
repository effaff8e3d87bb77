"""Whether this machine can run a lab, and why not."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from keyturn.lab.commands import attempt

PROGRAMS = {
    "samba": "samba",
    "samba-tool": "samba",
    "samba_dnsupdate": "samba",
    "ldbmodify": "ldb-tools",
    "ldapsearch": "ldap-utils",
    "dig": "bind9-dnsutils",
}
"""A program and the Debian package that brings it."""
SETUP = "/usr/share/samba/setup/provision.ldif"  # of samba-ad-provision
TRIAL = "keyt-trial"


@dataclass(frozen=True, slots=True)
class Able:
    """What a lab can be here.

    Attributes:
        network: "" if controllers can have namespaces of their own, else why not.
        controller: "" if a controller can run at all (on loopback then), else why not.
    """

    network: str
    controller: str


def able() -> Able:
    """Look; makes a namespace and removes it again."""
    lacking = _lacking()
    return Able(lacking or _namespaces(), lacking)


def _lacking() -> str:
    if os.geteuid() != 0:
        return "not root: a domain controller listens on ports under 1024 and owns its files"
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if not os.path.exists(SETUP):  # noqa: PTH110  a constant of the system, not a path of ours
        missing.add("samba-ad-provision")
    return f"not installed: {' '.join(sorted(missing))}" if missing else ""


def _namespaces() -> str:
    if not shutil.which("ip"):
        return "not installed: iproute2"
    name = f"{TRIAL}-{os.getpid()}"
    trials = (
        ("ip", "netns", "add", name),
        ("ip", "link", "add", f"kt{os.getpid()}", "type", "veth", "peer", "name", "eth0",
         "netns", name),
        ("ip", "netns", "exec", name, "true"),
    )  # fmt: skip
    try:
        for trial in trials:
            status, _, complaint = attempt(*trial)
            if status:
                return f"network namespaces are not allowed here: {complaint.strip()}"
    finally:
        attempt("ip", "netns", "del", name)
    return ""
