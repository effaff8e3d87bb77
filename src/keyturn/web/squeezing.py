"""What is the same for everybody goes out compressed (gzip, RFC 1952) to whoever takes it.

Only that.  A page that holds a token beside something that a stranger may have chosen would tell
the token by its length, letter by letter (BREACH, 2013): pages are never compressed here, and
docs/servers.md keeps proxies from it.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from starlette.responses import Response

from keyturn.web import parsing

#: shorter than this, the wrapping and another header cost what is won
LEAST = 512
#: pictures, fonts and the like are compressed in themselves
_WORTH = re.compile(r"text/|application/(json|manifest\+json)|image/svg")
_NOT_AT_ALL = re.compile(r"[ \t]*q=0(\.0{0,3})?[ \t]*", re.IGNORECASE)


def _takes(scope: Mapping[str, Any]) -> bool:
    """Whether who asks takes gzip (RFC 9110 §12.5.3); who says nothing is sent what there is."""
    asked = parsing.header(scope, b"accept-encoding") or ""
    parts = (part.partition(";") for part in asked.split(","))
    taken = {name.strip(" \t").lower(): not _NOT_AT_ALL.fullmatch(how) for name, _, how in parts}
    return taken.get("gzip", taken.get("*", False))


def worth(kind: str) -> bool:
    """Whether what has this media type gets smaller."""
    return _WORTH.match(kind) is not None


@lru_cache(maxsize=128)
def _compressed(content: bytes) -> bytes:
    """As gzip; the same for the same, whenever."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def squeezed(scope: Mapping[str, Any], response: Response) -> Response:
    """An answer whose body is there as a whole, compressed if who asks takes that; then what it
    is known by (ETag) is another, because other bytes are (RFC 9110 §8.8.3.3).
    """
    body = bytes(response.body)
    if len(body) < LEAST or not worth(response.headers.get("content-type", "")):
        return response
    response.headers.add_vary_header("accept-encoding")
    if _takes(scope):
        response.body = _compressed(body)
        response.headers["content-encoding"] = "gzip"
        response.headers["content-length"] = str(len(response.body))
        if "etag" in response.headers:
            response.headers["etag"] = response.headers["etag"][:-1] + '-gzip"'
    return response
