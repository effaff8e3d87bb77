"""The lab is what it says: controllers, links, faults, certificates, rights, and no trace after."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keyturn.lab import instances, processes
from keyturn.lab.certificates import Shown
from keyturn.lab.commands import CommandFailed, InVain, attempt
from keyturn.lab.domain import Lab
from keyturn.lab.hand import LOCKED, RIGHT, WRONG
from keyturn.lab.people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DOMAIN_POLICY,
    ERIN,
    EVERYBODY,
    FRANK,
    HEIDI,
    IVAN,
    KIM,
    LEO,
    MIA,
    NINA,
    POLICIES,
    SERVICE,
    STRICT_POLICY,
    VICTOR,
    Person,
    PolicySet,
    quoted,
)  # fmt: skip
from tests.lab.domains import domain
from tests.lab.own import until

SRC = Path(__file__).parents[3] / "src"
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.* is deprecated")
ALL = ("dc1", "dc2", "dc3")
#: for a handshake over a narrow line that others use, too
PATIENCE_S = 60
Says = Callable[[str, object], None]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Three controllers in two sites. Tests mend what they break."""
    with domain(3) as it:
        yield it


def probe(lab: Lab, name: str, **wanted: object) -> str | None:
    """The version in which a controller's LDAPS port shakes hands with a careful client.

    Raises SSLError.
    """
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    for attribute, value in wanted.items():
        setattr(context, attribute, value)
    if wanted:
        context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL's default no longer speaks TLS 1.1
    with (
        socket.create_connection((lab.controller(name).ip, 636), PATIENCE_S) as line,
        context.wrap_socket(line, server_hostname=lab.controller(name).host) as safe,
    ):
        return safe.version()


def wrong_certificate(lab: Lab, name: str) -> str:
    """Why a careful client does not trust a controller."""
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        probe(lab, name)
    return refused.value.verify_message


@contextmanager
def mended(lab: Lab, name: str) -> Iterator[None]:
    """Whatever the block does to a controller is undone."""
    try:
        yield
    finally:
        lab.faults.mend(name)


# --- up


def test_one_controller_comes_up_from_its_prepared_folder(record_property: Says) -> None:
    with domain(1):
        pass  # from here on it is prepared
    began = time.monotonic()
    with domain(1) as lab:
        took = time.monotonic() - began
        assert lab.hand.try_password("dc1", ALICE, ALICE.password) == RIGHT
        size = lab.controller("dc1").memory_kib() // 1024
        record_property("says", f"one controller from its folder: {took:.1f} s, {size} MiB")
        assert probe(lab, "dc1") == "TLSv1.3"


