"""The door of devices: who is heard; and the reference camera, through the real gate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.device.camera import Button, Camera
from keyturn.device.folder import Folder, FolderRefused
from keyturn.device.link import Link, Refused
from keyturn.flows import presence
from keyturn.rules.access import Staff
from keyturn.rules.accounts import User
from keyturn.rules.devices import WAIT_MS, label_shown
from keyturn.rules.lockout import SECOND
from keyturn.rules.presence import Method
from keyturn.wire import devices, signatures
from tests.unit.flows.cameras import Owner, Shelf
from tests.unit.flows.house import House
from tests.unit.flows.test_verifying import staff_of
from tests.unit.web.browsing import Page, Web
from tests.unit.web.talking import HOST, NOTARY, open_door

FORGED = {"error": {"code": "signature"}}
BASE = "/t/northwind"


class Thing:
    """A device that speaks through the door."""

    def __init__(self, web: Web, label: str) -> None:
        self.web = open_door(web)
        self.label = label
        self.private = Ed25519PrivateKey.generate()
        self.key = devices.spelled(self.private.public_key())
        self.keyid = "new"
        self.sequence = 0
        self.head: Mapping[str, str] = {}

    def send(self, operation: str, body: object, ahead_s: int = 0, **how: Any) -> Page:
        """A signed request."""
        raw = json.dumps(body).encode()
        self.sequence += 1
        created = self.web.house.clock.now() // SECOND + ahead_s
        spoken = (how.get("keyid", self.keyid), how.get("sequence", self.sequence), created)
        path = f"{how.get('base', BASE)}/devices/v1/{operation}"
        self.head = devices.sign_request(self.private, HOST, path, spoken, raw)
        every = [("host", HOST), *self.head.items()]
        return self.web.request("POST", path, headers=every, body=raw, ip="203.0.113.7")

    def ask(self, operation: str, body: object, **how: Any) -> dict[str, Any]:
        """Its answer, which must be the installation's."""
        page = self.send(operation, body, **how)
        assert page.status == 200, (page.status, page.body)
        bound = signatures.claimed_signature(self.head)
        told = dict(page.headers)
        tag = devices.SCHEME.tag
        signatures.verify_answer(NOTARY.server_key, 200, told, page.body, bound, tag)
        said: dict[str, Any] = json.loads(page.body)
        assert said.pop("now") == self.web.house.clock.now()
        return said

    def hello(self, **other: Any) -> dict[str, Any]:
        """Before it is paired."""
        return self.ask("hello", {"key": self.key, "label": self.label, **other}, keyid="new")


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


def paired(house: House, web: Web, user: User) -> Thing:
    shelved = Shelf(house).camera()
    thing = Thing(web, shelved.label)
    Owner(house, user).start(shelved)
    met = thing.hello()["result"]
    assert met["missing"] == ["press"]
    body = {"key": thing.key, "label": thing.label, "setup": met["setup"], "long": False}
    done = thing.ask("press", body)["result"]
    assert done["state"] == "paired"
    thing.keyid, thing.sequence = done["pairing"], 0
    return thing


def test_from_hello_to_a_beat(house: House, web: Web, ada: User) -> None:
    thing = paired(house, web, ada)
    assert thing.hello()["result"]["pairing"] == thing.keyid
    told = thing.ask("beat", {"has_secret": False, "wait": 0})["result"]
    assert (len(told["secret"]), told["press"], told["tenant"]) == (32, None, "Northwind")
    assert thing.ask("beat", {"has_secret": True, "wait": 0})["result"]["secret"] is None


def test_time_is_told_whatever_the_device_thinks(house: House, web: Web) -> None:
    thing = Thing(web, "")
    assert "installation" in thing.ask("time", {"key": thing.key}, ahead_s=10**8)["result"]
    late = thing.ask("hello", {"key": thing.key, "label": "x"}, ahead_s=61)
    assert late["error"]["code"] == "clock"


def test_who_is_not_heard(house: House, web: Web, ada: User) -> None:
    thing, other = paired(house, web, ada), Thing(web, "")
    beat = {"has_secret": True, "wait": 0}
    assert other.ask("beat", beat, keyid=thing.keyid) == FORGED
    assert other.ask("beat", beat, keyid="0" * 26) == FORGED
    assert other.ask("beat", beat, keyid="new") == FORGED
    assert other.hello(key=thing.key) == FORGED
    assert other.ask("hello", {"key": other.key, "label": ""}, keyid=thing.keyid) == FORGED
    assert other.ask("hello", {"key": 7, "label": ""}) == FORGED
    house.add_tenant("contoso")
    web.site.forget_tenants()
    assert thing.ask("beat", beat, base="/t/contoso") == FORGED


def test_a_replayed_request_is_not_heard(house: House, web: Web, ada: User) -> None:
    thing = paired(house, web, ada)
    beat = {"has_secret": True, "wait": 0}
    assert "result" in thing.ask("beat", beat, sequence=5)
    assert thing.ask("beat", beat, sequence=5) == {"error": {"code": "sequence"}}


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("beat", {"has_secret": 1, "wait": 0}, "has_secret"),
        ("beat", {"has_secret": True, "wait": 25_001}, "wait"),
        ("beat", {"has_secret": True, "wait": True}, "wait"),
        ("beat", {"has_secret": True, "wait": 0, "more": 1}, "more"),
        ("pressed", {"challenge": "x"}, "challenge"),
        ("pressed", {}, "challenge"),
    ],
)
def test_bodies_are_read_strictly(
    house: House, web: Web, ada: User, operation: str, body: dict[str, Any], field: str
) -> None:
    thing = paired(house, web, ada)
    assert thing.ask(operation, body) == {"error": {"code": "body", "field": field}}


