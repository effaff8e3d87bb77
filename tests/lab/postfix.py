"""A private Postfix on loopback, configured with the very lines that the documentation gives."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.lab.own import free_port, listens, open_folder, program, until

DOCUMENT = Path(__file__).parents[2] / "docs/delivery.md"
_BLOCK = re.compile(r"^```ini (?P<title>[^\n]+)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
myhostname = mail.northwind.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = error:no mail leaves this machine
smtp_host_lookup = native
disable_dns_lookups = yes
alias_maps =
local_recipient_maps =
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""


def documented(title: str, spelled: Mapping[str, str]) -> str:
    """A block of the documentation, its examples replaced by what is true here."""
    blocks = {m["title"]: m["lines"] for m in _BLOCK.finditer(DOCUMENT.read_text("utf-8"))}
    lines = blocks[title]
    for example, here in spelled.items():
        lines = lines.replace(example, here)
    return lines


def master(port: int) -> str:
    """Debian's list of services, without chroot, listening on our port only."""
    services = []
    for line in Path("/usr/share/postfix/master.cf.dist").read_text().splitlines():
        fields = line.split()
        if not line.startswith((" ", "\t", "#")) and len(fields) >= 8:
            if fields[:2] == ["smtp", "inet"]:
                fields[0] = f"127.0.0.1:{port}"
            fields[4] = "n"
            services.append(" ".join(fields))
    return "\n".join(services) + "\n"


@contextlib.contextmanager
def postfix(main: str, services: str = "") -> Iterator[int]:
    """One that runs; the port it listens on.

    Args:
        main: lines of main.cf besides MAIN; the last of a name counts.
        services: lines of master.cf besides Debian's.
    """
    command = program("postfix", "postfix")
    with open_folder("postfix") as folder:
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        port = free_port()
        (folder / "etc/main.cf").write_text(MAIN.format(folder=folder) + main)
        (folder / "etc/master.cf").write_text(master(port) + services)
        run = [command, "-c", str(folder / "etc")]
        subprocess.run([*run, "start"], check=True, capture_output=True)
        try:
            until(lambda: listens(port), what="Postfix")
            yield port
        finally:
            subprocess.run([*run, "stop"], check=False, capture_output=True)
