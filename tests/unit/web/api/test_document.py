"""The OpenAPI document tells the truth about itself, and is the one committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keyturn.web.api import problems
from keyturn.web.api.app import openapi
from tests.unit.web.api.calling import App, document, operations, resolved
from tests.unit.web.api.schema import violations

DOCS = Path(__file__).parents[4] / "docs"


def test_the_committed_document_is_current() -> None:
    """Run .venv/bin/python tools/write_docs.py after a change of the API."""
    assert (DOCS / "openapi.json").read_bytes() == openapi()


def test_the_document_is_served_to_everybody(app: App) -> None:
    for base in ("", "/t/northwind"):
        page = app.web.request("GET", f"{base}/api/v1/openapi.json")
        assert (page.status, page.header("content-type")) == (200, "application/json")
        assert json.loads(page.body) == document()


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in references(value)]
    if isinstance(part, list):
        return [ref for value in part for ref in references(value)]
    return []


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = set(references(document()))
    for reference in used:
        resolved({"$ref": reference})
    named = {
        f"#/components/{kind}/{name}"
        for kind, parts in document()["components"].items()
        for name in parts
        if kind != "securitySchemes"
    }
    assert named - used == {"#/components/schemas/Problem.method"}


def test_names_of_operations_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_every_example_is_valid() -> None:
    tried = 0
    for _, path, operation in operations():
        content = resolved(operation["responses"]["200"])["content"]["application/json"]
        if "example" in content:
            found = violations(document(), content["schema"], content["example"])
            assert not found, (path, found)
            tried += 1
    assert tried > 10


@pytest.mark.parametrize("header", ["Keyturn-Browser", "Keyturn-Client"])
def test_every_operation_documents_the_tokens(header: str) -> None:
    for _, path, operation in operations():
        assert {"$ref": f"#/components/parameters/{header}"} in operation["parameters"], path


def test_a_session_is_declared_where_it_is_needed_and_welcome_where_it_is_not() -> None:
    assert document()["components"]["securitySchemes"]["session"]["scheme"] == "bearer"
    by_path = {path: operation.get("security") for _, path, operation in operations()}
    assert by_path["/account"] == [{"session": []}]
    assert by_path["/help"] == [{"session": []}, {}]
    assert by_path["/signin"] is None


def test_each_code_means_one_thing() -> None:
    codes = [kind.code for kind in problems.every().values()]
    assert len(codes) == len(set(codes))


def test_no_operation_of_a_stranger_s_takes_or_shows_a_password_of_somebody_else() -> None:
    """A password is taken where its owner types it, and shown nowhere."""
    schemas = document()["components"]["schemas"]
    taking = {name for name, s in schemas.items() if "password" in s.get("properties", {})}
    assert taking == {"Signin", "Signup", "SetPassword", "ByPassword", "ChangePassword"}
