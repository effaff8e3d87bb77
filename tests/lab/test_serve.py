"""`keyturn serve`: its first start, what it refuses, how it stops."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from keyturn import wiring
from keyturn.settings import Settings
from tests.lab.commanded import free_port, keyturn, serving


def test_the_first_start_prints_a_link_that_makes_the_first_owner(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        link = server.link()
        page = httpx.get(link, headers={"accept": "text/html"})
        assert page.status_code == 200
        assert 'name="password"' in page.text
        assert link.startswith(server.origin)


def test_every_start_without_an_owner_prints_a_fresh_link(tmp_path: Path) -> None:
    links = set()
    for _ in range(2):
        with serving(tmp_path) as server:
            links.add(server.link().rpartition("/")[2])
    assert len(links) == 2


def test_it_has_no_page_of_the_demo_and_no_way_to_move_time(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.listening()
        for path in ("/demo", "/demo/inbox", "/demo/mail/1", "/demo/clock"):
            assert httpx.get(server.origin + path).status_code == 404
            assert httpx.post(server.origin + path, data={"ms": "1"}).status_code == 404
        page = httpx.get(server.origin + "/signin", headers={"accept": "text/html"}).text
        assert "demo" not in page.lower()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to_with_status_0(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as server:
        server.listening()
        assert server.stop(number) == 0


def test_it_refuses_a_database_that_a_demo_made(tmp_path: Path) -> None:
    settings = Settings.model_validate({"store": {"data_dir": str(tmp_path / "data")}})
    wiring.open_house(settings, demo=True).close()
    refused = keyturn(tmp_path, "serve", KEYTURN_STORE__DATA_DIR=str(tmp_path / "data"))
    assert refused.returncode == 1
    assert "belong to a demo" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        refused = keyturn(tmp_path, "serve", KEYTURN_SERVER__PORT=str(port))
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "server.port" in refused.stderr


def test_bad_settings_stop_the_start_with_status_2_and_their_names(tmp_path: Path) -> None:
    refused = keyturn(tmp_path, "serve", KEYTURN_SERVER__PORT="high", KEYTURN_MAIL__TLS="maybe")
    assert refused.returncode == 2
    assert "server.port" in refused.stderr
    assert "mail.tls" in refused.stderr
    assert not (tmp_path / "var").exists()


def test_a_database_that_does_not_answer_is_told_without_a_trace(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://keyturn:x@127.0.0.1:{free_port()}/keyturn"
    refused = keyturn(tmp_path, "serve", KEYTURN_STORE__URL=url)
    assert refused.returncode == 1
    assert "database does not answer" in refused.stderr
    assert "Traceback" not in refused.stderr
