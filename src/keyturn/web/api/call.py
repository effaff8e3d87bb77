"""One request to the API: who asks, and how replies are made.

No cookies: the caller carries the three tokens itself, in `Authorization`,
`Keyturn-Browser` and `Keyturn-Client`.  So no other site can make a browser send them,
and there is nothing to forge (no CSRF).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from keyturn.flows import account
from keyturn.ports.parts import Parts
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import Caller
from keyturn.rules.clients import client_name
from keyturn.rules.languages import of_page, wanted
from keyturn.web import cookies, parsing
from keyturn.web.api.pending import GivePassword, Out, Pending
from keyturn.web.api.problems import SIGN_IN, Kind
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site

BROWSER = "Keyturn-Browser"
CLIENT = "Keyturn-Client"
SITE = "keyturn.site"

BEARER = HTTPBearer(
    scheme_name="session",
    description="The session's token, from `signed_in.session` of a sign-in.",
    auto_error=False,
)


class Reply(Out):
    """What every reply has: the pending step, and the token that names this browser."""

    pending: Pending
    browser: Annotated[
        str, Field(description=f"Send it with every request, in the header {BROWSER}.")
    ]


class Call:
    """A request.

    Attributes:
        browser: the browser's own token: the one it showed, or a new one.
        caller: the same for flows.
        language: of words for the person (Accept-Language, else the tenant's).
    """

    def __init__(self, request: Request, browser: str, client: str) -> None:
        scope = request.scope
        self.site: Site = scope[SITE]
        self.tenant: Tenant = scope["keyturn.tenant"]
        self.parts: Parts = self.site.parts
        self.now = self.parts.clock.now()
        self.browser = cookies.token(browser) or self.parts.random.token()
        self._client = client
        asked = parsing.header(scope, b"accept-language")
        self.language = of_page(None, asked, self.tenant.policy.language)
        sealer = self.parts.sealer
        self.caller = Caller(
            tenant=self.tenant,
            browser=sealer.digest("browser", self.browser),
            offers=cookies.offers(sealer, self.tenant, client),
            ip=parsing.address(scope, self.site.trusted),
            client_name=client_name(parsing.header(scope, b"user-agent") or ""),
            language=wanted(asked) or "",
        )

    def known_client(self, client: str) -> str:
        """The next value of the header Keyturn-Client, given a flow's "id.token"."""
        return cookies.with_client(self.parts.sealer, self.tenant, self._client, client)

    def refusal(self, kind: Kind, pending: Out, **fields: object) -> Refusal:
        """A problem that names the pending step; to be raised."""
        headers = {BROWSER.lower(): self.browser}
        if "WWW-Authenticate" in kind.headers:
            headers["www-authenticate"] = "Bearer"
        data = {**fields, "pending": pending.model_dump(), "browser": self.browser}
        return Refusal(kind.status, kind.code, data, headers)

    def later(self, kind: Kind, pending: Out, until: int) -> Refusal:
        """A problem that is over at `until`."""
        wait = max(0, until - self.parts.clock.now())
        return self.delayed(kind, pending, wait, until=until)

    def delayed(self, kind: Kind, pending: Out, wait: int, **fields: object) -> Refusal:
        """A problem that is over in `wait` milliseconds (Retry-After, RFC 9110 §10.2.3)."""
        refusal = self.refusal(kind, pending, **fields, retry_after=wait)
        if "Retry-After" in kind.headers:
            refusal.headers["retry-after"] = str(max(1, -(-wait // 1000)))
        return refusal

    def reply(self, pending: Out, **fields: Any) -> dict[str, Any]:
        """The fields of a Reply."""
        return {"pending": pending, "browser": self.browser, **fields}


async def _anyone(
    request: Request,
    response: Response,
    browser: Annotated[
        str,
        Header(
            alias=BROWSER,
            description="The token that names this browser or app, from an earlier reply. What "
            "it has begun hangs on it. Without a good one a new one is made.",
        ),
    ] = "",
    client: Annotated[
        str,
        Header(
            alias=CLIENT,
            description="The known client, from `signed_in.client`: failures of strangers do "
            "not lock it out, and once trusted it needs no second step.",
        ),
    ] = "",
) -> Call:
    call = Call(request, browser, client)
    response.headers[BROWSER] = call.browser
    return call


Anyone = Annotated[Call, Depends(_anyone)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


@dataclass(frozen=True, slots=True)
class Signed:
    """A request with a live session."""

    call: Call
    token: str
    me: account.Signed


async def _recognised(call: Anyone, credentials: Credentials) -> Signed | None:
    token = cookies.token(credentials.credentials) if credentials else None
    me = await account.authenticate(call.parts, call.caller, token) if token else None
    return None if token is None or me is None else Signed(call, token, me)


MaybeOwner = Annotated[Signed | None, Depends(_recognised)]


async def _signed(call: Anyone, signed: MaybeOwner) -> Signed:
    if signed is None:
        raise call.refusal(SIGN_IN, GivePassword())
    return signed


Owner = Annotated[Signed, Depends(_signed)]
