"""A tenant's own address for alarms: chosen, told of alarms, given up."""

from __future__ import annotations

import json

import pytest

from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.memory import MemoryCaller, MemoryMailer
from keyturn.flows import deliver, staff, webhooks
from keyturn.flows.deliver import Courier
from keyturn.flows.webhooks import Chosen, NotAllowed
from keyturn.ports.delivery import NotDelivered
from keyturn.rules import webhooks as rules
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, Tenant
from keyturn.rules.alarms import Alarm
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.webhooks import Unfit
from keyturn.steps import alarms, views
from keyturn.steps.acts import begin
from tests.unit.flows.house import House, run

HOOK = "https://hooks.example.com/services/a-secret-path"


@pytest.fixture
def owner(house: House) -> Staff:
    return staff.on_the_host(house.browser().caller)


@pytest.fixture
def caller() -> MemoryCaller:
    return MemoryCaller()


def choose(house: House, by: Staff, url: str = HOOK) -> Chosen:
    answer = run(webhooks.choose(house.parts, by, url, private=False))
    assert isinstance(answer, Chosen)
    return answer


def sound(house: House, tenant: Tenant | None = None) -> None:
    """Something is wrong."""
    act = begin(house.parts, house.browser(tenant=tenant).caller if tenant else
                house.browser().caller)  # fmt: skip
    facts = {"subject": "corp.example.test", "wrong": "Port 636 (dc2)"}
    words = {"link": "https://id.example.test/console", "causes": [{"what": "It is shut."}]}
    house.write(lambda tx: alarms.tell(tx, act, Alarm.DIRECTORY_HEALTH, facts, words))


def send(house: House, caller: MemoryCaller | None) -> None:
    courier = Courier(MemoryMailer(), None, JinjaLetters(house.parts.link), caller)
    run(deliver.deliver_due(house.parts, courier, 50))


def queued(house: House) -> list[Message]:
    """What was to go there, the oldest first."""
    tenant = house.tenant.id
    found = house.write(lambda tx: tx.messages.recent(tenant, "hook", None, 50))
    return list(reversed(found))


def test_an_address_is_kept_sealed_and_its_secret_shown_once(house: House, owner: Staff) -> None:
    chosen = choose(house, owner)
    kept = run(webhooks.one(house.parts, owner))
    assert kept is not None
    assert not isinstance(kept, NotAllowed)
    assert (kept.host, kept.made_at) == ("hooks.example.com", house.clock.now())
    assert len(rules.key_of(chosen.secret)) == rules.SECRET_BYTES
    for word in ("a-secret-path", chosen.secret):
        assert word not in f"{kept}{kept.sealed}{chosen!r}"
    assert choose(house, owner).secret != chosen.secret


def test_what_staff_did_is_in_the_audit_trail_without_the_secret(
    house: House, owner: Staff
) -> None:
    choose(house, owner)
    assert run(webhooks.end(house.parts, owner)) is True
    assert run(webhooks.end(house.parts, owner)) is False
    told = [(e.event, e.facts) for e in house.trail() if e.event.startswith("webhook.")]
    host = {"host": "hooks.example.com"}
    assert told == [(Event.WEBHOOK_SET, host), (Event.WEBHOOK_REMOVED, host)]


def test_what_is_no_address_is_refused(house: House, owner: Staff) -> None:
    wrong = {"http://hooks.example.com": Unfit.SCHEME, "https://10.0.0.1/": Unfit.PRIVATE}
    for typed, why in wrong.items():
        assert run(webhooks.choose(house.parts, owner, typed, private=False)) is why
    assert run(webhooks.one(house.parts, owner)) is None


def test_who_may_not_see_to_health_may_do_none_of_it(house: House, owner: Staff) -> None:
    auditor = house.user("auditor@northwind.test", role=Role.AUDITOR)
    by = Staff(owner.caller, auditor, Role.AUDITOR, 2)
    for attempt in (webhooks.one(house.parts, by), webhooks.end(house.parts, by),
                    webhooks.choose(house.parts, by, HOOK, private=False)):  # fmt: skip
        assert isinstance(run(attempt), NotAllowed)


def test_an_alarm_is_posted_signed(house: House, owner: Staff, caller: MemoryCaller) -> None:
    chosen = choose(house, owner)
    sound(house)
    (message,) = queued(house)
    assert (message.address, "secret" in message.sealed) == ("hooks.example.com", False)
    assert views.message(message).address_masked == "hooks.example.com"
    house.clock.move(1_500)
    send(house, caller)
    (call,) = caller.taken
    assert call.url == HOOK
    now, key = house.clock.now(), rules.key_of(chosen.secret)
    assert call.headers == rules.headers(key, message.id, now, call.body)
    told = json.loads(call.body)
    assert (told["type"], told["data"]["tenant"]) == ("keyturn.alarm", house.tenant.slug)
    assert told["data"]["alarm"] == "directory-health"
    assert told["data"]["wrong"] == "Port 636 (dc2)"
    assert told["data"]["causes"] == [{"what": "It is shut."}]
    assert told["timestamp"].endswith("Z")
    assert (queued(house)[0].state, queued(house)[0].sealed) == (MessageState.SENT, "")


def test_without_an_address_nothing_is_queued(house: House, owner: Staff) -> None:
    choose(house, owner)
    run(webhooks.end(house.parts, owner))
    sound(house)
    assert queued(house) == []


def test_alarms_of_another_tenant_go_elsewhere(house: House, owner: Staff) -> None:
    choose(house, owner)
    sound(house, house.add_tenant("southbank"))
    assert queued(house) == []


def test_what_is_not_taken_is_tried_again_under_the_same_id(
    house: House, owner: Staff, caller: MemoryCaller
) -> None:
    choose(house, owner)
    sound(house)
    caller.refuses = NotDelivered("HTTP 503", final=False)
    send(house, caller)
    (waiting,) = queued(house)
    assert (waiting.state, waiting.detail) == (MessageState.QUEUED, "HTTP 503")
    caller.refuses = None
    house.clock.move(HOUR)
    send(house, caller)
    (call,) = caller.taken
    assert call.headers["webhook-id"] == waiting.id


def test_what_waits_goes_to_the_address_of_now_or_nowhere(
    house: House, owner: Staff, caller: MemoryCaller
) -> None:
    choose(house, owner)
    sound(house)
    choose(house, owner, "https://other.example.com/")
    send(house, caller)
    assert [call.url for call in caller.taken] == ["https://other.example.com/"]
    sound(house)
    run(webhooks.end(house.parts, owner))
    send(house, caller)
    sound_state = queued(house)[-1]
    assert (sound_state.state, sound_state.detail) == (
        MessageState.REJECTED, "no address for alarms is set",
    )  # fmt: skip


def test_a_server_that_calls_nobody_says_so(house: House, owner: Staff) -> None:
    choose(house, owner)
    sound(house)
    send(house, None)
    assert queued(house)[-1].state is MessageState.REJECTED


def test_what_another_key_ring_sealed_is_not_called(
    house: House, owner: Staff, caller: MemoryCaller
) -> None:
    choose(house, owner)
    sound(house)
    kept = house.write(lambda tx: tx.webhooks.of(house.tenant.id))
    assert kept is not None
    sealed = house.parts.sealer.seal(b"{}", "webhook|another tenant")
    foreign = type(kept)(kept.tenant_id, kept.host, sealed, kept.made_at)
    house.write(lambda tx: tx.webhooks.put(foreign))
    send(house, caller)
    assert caller.taken == []
    assert queued(house)[-1].detail == "the address does not open with this key ring"
