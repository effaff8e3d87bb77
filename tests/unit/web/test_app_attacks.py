"""Attacks on the phone app, at the signed door; each test names the one that it refuses.

Figures at the end of a run say how many tries each was given.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from keyturn.adapters.sql.schema import complete
from keyturn.flows import asking
from keyturn.flows.asking import Standing
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.approvals import Approval, Verdict, statement
from keyturn.web.app_door import fields
from keyturn.web.app_door.operations import OPERATIONS, Who
from keyturn.wire import phone_answers
from tests.figures import Figure
from tests.unit.flows.handsets import NUMBER, WRONG, enters, show
from tests.unit.flows.house import House, run
from tests.unit.web.browsing import Web, open_web
from tests.unit.web.talking import Talker, open_door

APPROVE, DENY = Verdict
PIN = "p" * 43
FORGED = {"error": {"code": "signature"}}
#: what a platform makes, in form
MADE = {
    "id": "AA", "rawId": "AA", "type": "public-key",
    "response": {"clientDataJSON": "AA", "attestationObject": "AA"},
}  # fmt: skip
#: a subscription whose key is none
GIVEN: dict[str, Any] = {
    "endpoint": "https://push.example.test/x", "keys": {"p256dh": "A" * 87, "auth": "A" * 22},
}  # fmt: skip


@pytest.fixture
def south(house: House) -> Tenant:
    """Eve's tenant."""
    return house.add_tenant("southbank")


@pytest.fixture
def door(house: House, south: Tenant) -> Web:
    return open_door(open_web(house))


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def phone(door: Web, ada: User) -> Talker:
    """Ada's, with a PIN."""
    talker = Talker(door)
    talker.bind(ada)
    talker.result("pin", pin=PIN)
    return talker


