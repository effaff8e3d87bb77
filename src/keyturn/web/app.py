"""The ASGI application: one gate in front of all doors.

The gate finds the tenant (host name or /t/slug), refuses a Host that is not ours, adds
the security headers and turns refusals into problem documents or pages.  Doors behind
it never see a request without a tenant.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute, Router

from keyturn.ports.secrets import Busy
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.accounts import Tenant
from keyturn.web import parsing, upgrades
from keyturn.web.late import nowhere
from keyturn.web.refusals import Refusal, problem
from keyturn.web.site import NEW_MS, Site
from keyturn.web.visit import Visit

LOG = logging.getLogger("keyturn.web")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    # with no-referrer browsers send "Origin: null" with our own forms, and are refused
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"x-robots-tag", b"noindex"),
)
_HSTS = (b"strict-transport-security", b"max-age=63072000")
_NO_STORE = (b"cache-control", b"no-store")
_TENANT = re.compile(r"/t/([a-z0-9-]{1,40})(/.*)?")
#: what machines call by whatever name they reach us; nothing there depends on a tenant
MACHINES = ("/hooks/", "/agents/", "/healthz")
#: where programs alone come, whatever they say that they accept
PROGRAMS = ("/api/", "/app/v1/", "/devices/v1/")
#: where a WebSocket may be opened
SOCKETS = "/agents/"


class Gate:
    """See the module's text."""

    def __init__(
        self,
        site: Site,
        routes: list[BaseRoute],
        *,
        beside: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = (),
        close: Sequence[Callable[[], None]] = (),
    ) -> None:
        """What answers, what runs beside it until its event is set, what closes last."""
        self._site = site
        self._beside = beside
        self._close = close
        self._router = Router(routes, redirect_slashes=False, default=nowhere)
        self._headers = (*_HEADERS, _HSTS) if site.secure else _HEADERS

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection (ASGI 3)."""
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] == "websocket":
            return await self._upgraded(scope, receive, send)
        guarded = self._guarded(send)
        try:
            scope = await self._placed(scope)
            await self._router(scope, receive, guarded)
        except Refusal as refusal:
            await self._answer(refusal, scope, receive, guarded)
        except (StoreUnavailable, Busy) as outage:
            LOG.warning("unavailable cause=%s", outage)
            later = Refusal(503, "unavailable", headers={"retry-after": "5"})
            await self._answer(later, scope, receive, guarded)
        except Exception:
            room = scope["path"].split("/", 2)[1][:40]  # what follows may be a mail's token
            LOG.exception("fault room=%s", room)
            await self._answer(Refusal(500, "fault"), scope, receive, guarded)
        return None

    async def _upgraded(self, scope: Any, receive: Any, send: Any) -> None:
        """A WebSocket; what is refused before it is open is refused as HTTP."""
        try:
            ours = scope["path"].startswith(SOCKETS)
            await (self._router if ours else nowhere)(scope, receive, send)
        except Refusal as refusal:
            await upgrades.answer(send, refusal)
        except (StoreUnavailable, Busy) as outage:
            LOG.warning("unavailable cause=%s", outage)
            later = Refusal(503, "unavailable", headers={"retry-after": "5"})
            await upgrades.answer(send, later)
        except Exception:
            LOG.exception("fault room=agents")
            await upgrades.answer(send, Refusal(500, "fault"))

    async def _live(self, receive: Any, send: Any) -> None:
        """Start-up and shut-down: what runs beside the requests begins and ends with them."""
        await receive()
        stop = asyncio.Event()
        tasks = [asyncio.create_task(run(stop)) for run in self._beside]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        for close in self._close:
            close()
        await send({"type": "lifespan.shutdown.complete"})

    def _guarded(self, send: Any) -> Any:
        """`send` with the security headers; nothing is cached that does not say so."""

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                own = {k for k, _ in headers}  # a page may be stricter about itself
                headers.extend(pair for pair in self._headers if pair[0] not in own)
                if not any(k == b"cache-control" for k, _ in headers):
                    headers.append(_NO_STORE)
            await send(message)

        return guarded

    async def _placed(self, scope: Any) -> Any:
        """The scope with its tenant. Raises Refusal 421 or 404."""
        if scope["path"].startswith(MACHINES):
            return scope
        with suppress(Refusal):  # perhaps it was made just now
            return self._place(scope, await self._site.tenants())
        return self._place(scope, await self._site.tenants(NEW_MS))

    def _place(self, scope: Any, tenants: Sequence[Tenant]) -> Any:
        """As `_placed`, among these."""
        host = _host(scope)
        own = next((t for t in tenants if t.host is not None and t.host == host), None)
        if own is None and host != urlsplit(self._site.origin).netloc:
            raise Refusal(421, "other-host")
        match = _TENANT.fullmatch(scope["path"])
        if match is None:
            home = own or next((t for t in tenants if t.host is None), None)
            return _scoped(scope, home, "", scope["path"])
        named = next((t for t in tenants if t.slug == match[1]), None)
        if named is None or (own is not None and own != named):
            raise Refusal(404, "no-such-page")
        return _scoped(scope, named, f"/t/{match[1]}", match[2] or "/")

    async def _answer(self, refusal: Refusal, scope: Any, receive: Any, send: Any) -> None:
        """A page for people, a problem document for programs."""
        response = self._refused(refusal, scope, receive)
        for name, value in refusal.headers.items():
            response.headers[name] = value
        await response(scope, receive, send)

    def _refused(self, refusal: Refusal, scope: Mapping[str, Any], receive: Any) -> Response:
        wants_page = "text/html" in (parsing.header(scope, b"accept") or "")
        api = scope["path"].startswith(PROGRAMS)
        if not wants_page or api or "keyturn.tenant" not in scope:
            kind = "application/problem+json"
            return Response(problem(refusal), refusal.status, media_type=kind)
        # a refused page says nothing of the address: what is hidden looks like what is not there
        visit = Visit(self._site, {**scope, "keyturn.shown": False}, receive)
        if refusal.code == "sign-in":
            return visit.to("/signin")
        return visit.page(
            "refused.html", refusal.status, code=refusal.code, data=refusal.data,
            status=refusal.status,
        )  # fmt: skip


def _host(scope: Any) -> str:
    """The one Host header; whoever stands before us may have looked at another (RFC 9112
    §3.2). Raises Refusal 400.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1:
        raise Refusal(400, "repeated-header", {"header": "host"})
    return str(hosts[0].decode("latin-1")).lower() if hosts else ""


def _scoped(scope: Any, tenant: Tenant | None, base: str, path: str) -> Any:
    if tenant is None:
        raise Refusal(404, "no-tenant")
    return {**scope, "path": path, "keyturn.tenant": tenant, "keyturn.base": base}