def test_what_no_device_says(house: House, web: Web, ada: User) -> None:
    thing = paired(house, web, ada)
    assert thing.ask("dance", {}) == {"error": {"code": "operation"}}
    assert thing.ask("pressed", {"challenge": "0" * 26}) == {"error": {"code": "unknown"}}
    page = web.request("POST", f"{BASE}/devices/v1/beat", headers=[("host", HOST)], body=b"{}")
    assert page.status == 400
    assert web.request("GET", f"{BASE}/devices/v1/beat", headers=[("host", HOST)]).status == 405


class Stage:
    """A camera on a terminal, whose server is in the same process."""

    def __init__(self, house: House, web: Web, path: Path, label: str) -> None:
        self.house = house
        self.web = open_door(web)
        self.path = path
        self.label = label
        self.seen: list[str] = []
        self.facts: dict[str, Mapping[str, Any]] = {}
        self.button = Button()
        self._news = asyncio.Event()

    def _show(self, name: str, facts: Mapping[str, Any]) -> None:
        self.seen.append(name)
        self.facts[name] = facts
        self._news.set()

    async def until(self, name: str) -> Mapping[str, Any]:
        """What is on the screen, once this is."""
        while name not in self.seen:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)
        self.seen.remove(name)
        return self.facts[name]

    async def __aenter__(self) -> Self:
        origin = f"https://{HOST}"
        transport = httpx.ASGITransport(self.web.gate, client=("203.0.113.7", 1))
        self._client = httpx.AsyncClient(base_url=origin, transport=transport)
        self._folder = Folder(self.path, f"{origin}{BASE}", label_shown(self.label))
        link = Link(self._folder, self._client, lambda: self.house.clock.now() - 10**7)
        self.camera = Camera(self._folder, link, self.button, self._show)
        self.task = asyncio.create_task(self.camera.run())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})
        await self._client.aclose()
        self._folder.close()


async def _is_set_up(stage: Stage, owner: Owner, shelved: Any) -> None:
    async with stage:
        await stage.until("waiting")
        await asyncio.to_thread(owner.start, shelved)
        met = await stage.until("met")
        assert met["missing"] == ["press"]
        stage.button.press()
        await stage.until("paired")
        shown = await stage.until("code")
        assert shown["code"] == stage.camera.code()


async def _is_pressed(stage: Stage, tom: Staff, user: User, pairing_id: str) -> None:
    parts = stage.house.parts
    async with stage:
        await stage.until("code")
        stage.button.press()
        await stage.until("nobody-asks")
        asked = await presence.start(parts, tom, user.id, pairing_id, Method.BUTTON)
        assert isinstance(asked, presence.Asked)
        await stage.until("asks")
        stage.button.press()
        await stage.until("pressed")
        found = await presence.look(parts, tom, asked.one.id)
        assert isinstance(found, presence.Asked)
        assert found.proof is not None
        with pytest.raises(FolderRefused) as error:
            Folder(stage.path, "https://id.test", stage.label)
        assert error.value.why == "running"
        await presence.release(parts, tom, user.id, pairing_id)
        stage.house.clock.move(25 * SECOND)  # for so long a beat's answer may be held back
        told = await stage.until("unbound")
        assert told["why"] == "released"
        await stage.until("waiting")


def test_a_camera_is_set_up_pressed_restarted_and_given_back(
    house: House, web: Web, ada: User, tmp_path: Path
) -> None:
    """Its clock is hours off; it learns the time, and shows codes that are right."""
    shelved, tom = Shelf(house).camera(), staff_of(house, "tom@northwind.test", name="Tom")
    owner = Owner(house, ada)
    asyncio.run(_is_set_up(Stage(house, web, tmp_path, shelved.label), owner, shelved))
    (own,) = owner.devices()
    house.clock.move(WAIT_MS)
    stage = Stage(house, web, tmp_path, shelved.label)
    asyncio.run(_is_pressed(stage, tom, ada, own.pairing.id))


def test_a_camera_that_nobody_registered_says_so(house: House, web: Web, tmp_path: Path) -> None:
    async def play() -> None:
        async with Stage(house, web, tmp_path, house.random.letters(16)) as stage:
            with pytest.raises(Refused) as error:
                await stage.task
            assert error.value.code == "unknown"

    asyncio.run(play())


def test_a_folder_is_one_device_s(tmp_path: Path) -> None:
    Folder(tmp_path, "https://a.test", "A").close()
    assert (tmp_path / "device.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FolderRefused) as error:
        Folder(tmp_path, "https://b.test", "A")
    assert error.value.why == "other"
    (tmp_path / "device.json").write_text("{")
    with pytest.raises(FolderRefused) as damaged:
        Folder(tmp_path, "https://a.test", "A")
    assert damaged.value.why == "damaged"
