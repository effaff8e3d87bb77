"""The verification API: by a key alone, the same again for the same request, long answers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from keyturn.flows import api_keys
from keyturn.flows.staff import on_the_host
from keyturn.leaving import LEAVING
from keyturn.rules.accounts import UserState
from keyturn.rules.api_keys import ApiKey
from keyturn.rules.approvals import ASKED, LIFE_MS
from keyturn.web.api import waiting
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.flows.pockets import Pocket
from tests.unit.flows.programs import make_key
from tests.unit.web.api.calling import Answer, App

VERIFICATIONS = "/verifications"


@pytest.fixture
def pocket(house: House) -> Pocket:
    return Pocket(house, house.user())


@pytest.fixture
def desk(app: App, house: House) -> App:
    """A ticket system."""
    app.key = make_key(house).key
    return app


def starts(desk: App, **fields: str) -> Answer:
    plain = {"user": EMAIL, "ticket": "INC-4711", "asker": "Tom", "idempotency_key": "r1"}
    return desk.call("POST", VERIFICATIONS, **{**plain, **fields})


def of(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.data
    return dict(answer.data["verification"])


def path(answer: Answer) -> str:
    return f"{VERIFICATIONS}/{of(answer)['id']}"


def test_it_is_started_watched_and_ends(pocket: Pocket, desk: App) -> None:
    begun = starts(desk)
    (shown,) = pocket.waiting()
    told = of(begun)
    assert begun.step == "phone_answer"
    assert (told["state"], told["number"]) == ("waiting", shown.one.number)
    assert (told["words"], told["push"], told["left"]) == (shown.words, "none", 3)
    assert told["user"] == {"id": pocket.user.id, "name": "Ada Byron"}
    assert told["ends_at"] - told["asked_at"] == LIFE_MS
    pocket.approves()
    ended = desk.call("GET", path(begun))
    assert ended.step == "none"
    assert (of(ended)["state"], of(ended)["number"], of(ended)["words"]) == ("verified", None, None)
    assert of(ended)["settled_at"] == pocket.house.clock.now()


def test_the_same_request_is_the_same_verification(pocket: Pocket, desk: App) -> None:
    assert of(starts(desk)) == of(starts(desk))
    assert starts(desk, ticket="INC-1").code == "key-reused"
    assert len(pocket.waiting()) == 1


def test_it_is_taken_back(pocket: Pocket, desk: App) -> None:
    begun = starts(desk)
    for _ in range(2):
        assert of(desk.call("DELETE", path(begun)))["state"] == "withdrawn"
    assert pocket.waiting() == ()


def test_what_is_not_possible_says_why(pocket: Pocket, desk: App) -> None:
    pocket.house.user("ben@northwind.test")
    refused = starts(desk, user="ben@northwind.test")
    assert (refused.status, refused.code) == (409, "not-possible")
    assert refused.data["reason"] == "no_phone"
    pocket.house.change(pocket.user, state=UserState.DISABLED)
    assert starts(desk).data["reason"] == "disabled"
    assert starts(desk, user="nobody").code == "not-found"
    assert starts(desk, ticket="call me now").errors == [("/ticket", "unfit")]


def test_a_phone_that_was_asked_too_often_is_told_with_until_when(
    pocket: Pocket, desk: App
) -> None:
    for number in range(ASKED):
        starts(desk, idempotency_key=f"r{number}")
    refused = starts(desk, idempotency_key="another")
    assert (refused.status, refused.code) == (429, "budget")
    assert refused.page.header("retry-after") == "900"


def unknown(house: House, app: App, kind: str) -> str | None:
    """A key that opens nothing here."""
    match kind:
        case "revoked":
            made = make_key(house)
            owner = on_the_host(house.browser().caller)
            run(api_keys.revoke(house.parts, owner, made.stored.id))
            return made.key
        case "another tenant's":
            return make_key(house, house.add_tenant("southbank")).key
        case "a session":
            app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
            return app.session
        case "none":
            return None
        case _:
            return "ktk_" + "x" * 43


KINDS = ("revoked", "another tenant's", "a session", "none", "guessed")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_no_key_of_this_tenant_is_answered_alike(
    pocket: Pocket, app: App, kind: str
) -> None:
    app.key = unknown(pocket.house, app, kind)
    before = pocket.house.dump("approvals", "verifications", "api_keys")
    for answer in (starts(app), app.call("GET", f"{VERIFICATIONS}/x"),
                   app.call("DELETE", f"{VERIFICATIONS}/x")):  # fmt: skip
        assert (answer.status, answer.code, answer.step) == (401, "unknown-key", "none")
        assert answer.page.header("www-authenticate") == "Bearer"
    assert pocket.house.dump("approvals", "verifications", "api_keys") == before


def test_a_key_that_is_revoked_between_two_looks_is_unknown(
    pocket: Pocket, desk: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = run(api_keys.authenticate(pocket.house.parts, pocket.browser.caller, desk.key or ""))
    owner = on_the_host(pocket.house.browser().caller)
    assert key is not None
    run(api_keys.revoke(pocket.house.parts, owner, key.id))

    async def late(*_asked: object) -> ApiKey:
        return key

    monkeypatch.setattr(api_keys, "authenticate", late)
    assert starts(desk).code == "unknown-key"


def test_a_key_opens_nothing_else(pocket: Pocket, desk: App) -> None:
    desk.session = desk.key
    for place in ("/account", "/account/passkeys", "/directory/accounts"):
        assert desk.call("GET", place).code in {"sign-in", "no-such-page"}


def test_what_another_key_or_tenant_has_started_is_not_there(
    pocket: Pocket, desk: App, house: House
) -> None:
    begun = starts(desk)
    desk.key = make_key(house, name="Other").key
    absent = desk.call("GET", f"{VERIFICATIONS}/{'0' * 26}")
    for method in ("GET", "DELETE"):
        answer = desk.call(method, path(begun))
        assert (answer.status, answer.data["code"]) == (absent.status, absent.data["code"])
    south = house.add_tenant("southbank")
    desk.web.site.forget_tenants()
    desk.base, desk.key = "/t/southbank", make_key(house, south).key
    assert desk.call("GET", path(begun)).code == "not-found"
    assert desk.call("DELETE", path(begun)).code == "not-found"
    assert starts(desk).code == "not-found"
    assert len(pocket.waiting()) == 1


# -- answers that wait


@pytest.mark.parametrize(
    ("prefer", "wait_s"),
    [
        ("wait=20", 20), ("respond-async, WAIT=7", 7), ('wait="9"', 9), ("wait = 3; x=1", 3),
        ("wait=9999", 25), ("", 0), ("wait", 0), ("wait=-1", 0), ("nowait=3", 0), ("wait=0", 0),
        ("wait=1e9", 0), ("wait=" + "9" * 40, 0),
    ],
)  # fmt: skip
def test_a_wish_to_wait_is_read_as_the_standard_has_it(prefer: str, wait_s: int) -> None:
    assert waiting.seconds(prefer) == wait_s


class Waiting:
    """Something that is over at the n-th look."""

    def __init__(self, over_at: int = 10**6) -> None:
        self.looks, self.over_at = 0, over_at
        self.gone = asyncio.Event()
        self.scope: dict[str, Any] = {}

    async def look(self) -> bool:
        self.looks += 1
        return self.looks >= self.over_at

    async def receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def until(self, wait_s: int = 2) -> bool:
        request: Any = SimpleNamespace(scope=self.scope, receive=self.receive)
        return await waiting.until(self.look, bool, request, "k", wait_s, pace_s=0.01)


def test_an_answer_comes_when_there_is_one() -> None:
    one = Waiting(over_at=4)
    assert asyncio.run(one.until()) is True
    assert (one.looks, waiting.WAITING) == (4, {})


def test_without_one_it_comes_when_the_wait_is_over() -> None:
    one = Waiting()
    assert asyncio.run(one.until()) is False
    assert one.looks == 1 + 200
    patient = Waiting()
    assert asyncio.run(patient.until(wait_s=0)) is False
    assert patient.looks == 1


def test_it_comes_at_once_when_this_server_leaves_or_whoever_asked_has_gone() -> None:
    leaving, left = Waiting(), Waiting()
    leaving.scope[LEAVING] = lambda: True
    left.gone.set()
    for one in (leaving, left):
        assert asyncio.run(one.until()) is False
        assert one.looks == 2


def test_too_many_of_one_key_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(waiting.WAITING, "k", waiting.MOST)
    one = Waiting()
    assert asyncio.run(one.until()) is False
    assert one.looks == 1


def test_two_of_one_key_wait_beside_each_other() -> None:
    async def both() -> list[bool]:
        return list(await asyncio.gather(Waiting(3).until(), Waiting(5).until()))

    assert asyncio.run(both()) == [True, True]
    assert waiting.WAITING == {}


def test_the_operation_waits_as_asked(pocket: Pocket, desk: App) -> None:
    begun = starts(desk)
    desk.extra = [("prefer", "wait=1")]
    assert of(desk.call("GET", path(begun)))["state"] == "waiting"
    pocket.approves()
    assert of(desk.call("GET", path(begun)))["state"] == "verified"