def asked(house: House) -> Approval:
    """Eve has Ada's password, and asks Ada's phone."""
    browser = house.browser()
    browser.sign_in()
    answer = run(asking.for_flow(house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


def says(phone: Talker, one: Approval, verdict: Verdict = APPROVE) -> dict[str, Any]:
    """The body of an answer to what was shown."""
    said = one.number if verdict is APPROVE else ""
    signature = phone_answers.sign(phone.private, statement(one, verdict, said))
    body = {"id": one.id, "verdict": str(verdict), "said": said, "signature": signature}
    return {**body, **({"proof": {"pin": PIN}} if verdict is APPROVE else {})}


def stored(house: House) -> dict[str, list[str]]:
    """Everything in the database."""

    def step(tx: Any) -> dict[str, list[str]]:
        return {
            name: sorted(map(repr, tx.connection.execute(select(table)).all()))
            for name, table in complete().tables.items()
        }

    return house.write(step)


def state_of(house: House, one: Approval) -> str:
    found = house.write(lambda tx: tx.phones.approval(one.tenant_id, one.id))
    assert found is not None
    return str(found.state)


# -- replayed or altered approval


def test_a_replayed_approval_is_heard_once(house: House, phone: Talker) -> None:
    """Whoever sits in the line records Ada's "yes", and sends it again: as it was, and for the
    sign-in that the attacker begins next.
    """
    one = asked(house)
    raw = json.dumps(says(phone, one)).encode()
    headers = phone.signed("answer", raw)
    assert phone.heard(phone.post("answer", headers, raw)) == {"result": {}}
    second = asked(house)
    again = phone.heard(phone.post("answer", headers, raw))
    assert again == {"error": {"code": "sequence"}}
    assert state_of(house, second) == "waiting"


def test_an_approval_of_one_question_approves_no_other(house: House, phone: Talker) -> None:
    """A script in the app's place has Ada sign one question and hands the signature in for
    another: another id, number, place or asker, and her "no" as a "yes".
    """
    first = asked(house)
    yes, no = says(phone, first), says(phone, first, DENY)
    one = asked(house)
    mine = says(phone, one)
    altered = [
        {**mine, "signature": yes["signature"]},
        {**mine, "signature": no["signature"]},
        {**mine, "signature": says(phone, one, DENY)["signature"]},
        {**mine, "signature": "A" * 86},
        {**mine, "said": str(109 - int(one.number))},
    ]
    for body in altered:
        assert phone.error("answer", **body) == {"code": "forged"}
    assert state_of(house, one) == "waiting"
    assert house.events().count("approval.forged") == len(altered)


# -- cloned app storage


def bodies(phone: Talker, **ids: str) -> dict[str, dict[str, Any]]:
    """A readable body of every operation of a bound phone.

    Args:
        ids: what a field of that name gets, wherever it may be one.
    """
    given: dict[str, Any] = {
        "id": "0" * 26, "before": "0" * 26, "seen": {}, "subscription": GIVEN,
        "permission": "denied", "proof": {"pin": PIN}, "pin": "q" * 43, "verdict": "deny",
        "said": "", "signature": "A" * 86, "does": "unlock", "about": "0" * 26, "made": MADE,
    }  # fmt: skip
    found = {}
    for name, operation in OPERATIONS.items():
        if operation.who is Who.PHONE:
            body = {field: given.get(field) for field in operation.takes}
            if operation.takes.get("id") is fields.HANDLE:
                body["id"] = "h" * 43
            wanted = {field: value for field, value in ids.items() if field in body}
            found[name] = {**body, **wanted}
    return found


def test_a_clone_of_the_app_s_storage_without_the_key_is_nobody(
    house: House, door: Web, phone: Talker, figure: Figure
) -> None:
    """A backup of the phone, or whoever copied its browser's profile, has the phone's id, its
    counter and its PIN; the key stayed behind, because it cannot be exported.
    """
    asked(house)
    clone = Talker(door)
    clone.id, clone.sequence = phone.id, phone.sequence + 1000
    before = stored(house)
    tried = bodies(clone)
    for operation, body in tried.items():
        assert clone.ask(operation, body) == FORGED, operation
    assert stored(house) == before
    assert "result" in phone.ask("state")
    figure("attacks, cloned app storage: operations refused", len(tried), of=len(tried))


# -- an attacker's QR


def test_an_attacker_s_code_shows_the_attacker_s_tenant_and_asks_for_their_number(
    house: House, door: Web, ada: User, south: Tenant
) -> None:
    """Eve holds up a code of her own, so that Ada's new phone would answer for Eve's account, or
    Ada's account get Eve's phone. The phone shows whose it is before it is bound, and only
    Eve's page has the number.
    """
    eve = house.user("eve@southbank.test", tenant=south, name="Eve")
    evil, scanner = show(house, eve), Talker(door)
    body = {"key": scanner.key, "code": evil.code.id, "secret": evil.secret}
    there = {"keyid": "new", "base": "/t/southbank"}
    offer = scanner.ask("scan", body, **there)["result"]
    assert offer["tenant"]["name"] == "Southbank"
    assert offer["account"]["identifier"] == "eve@southbank.test"
    assert "number" not in offer
    assert scanner.ask("scan", body, keyid="new") == {"error": {"code": "unknown"}}
    said = {"said": WRONG, "model": ""}
    told = [
        scanner.ask("number", said, keyid=evil.code.id, base="/t/southbank")["error"]["code"]
        for _ in range(3)
    ]
    assert told == ["wrong", "wrong", "over"]
    assert house.write(lambda tx: tx.phones.of_user(ada.tenant_id, ada.id)) == []
    assert house.write(lambda tx: tx.phones.of_user(south.id, eve.id)) == []


def test_a_code_that_was_filmed_is_taken_or_lacks_its_number(
    house: House, door: Web, ada: User
) -> None:
    """Eve films Ada's page. If Ada's phone was first, the code is taken; if Eve's was, three
    guesses of two digits end it, and Ada's page says that it was not her.
    """
    first = show(house, ada)
    mine, thief = Talker(door), Talker(door)
    assert "result" in mine.scan(first)
    assert thief.scan(first) == {"error": {"code": "taken"}}
    assert thief.say(first) == FORGED
    assert "result" in mine.say(first)
    second = show(house, ada)
    assert "result" in thief.scan(second)
    assert [thief.say(second, WRONG)["error"]["code"] for _ in range(3)] == ["wrong", "wrong",
                                                                             "over"]  # fmt: skip
    assert thief.say(second, NUMBER)["error"]["code"] == "over"
    assert len(house.write(lambda tx: tx.phones.of_user(ada.tenant_id, ada.id))) == 1


# -- ids of another tenant


def test_no_operation_of_the_door_takes_an_id_of_another_tenant(
    house: House, door: Web, phone: Talker, south: Tenant, figure: Figure
) -> None:
    """Eve, with a phone of her own tenant, puts in every id that there is in Ada's: she hears
    what she hears for an id that nobody has, and nothing of Ada's changes.
    """
    asked(house)
    enters(house, house.user("bob@northwind.test"))
    eve = Thief(door, house.user("eve@southbank.test", tenant=south))
    theirs = ids_in(house, house.tenant)
    before, tried = mine(house), 0
    for operation, takes in taking_ids():
        nobody = eve.hears(operation, takes, "0" * 26)
        for one in theirs:
            assert eve.hears(operation, takes, one) == nobody, (operation, one)
            tried += 1
    assert mine(house) == before
    assert tried >= 50
    figure("attacks, ids of another tenant at the door: tries", tried)


def test_nobody_speaks_at_another_tenant_s_door(
    house: House, door: Web, phone: Talker, figure: Figure
) -> None:
    """Ada's phone, bound in one tenant, is nobody at another's door, whatever it asks."""
    before = stored(house)
    tried = bodies(phone)
    for operation, body in tried.items():
        assert phone.ask(operation, body, base="/t/southbank") == FORGED, operation
    assert stored(house) == before
    figure("attacks, another tenant's door: operations refused", len(tried), of=len(tried))


class Thief(Talker):
    """A phone that is bound in its own tenant."""

    def __init__(self, door: Web, user: User) -> None:
        super().__init__(door)
        shown = show(self.house, user)
        body = {"key": self.key, "code": shown.code.id, "secret": shown.secret}
        there = {"base": "/t/southbank"}
        assert "result" in self.ask("scan", body, keyid="new", **there)
        said = {"said": NUMBER, "model": ""}
        told = self.ask("number", said, keyid=shown.code.id, **there)
        self.id = told["result"]["phone"]

    def hears(self, operation: str, takes: str, one: str) -> dict[str, Any]:
        """What it hears when it puts an id in."""
        body = bodies(self, **{takes: one})[operation]
        return self.ask(operation, body, base="/t/southbank")


def taking_ids() -> list[tuple[str, str]]:
    """Operations of a bound phone that take an id, and the field's name."""
    return [
        (name, field)
        for name, operation in OPERATIONS.items()
        if operation.who is Who.PHONE
        for field, read in operation.takes.items()
        if read in {fields.ID, fields.CURSOR}
    ]


def ids_in(house: House, tenant: Tenant) -> list[str]:
    """Every id that a tenant's rows have, one of each column."""
    found: dict[tuple[str, str], str] = {}

    def step(tx: Any) -> None:
        for name, table in complete().tables.items():
            if "tenant_id" not in table.c:
                continue
            wanted = select(table).where(table.c.tenant_id == tenant.id)
            for row in tx.connection.execute(wanted).mappings():
                found.update(
                    {(name, column): value for column, value in row.items()
                     if isinstance(value, str) and len(value) == 26 and value.isalnum()}
                )  # fmt: skip

    house.write(step)
    return sorted(set(found.values()))


def mine(house: House) -> list[str]:
    """Every row of Ada's tenant."""
    return [row for rows in stored(house).values() for row in rows if house.tenant.id in row]
