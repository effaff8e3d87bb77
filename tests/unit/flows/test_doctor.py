"""The doctor: everything at once, each within its time, each tenant behind its wall."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_health import (
    MemoryDns,
    MemoryLedger,
    MemoryWeb,
    Sees,
    SeesDatabase,
)
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.flows import doctor
from keyturn.ports.health import Probes
from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.health.catalogue import CATALOGUE, chosen
from keyturn.rules.health.report import Report
from keyturn.rules.health.sights import Outbox, RangesSight, Reached, SeenTenant, WebSight
from keyturn.rules.health.verdicts import State
from keyturn.rules.lockout import MINUTE, SECOND
from tests.unit.flows.clinic import probes
from tests.unit.flows.house import run
from tests.unit.rules.health import scenes

OTHER = SeenTenant("t2", "south", "hello@south.shop", host="id.south.shop:8443")


def examined(over: Probes | None = None, **wanted: Any) -> Report:
    return run(doctor.examine(over or probes(), **wanted))


def causes(report: Report) -> set[str]:
    return {finding.cause for finding in report.findings}


def troubles(report: Report) -> dict[str, list[str]]:
    return {r.finding.cause: [c.cause for c in r.consequences] for r in report.roots}


def test_where_all_is_well_everything_was_looked_at_and_nothing_is_told() -> None:
    report = examined()
    assert troubles(report) == {}
    # no bounce domain of its own, no gateway to log in to
    assert {f.check for f in report.fine} == set(CATALOGUE.checks) - {"bounces", "sms-login"}


async def _never() -> None:
    await asyncio.Event().wait()


async def _stumble() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("probe", "sight", "checks"),
    [
        ("mail_server", scenes.MAIL, chosen("smtp-name") | chosen("smtp-limits")),
        ("gateway", scenes.GATEWAY, chosen("sms-gateway") | chosen("sms-login")),
        ("host", scenes.HOST, chosen("clock") | chosen("disk") | chosen("key-ring")),
    ],
)
@pytest.mark.parametrize(("meanwhile", "why"), [(_never, "too long"), (_stumble, "ZeroDivision")])
def test_a_look_that_takes_too_long_or_stumbles_spoils_no_other(
    probe: str,
    sight: object,
    checks: frozenset[str],
    meanwhile: Callable[[], Awaitable[None]],
    why: str,
) -> None:
    report = examined(probes(**{probe: Sees(sight, meanwhile)}), look_s=0.05)
    gone = {f.check: str(f.facts["why"]) for f in report.findings if f.cause.endswith("gave-up")}
    assert checks <= set(gone)
    assert all(found.startswith(why) for found in gone.values())
    assert {"dns.ok", "spf.ok", "database.ok"} <= causes(report)


class _Silent(MemoryDns):
    async def look(self, query: Any) -> Any:
        await _never()


def test_name_servers_that_hold_us_up_are_given_up() -> None:
    report = examined(probes(dns=_Silent()), look_s=0.02)
    assert {"dns.gave-up", "reverse.gave-up", "spf.unseen"} <= causes(report)


class _Slow(MemoryDns):
    """Answers for the root alone."""

    async def look(self, query: Any) -> Any:
        if query.name:
            await _never()
        return await MemoryDns.look(self, query)


def test_a_senders_domain_that_holds_us_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SENDER_S", 0.02)
    report = examined(probes(dns=_Slow(scenes.ZONE)), look_s=0.02)
    assert {"spf.gave-up", "dkim.gave-up", "domain.gave-up", "dns.ok"} <= causes(report)


class _Held(MemoryWeb):
    async def look(self, host: str, port: int) -> WebSight:
        await _never()
        raise AssertionError


def test_a_site_that_holds_us_up_is_given_up() -> None:
    assert "web-certificate.gave-up" in causes(examined(probes(web=_Held()), look_s=0.02))


def test_without_any_name_server_everything_of_it_is_one_thing_that_cannot_be_told() -> None:
    report = examined(probes(dns=MemoryDns(silent="*")))
    assert set(troubles(report)) == {"dns.silent"}
    assert {"domain.unseen", "spf.unseen", "dkim.unseen", "reverse.unseen"} <= set(
        troubles(report)["dns.silent"]
    )


def test_a_database_that_is_down_is_the_root_of_what_stands_in_it() -> None:
    down = replace(scenes.DATABASE, reached="down", tenants=(), said="connection refused")
    report = examined(probes(database=SeesDatabase(down)))
    assert set(troubles(report)) == {"database.down"}
    assert {"tables.unseen", "domain.untold", "mail-waiting.unseen"} <= set(
        troubles(report)["database.down"]
    )


def test_a_database_that_holds_us_up_is_told_so() -> None:
    held = SeesDatabase(scenes.DATABASE, _never)
    assert "database.gave-up" in causes(examined(probes(database=held), look_s=0.02))
    mine = examined(probes(database=held), tenant_id="t1", whole=False, look_s=0.02)
    assert "database.gave-up" in causes(mine)
    assert "demo.gave-up" not in causes(mine)


def test_the_sites_of_all_tenants_are_looked_at_by_their_own_ports() -> None:
    web = MemoryWeb({"id.north.test": scenes.WEB})
    two = replace(scenes.DATABASE, tenants=(scenes.TENANT, OTHER))
    examined(probes(web=web, database=SeesDatabase(two)))
    assert web.asked == [("id.north.test", 443), ("id.south.shop", 8443)]
    here = replace(scenes.SETUP, origin="http://localhost:8080")
    assert "web-name.ok" not in causes(examined(probes(setup=here)))


def test_what_is_true_of_a_domain_that_two_tenants_share_is_told_once() -> None:
    twin = replace(scenes.TENANT, id="t2", slug="twin")
    two = replace(scenes.DATABASE, tenants=(scenes.TENANT, twin))
    report = examined(probes(database=SeesDatabase(two)))
    assert [f.cause for f in report.fine if f.check == "spf"] == ["spf.ok"]


def test_a_tenants_staff_see_their_own_sender_outbox_and_policy_and_nothing_else() -> None:
    strict = replace(OTHER, lockout_scope="account")
    stuck = Outbox("t1", "mail", 5, scenes.NOW - 60 * MINUTE)
    two = replace(scenes.DATABASE, tenants=(scenes.TENANT, strict), outbox=(stuck,))
    looked = probes(database=SeesDatabase(two))
    report = examined(looked, tenant_id="t2", whole=False)
    assert {f.check for f in report.findings} <= {
        "dns", "domain", "spf", "dkim", "dmarc", "mx", "bounces", "settings",
        "mail-waiting", "mail-returned", "sms-waiting", "sms-returned",
    }  # fmt: skip
    assert "mail-waiting.ok" in causes(report)
    assert "settings.lockout-scope" in causes(report)
    assert "north" not in repr(report)
    assert (looked.host.looks, looked.mail_server.looks) == (0, 0)  # type: ignore[attr-defined]


def test_they_still_hear_that_the_database_is_why_the_rest_cannot_be_told() -> None:
    down = replace(scenes.DATABASE, reached="down", tenants=())
    report = examined(probes(database=SeesDatabase(down)), tenant_id="t1", whole=False)
    assert set(troubles(report)) == {"database.down"}
    assert "tables.unseen" not in causes(report)


def test_that_no_setting_weakens_security_is_not_said_beside_one_that_does() -> None:
    open_to_all = replace(scenes.DATABASE, tenants=(replace(OTHER, lockout_scope="account"),))
    report = examined(probes(database=SeesDatabase(open_to_all)))
    assert "settings.lockout-scope" in causes(report)
    assert "settings.ok" not in causes(report)


def test_what_a_chosen_check_needs_is_told_only_where_it_is_not_well() -> None:
    assert causes(examined(only=chosen("spf"))) == {"spf.ok"}
    report = examined(probes(dns=MemoryDns(silent="*")), only=chosen("spf"))
    assert troubles(report) == {"dns.silent": ["domain.unseen", "spf.unseen"]}


def test_a_gateway_that_is_set_is_asked() -> None:
    setup = replace(scenes.SETUP, sms_driver="kannel")
    report = examined(probes(setup=setup, gateway=Sees(scenes.GATEWAY)))
    assert {"sms-gateway.ok", "sms-login.ok"} <= causes(report)


PUSH = ("push.test", "*.push.services.mozilla.com", "*.notify.test")
SERVICE = replace(scenes.WEB, way=replace(scenes.OPEN, address="8.8.8.8"))


def pushing(push: MemoryWeb, **changes: Any) -> Probes:
    return probes(setup=replace(scenes.SETUP, push_hosts=PUSH, **changes), push=push)


def test_push_services_with_a_name_are_looked_at_and_others_are_not() -> None:
    mozilla = "updates.push.services.mozilla.com"
    web = MemoryWeb({"push.test": replace(SERVICE, host="push.test")})
    report = examined(pushing(web, push_port=8443))
    assert sorted(web.asked) == [("push.test", 8443), (mozilla, 8443)]
    found = {f.subject: f.cause for f in report.findings if f.check == "push-services"}
    assert found == {"push.test": "push-services.ok", mozilla: "push-services.absent"}


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::1"])
def test_a_push_service_in_a_private_network_is_told_unless_the_network_is_ours(
    address: str,
) -> None:
    met = replace(SERVICE, host="push.test", way=replace(scenes.OPEN, address=address))
    web = MemoryWeb({"push.test": met})
    assert "push-services.private" in causes(examined(pushing(web)))
    ours = ("10.1.0.0/16", "127.0.0.0/8", "::1/128")
    assert "push-services.ok" in causes(examined(pushing(web, push_networks=ours)))


def test_where_no_push_service_is_called_none_is_looked_at() -> None:
    web = MemoryWeb()
    nameless = replace(scenes.SETUP, push_hosts=("*.notify.test",))
    assert "push-services.unused" in causes(examined(probes(setup=nameless, push=web)))
    assert "push-services.unused" in causes(examined(probes()))
    assert web.asked == []


def test_a_push_service_that_holds_us_up_is_given_up() -> None:
    assert "push-services.gave-up" in causes(examined(pushing(_Held()), look_s=0.02))


TENANT = Tenant("t1", "north", "N", None, "a@n.test", "#000000", "UTC", (), (), TenantPolicy(), 1)


def test_a_look_is_kept_for_whoever_asks_next_in_whatever_process() -> None:
    over, ledger = probes(), MemoryLedger()
    assert run(doctor.last(over, ledger, TENANT, whole=True)) == doctor.Looked(None, None, True)
    assert run(doctor.begin(over, ledger, TENANT))
    going_on = run(doctor.last(over, ledger, TENANT, whole=True))
    assert (going_on.report, going_on.since) == (None, over.clock.now())
    report = run(doctor.carry_out(over, ledger, TENANT, whole=True))
    found = run(doctor.last(over, ledger, TENANT, whole=False))
    assert found == doctor.Looked(report, None, False)


@pytest.mark.parametrize(("later", "again"), [(10 * SECOND - 1, False), (10 * SECOND, True)])
def test_a_second_look_begins_ten_seconds_later_at_the_earliest(later: int, again: bool) -> None:
    over, ledger = probes(), MemoryLedger()
    assert run(doctor.begin(over, ledger, TENANT))
    assert isinstance(over.clock, MemoryClock)
    over.clock.move(later)
    assert run(doctor.begin(over, ledger, TENANT)) is again


@pytest.mark.parametrize(("later", "over"), [(MINUTE - 1, False), (MINUTE, True)])
def test_a_look_whose_process_died_is_over_after_a_minute(later: int, over: bool) -> None:
    looked, ledger = probes(), MemoryLedger()
    run(doctor.begin(looked, ledger, TENANT))
    assert isinstance(looked.clock, MemoryClock)
    looked.clock.move(later)
    assert (run(doctor.last(looked, ledger, TENANT, whole=True)).since is None) is over


def test_tenants_have_a_report_each() -> None:
    over, ledger = probes(), MemoryLedger()
    run(doctor.carry_out(over, ledger, TENANT, whole=True))
    other = replace(TENANT, id="t2")
    assert run(doctor.last(over, ledger, other, whole=True)).report is None
    assert all(len(name) <= 40 for name in ledger.known)


def test_the_worst_that_the_dns_can_say_is_told_and_not_stumbled_over() -> None:
    records: Mapping[str, Any] = {
        "north.test": {"MX": ["10 \x00", "x"], "TXT": ["v=spf1 include:north.test exp=%"]},
        "_dmarc.north.test": {"TXT": ["v=DMARC1;;;"]},
        "": {"NS": ["x"]},
    }
    report = examined(probes(dns=MemoryDns(records)))
    assert not {f.cause for f in report.findings if f.cause.endswith("gave-up")}
    assert CATALOGUE.state(report.roots[0].finding) is State.FAIL


def test_reached_is_told_by_name_first() -> None:
    nowhere = replace(scenes.MAIL, way=Reached("silent"), greeted=False)
    report = examined(probes(mail_server=Sees(nowhere)))
    assert "smtp-login.unreached" in troubles(report)["smtp-name.silent"]


class _Ranges:
    """A range file, as it is met."""

    def __init__(self, sight: RangesSight, held_s: float = 0) -> None:
        self.sight, self.held_s = sight, held_s

    async def look(self) -> RangesSight:
        await asyncio.sleep(self.held_s)
        return self.sight


def test_a_range_file_is_told_by_its_age_and_by_its_bad_line() -> None:
    sight = RangesSight("ranges.txt", scenes.NOW)
    assert "ranges.ok" in causes(examined(probes(ranges=_Ranges(sight))))
    bad = RangesSight("ranges.txt", fault="line 7: kind")
    assert "ranges.bad" in causes(examined(probes(ranges=_Ranges(bad))))
    assert "ranges.gave-up" in causes(examined(probes(ranges=_Ranges(sight, 9)), look_s=0.02))
    assert "ranges.unused" in causes(examined(probes()))
