"""Headers, cookies, bodies: whatever comes, they are read to one meaning or refused."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.rules.callers import network_of
from keyturn.rules.clients import UNKNOWN, client_name
from keyturn.web import cookies, parsing, strict_json
from keyturn.web.cookies import Jar
from keyturn.web.refusals import Refusal
from tests.fuzz.budget import tries
from tests.unit.flows.house import House

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
V4 = st.ip_addresses(v=4).filter(lambda ip: ip not in PROXIES[0])
V6 = st.ip_addresses(v=6).filter(
    lambda ip: ip not in PROXIES[1] and not getattr(ip, "ipv4_mapped", None)
)
PROXY = st.ip_addresses(network=PROXIES[0]) | st.ip_addresses(network=PROXIES[1])
T = TypeVar("T")
#: what somebody writes into a header: anything, or addresses that are not theirs
FORGED = st.lists(st.text(st.characters(max_codepoint=255), max_size=60) | V4.map(str) | V6.map(str)
                  | PROXY.map(str), max_size=4)  # fmt: skip
LATIN = st.text(st.characters(max_codepoint=255), max_size=60)


def scope(peer: object, *headers: tuple[str, str]) -> dict[str, Any]:
    """What the server says of a request."""
    return {
        "client": (str(peer), 50000) if peer else None,
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers],
        "query_string": b"",
    }


def spellings(ip: Any, port: int) -> list[str]:
    """Every way in which proxies write one address."""
    if ip.version == 4:
        return [str(ip), f"{ip}:{port}", f"::ffff:{ip}", f"[::ffff:{ip}]:{port}", f" {ip}\t"]
    return [str(ip), ip.exploded.upper(), f"[{ip}]", f"[{ip}]:{port}", f"{ip}%eth0", f"[{ip}%1]"]


def read(act: Callable[[], T], statuses: set[int]) -> T | None:
    """What was read; None if it was refused with one of these statuses."""
    try:
        return act()
    except Refusal as refusal:
        if refusal.status not in statuses:
            raise
        return None


@tries(300)
@given(peer=LATIN, written=st.lists(LATIN, max_size=4), trusted=st.booleans())
def test_whatever_is_written_an_address_has_one_spelling_or_is_none(
    peer: str, written: list[str], trusted: bool
) -> None:
    headers = [("x-forwarded-for", line) for line in written]
    found = parsing.address(scope(peer, *headers), PROXIES if trusted else ())
    assert found == "" or str(ipaddress.ip_address(found)) == found
    assert "%" not in found
    assert not found.startswith("::ffff:")
    assert network_of(found)


@tries(300)
@given(
    ip=V4 | V6, port=st.integers(1, 65535), proxies=st.lists(PROXY, min_size=1, max_size=3),
    forged=FORGED, data=st.data(),
)  # fmt: skip
def test_behind_trusted_proxies_the_caller_is_found_whatever_stands_left_of_it(
    ip: Any, port: int, proxies: list[Any], forged: list[str], data: st.DataObject
) -> None:
    spelt = data.draw(st.sampled_from(spellings(ip, port)))
    hops = [*forged, spelt, *(str(p) for p in proxies[1:])]
    cut = data.draw(st.integers(0, len(hops) - 1))
    lines = [", ".join(part) for part in (hops[:cut], hops[cut:]) if part]
    headers = [("x-forwarded-for", line) for line in lines]
    assert parsing.address(scope(proxies[0], *headers), PROXIES) == str(ip)


@tries(200)
@given(ip=V4 | V6, written=FORGED)
def test_whoever_comes_directly_cannot_say_that_they_are_somebody_else(
    ip: Any, written: list[str]
) -> None:
    headers = [
        (name, line) for line in written for name in ("x-forwarded-for", "forwarded", "x-real-ip")
    ]
    assert parsing.address(scope(ip, *headers), PROXIES) == str(ip)
    assert parsing.address(scope(ip, *headers), ()) == str(ip)


@tries(200)
@given(V4, st.integers(0, 255))
def test_neighbours_pay_together_and_others_do_not(ip: Any, other: int) -> None:
    net = network_of(str(ip))
    neighbour = f"{str(ip).rpartition('.')[0]}.{other}"
    assert network_of(neighbour) == net
    assert network_of(f"::ffff:{ip}") == net
    assert network_of(str(ip ^ 256 if isinstance(ip, int) else type(ip)(int(ip) ^ 256))) != net


@tries(200)
@given(V6, st.integers(0, 2**64 - 1))
def test_one_line_s_64_bits_of_addresses_are_one_network(ip: Any, host: int) -> None:
    neighbour = type(ip)((int(ip) >> 64 << 64) | host)
    if not neighbour.ipv4_mapped:
        assert network_of(str(neighbour)) == network_of(str(ip))
    assert network_of(str(type(ip)(int(ip) ^ (1 << 64)))) != network_of(str(ip))


@tries(400)
@given(LATIN | st.text(max_size=600).map(lambda t: "Mozilla/5.0 (" + t))
def test_a_user_agent_only_picks_a_name_and_is_never_copied(agent: str) -> None:
    name = client_name(agent)
    assert name == UNKNOWN or (name.isascii() and name.replace(" ", "").isalnum())
    assert len(name) < 40


@tries(300)
@given(LATIN)
def test_no_cookie_header_breaks_the_reading_and_the_first_of_a_name_counts(text: str) -> None:
    found = parsing.cookies(scope(None, ("cookie", text)))
    assert all(name == name.lstrip(" \t") for name in found)
    assert all(f"{name}=" in text for name in found)
    assert parsing.cookies(scope(None, ("cookie", f"a=1; {text}")))["a"] == "1"


@tries(300)
@given(kind=st.sampled_from(["browser", "session", "client"]), noise=LATIN, secure=st.booleans())
def test_a_cookie_that_was_written_is_read_again_beside_whatever_else_there_is(
    kind: str, noise: str, secure: bool
) -> None:
    jar, token = Jar("northwind", secure), "T" * 43
    pair = jar.write(kind, token).decode().partition(";")[0]
    if jar.name(kind) in noise:
        return
    found = parsing.cookies(scope(None, ("cookie", f"{noise}; {pair}")))
    assert cookies.token(found[jar.name(kind)]) == token


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@tries(300)
@given(text=st.text(max_size=300) | LATIN)
def test_only_clients_that_we_signed_are_offered(house: House, text: str) -> None:
    assert cookies.offers(house.sealer, house.tenant, text) == ()
    signed = cookies.with_client(house.sealer, house.tenant, text, f"{'0' * 26}.{'T' * 43}")
    assert [o.id for o in cookies.offers(house.sealer, house.tenant, signed)] == ["0" * 26]
    assert len(signed) < 500
    other = house.add_tenant(f"t{house.count('tenants')}")
    assert cookies.offers(house.sealer, other, signed) == ()


def test_a_client_of_another_installation_is_none(house: House) -> None:
    class Other(MemorySealer):
        def digest(self, purpose: str, value: str) -> str:
            return super().digest(purpose, "other" + value)

    signed = cookies.with_client(Other(), house.tenant, "", f"{'0' * 26}.{'T' * 43}")
    assert cookies.offers(house.sealer, house.tenant, signed) == ()


# -- forms

FIELDS = {"identifier": 254, "password": 1024, "csrf": 64}
FORM = ("content-type", parsing.FORM)
PLAIN = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x7f", min_codepoint=32),
    max_size=64,
)


@tries(300)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, PLAIN)))
def test_what_a_form_sends_is_what_is_read(sent: dict[str, str]) -> None:
    raw = urlencode(sent).encode()
    assert parsing.form(scope(None, FORM), raw, FIELDS) == dict.fromkeys(FIELDS, "") | sent


@tries(600)
@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: f"csrf={t}".encode()))
def test_any_bytes_are_a_form_or_are_refused(raw: bytes) -> None:
    found = read(lambda: parsing.form(scope(None, FORM), raw, FIELDS), {400, 422})
    if found is None:
        return
    assert set(found) == set(FIELDS)
    assert all(len(found[name]) <= most for name, most in FIELDS.items())
    assert not any("\0" in value or "\ud800" <= c <= "\udfff" for value in found.values()
                   for c in value)  # fmt: skip


@tries(200)
@given(
    sizes=st.lists(st.integers(0, 40_000), max_size=6),
    declared=st.none() | st.integers(-1, 200_000) | LATIN,
)
def test_no_body_is_read_beyond_64_kb(sizes: list[int], declared: object) -> None:
    chunks = [b"x" * size for size in sizes]
    told = [] if declared is None else [("content-length", str(declared))]
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        chunk = chunks[taken] if taken < len(chunks) else b""
        taken += 1
        return {"type": "http.request", "body": chunk, "more_body": taken < len(chunks)}

    found = read(lambda: asyncio.run(parsing.body(scope(None, *told), receive)), {413})
    assert sum(sizes[: max(0, taken - 1)]) <= parsing.BODY_MAX
    assert found is None or found == b"x" * sum(sizes)


# -- JSON

JSON = ("content-type", "application/json")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)


@tries(300)
@given(OBJECTS, st.booleans())
def test_an_object_that_is_sent_is_the_one_that_is_read(value: dict[str, Any], raw: bool) -> None:
    try:
        text = json.dumps(value, ensure_ascii=not raw).encode()
    except UnicodeEncodeError:  # half a surrogate pair is JSON in ASCII only
        return
    assert strict_json.read_object(scope(None, JSON), text) == value


@tries(300)
@given(value=OBJECTS.filter(bool), again=VALUES, data=st.data())
def test_a_name_that_comes_twice_is_refused_however_deep_and_whatever_it_is_written_as(
    value: dict[str, Any], again: Any, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(value)))
    escaped = "".join(f"\\u{u:04x}" for u in _units(name))
    good = json.dumps(value)
    twice = f'{good[:-1]}, "{escaped}": {json.dumps(again)}}}'
    for deep in (twice, f'{{"a": [{twice}]}}'):
        with pytest.raises(Refusal) as refused:
            strict_json.read_object(scope(None, JSON), deep.encode())
        assert refused.value.data == {"errors": [{"pointer": "", "code": "repeated-field"}]}


def _units(text: str) -> list[int]:
    raw = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


@tries(600)
@given(st.binary(max_size=200) | st.text('{}[]":,\\u0019eE+-.ntf ', max_size=60).map(str.encode))
def test_any_bytes_are_an_object_or_are_refused(raw: bytes) -> None:
    found = read(lambda: strict_json.read_object(scope(None, JSON), raw), {400, 422})
    assert found is None or json.loads(raw) == found
