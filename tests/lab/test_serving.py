"""The prefork server with real processes: workers die, are replaced, finish and end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from keyturn import serving
from keyturn.adapters.system import SystemClock

SRC = Path(__file__).parents[2] / "src"

APP = """
import asyncio, os, sys
from keyturn import serving
from keyturn.adapters.system import SystemClock

async def answer(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shut", os.getpid(), flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/slow":
        print("begun", flush=True)
        await asyncio.sleep(0.7)
    body = f"{os.getpid()} {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})

def build():
    if "--broken" in sys.argv:
        raise RuntimeError("no database")
    return answer

def say(port):
    print("ready", port, flush=True)

leave_s = 1 if "--leave" in sys.argv else 0
raise SystemExit(
    serving.run(build, host="127.0.0.1", port=0, workers=2, on_ready=say, leave_s=leave_s)
)
"""


class Running:
    """A master started as a process of its own."""

    def __init__(self, folder: Path, *arguments: str, under: Sequence[str] = ()) -> None:
        script = folder / "app.py"
        script.write_text(textwrap.dedent(APP))
        self.process = subprocess.Popen(
            [*under, sys.executable, script, *arguments],
            env={"PYTHONPATH": str(SRC), "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line of its output, within thirty seconds."""
        assert self.process.stdout
        readable, _, _ = select.select([self.process.stdout], [], [], 30)
        assert readable, "said nothing for thirty seconds"
        return self.process.stdout.readline().strip()

    def start(self) -> str:
        word, _, port = self.line().partition(" ")
        assert word == "ready"
        return f"http://127.0.0.1:{port}"

    def workers(self) -> set[int]:
        pid = self.process.pid
        return {
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        }

    def close(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for worker in self.workers():
                os.kill(worker, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    server = Running(tmp_path)
    yield server
    server.close()


def eventually(true: Callable[[], bool]) -> None:
    """Ask again and again, for thirty seconds at most."""
    pause = threading.Event()
    for _ in range(1500):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError(true)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def worker_of(url: str) -> int:
    return int(httpx.get(url).text.split()[0])


def test_a_worker_that_is_killed_is_replaced_and_requests_go_on(running: Running) -> None:
    url = running.start()
    before = running.workers()
    assert len(before) == 2
    victim = worker_of(url)
    os.kill(victim, signal.SIGKILL)
    assert worker_of(url) in before | running.workers()
    eventually(lambda: len(running.workers()) == 2 and victim not in running.workers())
    assert {worker_of(url) for _ in range(5)} <= running.workers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_finish_and_then_ends_all(
    running: Running, number: signal.Signals
) -> None:
    url = running.start()
    workers = running.workers()
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(httpx.get(f"{url}/slow", timeout=10).status_code)
    )
    asking.start()
    assert running.line() == "begun"
    running.process.send_signal(number)
    asking.join(10)
    assert answers == [200]
    assert running.process.wait(10) == 0
    assert running.process.stdout
    assert {line.split()[0] for line in running.process.stdout} == {"shut"}
    assert not any(lives(pid) for pid in workers)


def test_workers_end_when_the_master_is_killed(running: Running) -> None:
    running.start()
    workers = running.workers()
    running.process.kill()
    eventually(lambda: not any(lives(pid) for pid in workers))


def test_an_app_that_cannot_be_built_ends_the_start_with_the_reason(tmp_path: Path) -> None:
    server = Running(tmp_path, "--broken")
    try:
        _, errors = server.process.communicate(timeout=15)
        assert server.process.returncode == 3
        assert "no database" in errors
    finally:
        server.close()


def test_connections_are_shared_among_the_workers(running: Running) -> None:
    url = running.start()
    workers = running.workers()
    for busy in workers:
        os.kill(busy, signal.SIGSTOP)  # who has no time must not keep others waiting
        assert {worker_of(url) for _ in range(8)} == workers - {busy}
        os.kill(busy, signal.SIGCONT)


def test_workers_may_open_as_many_files_as_the_system_lets_them(tmp_path: Path) -> None:
    few = ("sh", "-c", 'ulimit -S -n 200 && exec "$0" "$@"')
    server = Running(tmp_path, under=few)
    try:
        limits = Path(f"/proc/{worker_of(server.start())}/limits").read_text()
        soft, hard = next(
            line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")
        )
        assert soft == hard != "200"
    finally:
        server.close()


def test_headers_tell_no_product_and_forwarded_addresses_are_not_believed(
    running: Running,
) -> None:
    url = running.start()
    answer = httpx.get(url, headers={"X-Forwarded-For": "203.0.113.9"})
    assert "server" not in answer.headers
    assert "date" in answer.headers
    assert answer.text.split()[1] == "127.0.0.1"


def test_answers_are_dated_with_the_time_they_are_given(running: Running) -> None:
    url = running.start()

    def age_s() -> float:
        sent = parsedate_to_datetime(httpx.get(url).headers["date"]).timestamp()
        return SystemClock().now() / 1000 - sent

    assert 0 <= age_s() < 5
    before = httpx.get(url).headers["date"]
    eventually(lambda: httpx.get(url).headers["date"] != before)
    assert 0 <= age_s() < 5


def test_a_connection_sends_each_packet_at_once() -> None:
    with serving.bind("127.0.0.1", 0) as listener, socket.socket() as visitor:
        visitor.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture
def leaving(tmp_path: Path) -> Iterator[Running]:
    """One that leaves for a second before it stops."""
    server = Running(tmp_path, "--leave")
    yield server
    server.close()


def test_a_server_that_leaves_says_so_and_keeps_no_connection(leaving: Running) -> None:
    origin = leaving.start()
    with httpx.Client(base_url=origin) as client:
        assert client.get("/healthz").status_code == 200
        leaving.process.send_signal(signal.SIGTERM)
        eventually(lambda: client.get("/healthz").status_code == 503)
        answer = client.get("/")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert leaving.process.wait(20) == 0


def test_whoever_comes_while_a_server_leaves_is_answered_or_refused_at_once(
    leaving: Running,
) -> None:
    """Never let in and then forgotten: a balancer may give only the refused to another."""
    origin = leaving.start()
    leaving.process.send_signal(signal.SIGTERM)
    outcomes = {"answered": 0, "refused": 0}
    while leaving.process.poll() is None:
        try:
            assert httpx.get(origin).status_code == 200
            outcomes["answered"] += 1
        except httpx.ConnectError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0
