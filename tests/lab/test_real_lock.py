"""One lock waited out for real: ten minutes of the host's own clock, nothing moved.

`tools/run_tests.py` starts this before everything else and lets it run beside the rest.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

import httpx

from keyturn.adapters.system import SystemClock
from keyturn.demo.peers import Peers
from tests.lab.commanded import PATIENCE_S, serving

EMAIL, PASSWORD = "ada@people.test", "a quiet harbour at seven"
TEN_MINUTES = 600_000
CLOCK = SystemClock()


def mailed_code(peers: Peers) -> str:
    """The six digits of the mail that arrives."""
    pause = threading.Event()
    for _ in range(PATIENCE_S * 20):
        for mail in list(peers.mailbox.mails):
            found = re.search(r"^ +(\d{6})$", mail.text, re.MULTILINE)
            if found:
                return found[1]
        pause.wait(0.05)
    raise AssertionError("no mail came")


def wait_until(moment: int) -> None:
    """Wait for the host's clock."""
    pause = threading.Event()
    while (left := moment - CLOCK.now()) > 0:
        pause.wait(left / 1000)


def test_a_lock_opens_by_itself_ten_minutes_after_it_began(tmp_path: Path) -> None:
    with Peers() as peers, serving(
        tmp_path, KEYTURN_MAIL__HOST="127.0.0.1", KEYTURN_MAIL__PORT=str(peers.mailbox.port)
    ) as server:  # fmt: skip
        server.listening()
        with httpx.Client(base_url=server.origin + "/api/v1", timeout=30) as http:
            lives_through_a_lock(http, peers)


def lives_through_a_lock(http: httpx.Client, peers: Peers) -> None:
    def sign_in(password: str) -> httpx.Response:
        return http.post("/signin", json={"identifier": EMAIL, "password": password})

    told = {"name": "Ada", "email": EMAIL, "password": PASSWORD}
    browser = http.post("/signup", json=told).json()["browser"]
    headers = {"keyturn-browser": browser}
    code = {"code": mailed_code(peers)}
    assert http.post("/signup/code", json=code, headers=headers).status_code == 200

    before = CLOCK.now()
    tries = [sign_in(f"wrong {number}") for number in range(5)]
    after = CLOCK.now()
    assert [t.json()["code"] for t in tries] == ["wrong"] * 4 + ["locked"]
    until = tries[-1].json()["until"]
    assert before + TEN_MINUTES <= until <= after + TEN_MINUTES

    refused = sign_in(PASSWORD)
    assert refused.json()["code"] == "locked"
    assert refused.json()["until"] == until
    for early in (until - TEN_MINUTES // 2, until - 2_000):
        wait_until(early)
        assert sign_in(PASSWORD).json()["until"] == until
    wait_until(until)
    assert sign_in(PASSWORD).status_code == 200
