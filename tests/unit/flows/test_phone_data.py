"""Phones, links and questions in an export, and gone with their owner."""

from __future__ import annotations

import json

from keyturn.flows import data, staff
from keyturn.flows.data import Exported
from keyturn.ports.phones import Kept, Subscribed
from keyturn.ports.store import Tx
from keyturn.rules.approvals import Kind
from keyturn.rules.binding import Rows
from keyturn.rules.phone_app import Push, PushState
from keyturn.steps.dossier import moment
from tests.unit.adapters.test_phones_contract import code_of, link_of, phone_of, question_of
from tests.unit.flows.house import House, run

TABLES = ("activation_links", "approvals", "phones", "scan_codes")


def test_an_export_holds_them_without_secrets_and_erasing_takes_them(house: House) -> None:
    ada, bob = house.user(), house.user("bob@northwind.test")
    phone, link, now = phone_of(ada), link_of(ada), house.clock.now()
    asked = (
        question_of(ada, kind=Kind.SECOND, asker="Firefox on Windows", place="192.0.2.9"),
        question_of(ada, kind=Kind.CALLER, asker="Tom Technician", place="the desk"),
    )
    rows = Rows(ada, (link,), (code_of(ada),), asked, (phone,))

    def fill(tx: Tx) -> None:
        tx.phones.save(Rows(ada), rows)
        tx.phones.keep(ada.tenant_id, phone.id, Kept("the-pins-digest", "the-totp-secret"))
        push = Push(PushState.WORKS, now)
        tx.phones.subscribe(ada.tenant_id, Subscribed(phone.id, "the-subscription", push))
        tx.phones.rise(ada.tenant_id, phone.id, 1, now)
        tx.phones.told(ada.tenant_id, phone.id, {"camera": "well"}, now)
        tx.phones.save(Rows(bob), Rows(bob, phones=(phone_of(bob),)))

    house.write(fill)
    chief = staff.on_the_host(house.browser().caller)
    answer = run(data.export_for(house.parts, chief, ada.id))
    assert isinstance(answer, Exported)
    text = json.dumps(answer.document)
    document = json.loads(text)
    [told] = document["phones"]
    assert (told["name"], told["push"], told["seen_at"]) == (phone.name, "works", moment(now))
    assert told["checks"] == {"camera": "well"}
    assert [one["number"] for one in document["activation_links"]] == [1]
    assert "192.0.2.9" in text
    hidden = ["Tom Technician", "the-pins-digest", "the-totp-secret", "the-subscription",
              link.digest, '"key"']  # fmt: skip
    assert [word for word in hidden if word in text] == []
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, ada.id))
    assert [house.count(table) for table in TABLES] == [0, 0, 1, 0]


def test_a_phone_that_was_never_heard_of_is_in_it_too(house: House) -> None:
    ada = house.user()
    house.write(lambda tx: tx.phones.save(Rows(ada), Rows(ada, phones=(phone_of(ada),))))
    chief = staff.on_the_host(house.browser().caller)
    answer = run(data.export_for(house.parts, chief, ada.id))
    assert isinstance(answer, Exported)
    [told] = json.loads(json.dumps(answer.document))["phones"]
    assert (told["seen_at"], told["checks"]) == (None, None)
