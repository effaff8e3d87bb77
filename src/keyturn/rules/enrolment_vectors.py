"""Addresses that codes to scan carry, and what phones sign, as JSON for the app's own copy.

`tools/write_docs.py` writes tests/vectors/enrolment_address.json and tests/vectors/approvals.json;
tests run them through the app's script.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from keyturn.rules import enrolment_address as address
from keyturn.rules.approvals import Approval, Kind, Verdict, statement
from keyturn.rules.enrolment_address import Content

_MADE = "Made by tools/write_docs.py from rules/enrolment_vectors.py. Change that, not this. "
_ADDRESSES = (
    "pins: {directories: {id: identity key, hex}, pin} and {installation: key, hex}, pin}. "
    "cases: {fragment (without #), content: {code_id, secret, installation, directories} or null, "
    "unread: null, 'shape' or 'version'}."
)
_STATEMENTS = (
    "cases: {approval: what the phone was shown, verdict, said (the number typed), statement: the "
    "bytes to sign, hex}."
)

_ID = "01JD0123456789ABCDEFGHJKMN"
_KEYS = tuple(bytes([at]) * 32 for at in range(1, 4))
_CONTENT = Content(
    _ID, address.part(bytes(range(16))), address.installation_pin(_KEYS[0]),
    address.directories_pin({"d1": _KEYS[1], "d2": _KEYS[2]}),
)  # fmt: skip
_DIRECTORIES: tuple[dict[str, bytes], ...] = (
    {},
    {"d1": _KEYS[1]},
    {"d2": _KEYS[2], "d1": _KEYS[1]},
    {"d1": _KEYS[2], "d2": _KEYS[1]},
    {"d1": _KEYS[1], "d": b"2" + _KEYS[1]},
    {"Zürich": _KEYS[1], "z": _KEYS[2]},
)


def addresses_as_json() -> str:
    """The text of tests/vectors/enrolment_address.json."""
    pins: list[object] = [
        {"installation": k.hex(), "pin": address.installation_pin(k)} for k in _KEYS
    ]
    for keys in _DIRECTORIES:
        listed = {name: key.hex() for name, key in keys.items()}
        pins.append({"directories": listed, "pin": address.directories_pin(keys)})
    cases = [_case(text) for text in _fragments()]
    return _json({"about": _MADE + _ADDRESSES, "pins": pins, "cases": cases})


def _case(text: str) -> object:
    found = address.read(text)
    taken = isinstance(found, Content)
    return {
        "fragment": text,
        "content": asdict(found) if isinstance(found, Content) else None,
        "unread": None if taken else found,
    }


def _fragments() -> tuple[str, ...]:
    good = address.fragment(_CONTENT)
    last = good[:-1]
    return (
        good, "", "#" + good, good + " ", good + "\n", "\n" + good, good + ".", good + "=",
        good.lower(), good.replace(".", "/"), good.replace(_ID, _ID.lower()),
        good.replace(_ID, "8" + _ID[1:]), good.replace(_ID, _ID[1:]),
        good.replace(_ID, _ID[:-1] + "I"), last + "B", last + "+", last, good[:-2] + "AA",
        good.replace("1.", "2.", 1), good.replace("1.", "10.", 1), good.replace("1.", "01.", 1),
        good.replace("1.", "0.", 1), good.replace("1.", "-1.", 1), good.replace("1.", "12345.", 1),
        "2.", "2.anything\nat all", "1.", "1", "2", "9999.", "\u0661." + good[2:],
        good.replace("0123", "\uff10\uff11\uff12\uff13"), "2." + "x" * 300, "1." + "x" * 300,
        "%31." + good[2:], "1..", "....", "null", "{}", good + "&utm_source=x", good + "#" + good,
    )  # fmt: skip


_SHOWN = Approval(
    id="01JD", tenant_id="t1", user_id="u1", phone_id="p1", kind=Kind.SECOND, subject="f1", epoch=0,
    asker="Firefox on Windows", place="192.0.2.7", number="42", made_at=0, expires_at=60_000,
)  # fmt: skip


def statements_as_json() -> str:
    """The text of tests/vectors/approvals.json."""
    others = (
        _SHOWN,
        replace(_SHOWN, kind=Kind.CALLER, asker="Zoë Ünal", place="Service-Desk Zürich"),
        replace(_SHOWN, kind=Kind.RESET, asker="山田 さくら \U0001f511", place=""),
        replace(_SHOWN, kind=Kind.RECOVERY),
        replace(_SHOWN, kind=Kind.PROOF),
        replace(_SHOWN, asker="Firefox on Windows1", place="92.0.2.7"),
        replace(_SHOWN, asker="x" * 300, place="line\nend\0"),
    )
    said = ((Verdict.APPROVE, "42"), (Verdict.APPROVE, "24"), (Verdict.DENY, ""))
    cases = [_signed(one, *what) for one in others for what in said]
    return _json({"about": _MADE + _STATEMENTS, "cases": cases})


def _signed(one: Approval, verdict: Verdict, said: str) -> object:
    names = ("tenant_id", "user_id", "phone_id", "id", "kind", "asker", "place")
    return {
        "approval": {name: getattr(one, name) for name in names},
        "verdict": verdict,
        "said": said,
        "statement": statement(one, verdict, said).hex(),
    }


def _json(data: object) -> str:
    return json.dumps(data, indent=1) + "\n"
