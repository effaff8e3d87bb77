"""Agents as processes of their own at a real server: enrolment, approval, one primary, the end."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.agents import DOMAIN, Host
from tests.lab.commanded import Server, keyturn, serving

pytestmark = pytest.mark.lab
Say = Callable[[str, object], None]


class Site:
    """A server and its hosts."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.hosts: list[Host] = []
        made = self.keyturn("directory", "add", DOMAIN)
        assert made == "" or DOMAIN in made

    def keyturn(self, *words: str) -> str:
        done = keyturn(self.folder, *words, **self.server.settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def host(self, name: str) -> Host:
        self.hosts.append(Host(self.folder, self.server, name))
        return self.hosts[-1]

    def close(self) -> None:
        for host in self.hosts:
            host.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path, KEYTURN_SERVER__WORKERS="2") as server:
        server.listening()
        made = Site(tmp_path, server)
        yield made
        made.close()


def approved(voucher: Host, newcomer: Host) -> None:
    """Compare and say yes."""
    shown = json.loads(newcomer.agent("status", "--json").stdout)["fingerprint"]
    wrong = voucher.agent("approve", newcomer.name, "--fingerprint", shown[::-1])
    assert wrong.returncode == 1
    done = voucher.agent("approve", newcomer.name, "--fingerprint", shown)
    assert done.returncode == 0, done.stderr
    assert "is approved" in done.stdout


def pair(site: Site) -> tuple[Host, Host]:
    """The first agent of a domain, and a second one that it has vouched for."""
    first, second = site.host("dc1"), site.host("dc2")
    done = first.enrol()
    assert done.returncode == 0, done.stderr
    assert "export-identity" in done.stdout
    first.start()
    first.until(lambda s: s["phase"] == "primary" and s["socket"])
    done = second.enrol()
    assert done.returncode == 0, done.stderr
    assert "keyturn agent approve" in done.stdout
    second.start()
    second.until(lambda s: s["phase"] == "waiting")
    approved(first, second)
    second.until(lambda s: s["phase"] == "standby")
    return first, second


def test_a_second_agent_is_vouched_for_and_takes_over(site: Site, record_property: Say) -> None:
    first, second = pair(site)
    assert first.agent("status").returncode == 0
    assert second.sight()["holder"]["name"] == "dc1"
    assert (second.state / "identity.key").read_text() == (first.state / "identity.key").read_text()
    # stopped in good order: the lease is free at once
    assert first.stop() == 0
    handover = second.until(lambda s: s["phase"] == "primary")
    first.start()
    first.until(lambda s: s["phase"] == "standby")
    # killed: its lease runs out, and is taken that moment
    second.stop(signal.SIGKILL)
    takeover = first.until(lambda s: s["phase"] == "primary", 60)
    words = f"agents: handover after stop {handover:.1f} s, takeover after kill {takeover:.1f} s"
    record_property("says", words)
    assert handover < 20
    assert takeover < 60


def test_one_process_for_one_folder(site: Site) -> None:
    host = site.host("dc1")
    assert host.enrol().returncode == 0
    host.start()
    host.until(lambda s: s["phase"] == "primary")
    again = host.agent("run")
    assert again.returncode == 1
    assert "runs already" in again.stderr


def test_a_revoked_agent_stops_at_once_and_for_good(site: Site) -> None:
    _first, second = pair(site)
    site.keyturn("directory", "revoke", DOMAIN, "dc2", "--yes")
    assert second.process is not None
    assert second.process.wait(20) == 3
    assert "revoked" in second.log()
    assert second.sight()["lease"] is None
    assert second.agent("run").returncode == 3
    checked = second.agent("doctor", "--json")
    causes = [root["cause"] for root in json.loads(checked.stdout)["roots"]]
    assert "process.revoked" in causes


def test_a_killed_agent_takes_its_own_place_at_once(site: Site) -> None:
    host = site.host("dc1")
    assert host.enrol().returncode == 0
    host.start()
    host.until(lambda s: s["phase"] == "primary")
    host.stop(signal.SIGKILL)
    host.start()
    assert host.until(lambda s: s["phase"] == "primary") < 15


def test_a_copied_folder_is_refused_and_told_where_the_first_is(site: Site) -> None:
    host = site.host("dc1")
    assert host.enrol().returncode == 0
    host.start()
    host.until(lambda s: s["phase"] == "primary")
    copy = site.host("thief")
    shutil.copytree(host.state, copy.state)
    (copy.state / "run.json").unlink()  # another machine: another boot
    copy.start()
    assert copy.process is not None
    assert copy.process.wait(90) == 1
    assert f"It runs at {host.sight()['place']}" in copy.log()
    assert host.process is not None
    assert host.process.poll() is None


def test_a_server_that_goes_and_comes_back_is_found_again(site: Site) -> None:
    host = site.host("dc1")
    assert host.enrol().returncode == 0
    host.start()
    host.until(lambda s: s["phase"] == "primary")
    site.server.stop(signal.SIGKILL)
    host.until(lambda s: s["link"] == "refused", 30)
    assert host.agent("status").returncode == 1
    again = Server(site.folder, **site.server.settings)
    try:
        again.listening()
        host.until(lambda s: s["phase"] == "primary" and not s["link"] and s["socket"], 60)
    finally:
        again.close()
