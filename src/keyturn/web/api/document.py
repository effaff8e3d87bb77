"""The OpenAPI document (3.1), made from the operations themselves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from keyturn import __version__
from keyturn.web.api import problems
from keyturn.web.api.pending import Pending

ABOUT = """\
Sign-up, sign-in, recovery and one's own account, for programs.

Every reply names the **pending step**: what the person has to do next. So does every problem
that a flow answers with.

**Tokens instead of cookies.** Send the session as `Authorization: Bearer …`, the browser's own
token as `Keyturn-Browser` and the known client as `Keyturn-Client`; a reply carries the next
value of whichever changed.

**Ticket systems** verify callers with a key of the tenant as `Authorization: Bearer …`
(`/verifications`); nothing hangs on their `browser`.

**A help desk's own tool** works on cases (`/cases`) with a key that was made for that and begins
with `ktc_`, and names the technician before it in `Keyturn-Technician`. It is under the same limits
as the console: who a caller is, proofs decide. A colleague gives their word on their own page.

**Requests** are JSON objects of at most 64 KB with exactly the fields named here: unknown and
repeated fields, other types, control characters and query strings are refused.

**Problems** are problem documents (RFC 9457) with a stable `code`. Besides those listed, a path
that is not there answers 404 `no-such-page`, and a method that is not there 405 `method` with
`Allow`.

Times are integer milliseconds since the epoch, UTC.
"""


def write(routes: Sequence[BaseRoute]) -> bytes:
    """The document as JSON, the same at every call."""
    document = get_openapi(
        title="Keyturn",
        version=__version__,
        description=ABOUT,
        routes=routes,
        servers=[
            {"url": "/api/v1", "description": "The tenant of this host"},
            {
                "url": "/t/{slug}/api/v1",
                "description": "A tenant by name",
                "variables": {"slug": {"default": "main"}},
            },
        ],
    )
    _show_examples(document, routes)
    _share_parameters(document)
    _share_responses(document)
    schemas = document["components"]["schemas"]
    schemas.update(_pending())
    schemas.update({name: kind.schema() for name, kind in problems.every().items()})
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=False) + "\n").encode()


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _show_examples(document: dict[str, Any], routes: Sequence[BaseRoute]) -> None:
    """The examples once more, because FastAPI leaves every null out of them."""
    for route in routes:
        if isinstance(route, APIRoute) and "content" in route.responses.get(200, {}):
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                for kind, shown in route.responses[200]["content"].items():
                    operation["responses"]["200"]["content"][kind]["example"] = shown["example"]


def _share_parameters(document: dict[str, Any]) -> None:
    """The headers that every operation takes are described once."""
    shared: dict[str, Any] = {}
    for operation in _operations(document):
        for at, parameter in enumerate(operation.get("parameters", ())):
            if parameter["in"] == "header":
                shared[parameter["name"]] = parameter
                reference = f"#/components/parameters/{parameter['name']}"
                operation["parameters"][at] = {"$ref": reference}
    document["components"]["parameters"] = shared


def _share_responses(document: dict[str, Any]) -> None:
    """Replies that several operations share are described once, named by their status."""
    uses = Counter(_key(o["responses"], s) for o in _operations(document) for s in o["responses"])
    names: dict[tuple[str, str], str] = {}
    shared: dict[str, Any] = {}
    for operation in _operations(document):
        responses = operation["responses"]
        for status in responses:
            key = _key(responses, status)
            if uses[key] > 1:
                if key not in names:
                    names[key] = _free_name(status, shared)
                    shared[names[key]] = responses[status]
                responses[status] = {"$ref": f"#/components/responses/{names[key]}"}
    document["components"]["responses"] = shared


def _key(responses: dict[str, Any], status: str) -> tuple[str, str]:
    return status, json.dumps(responses[status])


def _free_name(status: str, taken: dict[str, Any]) -> str:
    phrase = HTTPStatus(int(status)).phrase.title().replace(" ", "")
    earlier = sum(name.rstrip("0123456789") == phrase for name in taken)
    return f"{phrase}{earlier + 1}" if earlier else phrase


def _pending() -> dict[str, Any]:
    """The pending steps by name; `Pending` is any of them."""
    schema = TypeAdapter(Pending).json_schema(ref_template="#/components/schemas/{model}")
    parts = schema.pop("$defs")
    return {**parts, "Pending": schema}
