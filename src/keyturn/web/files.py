"""What is the same for everybody: files under /static, a tenant's colours, robots.txt.  What is
large of it goes out compressed to whoever takes that.

A file asked for by this release's own `?v=` can never change and may be kept for ever
(RFC 8246).  Any other `?v=` belongs to another release: what it names is not what we
have, and nothing on the way may keep our answer under that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from keyturn.web import colours, squeezing
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

FOR_EVER = "public, max-age=31536000, immutable"
FOR_AN_HOUR = "public, max-age=3600"
#: by suffix; what the machine's own tables say differs from host to host
TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "woff2": "font/woff2",
}
ROBOTS = "User-agent: *\nDisallow: /\n"


def static_files(site: Site) -> Mount:
    """The files under /static."""
    return Mount("/static", _Files(str(site.pages.globals["static_version"])))


def kept(scope: Mapping[str, Any], version: str) -> str:
    """How long an answer may be kept, by the `?v=` it was asked for with."""
    return FOR_EVER if scope["query_string"] == f"v={version}".encode() else FOR_AN_HOUR


class _Files(StaticFiles):
    """Starlette's files with our types, our caching and our refusals."""

    def __init__(self, version: str) -> None:
        super().__init__(packages=[("keyturn.web", "static")])
        self._version = version

    async def get_response(self, path: str, scope: Any) -> Response:
        """One file. Raises Refusal 404 or 405."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code == 405:  # noqa: PLR2004  method not allowed
                raise Refusal(405, "method", headers={"allow": "GET, HEAD"}) from error
            raise Refusal(404, "no-such-page") from error
        except ValueError as error:  # a NUL in the path
            raise Refusal(404, "no-such-page") from error
        if isinstance(response, FileResponse):  # else nothing has changed
            response = self._sent(scope, response, TYPES.get(path.rpartition(".")[2]))
        response.headers["cache-control"] = kept(scope, self._version)
        return response

    def _sent(self, scope: Any, file: FileResponse, kind: str | None) -> Response:
        """The file under our type; what compression makes smaller is sent from memory."""
        if kind is None:
            return file
        file.headers["content-type"] = kind
        if not squeezing.worth(kind):
            return file
        etag = file.headers["etag"]
        told = {"content-type": kind, "etag": etag, "last-modified": file.headers["last-modified"]}
        whole = Response(_content(str(file.path), etag), headers=told)
        response = squeezing.squeezed(scope, whole)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


@lru_cache(maxsize=64)
def _content(path: str, _etag: str) -> bytes:
    """A file of ours, read once for each release."""
    return Path(path).read_bytes()


async def tenant_css(visit: Visit) -> Response:
    """The tenant's colours, made readable."""
    accent = visit.tenant.accent
    caching = {"cache-control": kept(visit.scope, accent.replace("#", ""))}
    return Response(colours.tenant_css(accent), headers=caching, media_type="text/css")


async def robots(_visit: Visit) -> Response:
    """Nothing here is for search engines."""
    return Response(ROBOTS, headers={"cache-control": FOR_AN_HOUR}, media_type="text/plain")
