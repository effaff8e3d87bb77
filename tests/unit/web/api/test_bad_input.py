"""Whatever is wrong with a request, every operation refuses it with a problem document
that the OpenAPI document promises, stores nothing and counts nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from keyturn.adapters.sql.schema import complete
from keyturn.rules.accounts import Role
from keyturn.rules.api_keys import Scope
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.flows.programs import make_key
from tests.unit.web.api.calling import JSON, App, operations, resolved

Fields = dict[str, Any]
#: fields that are judged by what they say, and are told so
OTHERWISE = {"/about", "/credential", "/envelopes", "/envelopes/0", "/method", "/deed"}
#: what is one of a few words
WORDS = {"about": "signin", "method": "mail", "deed": "unlock"}
HOSTILE = "</script><!--\u202e%00{{7*7}}"


@pytest.fixture
def signed_in(house: House, app: App) -> App:
    """Ada's app, which may call everything; it has a key, too."""
    house.user()
    app.key = make_key(house).key
    app.desk = make_key(house, name="Desk", scope=Scope.CASES).key
    app.technician = house.user("tom@northwind.test", role=Role.TECHNICIAN).email
    app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    return app


def stored(house: House) -> dict[str, list[Any]]:
    """Everything that is in the database."""

    def step(tx: Any) -> dict[str, list[Any]]:
        return {
            name: sorted(map(repr, tx.connection.execute(select(table)).all()))
            for name, table in complete().tables.items()
        }

    return house.write(step)


def places(*, takes_body: bool) -> list[tuple[str, str, Fields]]:
    """Method, path and schema of each operation that takes a body, or of those that do not."""
    found = []
    for method, path, operation in operations():
        if ("requestBody" in operation) == takes_body:
            body = operation.get("requestBody", {}).get("content", {}).get(JSON[1], {})
            found.append((method, re.sub(r"\{.*\}", "x", path), resolved(body.get("schema", {}))))
    return found


def fitting(schema: Fields) -> Fields:
    """A body that is well formed."""
    given: Fields = {}
    for name, field in schema["properties"].items():
        kinds: Fields = {"boolean": True, "array": [{"agent": "x", "enc": "x", "ciphertext": "x"}]}
        given[name] = kinds.get(field.get("type"), "x")
    given |= {name: word for name, word in WORDS.items() if name in given}
    if "about" in given and "method" in given:
        given["about"] = "x"  # the id of what is asked
    return given


def bodies_with(name: str, value: str) -> Iterator[tuple[str, str, bytes]]:
    """Every operation's body with the JSON text `value` in place of the field `name`, or of
    every field in turn with name "*".
    """
    for method, path, schema in places(takes_body=True):
        fields = fitting(schema)
        for wanted in fields if name == "*" else [name]:
            parts = {key: json.dumps(v) for key, v in fields.items()} | {wanted: value}
            inner = ", ".join(f"{json.dumps(k)}: {v}" for k, v in parts.items())
            yield method, path, b"{" + inner.encode() + b"}"


def test_there_is_something_to_try() -> None:
    assert len(places(takes_body=True)) > 10
    assert len(places(takes_body=False)) > 10


