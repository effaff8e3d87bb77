"""What a door answers when it does not let a request through: problem documents.

RFC 9457 for programs, the same in words on a page for people.  The codes are data; the
words are in templates/message.html and problems.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus


class Refusal(Exception):
    """This request goes no further.

    Attributes:
        status: the HTTP status, 4xx or 503.
        code: a short stable name, e.g. "unknown-field".
        data: what else a program may want to know, e.g. {"field": "identifier"}.
        headers: further response headers, e.g. Retry-After.
    """

    def __init__(
        self,
        status: int,
        code: str,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.data = dict(data or {})
        self.headers = dict(headers or {})


def problem(refusal: Refusal) -> bytes:
    """The problem document (RFC 9457) of a refusal."""
    document = {
        "type": f"urn:keyturn:problem:{refusal.code}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "code": refusal.code,
        **refusal.data,
    }
    return json.dumps(document, separators=(",", ":")).encode()
