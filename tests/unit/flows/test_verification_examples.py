"""What the page about the verification API shows, works as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.memory import MemoryCaller, MemoryMailer
from keyturn.flows import deliver, webhooks
from keyturn.flows.deliver import Courier
from keyturn.flows.staff import on_the_host
from keyturn.ports.webhooks import Call
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import Pocket
from tests.unit.flows.programs import make_key
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import open_web

PAGE = (Path(__file__).parents[3] / "docs/design/16-verification-api.md").read_text("utf-8")


def block(language: str) -> str:
    """The first example in this language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def house(house: House) -> House:
    house.user(tenant=house.tenant)
    return house


def told(house: House) -> tuple[str, Call, dict[str, Any]]:
    """The webhook's secret, the call that the curl example leads to, and the example's answer."""
    owner = on_the_host(house.browser().caller)
    chosen = run(webhooks.choose(house.parts, owner, "https://h.example.com/", private=False))
    assert isinstance(chosen, webhooks.Chosen)
    user = house.write(lambda tx: tx.users.named(house.tenant.id, "ada@northwind.test"))
    assert user is not None
    pocket = Pocket(house, user)
    desk = App(open_web(house), key=make_key(house).key)
    sent = re.search(r"-d '(.*?)'", block("sh"))
    assert sent is not None
    answer = desk.call("POST", "/verifications", **json.loads(sent[1]))
    pocket.approves()
    hook = MemoryCaller()
    courier = Courier(MemoryMailer(), None, JinjaLetters(house.parts.link), hook)
    run(deliver.deliver_due(house.parts, courier, 9))
    [call] = hook.taken
    return chosen.secret, call, answer.data["verification"]


def test_the_call_that_is_shown_starts_one_and_the_webhook_says_what_is_shown(
    house: House,
) -> None:
    _, call, asked = told(house)
    shown, body = json.loads(block("json")), json.loads(call.body)
    assert body["data"].keys() == shown["data"].keys()
    assert body["type"] == shown["type"]
    ours = {**shown["data"], "verification": asked["id"], "user": asked["user"]["id"]}
    assert body["data"] == ours


def test_the_receiver_that_is_shown_takes_what_we_signed_and_nothing_else(house: House) -> None:
    secret, call, _ = told(house)
    names: dict[str, Any] = {}
    exec(compile(block("python"), "the page", "exec"), names)
    verified, now = names["verified"], house.clock.now() / 1000
    assert verified(secret, call.headers, call.body, now)
    assert not verified(secret, call.headers, call.body.replace(b"verified", b"denied"), now)
    assert not verified("whsec_" + "A" * 43 + "=", call.headers, call.body, now)
    assert not verified(secret, call.headers, call.body, now + 300)
    assert not verified(secret, {**call.headers, "webhook-id": "another"}, call.body, now)
