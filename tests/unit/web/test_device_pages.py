"""Your devices, in the account, through pages alone."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.lockout import MINUTE
from keyturn.rules.networks import Kind, Range
from keyturn.rules.pairing import LIFE_MS
from tests.unit.flows.cameras import ELSEWHERE, HOME, Camera, Shelf, setup_of
from tests.unit.flows.house import PASSWORD, House
from tests.unit.web.browsing import Web, WebBrowser

ADD = "/account/devices/add"


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def shelf(house: House) -> Shelf:
    return Shelf(house)


def signed_in(web: Web, user: User, ip: str = HOME) -> WebBrowser:
    there = web.browser(ip=ip)
    there.get("/signin")
    there.post("/signin", identifier=user.email, password=PASSWORD)
    return there


@pytest.fixture
def browser(web: Web, ada: User) -> WebBrowser:
    return signed_in(web, ada)


def begun(browser: WebBrowser, camera: Camera) -> None:
    browser.get(ADD)
    assert browser.post(ADD, label=camera.label).location == ADD


def test_from_the_account_to_a_device_and_back(
    house: House, shelf: Shelf, ada: User, browser: WebBrowser
) -> None:
    camera = shelf.camera()
    assert 'href="/account/devices"' in browser.get("/account").html
    assert browser.get("/account/devices").heading == "No device of yours is set up."
    assert browser.get(ADD).heading == "Which device do you set up?"
    begun(browser, camera)
    assert browser.follow().heading == "Waiting for Camera C2 to speak up."
    camera.hello()
    assert browser.get(ADD).heading == "Now press the button of Camera C2."
    camera.press()
    assert browser.get(ADD).heading == "Camera C2 is yours."
    camera.beat()
    page = browser.get("/account/devices")
    assert page.heading == "1 device stands ready to speak for you."
    assert browser.get(f"/account/devices/{camera.pairing_id}/release").heading == (
        "Give back Camera C2?"
    )
    path = f"/account/devices/{camera.pairing_id}/release"
    assert browser.post(path).location == "/account/devices"
    assert browser.follow().heading == "No device of yours is set up."
    browser.get("/account")
    assert browser.post(path).status == 404
    assert browser.get(path).status == 404


def test_a_vpn_is_refused_with_its_name_and_the_way_on(
    house: House, web: Web, shelf: Shelf, ada: User
) -> None:
    camera = shelf.camera()
    shelf.knows({ELSEWHERE: Range(Kind.VPN, "Example VPN")})
    web.site.parts = house.parts
    there = signed_in(web, ada, ELSEWHERE)
    there.get(ADD)
    page = there.post(ADD, label=camera.label)
    assert page.status == 409
    assert page.heading == (
        "You come through a VPN (Example VPN), so a device cannot be set up yet."
    )
    assert "Switch the VPN off, or use mobile data or your home’s Wi-Fi" in page.text


def test_other_networks_are_told_as_such_and_the_device_s_digits_go_on(
    house: House, web: Web, shelf: Shelf, ada: User
) -> None:
    camera, there = shelf.camera(), signed_in(web, ada, ELSEWHERE)
    begun(there, camera)
    camera.press()
    page = there.get(ADD)
    assert page.heading == "Pressed. Now type what Camera C2 shows."
    assert "on different networks: a VPN or mobile data" in page.text
    page = there.post(f"{ADD}/digits", digits="12")
    assert (page.status, "That is not six digits" in page.text) == (422, True)
    digits = setup_of(house, ada).digits
    there.post(f"{ADD}/digits", digits="000000" if digits != "000000" else "111111")
    assert "Two more tries." in there.follow().text
    assert there.post(f"{ADD}/again").location == ADD
    there.get(ADD)
    assert there.post(f"{ADD}/digits", digits=f"{digits[:3]} {digits[3:]}").location == ADD
    assert there.follow().heading == "Camera C2 is yours."


def test_what_is_typed_wrong(house: House, shelf: Shelf, browser: WebBrowser) -> None:
    camera = shelf.camera()
    browser.get(ADD)
    page = browser.post(ADD, label="ABCD")
    assert (page.status, "not sixteen letters" in page.text) == (422, True)
    page = browser.post(ADD, label=house.random.letters(16))
    assert (page.status, "No device of Northwind has this code" in page.text) == (422, True)
    for _ in range(9):
        browser.post(ADD, label=house.random.letters(16))
    page = browser.post(ADD, label=camera.label)
    assert page.status == 429
    assert page.header("retry-after") is not None


def test_busy_says_not_to_press(house: House, web: Web, shelf: Shelf, browser: WebBrowser) -> None:
    camera = shelf.camera()
    begun(signed_in(web, house.user("eve@northwind.test")), camera)
    browser.get(ADD)
    page = browser.post(ADD, label=camera.label)
    assert page.status == 409
    assert "Do not press its button now." in page.text


def test_time_is_over_and_it_is_given_up(house: House, shelf: Shelf, browser: WebBrowser) -> None:
    camera = shelf.camera()
    begun(browser, camera)
    browser.get(ADD)
    assert browser.post(f"{ADD}/stop").location == "/account/devices"
    browser.get(ADD)
    assert browser.post(f"{ADD}/stop").location == ADD
    house.clock.move(1)
    begun(browser, camera)
    house.clock.move(LIFE_MS - 1)
    browser.get(ADD)
    house.clock.move(1)
    assert browser.post(f"{ADD}/digits", digits="12").location == ADD
    assert browser.get(ADD).location == f"/account/proof?then={ADD}"
    browser.follow()
    browser.post("/account/proof", password=PASSWORD, then=ADD)
    assert browser.follow().heading == "Nobody pressed Camera C2 within ten minutes."


def test_beginning_and_giving_back_ask_for_a_proof(
    house: House, shelf: Shelf, ada: User, web: Web
) -> None:
    camera = shelf.paired(ada)
    browser = signed_in(web, ada)
    path = f"/account/devices/{camera.pairing_id}/release"
    for address in (ADD, path):
        browser.get("/account")
        house.clock.move(10 * MINUTE)
        assert browser.get(address).location == f"/account/proof?then={address}"
    browser.get("/account")
    assert browser.post(path).location == f"/account/proof?then={path}"
    assert web.browser().get("/account/devices").location == "/signin"


def test_it_is_watched_while_it_goes_on(
    house: House, shelf: Shelf, ada: User, browser: WebBrowser
) -> None:
    assert browser.get(f"{ADD}/events").status == 404
    camera = shelf.camera()
    begun(browser, camera)
    assert "data-watch" in browser.follow().html
    camera.press()
    page = browser.get(f"{ADD}/events")
    assert "event: end" in page.body.decode()