@pytest.mark.parametrize(
    ("value", "status", "codes"),
    [
        pytest.param('["x"]', 422, {"not-a-string", "not-a-boolean"}, id="array for string"),
        pytest.param("7", 422, {"not-a-string", "not-a-boolean"}, id="number"),
        pytest.param("1.5e300", 422, {"not-a-string", "not-a-boolean"}, id="float"),
        pytest.param('{"x": {"y": []}}', 422, {"not-a-string", "not-a-boolean"}, id="nested"),
        pytest.param('"x\\u0000"', 422, {"control-character", "not-a-boolean"}, id="NUL"),
        pytest.param('"\\u001b[2J"', 422, {"control-character", "not-a-boolean"}, id="escape"),
        pytest.param('"x\\u007f"', 422, {"control-character", "not-a-boolean"}, id="delete"),
        pytest.param('"\\ud800"', 422, {"not-unicode", "not-a-boolean"}, id="lone surrogate"),
        pytest.param(json.dumps("x" * 2001), 422, {"too-long", "not-a-boolean"}, id="too long"),
        pytest.param("NaN", 400, None, id="NaN"),
        pytest.param("-Infinity", 400, None, id="infinity"),
        pytest.param("9" * 5000, 400, None, id="endless number"),
        pytest.param("[" * 10_000 + "]" * 10_000, 400, None, id="deep nesting"),
        pytest.param('"x', 400, None, id="cut off"),
        pytest.param('"\x01"', 400, None, id="raw control character"),
        pytest.param(json.dumps("x" * 70_000), 413, None, id="70 KB"),
    ],
)
def test_no_field_of_any_operation_takes(
    house: House, signed_in: App, value: str, status: int, codes: set[str] | None
) -> None:
    before = stored(house)
    for method, path, body in bodies_with("*", value):
        reply = signed_in.raw(method, path, body, [JSON])
        assert reply.status == status, (path, body[:80], reply.data)
        if codes is not None:
            told = {code for pointer, code in reply.errors if pointer not in OTHERWISE}
            assert told <= codes, (path, reply.data["errors"])
    assert stored(house) == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"", 400, "not-json", id="nothing"),
        pytest.param(b"{", 400, "not-json", id="cut off"),
        pytest.param(b"{} {}", 400, "not-json", id="two objects"),
        pytest.param(b"hello", 400, "not-json", id="text"),
        pytest.param(b"a=b&c=d", 400, "not-json", id="form"),
        pytest.param(b"\xef\xbb\xbf{}", 400, "not-json", id="byte order mark"),
        pytest.param('{"a":"é"}'.encode("latin-1"), 400, "not-utf-8", id="Latin-1"),
        pytest.param("{}".encode("utf-16"), 400, "not-utf-8", id="UTF-16"),
        pytest.param(b"[" * 10_000, 400, "not-json", id="a pit of brackets"),
        pytest.param(
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "not-json", id="a pit of names"
        ),
        pytest.param(b"[]", 422, "invalid", id="array"),
        pytest.param(b"null", 422, "invalid", id="null"),
        pytest.param(b'"x"', 422, "invalid", id="string"),
        pytest.param(b"17", 422, "invalid", id="number"),
        pytest.param(b"{}", 422, "invalid", id="empty object"),
        pytest.param(b'{"\\ud800": 1}', 422, "invalid", id="surrogate as a name"),
        pytest.param(b"{}" + b" " * 1_000_000, 413, "body-too-long", id="1 MB"),
    ],
)
def test_no_operation_takes_as_its_body(
    house: House, signed_in: App, body: bytes, status: int, code: str
) -> None:
    before = stored(house)
    for method, path, _ in places(takes_body=True):
        reply = signed_in.raw(method, path, body, [JSON])
        assert (reply.status, reply.code) == (status, code), path
    assert stored(house) == before


def test_null_stands_for_no_field_but_the_one_that_may_be_left_out(
    house: House, signed_in: App
) -> None:
    before = stored(house)
    for method, path, body in bodies_with("*", "null"):
        if b'"old_code": null' not in body:
            assert signed_in.raw(method, path, body, [JSON]).code == "invalid"
    assert stored(house) == before


def test_unknown_fields_are_refused_without_repeating_them(house: House, signed_in: App) -> None:
    before = stored(house)
    for method, path, schema in places(takes_body=True):
        reply = signed_in.call(method, path, **{**fitting(schema), HOSTILE: HOSTILE})
        assert reply.errors == [("", "unknown-field")]
        assert "script" not in reply.page.html
    assert stored(house) == before


def test_a_field_that_comes_twice_is_refused_at_any_depth(house: House, signed_in: App) -> None:
    before = stored(house)
    for method, path, schema in places(takes_body=True):
        good = json.dumps(fitting(schema))
        for body in (good[:-1] + "," + good[1:], '{"a": {"b": 1, "b": 1}}'):
            reply = signed_in.raw(method, path, body.encode(), [JSON])
            assert reply.errors == [("", "repeated-field")]
    assert stored(house) == before


def test_what_was_typed_is_never_repeated_in_a_refusal(signed_in: App) -> None:
    secret = "correct horse battery\0"
    reply = signed_in.call("POST", "/signin", identifier="x", password=secret)
    assert reply.errors == [("/password", "control-character")]
    assert "horse" not in reply.page.html


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("content-type", "text/plain")], id="text"),
        pytest.param([("content-type", "application/x-www-form-urlencoded")], id="form"),
        pytest.param([("content-type", "multipart/form-data; boundary=x")], id="multipart"),
        pytest.param([("content-type", "application/problem+json")], id="another kind of JSON"),
        pytest.param([("content-type", "application/jsonx")], id="a longer name"),
        pytest.param([("content-type", "application/json\xa0")], id="a space not of HTTP"),
        pytest.param([JSON, ("content-encoding", "gzip")], id="compressed"),
    ],
)
def test_only_plain_json_is_read(
    house: House, signed_in: App, headers: list[tuple[str, str]]
) -> None:
    before = stored(house)
    for method, path, schema in places(takes_body=True):
        reply = signed_in.raw(method, path, json.dumps(fitting(schema)).encode(), headers)
        assert (reply.status, reply.code) == (415, "content-type")
    assert stored(house) == before