def test_three_controllers_come_up_from_their_folders(lab: Lab, record_property: Says) -> None:
    began = time.monotonic()
    with domain(3) as other:
        took = time.monotonic() - began
        sizes = [each.memory_kib() // 1024 for each in other.controllers.values()]
        record_property("says", f"three controllers from their folders: {took:.1f} s, {sizes} MiB")
        assert other.server_address != lab.server_address
        # two labs at once are two domains: the same name, another password
        other.hand.set_password("dc1", ALICE, "In-The-Other-Lab-1")
        assert other.hand.try_password("dc1", ALICE, "In-The-Other-Lab-1") == RIGHT
        assert lab.hand.try_password("dc1", ALICE, ALICE.password) == RIGHT


def test_everybody_is_as_described(lab: Lab) -> None:
    seen = {p.name: lab.hand.try_password("dc2", p, p.password) for p in EVERYBODY}
    special = {IVAN: "533", KIM: WRONG, LEO: "773", MIA: "701", NINA: "530"}
    expected = {p.name: RIGHT for p in EVERYBODY} | {p.name: c for p, c in special.items()}
    assert seen == expected


# --- replication and links


def test_a_password_set_at_one_controller_arrives_at_all(lab: Lab, record_property: Says) -> None:
    for source in ("dc1", "dc3"):
        before = [lab.hand.stamp(at, BOB)[0] for at in ALL]
        password = f"Arrives-Everywhere-{source}"
        lab.hand.set_password(source, BOB, password)
        delays = {at: lab.hand.arrived(at, BOB, password) for at in ALL}
        assert [lab.hand.stamp(at, BOB)[0] for at in ALL] == [version + 1 for version in before]
        assert {lab.hand.try_password(at, BOB, password) for at in ALL} == {RIGHT}
        said = ", ".join(f"{at} {delay:.1f} s" for at, delay in delays.items())
        record_property("says", f"a password set at {source}: looked for in turn, {said}")


def test_a_cut_controller_gets_nothing_until_healed(lab: Lab, record_property: Says) -> None:
    lab.faults.cut("dc3")
    try:
        lab.hand.set_password("dc1", CAROL, "While-It-Was-Cut-1")
        late = lab.hand.arrived("dc2", CAROL, "While-It-Was-Cut-1")
        with pytest.raises(InVain):
            lab.hand.arrived("dc3", CAROL, "While-It-Was-Cut-1", seconds=5)
        # the host still reaches it: the old password is the right one there
        assert lab.hand.try_password("dc3", CAROL, CAROL.password) == RIGHT
    finally:
        lab.faults.heal("dc3")
    took = lab.hand.arrived("dc3", CAROL, "While-It-Was-Cut-1")
    record_property(
        "says", f"dc3 cut off: at dc2 in {late:.1f} s; at dc3 {took:.1f} s after healing"
    )


def test_an_unplugged_controller_answers_nobody(lab: Lab) -> None:
    lab.faults.unplug("dc2")
    try:
        with pytest.raises(OSError, match=r"timed out|No route|unreachable"):
            socket.create_connection((lab.controller("dc2").ip, 636), 2)
        assert lab.controller("dc2").synchronised()  # it lives
    finally:
        lab.faults.plug("dc2")
    until(lambda: lab.hand.try_password("dc2", ERIN, ERIN.password) == RIGHT, 30, "dc2")


def reaches(lab: Lab, place: str, controller: str) -> bool:
    """Whether a process beside one controller reaches the port of another."""
    code = f"import socket; socket.create_connection(('{controller}', 636), 2)"
    return not attempt(*lab.beside(place), sys.executable, "-c", code)[0]


def test_a_place_is_cut_from_one_controller_alone(lab: Lab) -> None:
    lab.faults.cut("dc1", "by-dc3")
    try:
        assert not reaches(lab, "dc3", "dc1")
        assert reaches(lab, "dc3", "dc2")
        assert reaches(lab, "dc2", "dc1")
    finally:
        lab.faults.heal_all()
    assert reaches(lab, "dc3", "dc1")


def test_a_narrow_line_makes_a_controller_late(lab: Lab, record_property: Says) -> None:
    lab.faults.slow("dc3", 32_000)  # narrower, and replication alone would fill it
    try:
        began = time.monotonic()
        for _ in range(6):
            assert probe(lab, "dc3") == "TLSv1.3"
        late = time.monotonic() - began
    finally:
        lab.faults.hasten("dc3")
    assert late > 0.5  # six handshakes send more than the 3,600 bytes that pass until then
    record_property("says", f"six handshakes at 32 kbit/s: {late:.1f} s")


def test_replication_stops_and_resumes(lab: Lab, record_property: Says) -> None:
    lab.faults.stop_replication("dc3")
    try:
        lab.hand.set_password("dc1", CAROL, "Not-Taken-By-Dc3-1")
        lab.hand.arrived("dc2", CAROL, "Not-Taken-By-Dc3-1")
        with pytest.raises(InVain):
            lab.hand.arrived("dc3", CAROL, "Not-Taken-By-Dc3-1", seconds=5)
    finally:
        lab.faults.resume_replication("dc3")
    took = lab.hand.arrived("dc3", CAROL, "Not-Taken-By-Dc3-1")
    record_property("says", f"replication switched off: arrived {took:.1f} s after it was resumed")


def test_a_killed_controller_comes_back_and_catches_up(lab: Lab, record_property: Says) -> None:
    lab.hand.set_password("dc2", DAVE, "Written-Before-The-Kill-1")
    lab.faults.kill("dc2")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab.controller("dc2").ip, 636), 2)
    lab.hand.set_password("dc1", ERIN, "While-Dc2-Was-Dead-1")
    began = time.monotonic()
    lab.faults.start("dc2")
    up = time.monotonic() - began
    took = lab.hand.arrived("dc2", ERIN, "While-Dc2-Was-Dead-1")
    assert lab.hand.holds("dc2", DAVE, "Written-Before-The-Kill-1")
    record_property("says", f"killed: up again in {up:.1f} s, caught up {took:.1f} s later")


# --- TLS


