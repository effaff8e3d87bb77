"""How an operation declares what it answers.

    @room.post("/signin", **operation(SigninReply, WRONG, LOCKED))

The status codes and schemas of the OpenAPI document are made from the very models and
problems that the replies are made from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from fastapi import APIRouter

from keyturn.web.api.call import BROWSER, Reply
from keyturn.web.api.problems import COMMON, NO_BODY, PROBLEM_JSON, SIGN_IN, WITH_BODY, Kind
from keyturn.web.api.strict import StrictRoute

HEADERS: dict[str, dict[str, Any]] = {
    BROWSER: {
        "description": "The token that names this browser; the same as `browser`.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to sign in (RFC 9110 §11.6.1).",
        "schema": {"const": "Bearer"},
    },
    "Allow": {"description": "The methods there are.", "schema": {"type": "string"}},
}


class Operation(TypedDict):
    """Arguments of a route's decorator."""

    response_model: type[Reply]
    response_description: str
    responses: dict[int | str, dict[str, Any]]
    description: str


def room(tag: str) -> APIRouter:
    """A group of operations."""
    return APIRouter(
        route_class=StrictRoute, tags=[tag], generate_unique_id_function=lambda route: route.name
    )


def operation(
    reply: type[Reply],
    *kinds: Kind,
    body: bool = False,
    signed: bool = False,
    about: str = "",
    example: dict[str, object] | None = None,
) -> Operation:
    """What an operation answers: `reply` with 200, or one of these problems.

    Args:
        body: it takes a JSON object.
        signed: it needs a session.
        about: what it does, for programmers.
        example: a reply's fields besides `browser`.
    """
    needed = (SIGN_IN,) if signed else ()
    every = (*kinds, *needed, *COMMON, *(WITH_BODY if body else NO_BODY))
    success: dict[str, Any] = {"headers": {BROWSER: HEADERS[BROWSER]}}
    if example is not None:
        shown = {**example, "browser": "p7lGx2cWc0m2sBq4rT1yZ8vN5kJ3hF6dA9eU0iO-_Lk"}
        success["content"] = {"application/json": {"example": shown}}
    return {
        "response_model": reply,
        "response_description": "Done, or on to the pending step.",
        "responses": {200: success, **problems(every)},
        "description": about,
    }


def problems(kinds: Iterable[Kind]) -> dict[int | str, dict[str, Any]]:
    """Response objects of OpenAPI, one for each status."""
    by_status: dict[int | str, dict[str, Kind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, {})[kind.code] = kind
    return {status: _response(list(found.values())) for status, found in by_status.items()}


def _response(kinds: list[Kind]) -> dict[str, Any]:
    refs = [{"$ref": f"#/components/schemas/{kind.name}"} for kind in kinds]
    names = {name for kind in kinds for name in kind.headers}
    names |= {BROWSER} if any(kind.flow for kind in kinds) else set()
    response: dict[str, Any] = {
        "description": " ".join(f"`{kind.code}`: {kind.meaning}" for kind in kinds),
        "content": {PROBLEM_JSON: {"schema": refs[0] if len(refs) == 1 else {"oneOf": refs}}},
    }
    if names:
        response["headers"] = {name: HEADERS[name] for name in sorted(names)}
    return response
