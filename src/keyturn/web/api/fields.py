"""The kinds of field in requests: strict types, bounded, no control characters.

Nothing is coerced: a number is no string, an array is no string, "true" is no boolean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

#: kinds of fault by pydantic's names for them
FAULTS = {
    "missing": "missing",
    "extra_forbidden": "unknown-field",
    "string_type": "not-a-string",
    "too_short": "too-short",
    "too_long": "too-long",
    "bool_type": "not-a-boolean",
    "list_type": "not-an-array",
    "model_type": "not-an-object",
    "string_pattern_mismatch": "unfit",
    "literal_error": "unknown-value",
    "control-character": "control-character",
    "not-unicode": "not-unicode",
}


class Fields(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _line(value: str) -> str:
    """No control characters at all."""
    if any(c < " " or "\x7f" <= c <= "\x9f" for c in value):
        raise PydanticCustomError("control-character", "control character")
    return _unicode(value)


def _text(value: str) -> str:
    """Line ends and tabs, as pages take them; no other control characters."""
    if any(c < " " and c not in "\r\n\t" for c in value) or "\x7f" in value:
        raise PydanticCustomError("control-character", "control character")
    return _unicode(value)


def _unicode(value: str) -> str:
    """No half of a surrogate pair, which JSON can write and UTF-8 cannot (RFC 8259 §8.2)."""
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise PydanticCustomError("not-unicode", "half of a surrogate pair")
    return value


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[
    Line, Field(min_length=1, max_length=254, description="Any name of the account, as typed.")
]
Email = Annotated[Line, Field(min_length=1, max_length=254, description="An e-mail address.")]
Password = Annotated[
    Text,
    Field(min_length=1, max_length=1024, description="As typed; it is never trimmed.",
          json_schema_extra={"format": "password"}),
]  # fmt: skip
Number = Annotated[Line, Field(min_length=1, max_length=40, description="A phone number.")]
OneTimeCode = Annotated[
    Line,
    Field(min_length=1, max_length=64, description="As typed; spaces and dashes do not matter."),
]
SpacesMeant = Annotated[
    bool,
    Field(description="The person was asked about the spaces in `warnings` and meant them."),
]


class OneCode(Fields):
    """A code."""

    code: OneTimeCode


def faults(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What to tell of pydantic's errors: where and what, and nothing of what was sent.

    An unknown field is told by the object that it is in, because its name is input.
    """
    told = {(_pointer(e), FAULTS.get(str(e["type"]), "invalid")) for e in errors}
    return [{"pointer": pointer, "code": code} for pointer, code in sorted(told)]


def _pointer(error: Mapping[str, Any]) -> str:
    """A JSON pointer (RFC 6901) into the body."""
    place = list(error["loc"])[1:]
    if error["type"] == "extra_forbidden":
        place = place[:-1]
    return "".join(f"/{part}" for part in place)
