"""Phones that speak through the signed door: real keys, real signatures, the real gate.

talker = Talker(open_door(web))
talker.bind(ada)                          a code is shown, scanned, its number said
talker.ask("state")                       {"result": …} or {"error": …}, verified
talker.send("state", {}, path=…)          whatever it is told to, as a Page
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.adapters.agent_keys import RingNotary
from keyturn.adapters.memory_push import MemoryPusher, MemoryPushService
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.sealing import KeyRing
from keyturn.rules.accounts import User
from keyturn.rules.lockout import SECOND
from keyturn.wire import phones, signatures
from tests.unit.flows.handsets import NUMBER, Shown, show
from tests.unit.web.browsing import Page, Web

NOTARY = RingNotary(KeyRing(digest=b"d" * 32, sealing={"1": b"s" * 32}))
PUSH_KEY = MemoryPusher(MemoryPushService(MemoryClock())).public_key
CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
HOST = "id.test"


def open_door(web: Web) -> Web:
    """The same house, with keys to answer phones with."""
    web.site.notary = lambda: NOTARY
    service = MemoryPushService(web.house.clock)
    pusher = MemoryPusher(service)
    web.site.pusher = lambda: pusher
    return web


class Talker:
    """A phone."""

    def __init__(self, web: Web, ip: str = "198.51.100.7") -> None:
        self.web = web
        self.house = web.house
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.key = phones.point(self.private.public_key())
        self.ip = ip
        self.id = ""
        self.sequence = 0
        self.headers: Mapping[str, str] = {}

    def signed(
        self, operation: str, body: bytes, *, keyid: str | None = None, ahead_s: int = 0,
        host: str = HOST, base: str = "/t/northwind", sequence: int | None = None,
    ) -> dict[str, str]:  # fmt: skip
        """The headers of a request."""
        self.sequence = self.sequence + 1 if sequence is None else sequence
        created = self.house.clock.now() // SECOND + ahead_s
        spoken = (self.id if keyid is None else keyid, self.sequence, created)
        path = f"{base}/app/v1/{operation}"
        return phones.sign_request(self.private, host, path, spoken, body)

    def post(
        self, operation: str, headers: Mapping[str, str], body: bytes, *,
        base: str = "/t/northwind", host: str = HOST,
    ) -> Page:  # fmt: skip
        """A request, whatever its headers say."""
        self.headers = headers
        every = [("user-agent", CHROME), ("host", host), *headers.items()]
        path = f"{base}/app/v1/{operation}"
        return self.web.request("POST", path, headers=every, body=body, ip=self.ip)

    def send(self, operation: str, body: object = None, **how: Any) -> Page:
        """A signed request."""
        raw = json.dumps({} if body is None else body).encode()
        there = {name: how[name] for name in ("base", "host") if name in how}
        return self.post(operation, self.signed(operation, raw, **how), raw, **there)

    def heard(self, page: Page) -> dict[str, Any]:
        """What an answer says, which must be the installation's, and to the last request."""
        assert page.status == 200, (page.status, page.body)
        bound = signatures.claimed_signature(self.headers)
        told = dict(page.headers)
        signatures.verify_answer(NOTARY.server_key, 200, told, page.body, bound, phones.TAG)
        said: dict[str, Any] = json.loads(page.body)
        assert said.pop("now") == self.house.clock.now()
        return said

    def ask(self, operation: str, body: object = None, **how: Any) -> dict[str, Any]:
        """A signed request, and its answer."""
        return self.heard(self.send(operation, body, **how))

    def result(self, operation: str, **body: Any) -> Any:
        """What was asked for."""
        said = self.ask(operation, body)
        assert "result" in said, said
        return said["result"]

    def error(self, operation: str, **body: Any) -> Any:
        """Why it was refused."""
        said = self.ask(operation, body)
        assert "error" in said, said
        return said["error"]

    def scan(self, shown: Shown, **other: str) -> dict[str, Any]:
        """Scan a code."""
        body = {"key": self.key, "code": shown.code.id, "secret": shown.secret, **other}
        return self.ask("scan", body, keyid="new")

    def say(self, shown: Shown, said: str = NUMBER, model: str = "Pixel 8") -> dict[str, Any]:
        """Say a number."""
        told = self.ask("number", {"said": said, "model": model}, keyid=shown.code.id)
        if "result" in told:
            self.id = told["result"]["phone"]
        return told

    def bind(self, user: User) -> dict[str, Any]:
        """All of it."""
        shown = show(self.house, user)
        assert "result" in self.scan(shown)
        told = self.say(shown)
        assert "result" in told, told
        return dict(told["result"])
