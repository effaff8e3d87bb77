"""Probes as far as they need no network: what they are made from, and what they make of answers.

tests/lab/test_doctor.py tries them at real servers.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.dkim import generate_key, private_pem
from keyturn.adapters.memory_health import MemoryDns, MemoryLedger
from keyturn.adapters.probes import FactLedger, ntp, probes_of, setup_of, tls
from keyturn.adapters.probes.mail import SmtpProbe
from keyturn.adapters.probes.sms import KannelProbe, RestProbe, SmppProbe
from keyturn.adapters.probes.threads import aside
from keyturn.adapters.probes.web import WebProbe
from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import metadata
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemClock
from keyturn.ports.health import Ledger
from keyturn.settings import Settings


def settings(**changes: Any) -> Settings:
    return Settings(**changes)


def test_the_setup_is_what_the_settings_say(tmp_path: Path) -> None:
    key = generate_key("north.test", "kt1", "ed25519")
    good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
    good.write_bytes(private_pem(key))
    bad.write_text("no key")
    setup = setup_of(
        settings(
            mail={
                "host": "mail.north.test", "port": 587, "tls": "starttls",
                "bounces": "bounce@b.test", "user": "u", "password": "p",
                "dkim": [
                    {"domain": "north.test", "selector": "kt1", "file": good},
                    {"domain": "north.test", "selector": "kt2", "file": bad},
                    {"domain": "north.test", "selector": "kt3", "file": tmp_path / "gone"},
                ],
            },
            store={"url": "postgresql+psycopg://u:s3cret@db.test/keyturn"},
        )
    )  # fmt: skip
    assert [(k.selector, k.kind, k.public) for k in setup.mail_keys] == [
        ("kt1", "ed25519", key.public), ("kt2", "", ""), ("kt3", "", ""),
    ]  # fmt: skip
    assert (setup.envelope, setup.mail_login, setup.store) == ("bounce@b.test", True, "postgresql")
    assert setup.store_place == "db.test/keyturn"
    assert "s3cret" not in repr(setup)


@pytest.mark.parametrize(
    ("sms", "kind"),
    [
        ({}, type(None)),
        ({"driver": "kannel", "url": "http://127.0.0.1:1/x"}, KannelProbe),
        ({"driver": "rest", "url": "https://r.test", "user": "a", "password": "b",
          "sender": "+15550100"}, RestProbe),
        ({"driver": "smpp", "host": "s.test", "user": "a", "password": "b"}, SmppProbe),
    ],
)  # fmt: skip
def test_each_driver_has_its_probe_and_no_probe_shows_its_password(
    sms: dict[str, Any], kind: type
) -> None:
    probes = probes_of(settings(sms=sms), SystemClock(), MemoryDns())
    assert type(probes.gateway) is kind
    assert "password" not in repr(probes.gateway)
    assert isinstance(probes.mail_server, SmtpProbe)


@pytest.mark.parametrize(
    ("origin", "push", "looks"),
    [
        ("https://id.north.test", {}, True),
        ("https://id.north.test", {"hosts": []}, False),
        ("https://id.north.test", {"ports": []}, False),
        ("http://localhost:8080", {}, False),
    ],
)
def test_push_services_are_looked_at_where_browsers_can_subscribe(
    origin: str, push: dict[str, Any], looks: bool
) -> None:
    probes = probes_of(settings(server={"origin": origin}, push=push), SystemClock(), MemoryDns())
    assert (probes.push is not None) == looks


def test_push_services_of_ones_own_are_met_as_messages_meet_them() -> None:
    own = {
        "hosts": ["push.north.test"], "ports": [8443], "networks": ["10.0.0.0/8"],
        "ca_file": "/etc/ca.pem",
    }  # fmt: skip
    server = {"origin": "https://id.north.test"}
    probes = probes_of(settings(server=server, push=own), SystemClock(), MemoryDns())
    assert probes.push == WebProbe("/etc/ca.pem")
    setup = probes.setup
    assert (setup.push_hosts, setup.push_port) == (("push.north.test",), 8443)
    assert setup.push_networks == ("10.0.0.0/8",)


def test_what_a_look_raises_is_raised_and_what_nobody_waits_for_is_dropped() -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(aside(stumble))
    assert asyncio.run(aside(lambda: 7)) == 7


def test_an_answer_that_comes_too_late_harms_nobody() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        go_on.wait(10)
        return 1

    async def impatient() -> str:
        look = asyncio.create_task(aside(slow))
        await asyncio.sleep(0)
        await asyncio.to_thread(begun.wait, 10)
        look.cancel()
        await asyncio.gather(look, return_exceptions=True)
        go_on.set()
        return "cancelled" if look.cancelled() else "answered"

    assert asyncio.run(impatient()) == "cancelled"


@given(st.binary(max_size=200))
def test_no_octets_make_reading_a_certificate_fail(octets: bytes) -> None:
    assert tls._certificate(octets) == ("", "", None)


@given(st.binary(max_size=80), st.integers(0, 2**45), st.integers(0, 5000))
def test_no_answer_of_a_time_server_makes_reading_it_fail(
    octets: bytes, sent: int, took: int
) -> None:
    found = ntp._offset(octets, sent, sent + took)
    assert found is None or isinstance(found, int)


@pytest.mark.parametrize("late", [0, 1500, -86_400_000])
def test_the_offset_of_a_clock_is_half_the_sum_of_both_ways(late: int) -> None:
    sent, theirs = 1_790_000_000_000, 1_790_000_000_050 + late
    stamp = int((theirs / 1000 + ntp.EPOCH) * 2**32).to_bytes(8, "big")
    found = ntp._offset(b"\x24\x01" + bytes(30) + stamp + stamp, sent, sent + 100)
    assert found is not None
    assert abs(found + late) <= 1


class LedgerContract:
    """What every Ledger does."""

    @pytest.fixture
    def ledger(self) -> Any:
        raise NotImplementedError

    def test_a_text_is_kept_until_another_takes_its_place(self, ledger: Ledger) -> None:
        async def story() -> list[str | None]:
            first = await ledger.get("health.x")
            await ledger.put("health.x", "1")
            await ledger.put("health.x", "2")
            return [first, await ledger.get("health.x"), await ledger.get("health.y")]

        assert asyncio.run(story()) == [None, "2", None]


class TestMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return MemoryLedger()


class TestFactLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Any:
        store = open_store("sqlite://")
        metadata.create_all(engine_of(store))
        yield FactLedger(store)
        store.close()
