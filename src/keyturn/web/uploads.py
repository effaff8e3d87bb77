"""A form with a file (RFC 7578), read as strictly as forms without one (parsing.py)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from keyturn.web import parsing
from keyturn.web.refusals import Refusal

FORM: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent.

    Attributes:
        name: as its browser calls it; "" where none was chosen.
    """

    name: str
    octets: bytes = field(repr=False)


async def read(
    scope: Mapping[str, Any], raw: bytes, allowed: Mapping[str, int], file: str
) -> tuple[dict[str, str], Upload]:
    """The fields of a form, and its file.

    Args:
        allowed: as of parsing.form. file: the name of the field that holds the file.

    Raises Refusal as parsing.form does.
    """
    if parsing.media_type(scope) != FORM:
        raise Refusal(415, "content-type", {"expected": FORM})
    form = await _form(scope, raw)
    try:
        return await _read(form, allowed, file)
    finally:
        await form.close()


async def _read(
    form: FormData, allowed: Mapping[str, int], file: str
) -> tuple[dict[str, str], Upload]:
    values, found = dict.fromkeys(allowed, ""), Upload("", b"")
    seen: set[str] = set()
    for name, value in form.multi_items():
        if name in seen:
            raise Refusal(422, "repeated-field", {"field": name[:40]})
        seen.add(name)
        if isinstance(value, UploadFile) and name == file:
            found = Upload(value.filename or "", await value.read())
        elif isinstance(value, str) and name in allowed:
            parsing.check(name, value, allowed[name])
            values[name] = value
        else:
            raise Refusal(422, "unknown-field", {"field": name[:40]})
    return values, found


async def _form(scope: Mapping[str, Any], raw: bytes) -> FormData:
    parser = MultiPartParser(
        Headers(scope=dict(scope)), _once(raw), max_files=1, max_fields=parsing.FIELDS_MAX,
        max_part_size=parsing.BODY_MAX,
    )  # fmt: skip
    parser.spool_max_size = len(raw)  # it is in memory already: nothing is written to a disk
    try:
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Refusal(400, "not-a-form") from error


async def _once(raw: bytes) -> AsyncGenerator[bytes, None]:
    yield raw
