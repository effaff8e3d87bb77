"""The phone app's rules in a real Chromium, held to the same vectors as the server's."""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from keyturn.rules import matching
from keyturn.rules.crockford import fold
from tests.lab.handset import PIN, Phone, script, staged, watched
from tests.lab.played_door import SECRET

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


HEX = """const hex = (t) => Uint8Array.from(t.match(/../g) ?? [], (x) => parseInt(x, 16));
const text = (b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """The app, just opened."""
    with staged(tmp_path_factory.mktemp("installation")) as stage, watched(*stage) as eye:
        phone = Phone(eye).open()
        phone.heading("Set up this phone")
        yield phone
        phone.leave()


def test_phones_are_checked_as_the_rules_check_them(opened: Phone) -> None:
    cases = vectors("phone_checks")["cases"]
    assert len(cases) > 200
    seen = [case["seen"] for case in cases]
    found = script(
        opened, "checks.js", "return given.map((s) => Object.entries(m.results(s)));", seen
    )
    assert found == [[list(pair) for pair in case["results"].items()] for case in cases]
    body = "return given.map((s) => m.platform(s));"
    assert script(opened, "platforms.js", body, seen) == [case["platform"] for case in cases]


def test_codes_to_scan_are_read_as_the_rules_read_them(opened: Phone) -> None:
    known = vectors("enrolment_address")
    body = """return given.map((f) => { try {
      const c = m.read(f);
      return {code_id: c.codeId, secret: c.secret, installation: c.installation,
              directories: c.directories};
    } catch (error) { return error.message; } });"""
    found = script(opened, "address.js", body, [case["fragment"] for case in known["cases"]])
    assert found == [case["content"] or case["unread"] for case in known["cases"]]
    body = f"""{HEX} return Promise.all(given.map((p) => p.installation
      ? m.installationPin(hex(p.installation))
      : m.directoriesPin(Object.entries(p.directories).map(([id, key]) => [id, hex(key)]))));"""
    pins = script(opened, "address.js", body, known["pins"])
    assert pins == [one["pin"] for one in known["pins"]]


def test_what_is_approved_is_signed_as_the_rules_build_it(opened: Phone) -> None:
    cases = vectors("approvals")["cases"]
    body = f"{HEX} return given.map((c) => text(m.statement(c.approval, c.verdict, c.said)));"
    assert script(opened, "statement.js", body, cases) == [case["statement"] for case in cases]


def test_numbers_and_letters_are_read_as_the_rules_read_them(opened: Phone) -> None:
    every = map(chr, range(0x110000))
    digits = [c * 2 for c in every if c.isdecimal() and unicodedata.category(c) == "Nd"]
    typed = [*digits, " 42 ", "4 2", "042", "4", "x2", "", "\u00bd2", "\uff14\uff12", "4\u200b2"]
    body = "return given.map((t) => m.number(t));"
    assert script(opened, "typed.js", body, typed) == [matching.said(t) for t in typed]
    letters = ["abcd-efg-hjk", "ABCD EFG HJK", "oil1-234-567", "abcd", "ABCDEFGHJU", "A" * 101, ""]
    wanted = [fold(t) for t in letters]
    body = "return given.map((t) => m.letters(t));"
    expected = [t if t is not None and len(t) == 10 else None for t in wanted]
    assert script(opened, "typed.js", body, letters) == expected


def test_offline_codes_are_those_of_rfc_6238(opened: Phone) -> None:
    times = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000]
    body = """const { fromBase32 } = await import('/static/app/bytes.js');
      const key = await m.key(fromBase32(given.secret));
      return Promise.all(given.times.map((t) => m.code(key, t * 1000)));"""
    found = script(opened, "totp.js", body, {"secret": SECRET, "times": times})
    assert found == [pyotp.TOTP(SECRET).at(time) for time in times]
    assert found[0] == "287082"


def test_requests_are_signed_and_answers_checked_as_the_wire_has_it(opened: Phone) -> None:
    known = vectors("phone_requests")
    body = """const P = {name: "ECDSA", namedCurve: "P-256"}, bytes = new TextEncoder();
      const {d, ...half} = given.phone.jwk;
      const key = await crypto.subtle.importKey("jwk", given.phone.jwk, P, false, ["sign"]);
      const open = await crypto.subtle.importKey("jwk", half, P, false, ["verify"]);
      return Promise.all(given.requests.map(async (r) => {
        const {headers, signature} = await m.sign(key, {...r, body: bytes.encode(r.body)});
        const good = await crypto.subtle.verify({name: "ECDSA", hash: "SHA-256"}, open,
          Uint8Array.from(atob(signature), (c) => c.charCodeAt(0)), bytes.encode(r.base));
        return [good, headers];
      }));"""
    for request, (good, headers) in zip(
        known["requests"], script(opened, "signed.js", body, known), strict=True
    ):
        assert good
        assert headers | {"signature": ""} == request["headers"] | {"signature": ""}
    body = f"""{HEX} const key = hex(given.installation.public), bytes = new TextEncoder();
      return Promise.all([...given.answers, ...given.forged].map((a) => m.genuine(key,
        {{status: a.status, headers: new Headers(a.headers), body: bytes.encode(a.body)}},
        given.requests[a.request].headers.signature.slice("keyturn=:".length, -1))));"""
    found = script(opened, "signed.js", body, known)
    assert found == [True] * len(known["answers"]) + [False] * len(known["forged"])


def test_a_pin_becomes_what_the_door_expects(opened: Phone) -> None:
    made = script(
        opened, "pin.js", "return m.secret(given.pin, given.phone);", {"pin": PIN, "phone": "p1"}
    )
    secret = hashlib.pbkdf2_hmac("sha256", PIN.encode(), b"keyturn-pin-v1|p1", 600_000)
    assert base64.urlsafe_b64decode(made + "=") == secret
    body = "return given.map((p) => [m.digits(p), m.plain(m.digits(p) ?? '')]);"
    pins = [
        "284617",
        " 284617 ",
        "\uff12\uff18\uff14\uff16\uff11\uff17",
        "28461",
        "x84617",
        "1" * 13,
    ]
    assert [d for d, _ in script(opened, "pin.js", body, pins)] == [PIN, PIN, PIN, None, None, None]
    first = ["000000", "123456", "654321", "135790"]
    assert [p for _, p in script(opened, "pin.js", body, first)] == [True, True, True, False]
