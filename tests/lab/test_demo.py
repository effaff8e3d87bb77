"""`keyturn demo`: what it makes, keeps, refuses, and leaves alone."""

from __future__ import annotations

import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.lab.commanded import PATIENCE_S, environment, free_port, keyturn

HTML = {"accept": "text/html"}


@contextmanager
def demo(folder: Path, *words: str) -> Iterator[str]:
    """A demo that runs; its address."""
    command = [sys.executable, "-m", "keyturn", "demo", "--quiet", "--alone", "--port", "0", *words]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        assert select.select([process.stdout], [], [], PATIENCE_S)[0]
        word, _, origin = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        yield origin
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()


def move(origin: str, ms: str) -> int:
    """Send the form of the clock; the status."""
    with httpx.Client(base_url=origin, headers=HTML) as browser:
        csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/demo").text)
        assert csrf
        form = {"csrf": csrf[1], "ms": ms}
        return browser.post("/demo/clock", data=form).status_code


def offset(origin: str) -> int:
    """By how much the demo's time is ahead, as far as a page tells: its own time in ms."""
    found = re.search(r'data-now="(\d+)"', httpx.get(origin + "/demo", headers=HTML).text)
    assert found
    return int(found[1])


def test_it_serves_the_company_and_keeps_it_when_asked_to(tmp_path: Path) -> None:
    with demo(tmp_path) as origin:
        assert httpx.get(origin + "/signin", headers=HTML).status_code == 200
        before = offset(origin)
        assert move(origin, "3600000") == 303
        assert offset(origin) >= before + 3_600_000
        listed = keyturn(tmp_path, "demo", "user", "list", "--json")
        assert len(listed.stdout.splitlines()) == 15
        assert (
            keyturn(tmp_path, "demo", "user", "disable", "mia@mail.test", "--yes").returncode == 0
        )
    with demo(tmp_path, "--keep") as origin:
        assert offset(origin) >= before + 3_600_000, "time ran backwards"
        shown = keyturn(tmp_path, "demo", "user", "show", "mia@mail.test", "--json").stdout
        assert '"state": "disabled"' in shown
    with demo(tmp_path) as origin:
        shown = keyturn(tmp_path, "demo", "user", "show", "mia@mail.test", "--json").stdout
        assert '"state": "active"' in shown
        assert offset(origin) < before + 3_600_000, "a fresh demo has a fresh clock"


def test_the_clock_refuses_steps_back_nonsense_and_other_sites(tmp_path: Path) -> None:
    with demo(tmp_path) as origin:
        before = offset(origin)
        for bad in ("-1", "", "1e9", "99999999999", "\u0663"):
            assert move(origin, bad) == 422
        assert httpx.post(origin + "/demo/clock", data={"ms": "60000"}).status_code == 403
        assert offset(origin) < before + 60_000


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with demo(tmp_path) as origin:
        port = int(origin.rpartition(":")[2])
        hosts = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port)}
        for host in hosts - {"127.0.0.1", "127.0.1.1", "::1"}:
            with socket.socket(socket.AF_INET6 if ":" in str(host) else socket.AF_INET) as plug:
                plug.settimeout(2)
                assert plug.connect_ex((str(host), port)) != 0


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        refused = keyturn(tmp_path, "demo", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert "--port" in refused.stderr
    assert not (tmp_path / "var").exists()


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "var" / "demo").mkdir(parents=True)
    (tmp_path / "var" / "demo" / "thesis.txt").write_text("years of work")
    refused = keyturn(tmp_path, "demo", "--port", "0")
    assert refused.returncode == 1
    assert "left alone" in refused.stderr
    assert (tmp_path / "var" / "demo" / "thesis.txt").read_text() == "years of work"


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with demo(tmp_path):
        refused = keyturn(tmp_path, "demo", "--port", "0")
    assert refused.returncode == 1
    assert "already" in refused.stderr
