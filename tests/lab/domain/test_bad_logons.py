"""Why an account locks again, on real Samba: wrong passwords by bind, Kerberos and NTLM, from two
places, told apart by the controller's audit log.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.adapters.system import SystemClock
from keyturn.agent.directories.active_directory import ActiveDirectory, Settings
from keyturn.agent.logons.audit_file import AuditFile
from keyturn.agent.logons.gathering import Asked, gather
from keyturn.agent.logons.ports import Logs
from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.lab.hand import SYSTEM_PYTHON
from keyturn.lab.people import ALICE, BOB, CAROL, DAVE, ERIN, SERVICE
from keyturn.rules.directories.logons.logon import Way
from keyturn.rules.directories.logons.source import Found, Kind
from tests.lab.domains import domain

pytestmark = pytest.mark.lab

HOST = "dc1.corp.example.test"
#: by the system's Python, whose Samba speaks as its clients do
TRY = """
import sys
from samba import Ldb
from samba.credentials import DONT_USE_KERBEROS, MUST_USE_KERBEROS, Credentials
from samba.param import LoadParm
way, host, name, configuration = sys.argv[1:]
lp = LoadParm()
lp.load(configuration)
creds = Credentials()
creds.guess(lp)
creds.set_username(name)
creds.set_password("An-old-password-1")
creds.set_domain(lp.get("workgroup"))
creds.set_realm(lp.get("realm"))
creds.set_workstation("PC-14")
try:
    if way == "ntlm":
        creds.set_kerberos_state(DONT_USE_KERBEROS)
        Ldb(url=f"ldap://{host}", credentials=creds, lp=lp)
    else:
        creds.set_kerberos_state(MUST_USE_KERBEROS)
        creds.get_named_ccache(lp, "MEMORY:tried")
except Exception as refused:
    print(refused)
else:
    raise SystemExit("it was let in")
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with domain(1) as running:
        yield running


@pytest.fixture(scope="module")
def log(lab: Lab) -> Path:
    """The controller's audit log."""
    controller = lab.controller("dc1")
    file = controller.folder / "log" / "samba.out"  # `samba -i` writes everything there
    controller.stop()
    text = controller.configuration.read_text()
    plain = "log level = 1 auth_audit:3"
    assert plain in text
    controller.configuration.write_text(text.replace(plain, f"{plain} auth_json_audit:2"))
    controller.start()
    controller.wait()
    return file


def tried(lab: Lab, way: str) -> str:
    """A wrong password of Alice's, from a machine beside the controller; what it heard."""
    configuration = str(lab.controller("dc1").configuration)
    words = (SYSTEM_PYTHON, "-c", TRY, way, HOST, ALICE.name, configuration)
    done = subprocess.run(
        [*lab.beside("dc1"), *words], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def asked(lab: Lab, log: Path) -> Found:
    """Somebody guesses from here, by binds; then it is asked about Alice."""
    settings = Settings(SERVICE.upn, SERVICE.password, lab.ca_file, addresses=lab.hosts)
    driver = ActiveDirectory(settings, SystemClock().now)
    try:
        for person in (BOB, CAROL, DAVE, ERIN, ALICE):
            view = await driver.find(HOST, person.name)
            await driver.try_password(HOST, view.guid, "Guessed-it-1")
        view = await driver.find(HOST, ALICE.name)
        logs = Logs({HOST: AuditFile(HOST, log)}, SystemClock().now)
        return await gather(driver, logs, Asked(view, HOST, (HOST,)), 30_000)
    finally:
        driver.close()


def test_who_guesses_comes_before_the_computer_with_the_old_password(lab: Lab, log: Path) -> None:
    tried(lab, "ntlm")
    tried(lab, "kerberos")
    until(lambda: log.exists() and log.read_text().count("PC-14") > 0, 10, "the log's line")
    found = asyncio.run(asked(lab, log))
    assert found.logs == {HOST: ""}
    guesser, computer = found.sources
    assert (guesser.kind, guesser.names, guesser.ways) == (Kind.GUESSING, 5, (Way.LDAP,))
    assert (computer.client, computer.ways) == ("pc-14", (Way.KERBEROS, Way.NTLM))
    assert guesser.address != computer.address
    assert guesser.controllers == computer.controllers == (HOST,)
    assert found.counters[0].count >= 2
