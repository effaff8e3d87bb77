"""A phone with the app: a program with a key of its own, at the door where phones speak."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pyotp
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.demo.play.browser import Browser, Page
from keyturn.demo.play.stage import Letter, NeverCame, Stage
from keyturn.rules import enrolment_address
from keyturn.rules.approvals import Approval, Kind, Verdict, statement
from keyturn.rules.enrolment_address import Content
from keyturn.rules.lockout import SECOND
from keyturn.wire import phone_answers, phones, signatures

AGENT: Final = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
#: the app lock, as the app makes it of a PIN
PIN: Final = "p" * 43
_NUMBER = re.compile(r"\b(\d\d)\b")


class Handset:
    """One phone. Attribute: `id`, once it is bound."""

    def __init__(self, stage: Stage, base: str = "/t/northwind") -> None:
        self._stage = stage
        self._base = base
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._sequence = 0
        self.id = ""

    # -- the door

    def ask(self, operation: str, keyid: str = "", **body: object) -> dict[str, Any]:
        """One signed request; what came back: "result" or "error"."""
        raw, path = json.dumps(body).encode(), f"{self._base}/app/v1/{operation}"
        place = urlsplit(self._stage.origin)
        self._sequence += 1
        spoken = (keyid or self.id, self._sequence, self._stage.now() // SECOND)
        authority = signatures.authority(f"{place.scheme}://{place.netloc}")
        head = phones.sign_request(self._key, authority, path, spoken, raw)
        answer = httpx.post(
            self._stage.origin + path, content=raw, headers={**head, "user-agent": AGENT},
            timeout=30,
        )  # fmt: skip
        return dict(answer.json())

    def told(self, operation: str, keyid: str = "", **body: object) -> dict[str, Any]:
        """What was asked for. Raises NeverCame where it was refused."""
        said = self.ask(operation, keyid, **body)
        if "result" not in said:
            raise NeverCame(f"the phone's “{operation}” was refused: {said}")
        return dict(said["result"])

    # -- the app

    def set_up(self, letter: Letter) -> Page:
        """The link of a mail, in the browser of the same phone, to the last page of it."""
        browser = self._stage.browser(AGENT)
        page = browser.get(letter.link("/activate/"))
        page = browser.send(page.path)
        if any(form.action.endswith("/activation/skip") for form in page.forms):
            page = browser.send("/activation/skip")
        if not any("/app/#" in link for link in page.links):
            page = browser.send("/activation/show")
        code = self._scan(page)
        self._type(browser, code)
        return browser.get("/activation")

    def _scan(self, page: Page) -> Content:
        address = next(link for link in page.links if "/app/#" in link)
        found = enrolment_address.read(address.partition("#")[2])
        if not isinstance(found, Content):
            raise NeverCame(f"the code is {found}")
        key = phones.point(self._key.public_key())
        code = found.code_id.lower()
        self.told("scan", phones.NEW, key=key, code=code, secret=found.secret)
        return found

    def _type(self, browser: Browser, code: Content) -> None:
        """The number of the page; then the PIN."""
        found = _NUMBER.search(browser.get("/activation").sentence)
        said = found[1] if found else ""
        done = self.told("number", code.code_id.lower(), said=said, model="Pixel 8")
        self.id = str(done["phone"])
        self.told("pin", pin=PIN)

    def approves(self, number: str) -> dict[str, Any]:
        """Somebody types the number that they were told, and says yes with the PIN."""
        return self._says(Verdict.APPROVE, number)

    def denies(self) -> dict[str, Any]:
        """They say no."""
        return self._says(Verdict.DENY, "")

    def _says(self, verdict: Verdict, number: str) -> dict[str, Any]:
        (asked,) = self.told("questions")["questions"]
        one = Approval(
            id=asked["id"], tenant_id=asked["tenant"], user_id=asked["user"],
            phone_id=asked["phone"], kind=Kind(asked["kind"]), subject="", epoch=0,
            asker=asked["asker"], place=asked["place"], number="", made_at=0, expires_at=0,
        )  # fmt: skip
        signature = phone_answers.sign(self._key, statement(replace(one), verdict, number))
        return self.ask(
            "answer", id=one.id, verdict=str(verdict), said=number, signature=signature,
            proof={"pin": PIN},
        )  # fmt: skip

    def offline(self) -> str:
        """The six digits that it shows without a network."""
        secret = str(self.told("offline", proof={"pin": PIN})["secret"])
        return pyotp.TOTP(secret).generate_otp(self._stage.now() // SECOND // 30)

    def cloned(self) -> Handset:
        """Everything that the app keeps, copied; the key is not to be read, so it is another."""
        copy = Handset(self._stage, self._base)
        copy.id, copy._sequence = self.id, self._sequence
        return copy
