"""A checker for the JSON Schema (2020-12) that our OpenAPI document uses.

A keyword that it does not know is an error: nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
#: keywords that say nothing about what is valid
SILENT = {"title", "description", "default", "examples", "example", "format", "discriminator"}


def violations(document: Any, schema: Any, value: Any, at: str = "") -> list[str]:
    """All that is wrong with `value`; [] if it is valid."""
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword not in SILENT:
            found += _CHECKS[keyword](document, schema, wanted, value, at)
    return found


def _type(_doc: Any, _schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    names = wanted if isinstance(wanted, list) else [wanted]
    return [] if any(TYPES[name](value) for name in names) else [f"{at}: no {wanted}: {value!r}"]


def _ref(document: Any, _schema: Any, wanted: str, value: Any, at: str) -> list[str]:
    target = document
    for part in wanted.removeprefix("#/").split("/"):
        target = target[part]
    return violations(document, target, value, at)


def _properties(document: Any, schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = [
        line
        for name, part in wanted.items()
        if name in value
        for line in violations(document, part, value[name], f"{at}/{name}")
    ]
    unknown = set(value) - set(wanted)
    if schema.get("additionalProperties") is False and unknown:
        found.append(f"{at}: unknown {sorted(unknown)}")
    return found


def _additional(document: Any, schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    """False: see _properties, which has to be there. A schema: every value is of it."""
    if wanted is False:
        return [] if "properties" in schema else [f"{at}: nothing may be in it"]
    assert "properties" not in schema
    each = (violations(document, wanted, v, f"{at}/{name}") for name, v in value.items())
    return [line for lines in each for line in lines]


def _required(_doc: Any, _schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    missing = [n for n in wanted if isinstance(value, dict) and n not in value]
    return [f"{at}: missing {missing}"] if missing else []


def _items(document: Any, _schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    if not isinstance(value, list):
        return []
    each = (violations(document, wanted, v, f"{at}/{i}") for i, v in enumerate(value))
    return [line for lines in each for line in lines]


def _matching(document: Any, wanted: Any, value: Any, at: str) -> Iterator[bool]:
    return (not violations(document, part, value, at) for part in wanted)


def _any_of(document: Any, _schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    return [] if any(_matching(document, wanted, value, at)) else [f"{at}: none fits {value!r}"]


def _one_of(document: Any, _schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
    count = sum(_matching(document, wanted, value, at))
    return [] if count == 1 else [f"{at}: {count} fit {value!r}"]


def _test(test: Callable[[Any, Any], bool]) -> Callable[..., list[str]]:
    def check(_doc: Any, _schema: Any, wanted: Any, value: Any, at: str) -> list[str]:
        return [] if test(wanted, value) else [f"{at}: {value!r} against {wanted!r}"]

    return check


def _sized(kind: type, test: Callable[[Any, Any], bool]) -> Callable[..., list[str]]:
    return _test(lambda wanted, value: not isinstance(value, kind) or test(wanted, value))


_CHECKS: dict[str, Callable[..., list[str]]] = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "const": _test(lambda wanted, value: type(wanted) is type(value) and wanted == value),
    "enum": _test(lambda wanted, value: value in wanted),
    "minItems": _sized(list, lambda wanted, value: len(value) >= wanted),
    "maxItems": _sized(list, lambda wanted, value: len(value) <= wanted),
    "minLength": _sized(str, lambda wanted, value: len(value) >= wanted),
    "maxLength": _sized(str, lambda wanted, value: len(value) <= wanted),
    "minimum": _sized(int, lambda wanted, value: value >= wanted),
}
