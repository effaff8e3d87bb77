"""The signed door, played: real signatures and one code, for an account that is as a test says.

What the app shows of each answer is looked at here; the real door has tests of its own.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import threading
from collections.abc import Callable
from typing import Any

import segno
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from keyturn.adapters.passkeys import PyWebAuthn
from keyturn.rules import app_lock, passkeys
from keyturn.rules import enrolment_address as address
from keyturn.rules.app_lock import LockKey
from keyturn.rules.approvals import Approval, Kind, Verdict, statement
from keyturn.rules.enrolment_address import Content
from keyturn.rules.lockout import MINUTE
from keyturn.rules.passkeys import Party
from keyturn.wire import phones, signatures

CODE, PHONE_ID = "01jd0123456789abcdefghjkmn", "01jd0123456789abcdefghjk{:02d}"
NUMBER, LETTERS = "47", "ABCD234567"
#: base32 of the secret in RFC 6238's own vectors
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#: a point of P-256, as the key of messages
PUSH = base64.urlsafe_b64encode(b"\x04" + bytes(range(64))).decode().rstrip("=")
ACCOUNT = {"name": "Ada Byron", "identifier": "ada@people.test"}

JUDGE = PyWebAuthn()

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Refusal(Exception):
    """What the door answers instead: code and data."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.error = {"code": code, **data}


