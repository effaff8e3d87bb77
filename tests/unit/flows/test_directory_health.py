"""What the server itself knows of a directory, and what it makes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from keyturn.flows import channel, directory_health, staff
from keyturn.ports.directory_health import AgentNote
from keyturn.ports.store import StoreUnavailable, Tx
from keyturn.rules.accounts import Role, User
from keyturn.rules.directories import topology
from keyturn.rules.directories.health import codec, remembered
from keyturn.rules.directories.health.facts import Facts, ListenerSight, PrimarySight, Probe, Way
from keyturn.rules.directories.health.forest import key
from keyturn.rules.directories.health.settled import Kept, settle
from keyturn.rules.directories.leases import ALIVE_MS
from keyturn.rules.directories.things import AgentRole, AgentState, Directory
from keyturn.rules.directories.topology import Controller
from keyturn.rules.events import Event
from keyturn.rules.health.verdicts import Finding
from keyturn.rules.lockout import MINUTE
from keyturn.steps import directory_alarms
from keyturn.steps import directory_health as step
from keyturn.steps.directory_health import Health
from keyturn.wire.messages import Release
from tests.unit.flows.agency import Agency, Machine
from tests.unit.flows.domain import CHART, Domain, controller, host
from tests.unit.flows.house import House, run
from tests.unit.flows.test_words import words

VERSION = "0.1.0"


@pytest.fixture
def domain(house: House) -> Domain:
    """Two candidates, and a map of three controllers that are all reached."""
    built = Domain(house)
    reach(built, {})
    return built


def reach(
    domain: Domain, causes: dict[str, str], controllers: Sequence[Controller] = CHART.controllers
) -> None:
    """What the primary said of its ways to the controllers."""
    told = {c.host: causes.get(c.host, "") for c in controllers}
    now = domain.house.clock.now()
    fresh = replace(domain.again(), reachable=json.dumps(told), topology_at=now)
    domain.house.write(lambda tx: tx.directories.update(fresh))


def look(agency: Agency) -> Health:
    by = staff.on_the_host(agency.house.browser().caller)
    health = run(directory_health.look(agency.parts, by, agency.directory.id, VERSION))
    assert health is not None
    return health


def roots(agency: Agency) -> list[str]:
    return [root.finding.cause for root in look(agency).report.roots]


def found(agency: Agency, check: str, subject: str = "") -> Finding:
    (one,) = (f for f in look(agency).report.findings if key(f) == (check, subject))
    return one


def hear(agency: Agency, *machines: Machine) -> None:
    ids = [m.id for m in machines]
    agency.house.write(lambda tx: tx.agents.heard(ids, agency.house.clock.now()))


def note(agency: Agency, machine: Machine) -> AgentNote:
    place = (agency.tenant.id, agency.directory.id, machine.id)
    found: AgentNote = agency.house.write(lambda tx: tx.health.note(*place))
    return found


def test_a_directory_without_agents_says_so_first(house: House) -> None:
    empty = Agency(house)
    report = look(empty).report
    assert report.roots[0].finding.cause == "primary.never"
    beneath = {f.cause for f in report.roots[0].consequences}
    assert {"resets.no-primary", "telling.never"} <= beneath


def test_nobody_sees_a_directory_of_another_tenant(house: House, domain: Domain) -> None:
    elsewhere = replace(house.browser().caller, tenant=replace(house.tenant, id="0" * 26))
    by = staff.on_the_host(elsewhere)
    assert run(directory_health.look(house.parts, by, domain.directory.id, VERSION)) is None


def test_where_the_primary_reaches_all_controllers_nothing_is_wrong(domain: Domain) -> None:
    assert not [cause for cause in roots(domain) if not cause.endswith((".unseen", ".missing"))]
    assert found(domain, "primary").facts["agent"] == "dc1"
    assert found(domain, "resets").cause == "resets.ok"


@pytest.mark.parametrize(("cause", "root"), [("tls_old", "tls.old"), ("tls_ca", "chain.untrusted")])
def test_why_a_controller_is_not_reached_is_the_root(domain: Domain, cause: str, root: str) -> None:
    reach(domain, {host("dc2"): cause})
    assert root in roots(domain)


def test_that_a_map_says_nothing_of_other_ports_is_not_taken_for_a_dead_controller(
    domain: Domain,
) -> None:
    reach(domain, {host("dc2"): "timeout"})
    assert found(domain, "controller", host("dc2")).cause == "controller.unseen"


def test_a_stopped_agent_is_the_root_of_a_missing_primary(domain: Domain) -> None:
    domain.house.clock.move(ALIVE_MS)
    reach(domain, {})
    root = look(domain).report.roots[0]
    assert root.finding.cause == "agent.silent"
    assert "primary.none" in {f.cause for f in root.consequences}


def test_an_agent_that_left_in_good_order_was_heard(domain: Domain) -> None:
    where = domain.stored(domain.dc2).run
    assert where is not None
    said = domain.dc2.said("bell")
    run(channel.release(domain.parts, said, Release(domain.dc2.run_id)))
    left = note(domain, domain.dc2)
    assert (left.left_at, left.left_place) == (domain.house.clock.now(), where.place)
    assert found(domain, "agent", "dc2").cause == "agent.silent"
    domain.house.clock.move(ALIVE_MS)
    silent = found(domain, "agent", "dc2")
    assert silent.cause == "agent.silent"
    assert silent.facts["heard_at"] == left.left_at


def test_another_machine_that_wanted_to_be_the_primary_is_told_of(domain: Domain) -> None:
    other = replace(domain.dc1, machine="elsewhere", place="dc9 (192.0.2.99)")
    domain.begin(other, "second")
    refused = found(domain, "second", "dc1")
    assert refused.cause == "second.refused"
    assert refused.facts["second"] == "dc9 (192.0.2.99)"
    assert refused.facts["tried_at"] == domain.house.clock.now()


def test_the_same_machine_again_is_no_second(domain: Domain) -> None:
    domain.begin(replace(domain.dc1, place="dc1 again"), "second")
    assert note(domain, domain.dc1).second_at is None


def test_what_the_primary_saw_counts_more_than_its_map(domain: Domain) -> None:
    now = domain.house.clock.now()
    seen = PrimarySight(CHART, (Way(host("dc1"), "credentials"),), (), True, (), None)
    at = (domain.tenant.id, domain.directory.id)
    domain.house.write(lambda tx: tx.health.saw(*at, codec.encode(seen), now))
    assert "account.refused" in roots(domain)


def test_a_map_that_is_newer_by_minutes_counts_more_than_what_was_seen(domain: Domain) -> None:
    now = domain.house.clock.now()
    seen = PrimarySight(CHART, (Way(host("dc1"), "credentials"),), (), True, (), None)
    at = (domain.tenant.id, domain.directory.id)
    domain.house.write(lambda tx: tx.health.saw(*at, codec.encode(seen), now))
    domain.house.clock.move(3 * MINUTE)
    reach(domain, {})
    assert "account.refused" not in roots(domain)


def test_what_another_release_wrote_is_not_known(domain: Domain) -> None:
    at = (domain.tenant.id, domain.directory.id)
    now = domain.house.clock.now()
    domain.house.write(lambda tx: tx.health.saw(*at, '{"of": "another release"}', now))
    assert found(domain, "resets").cause == "resets.unseen"


def test_an_agent_tells_of_its_own_controller(domain: Domain) -> None:
    listener = domain.listener("dc2-beside")
    now = domain.house.clock.now()
    controller = domain.stored(listener).controller
    sight = ListenerSight(controller, "", 360_000, ())
    bare = replace(note(domain, listener), ahead_ms=0)
    noted = replace(bare, beside=codec.encode(sight), beside_at=now)
    domain.house.write(lambda tx: tx.health.put_note(noted))
    other = replace(note(domain, domain.dc1), beside="?", beside_at=now)
    domain.house.write(lambda tx: tx.health.put_note(other))
    chart = replace(
        CHART, controllers=(*CHART.controllers, replace(CHART.controllers[1], host=controller))
    )
    fresh = replace(domain.again(), topology=topology.encode(chart))
    domain.house.write(lambda tx: tx.directories.update(fresh))
    assert found(domain, "controller-clock", controller).cause == "controller-clock.wrong"


def test_the_clock_of_an_agent_is_judged_by_its_last_survey(domain: Domain) -> None:
    noted = replace(note(domain, domain.dc1), ahead_ms=-400_000)
    domain.house.write(lambda tx: tx.health.put_note(noted))
    assert found(domain, "clock", "dc1").cause == "clock.wrong"


def test_a_revoked_agent_is_not_spoken_of(domain: Domain) -> None:
    listener = domain.listener()
    assert listener.role is AgentRole.LISTENER
    assert found(domain, "agent", listener.name).cause == "agent.ok"
    gone = {"state": AgentState.REVOKED, "revoked_at": 1}
    domain.change(listener, lambda a: replace(a, **gone))
    assert ("agent", listener.name) not in {key(f) for f in look(domain).report.findings}


def test_while_it_is_judged_all_the_time_an_answer_counts_when_it_stood(domain: Domain) -> None:
    at = (domain.tenant.id, domain.directory.id)
    now = domain.house.clock.now()
    well = settle_twice(look(domain).report.findings, now)
    domain.house.write(lambda tx: tx.health.take(*at, now, now))
    domain.house.write(lambda tx: tx.health.judged(*at, remembered.store(well), None))
    reach(domain, {host("dc2"): "tls_old"})
    assert "tls.old" not in roots(domain)
    domain.house.clock.move(3 * MINUTE)
    hear(domain, domain.dc1, domain.dc2)
    reach(domain, {host("dc2"): "tls_old"})
    assert "tls.old" in roots(domain)


def settle_twice(findings: tuple[Finding, ...], now: int) -> dict[tuple[str, str], Kept]:
    once, _ = settle({}, findings, now)
    twice, _ = settle(once, [replace(f, at=f.at + 1) for f in findings], now + MINUTE)
    return twice


# -- judged every minute


def sweep(domain: Domain, *, later: int = MINUTE) -> int:
    """One sweep, a minute after the last; the agents live and have told how things are."""
    domain.house.clock.move(later)
    hear(domain, domain.dc1, domain.dc2)
    domain.beat(domain.dc1)
    return run(directory_health.sweep(domain.parts, VERSION))


def history(domain: Domain) -> list[tuple[str, str]]:
    at = (domain.tenant.id, domain.directory.id)
    lines = domain.house.write(lambda tx: tx.health.history(*at, 99))
    return [(line.change, line.cause) for line in reversed(lines)]


def told(domain: Domain, cause: str) -> list[str]:
    """What history says of a cause."""
    return [change for change, of in history(domain) if of == cause]


def test_what_was_seen_twice_counts_and_is_written_down_once(domain: Domain) -> None:
    for _ in range(3):
        reach(domain, {})
        sweep(domain)
    assert told(domain, "tls.old") == []
    reach(domain, {host("dc2"): "tls_old"})
    sweep(domain)
    assert told(domain, "tls.old") == []
    for _ in range(3):
        reach(domain, {host("dc2"): "tls_old"})
        sweep(domain)
    assert told(domain, "tls.old") == ["opened"]
    assert "tls.old" in roots(domain)
    for _ in range(3):
        reach(domain, {})
        sweep(domain)
    assert told(domain, "tls.ok") == ["closed"]


def test_a_line_of_history_says_what_where_and_since_when(domain: Domain) -> None:
    for _ in range(3):
        reach(domain, {host("dc2"): "tls_old"})
        sweep(domain)
    at = (domain.tenant.id, domain.directory.id)
    lines = domain.house.write(lambda tx: tx.health.history(*at, 99))
    (line,) = [line for line in lines if line.cause == "tls.old"]
    assert (line.subject, line.before) == (host("dc2"), "")
    assert line.facts["controller"] == host("dc2")
    assert line.at < domain.house.clock.now()


def test_a_directory_is_judged_once_a_minute_whoever_sweeps(domain: Domain) -> None:
    assert sweep(domain) == 1
    assert sweep(domain, later=0) == 0
    assert sweep(domain, later=MINUTE - 1) == 0
    assert sweep(domain, later=1) == 1


def test_one_that_another_server_took_meanwhile_is_left_to_it(domain: Domain) -> None:
    at = (domain.tenant.id, domain.directory.id)
    assert sweep(domain) == 1
    for tenant_id in (at[0], "0" * 26):
        judge = partial(
            step.judge_now, parts=domain.parts, tenant_id=tenant_id, directory_id=at[1],
            version=VERSION,
        )  # fmt: skip
        assert domain.house.write(judge) is False


def test_the_directories_of_all_tenants_have_their_turn(house: House, domain: Domain) -> None:
    other = Agency(house, "south.example.test", house.add_tenant("southbank"))
    assert sweep(domain) == 2
    at = (other.tenant.id, other.directory.id)
    assert house.write(lambda tx: tx.health.book(*at)).judged_at == house.clock.now()
    house.clock.move(MINUTE)
    assert run(directory_health.sweep(house.parts, VERSION, 1)) == 1


def test_one_that_cannot_be_judged_stops_no_other_and_has_its_turn_in_a_minute(
    house: House, domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = Agency(house, "south.example.test", house.add_tenant("southbank"))
    facts = step.facts

    def broken(tx: Tx, directory: Directory, version: str, now: int) -> Facts:
        if directory.id == domain.directory.id:
            raise ValueError("what an agent said")
        return facts(tx, directory, version, now)

    monkeypatch.setattr(step, "facts", broken)
    assert sweep(domain) == 2
    at = (other.tenant.id, other.directory.id)
    assert house.write(lambda tx: tx.health.book(*at)).memory
    assert f"not judged directory={domain.directory.id} error=ValueError" in caplog.text
    assert "what an agent said" not in caplog.text
    assert sweep(domain, later=MINUTE - 1) == 0
    monkeypatch.setattr(step, "facts", facts)
    assert sweep(domain, later=1) == 2
    assert history(domain) == []


def test_without_its_store_a_sweep_is_over(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_facts: object) -> Facts:
        raise StoreUnavailable

    monkeypatch.setattr(step, "facts", away)
    with pytest.raises(StoreUnavailable):
        sweep(domain)


# -- on a page


def test_a_page_shows_what_changed_lately_and_nothing_of_what_is_not_there(
    domain: Domain,
) -> None:
    for _ in range(3):
        reach(domain, {host("dc2"): "tls_old"})
        sweep(domain)
    by = staff.on_the_host(domain.house.browser().caller)
    shown = run(directory_health.page(domain.parts, by, domain.directory.id, VERSION))
    assert shown is not None
    assert "tls.old" in {line.cause for line in shown.history}
    assert shown.health.report == look(domain).report
    assert run(directory_health.page(domain.parts, by, "0" * 26, VERSION)) is None


# -- owners are told


@pytest.fixture
def owner(house: House) -> User:
    return house.user("owner@northwind.test", role=Role.OWNER)


def minutes(domain: Domain, cause: str, count: int) -> None:
    """So many in which dc2 is not reached for this cause."""
    for _ in range(count):
        reach(domain, {host("dc2"): cause})
        sweep(domain)


def see(domain: Domain, seen: str) -> None:
    """What the primary saw."""
    at, now = (domain.tenant.id, domain.directory.id), domain.house.clock.now()
    domain.house.write(lambda tx: tx.health.saw(*at, seen, now))


def mails(domain: Domain) -> list[str]:
    """What owners were told, the oldest first."""
    return [words(domain.house, letter) for letter in domain.house.outbox("alarm")]


def test_owners_are_told_of_a_root_once_with_its_mend_and_when_it_is_over(
    domain: Domain, owner: User
) -> None:
    minutes(domain, "", 3)
    assert mails(domain) == []
    minutes(domain, "tls_old", 30)
    (letter,) = domain.house.outbox("alarm")
    (told,) = mails(domain)
    assert letter.message.address == owner.email
    assert "dc2.corp.example.test offers nothing newer than TLS 1.1. Switch TLS 1.2 on" in told
    assert "no TLS was agreed" not in told
    assert "still wrong" not in told
    assert f"/t/northwind/console/directories/{domain.directory.id}\n" in told
    minutes(domain, "", 30)
    (_, over) = mails(domain)
    assert "Over: TLS version (dc2.corp.example.test)." in over
    assert "something is wrong" not in over.lower()


def test_an_owner_who_reads_german_is_told_in_german(domain: Domain, owner: User) -> None:
    minutes(domain, "tls_old", 3)
    minutes(domain, "", 30)
    begun, over = (words(domain.house, letter, "de") for letter in domain.house.outbox("alarm"))
    assert "dc2.corp.example.test bietet nichts Neueres als TLS 1.1. Schalten Sie dort" in begun
    assert "Vorbei: TLS-Version (dc2.corp.example.test)." in over


def test_what_an_alarm_was_about_is_in_the_audit_trail(domain: Domain) -> None:
    minutes(domain, "tls_old", 3)
    minutes(domain, "", 12)
    told = [e.facts for e in domain.house.trail() if e.event is Event.ALARM_RAISED]
    about = {"alarm": "directory-health", "subject": "corp.example.test"}
    named = "TLS version (dc2.corp.example.test)"
    assert told == [{**about, "wrong": named}, {**about, "over": named}]


def test_what_is_new_while_something_else_is_wrong_is_told_by_itself(
    domain: Domain, owner: User
) -> None:
    minutes(domain, "tls_old", 12)
    late = replace(note(domain, domain.dc1), ahead_ms=-400_000)
    domain.house.write(lambda tx: tx.health.put_note(late))
    minutes(domain, "tls_old", 3)
    (_, second) = mails(domain)
    assert "TLS 1.1" not in second
    assert "The clock of dc1 is 7 minutes behind the server's." in second
    assert "1 more thing that you were told of before is still wrong there." in second


def test_many_causes_at_once_are_one_mail_of_bounded_length(domain: Domain, owner: User) -> None:
    many = tuple(controller(f"dc{n}") for n in range(1, 16))
    domain.chart(replace(CHART, controllers=many))
    for _ in range(3):
        reach(domain, {c.host: "tls_ca" for c in many}, many)
        sweep(domain)
    (letter,) = domain.house.outbox("alarm")
    assert len(letter.values["causes"]) == directory_alarms.MOST
    (told,) = mails(domain)
    assert f"{letter.values['more']} more causes are on its page." in told


def test_what_comes_and_goes_is_told_as_such_and_not_each_time(domain: Domain, owner: User) -> None:
    for n in range(24):
        minutes(domain, "tls_old" if n % 2 else "", 1)
    (told,) = mails(domain)
    assert "Comes and goes" in told
    assert "TLS version (dc2.corp.example.test)" in told


def test_nobody_is_told_of_a_directory_whose_first_agent_has_not_come_yet(
    house: House, owner: User
) -> None:
    empty = Agency(house)
    for _ in range(20):
        house.clock.move(MINUTE)
        run(directory_health.sweep(house.parts, VERSION))
    assert roots(empty)[0] == "primary.never"
    assert house.outbox("alarm") == []


def test_owners_of_another_tenant_are_told_nothing(house: House, domain: Domain) -> None:
    other = house.add_tenant("southbank")
    house.user("owner@southbank.test", role=Role.OWNER, tenant=other)
    minutes(domain, "tls_old", 3)
    assert domain.house.outbox("alarm") == []


def test_a_moment_in_a_mail_is_in_utc(domain: Domain, owner: User) -> None:
    now = domain.house.clock.now()
    ended = Probe("TLSv1.2", "TLSv1.3", True, True, "CA", (), now)
    ways = (Way(host("dc1"), ""), Way(host("dc2"), "tls_expired", probe=ended))
    seen = codec.encode(PrimarySight(CHART, ways, (), True, (), None))
    for _ in range(3):
        see(domain, seen)
        sweep(domain)
    (told,) = mails(domain)
    shown = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    assert f"Its last moment: {shown}." in told


def test_the_directory_of_a_tenant_that_is_gone_is_judged_and_nobody_told(domain: Domain) -> None:
    lost = replace(domain.again(), id=domain.house.random.id(1), tenant_id="0" * 26)
    domain.house.write(lambda tx: tx.directories.add(lost))
    minutes(domain, "", 3)
    book = domain.house.write(lambda tx: tx.health.book(lost.tenant_id, lost.id))
    assert book.judged_at == domain.house.clock.now()
    assert domain.house.outbox("alarm") == []