def test_a_good_controller_is_trusted_and_speaks_tls_1_2_at_least(lab: Lab) -> None:
    for name in ALL:
        assert probe(lab, name) == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            probe(lab, name, maximum_version=ssl.TLSVersion.TLSv1_1,
                  minimum_version=ssl.TLSVersion.TLSv1)  # fmt: skip


def test_an_old_controller_speaks_tls_1_1_and_no_newer(lab: Lab) -> None:
    with mended(lab, "dc2"):
        lab.faults.old_tls("dc2")
        old = probe(
            lab, "dc2", minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1
        )
        assert old == "TLSv1.1"
        with pytest.raises(ssl.SSLError):
            probe(lab, "dc2")
    assert probe(lab, "dc2") == "TLSv1.3"


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (Shown.EXPIRED, "has expired"),
        (Shown.NOT_YET, "not yet valid"),
        (Shown.OTHER_NAME, "Hostname mismatch"),
        (Shown.OTHER_CA, "unable to get local issuer"),
    ],
)
def test_a_certificate_is_wrong_in_its_own_way(lab: Lab, shown: Shown, why: str) -> None:
    with mended(lab, "dc2"):
        lab.faults.certificate("dc2", shown)
        assert why in wrong_certificate(lab, "dc2")
    assert probe(lab, "dc2") == "TLSv1.3"


# --- passwords, policies, rights


def test_the_old_password_lives_for_an_hour_unless_told_otherwise(lab: Lab) -> None:
    lab.hand.set_password("dc2", VICTOR, "Victors-Second-Password-1")
    assert lab.hand.try_password("dc2", VICTOR, VICTOR.password) == RIGHT
    with mended(lab, "dc2"):
        lab.faults.forget_old_passwords("dc2")
        assert lab.hand.try_password("dc2", VICTOR, VICTOR.password) == WRONG
        assert lab.hand.try_password("dc2", VICTOR, "Victors-Second-Password-1") == RIGHT


def test_bad_logons_are_counted_where_they_happen_and_lock_everywhere(lab: Lab) -> None:
    lab.hand.try_password("dc1", HEIDI, "Wrong-Wrong-1")
    assert [lab.hand.bad_count(at, HEIDI) for at in ALL] == [1, 0, 0]
    lab.hand.lock("dc3", HEIDI)
    assert lab.hand.try_password("dc3", HEIDI, HEIDI.password) == LOCKED
    until(lambda: lab.hand.locked("dc1", HEIDI), 60, "the lockout at dc1")
    lab.hand.unlock("dc1", HEIDI)
    until(lambda: not lab.hand.locked("dc3", HEIDI), 60, "the unlock at dc3")
    assert lab.hand.try_password("dc3", HEIDI, HEIDI.password) == RIGHT


@pytest.mark.parametrize(
    ("person", "policy"), [(DAVE, DOMAIN_POLICY), (FRANK, STRICT_POLICY)], ids=["domain", "strict"]
)
def test_a_policy_refuses_one_character_less(lab: Lab, person: Person, policy: PolicySet) -> None:
    long_enough = "Aa1-" + "x" * (policy.min_length - 4)
    with pytest.raises(CommandFailed, match="0000052D"):
        lab.hand.set_password("dc1", person, long_enough[:-1])
    lab.hand.set_password("dc1", person, long_enough)
    assert lab.hand.holds("dc1", person, long_enough)


def test_a_policy_made_by_hand_binds(lab: Lab) -> None:
    lab.hand.add_policy("dc1", "Made by hand", PolicySet(20, 3, 0, 3, 3, 5), ERIN.dn)
    with pytest.raises(CommandFailed, match="0000052D"):
        lab.hand.set_password("dc1", ERIN, "Only-Nineteen-Sign1")


def as_service(lab: Lab, dn: str, change: str) -> int:
    """LDAP's answer to a modify by the agents' account: 0 done, 50 no right."""
    ldif = f"dn: {dn}\nchangetype: modify\n{change}\n"
    with secret_file(lab) as secret:
        return attempt(
            "ldapmodify", "-x", "-H", f"ldaps://{lab.controller('dc1').ip}", "-D", SERVICE.upn,
            "-y", secret, given=ldif, environment={"LDAPTLS_CACERT": str(lab.ca_file)},
        )[0]  # fmt: skip


