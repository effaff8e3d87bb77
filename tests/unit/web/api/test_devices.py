"""One's own devices by API: the same flow as the pages, with the same refusals."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.budgets import DEVICE_LABELS
from keyturn.rules.lockout import MINUTE
from keyturn.rules.networks import Kind, Range
from keyturn.rules.pairing import TRIES
from tests.unit.flows.cameras import ELSEWHERE, HOME, Camera, Owner, Shelf, setup_of
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import Answer, App

DEVICES, SETUP = "/account/devices", "/account/devices/setup"


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def shelf(house: House) -> Shelf:
    return Shelf(house)


@pytest.fixture
def owner(app: App, ada: User) -> App:
    """Ada's app, signed in at home."""
    app.ip = HOME
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    return app


def begun(owner: App, camera: Camera) -> Answer:
    answer = owner.call("POST", SETUP, label=camera.label)
    assert answer.status == 200, answer.data
    return answer


def test_set_up_listed_and_given_back(
    house: House, owner: App, shelf: Shelf, ada: User
) -> None:  # fmt: skip
    camera = shelf.camera()
    assert owner.call("GET", SETUP).data["setup"] is None
    setup = begun(owner, camera).data["setup"]
    assert (setup["state"], setup["missing"], setup["model"]) == (
        "waiting", ["hello"], "Camera C2",
    )  # fmt: skip
    camera.hello()
    setup = owner.call("GET", SETUP).data["setup"]
    assert (setup["state"], setup["missing"], setup["verdict"]) == ("met", ["press"], "same")
    camera.press()
    assert owner.call("GET", SETUP).data["setup"]["state"] == "done"
    (one,) = owner.call("GET", DEVICES).data["devices"]
    assert (one["id"], one["serial"]) == (camera.pairing_id, "C2-0001")
    assert one["proves_from"] > house.clock.now()
    gone = owner.call("DELETE", f"{DEVICES}/{one['id']}")
    assert (gone.status, gone.data["devices"]) == (200, [])
    assert owner.call("DELETE", f"{DEVICES}/{one['id']}").code == "not-found"


def test_from_elsewhere_the_digits_are_typed(owner: App, shelf: Shelf, ada: User) -> None:
    camera = shelf.camera()
    camera.ip = ELSEWHERE
    begun(owner, camera)
    camera.hello()
    setup = owner.call("GET", SETUP).data["setup"]
    assert (setup["missing"], setup["verdict"]) == (["press", "digits"], "different")
    assert owner.call("POST", f"{SETUP}/digits", digits="six").errors == [("/digits", "unfit")]
    right = setup_of(owner.web.house, ada).digits
    wrong = "000000" if right != "000000" else "111111"
    assert owner.call("POST", f"{SETUP}/digits", digits=wrong).data["setup"]["left"] == TRIES - 1
    assert owner.call("POST", f"{SETUP}/digits", digits=right).data["setup"]["missing"] == ["press"]
    camera.press()
    assert len(owner.call("GET", DEVICES).data["devices"]) == 1


def test_a_vpn_is_refused_with_its_name_at_set_up_only(
    owner: App, shelf: Shelf, ada: User
) -> None:  # fmt: skip
    camera = shelf.camera()
    shelf.knows({HOME: Range(Kind.VPN, "Tunnel Inc.")})
    owner.web.site.parts = owner.web.house.parts
    refused = owner.call("POST", SETUP, label=camera.label)
    assert (refused.status, refused.code) == (409, "hidden-network")
    assert (refused.data["of"], refused.data["network"]) == ("vpn", "Tunnel Inc.")
    shelf.knows({})
    owner.web.site.parts = owner.web.house.parts
    begun(owner, camera)
    assert owner.call("POST", f"{SETUP}/again").data["setup"]["state"] == "waiting"
    shelf.knows({HOME: Range(Kind.VPN, "Tunnel Inc.")})
    owner.web.site.parts = owner.web.house.parts
    assert owner.call("GET", DEVICES).status == 200


def test_what_cannot_be(house: House, owner: App, shelf: Shelf, ada: User) -> None:
    camera = shelf.camera()
    assert owner.call("POST", SETUP, label="four").errors == [("/label", "unfit")]
    assert owner.call("POST", SETUP, label="ABCDEFGHJKMNPQRS").code == "unknown-label"
    ben = house.user("ben@northwind.test")
    Owner(house, ben).start(camera)
    busy = owner.call("POST", SETUP, label=camera.label)
    assert (busy.status, busy.code) == (409, "device-busy")
    assert busy.page.header("retry-after")
    for place in ("again", "digits"):
        fields = {"digits": "123456"} if place == "digits" else {}
        assert owner.call("POST", f"{SETUP}/{place}", **fields).code == "nothing-pending"
    assert owner.call("DELETE", SETUP).code == "nothing-pending"
    tried = [
        owner.call("POST", SETUP, label="ABCDEFGHJKMNPQRS") for _ in range(DEVICE_LABELS.limit)
    ]
    assert tried[-1].code == "too-many"


def test_given_up(owner: App, shelf: Shelf, ada: User) -> None:
    begun(owner, shelf.camera())
    ended = owner.call("DELETE", SETUP).data["setup"]
    assert (ended["state"], ended["ended"], ended["missing"]) == ("over", "newer", [])


def test_a_proof_of_just_now_comes_first(house: House, owner: App, shelf: Shelf) -> None:
    ada = house.write(lambda tx: tx.users.named(house.tenant.id, EMAIL))
    assert ada is not None
    camera = shelf.paired(ada, old=False)
    house.clock.move(11 * MINUTE)
    for answer in (
        owner.call("POST", SETUP, label=shelf.camera().label),
        owner.call("DELETE", f"{DEVICES}/{camera.pairing_id}"),
    ):
        assert (answer.status, answer.code, answer.step) == (403, "proof-needed", "proof")
    house.change(ada, frozen_at=1)
    assert owner.call("POST", f"{SETUP}/again").code == "frozen"