def test_where_no_body_belongs_none_is_taken(house: House, signed_in: App) -> None:
    before = stored(house)
    for method, path, _ in places(takes_body=False):
        for body in (b"{}", b"x" * 10_000):
            assert signed_in.raw(method, path, body, [JSON]).code == "unexpected-body"
        assert signed_in.raw(method, path, b"x" * 1_000_000, [JSON]).code == "body-too-long"
    assert stored(house) == before


def test_no_operation_takes_a_query_string(house: House, signed_in: App) -> None:
    before = stored(house)
    for method, path, schema in [*places(takes_body=True), *places(takes_body=False)]:
        body = json.dumps(fitting(schema)).encode() if schema else b""
        reply = signed_in.raw(method, path, body, [JSON], query=b"identifier=x")
        assert (reply.status, reply.code) == (400, "unexpected-query")
    assert stored(house) == before


@pytest.mark.parametrize(
    "header", ["authorization", "content-type", "keyturn-browser", "keyturn-client"]
)
def test_a_header_that_may_come_once_is_refused_twice(
    house: House, signed_in: App, header: str
) -> None:
    before = stored(house)
    for method, path, schema in places(takes_body=True):
        body = json.dumps(fitting(schema)).encode()
        reply = signed_in.raw(method, path, body, [JSON, (header, "x"), (header, "x")])
        assert (reply.status, reply.data["header"]) == (400, header)
    assert stored(house) == before


def test_a_path_names_all_the_methods_it_takes_to_whoever_tries_another(signed_in: App) -> None:
    paths = {re.sub(r"\{.*\}", "x", path) for _, path, _ in operations()}
    for path in paths:
        takes = {m for m, p, _ in operations() if re.sub(r"\{.*\}", "x", p) == path}
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - takes:
            reply = signed_in.raw(method, path, b"", [])
            assert (reply.status, reply.code) == (405, "method")
            assert set(str(reply.page.header("allow")).split(", ")) == takes


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/signin/", "/signin/second/x", "/Signin", "//signin", "/docs"]
)
def test_a_path_that_is_none_is_told_as_such(signed_in: App, path: str) -> None:
    reply = signed_in.raw("GET", path, b"", [])
    assert (reply.status, reply.code) == (404, "no-such-page")


@pytest.mark.parametrize("name", ["", "x", "a" * 65, "\0", "..", "\u00e9", "others "])
def test_a_handle_that_is_none_is_not_found(house: House, signed_in: App, name: str) -> None:
    before = stored(house)
    for room in ("sessions", "clients"):
        reply = signed_in.raw("DELETE", f"/account/{room}/{name}", b"", [])
        assert reply.status in {404, 422}
    assert stored(house) == before


@pytest.mark.parametrize(
    ("host", "base", "status"),
    [("evil.test", "", 421), ("id.test", "/t/nobody", 404), ("id.test:81", "", 421)],
)
def test_another_host_or_tenant_has_no_operation(
    app: App, host: str, base: str, status: int
) -> None:
    app.base = base
    app.extra = [("host", host)]
    assert app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD).status == status


def test_a_session_of_one_tenant_opens_nothing_in_another(house: House, signed_in: App) -> None:
    house.add_tenant("southwind")
    signed_in.web.site.forget_tenants()
    signed_in.base = "/t/southwind"
    assert signed_in.call("GET", "/account").code == "sign-in"
    signed_in.base = "/t/northwind"
    assert signed_in.call("GET", "/account").status == 200


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_sent_the_reply_is_as_described(signed_in: App, data: st.DataObject) -> None:
    method, path, schema = data.draw(st.sampled_from(places(takes_body=True)))
    names = st.sampled_from(sorted(schema["properties"])) | st.text(max_size=5)
    body = data.draw(st.dictionaries(names, VALUES, max_size=5) | VALUES)
    signed_in.raw(method, path, json.dumps(body).encode(), [JSON])