@contextmanager
def secret_file(lab: Lab) -> Iterator[Path]:
    """A file with the agents' password, for `-y`: standard input is taken."""
    file = lab.folder / "secret"
    file.write_text(SERVICE.password)
    yield file
    file.unlink()


RESET = f"replace: unicodePwd\nunicodePwd:: {quoted('Set-By-The-Service-1')}\n"


@pytest.mark.parametrize(
    ("person", "change", "answer"),
    [
        (ALICE, RESET, 0),
        (ALICE, "replace: lockoutTime\nlockoutTime: 0\n", 0),
        (ALICE, "replace: pwdLastSet\npwdLastSet: 0\n", 0),
        (ALICE, "replace: userAccountControl\nuserAccountControl: 514\n", 50),
        (ALICE, "replace: mail\nmail: else@example.test\n", 50),
        (VICTOR, RESET, 50),
        (VICTOR, "replace: lockoutTime\nlockoutTime: 0\n", 50),
        (SERVICE, RESET, 50),
    ],
    ids=["reset", "unlock", "must change", "disable", "mail", "elsewhere", "unlock elsewhere",
         "itself"],
)  # fmt: skip
def test_the_service_may_do_what_is_delegated_and_no_more(
    lab: Lab, person: Person, change: str, answer: int
) -> None:
    assert as_service(lab, person.dn, change) == answer


def test_the_service_reads_fine_grained_policies(lab: Lab) -> None:
    with secret_file(lab) as secret:
        status, said, _ = attempt(
            "ldapsearch", "-x", "-LLL", "-H", f"ldaps://{lab.controller('dc1').ip}",
            "-D", SERVICE.upn, "-y", secret, "-b", POLICIES, "msDS-MinimumPasswordLength",
            environment={"LDAPTLS_CACERT": str(lab.ca_file)},
        )  # fmt: skip
    assert (status, f"msDS-MinimumPasswordLength: {STRICT_POLICY.min_length}" in said) == (0, True)


# --- places and traces


def test_beside_a_controller_names_resolve_and_the_host_is_reached(lab: Lab) -> None:
    with socket.create_server((lab.server_address, 0)) as server:
        port = server.getsockname()[1]
        code = (
            "import socket, sys\n"
            f"socket.create_connection(('{lab.server_address}', {port}), 5)\n"
            f"for name in {list(lab.hosts)!r}:\n"
            "    socket.create_connection((name, 636), 5)\n"
            "    print(socket.gethostbyname(name))\n"
        )
        said = subprocess.run(
            [*lab.beside("dc3"), sys.executable, "-c", code],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    assert said.stdout.split() == [each.home for each in lab.controllers.values()]


def traces(number: str) -> set[tuple[str, int]]:
    """What a lab of this number has on the machine: the names, and which one of that name."""
    named = [Path(f"/run/netns/keyt{number}-dc1"), Path(f"/etc/netns/keyt{number}-dc1")]
    found = {(str(path), path.stat().st_ino) for path in named if path.exists()}
    # not by /sys, which shows the network that was there when it was mounted
    bridges = {(name, index) for index, name in socket.if_nameindex() if name == f"keyt{number}"}
    return found | bridges


def test_a_dead_labs_controllers_end_and_its_traces_are_removed() -> None:
    code = (
        "import sys; from keyturn.lab.domain import Lab\n"
        "lab = Lab(1).start()\n"
        "print(lab._instance.number, lab.folder, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    ) as child:  # fmt: skip
        assert child.stdout
        number, folder = child.stdout.readline().split()
        space = f"keyt{number}-dc1"
        assert processes.pids(space)
        left = traces(number)
        assert len(left) == 3
        child.send_signal(signal.SIGKILL)
        child.wait()
    # its pipe is closed: the controller ends without anybody's help
    until(lambda: not processes.pids(space), 30, "the controller's end")
    instances.sweep()  # or another lab that starts at this moment does
    until(lambda: not Path(folder).exists(), 30, "its folder's end")
    assert not left & traces(number)


def test_a_controller_lives_on_loopback_where_namespaces_are_not_allowed() -> None:
    with domain(1, loopback=True) as lab:
        assert lab.controller("dc1").ip == "127.0.0.60"
        assert lab.hand.try_password("dc1", ALICE, ALICE.password) == RIGHT
        assert probe(lab, "dc1") == "TLSv1.3"


def test_a_lab_that_cannot_be_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(pytest.fail.Exception, match=r"failed to run: .*not root"), domain(3):
        pass