class PlayedDoor:
    """An ASGI application before the real one: it takes what is under /app/v1/.

    Attributes:
        state: what "state" answers.
        refusals: by operation, what is answered instead, until it is taken out.
        ahead: what the phone's clock is said to be ahead, ms.
        asked: every operation that came, with its body.
        broken: answers are signed by another key.
        pins: what was set, by phone.
        answered: operations, in the order in which they were.
        held: the operation whose answers wait until it is another; "": none.
        question: kind, asker, place and words of what is asked; {}: nothing is.
    """

    def __init__(self, origin: str, now: Callable[[], int]) -> None:
        self.origin = origin
        self.app: Any = None
        self.refusals: dict[str, Refusal] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answered: list[str] = []
        self.faults: list[str] = []
        self.broken = False
        self.silent = False
        self.held = ""
        self.ahead = 0
        self.pins: dict[str, str] = {}
        self.question: dict[str, Any] = {}
        self.challenge = ""
        self._key_of_lock = LockKey("", "", 0, 0)
        self.now = now
        self._key = Ed25519PrivateKey.generate()
        self._speaker = phones.NEW
        self._keys: dict[str, str] = {}
        self._sequences: dict[str, int] = {}
        self._lock = threading.Lock()
        self.state: dict[str, Any] = {}
        self.well()

    def before(self, app: Any) -> Any:
        """Stand before the real application."""
        self.app = app
        return self

    def well(self) -> None:
        """Nothing is wrong with the account, and nobody has said anything yet."""
        self.refusals.clear()
        self.asked.clear()
        self.answered.clear()
        self.question = {}
        self.broken = self.silent = False
        self.held = ""
        self.ahead = 0
        self.state = {
            **self._whose(), "phone": {"id": PHONE_ID.format(0), "name": "X", "bound_at": 1},
            "locked_until": None, "lanes": [], "frozen_at": None, "offline": True, "waiting": 0,
            "push": {"state": "works", "since": 1}, "push_key": PUSH, "checked_at": None,
            "lock": {"set": True, "until": None, "key": False}, "directories": [],
            "lost": None,
        }  # fmt: skip

    @property
    def installation(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    @property
    def link(self) -> str:
        """The address that the code to scan holds."""
        content = Content(
            CODE.upper(), address.part(bytes(range(16))),
            address.installation_pin(self.installation), address.directories_pin({}),
        )  # fmt: skip
        return f"{self.origin}/app/#{address.fragment(content)}"

    def ask(self, kind: str, asker: str, place: str = "", words: str = "") -> None:
        """Somebody asks."""
        self.question = {"kind": kind, "asker": asker, "place": place, "words": words}
        self.state["waiting"] = 1

    def said(self, operation: str) -> list[dict[str, Any]]:
        """The bodies of one operation so far."""
        return [body for name, body in list(self.asked) if name == operation]

    # -- the application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection (ASGI 3)."""
        path = scope.get("path", "")
        if scope["type"] != "http" or "/app/v1/" not in path:
            await self.app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        status, said, data = self._answered(path, headers, body)
        while self.held and path.endswith(self.held):  # noqa: ASYNC110  a thread lets go
            await asyncio.sleep(0.02)
        await send({"type": "http.response.start", "status": status, "headers": [
            (k.encode(), v.encode()) for k, v in said.items()
        ]})  # fmt: skip
        await send({"type": "http.response.body", "body": data})
        self.answered.append(path.rpartition("/")[2])

    def _answered(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if self.silent:
            return 503, {"content-type": "application/problem+json"}, b'{"code": "unavailable"}'
        operation, said = path.rpartition("/")[2], json.loads(body)
        with self._lock:
            signature = self._checked(path, headers, body, said)
            self.asked.append((operation, said))
            now = self.now() - self.ahead
            try:
                told: dict[str, Any] = {"now": now, "result": self._done(operation, said)}
            except Refusal as refusal:
                told = {"now": now, "error": refusal.error}
        data = json.dumps(told).encode()
        key = Ed25519PrivateKey.generate() if self.broken else self._key
        signed = signatures.sign_answer(key, 200, data, signature, phones.TAG)
        return 200, {"content-type": "application/json", **signed}, data

    def _checked(
        self, path: str, headers: dict[str, str], body: bytes, said: dict[str, Any]
    ) -> bytes:
        """What the app has signed, by its own key and with a number that has risen."""
        keyid = self._speaker = phones.read(headers).keyid
        if keyid == phones.NEW:
            self._keys[CODE] = said["key"]
        key = said.get("key") or self._keys[keyid]
        authority = signatures.authority(self.origin)
        spoken = phones.verify(key, authority, path, headers, body)
        if keyid not in {phones.NEW, CODE}:
            if spoken.sequence <= self._sequences[keyid]:
                self.faults.append(f"sequence {spoken.sequence} of {keyid}")
            self._sequences[keyid] = spoken.sequence
        if phones.late(spoken, self.now() - self.ahead) and not path.endswith("/time"):
            self.faults.append(f"created {spoken.created}")
        if "cookie" in headers:
            self.faults.append("a cookie came")
        return spoken.signature

    def _done(self, operation: str, said: dict[str, Any]) -> dict[str, Any]:
        if operation in self.refusals:
            raise self.refusals[operation]
        return getattr(self, f"_{operation.replace('-', '_')}")(said)

    # -- what is asked

    def _whose(self) -> dict[str, Any]:
        tenant = {"id": "t1", "name": "Northwind Cameras", "accent": "#1f6f5c"}
        return {"tenant": tenant, "account": ACCOUNT}

    def _time(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {"installation": self._encoded, "push": PUSH}

    def _scan(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["code"] != CODE:
            raise Refusal("unknown")
        return self._offer()

    def _type(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["letters"] != LETTERS:
            raise Refusal("wrong")
        return self._offer()

    def _offer(self) -> dict[str, Any]:
        return {
            **self._whose(), "code": CODE, "ends_at": self.now() + 5 * MINUTE, "tries": 3,
            "installation": self._encoded, "directories": [],
        }  # fmt: skip

    @property
    def _encoded(self) -> str:
        return base64.urlsafe_b64encode(self.installation).decode().rstrip("=")

    def _number(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["said"] != NUMBER:
            raise Refusal("wrong", left=2)
        phone = PHONE_ID.format(len(self._sequences))
        self._keys[phone], self._sequences[phone] = self._keys[CODE], 0
        return {
            **self._whose(), "phone": phone, "name": "Chrome on Android", "bound_at": self.now(),
            "push": PUSH, "installation": self._encoded, "directories": [],
        }  # fmt: skip

    def _pin(self, said: dict[str, Any]) -> dict[str, Any]:
        self.pins[self._speaker] = said["pin"]
        return {}

    def _proof(self, said: dict[str, Any]) -> None:
        """The PIN, or the answer of the phone's own lock to the question of just now."""
        key, key_id = said["proof"].get("key"), self.state["lock"]["key"]
        if key is None and said["proof"]["pin"] == self.pins[self._speaker]:
            return
        if key is not None and self.challenge and key["id"] == key_id:
            given = passkeys.assertion(key)
            assert given is not None
            asked, self.challenge = self.challenge, ""
            JUDGE.asserted(self._party, asked, given, self._key_of_lock.public_key, verified=True)
            return
        raise Refusal("lock", set=True, until=None, left=4, key=bool(key_id))

    @property
    def _party(self) -> Party:
        return Party("localhost", self.origin, "Northwind Cameras")

    def _lock_new(self, _said: dict[str, Any]) -> dict[str, Any]:
        self.challenge = secrets.token_urlsafe(32)
        names = ACCOUNT["identifier"], "Chrome on Android"
        return {
            "options": app_lock.creation_options(self._party, self.challenge, "aGFuZGxl", names)
        }

    def _lock_key(self, said: dict[str, Any]) -> dict[str, Any]:
        self._proof(said)
        made = passkeys.attestation(said["made"])
        assert made is not None
        asked, self.challenge = self.challenge, ""
        key = JUDGE.attested(self._party, asked, made, verified=True)
        self._key_of_lock = LockKey(key.credential_id, key.public_key, key.sign_count, 0)
        self.state["lock"]["key"] = key.credential_id
        return {}

    def _lock_ask(self, said: dict[str, Any]) -> dict[str, Any]:
        if not self.state["lock"]["key"]:
            return {"options": None}
        self.challenge = secrets.token_urlsafe(32)
        return {"options": app_lock.request_options(self._party, self.challenge, self._key_of_lock)}

    def _lock_forget(self, said: dict[str, Any]) -> dict[str, Any]:
        self._proof(said)
        self.state["lock"]["key"] = False
        return {}

    def _offline(self, said: dict[str, Any]) -> dict[str, Any]:
        self._proof(said)
        return {"secret": SECRET, "digits": 6, "period": 30}

    def _unlock(self, said: dict[str, Any]) -> dict[str, Any]:
        self._proof(said)
        self.state["locked_until"] = None
        return {"count": 1}

    def _stop_lost(self, said: dict[str, Any]) -> dict[str, Any]:
        self._proof(said)
        lost, self.state["lost"] = self.state["lost"], None
        return {"stopped": lost is not None and lost["id"] == said["id"]}

    def _unbind(self, said: dict[str, Any]) -> dict[str, Any]:
        self._proof(said)
        return {}

    def _state(self, _said: dict[str, Any]) -> dict[str, Any]:
        return self.state

    def _questions(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {"questions": [self._asked()] if self.question else []}

    def _asked(self) -> dict[str, Any]:
        return {
            "id": "q1", "tenant": "t1", "user": "u1", "phone": self._speaker, "left": 3,
            "expires_at": self.now() + MINUTE, **self.question,
        }  # fmt: skip

    def _answer(self, said: dict[str, Any]) -> dict[str, Any]:
        """The signature must be over what was shown, by this phone's key."""
        asked = self._asked()
        if said["verdict"] == Verdict.APPROVE:
            self._proof(said)
        one = Approval(
            id=asked["id"], tenant_id="t1", user_id="u1", phone_id=self._speaker,
            kind=Kind(asked["kind"]), subject="", epoch=0, asker=asked["asker"],
            place=asked["place"], number=NUMBER, made_at=0, expires_at=0,
        )  # fmt: skip
        signed = statement(one, Verdict(said["verdict"]), said["said"])
        raw = base64.urlsafe_b64decode(said["signature"] + "==")
        signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key = phones.key_of(self._keys[self._speaker])
        assert key is not None
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        if said["verdict"] == Verdict.APPROVE and said["said"] != NUMBER:
            raise Refusal("wrong", left=2)
        self.state["waiting"] = 0
        self.question = {}
        return {}

    def _checks(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _subscribe(self, said: dict[str, Any]) -> dict[str, Any]:
        assert set(said["subscription"]) >= {"endpoint", "keys"}
        self.state["push"] = {"state": "works", "since": self.now()}
        return {"push": self.state["push"]}

    def _push(self, _said: dict[str, Any]) -> dict[str, Any]:
        self.state["push"] = {"state": "none", "since": self.now()}
        return {"push": self.state["push"]}

    def _test_push(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {"id": "m1"}

    def _arrived(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _sessions(self, _said: dict[str, Any]) -> dict[str, Any]:
        now = self.now()
        return {
            "sessions": [{"id": "s1", "client": "Firefox on Windows", "ip": "192.0.2.7",
                          "created_at": now - 50 * MINUTE, "seen_at": now - 5 * MINUTE}],
            "clients": [{"id": "c1", "name": "Safari on iPhone", "ip": "198.51.100.23",
                         "seen_at": now - 3000 * MINUTE, "trusted": True}],
        }  # fmt: skip

    def _end_session(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {"ended": 1}

    def _end_sessions(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {"ended": 1}

    def _forget_client(self, _said: dict[str, Any]) -> dict[str, Any]:
        return {"ended": 1}

    def _happened(self, said: dict[str, Any]) -> dict[str, Any]:
        now = self.now()
        first = "before" not in said
        events = ["signin.locked", "signin.failed"] if first else ["user.unlocked"]
        entries = [
            {"id": f"e{at}", "at": now - (at + 1) * 7 * MINUTE, "event": event,
             "client": "Firefox on Windows", "ip": "192.0.2.7", "by": "you" if first else "staff"}
            for at, event in enumerate(events)
        ]  # fmt: skip
        return {"entries": entries, "before": "x" if first else None}


def film(text: str, width: int = 640, height: int = 480) -> bytes:
    """A code as a camera sees it: one grey picture, over and over (YUV4MPEG2, for Chromium)."""
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    size = len(matrix) + 8
    scale = min(width, height) // size
    left, top = (width - size * scale) // 2, (height - size * scale) // 2

    def grey(x: int, y: int) -> int:
        column, row = (x - left) // scale - 4, (y - top) // scale - 4
        if not (-4 <= column < size - 4 and -4 <= row < size - 4):
            return 110
        inside = 0 <= column < len(matrix) and 0 <= row < len(matrix)
        return 30 if inside and matrix[row][column] else 225

    lines = {(y - top) // scale: bytes(grey(x, y) for x in range(width)) for y in range(height)}
    lights = b"".join(lines[(y - top) // scale] for y in range(height))
    frame = b"FRAME\n" + lights + b"\x80" * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode()
    return head + frame * 2
