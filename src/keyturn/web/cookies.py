"""Keyturn's cookies: the browser's own id, the session, known clients.

All are HttpOnly and SameSite=Lax, and with TLS Secure under the `__Host-` prefix (RFC
6265bis §4.1.3.2), so that no neighbour under the same domain can plant one.  Names end
in the tenant's slug: two tenants on one host do not mix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyturn.ports.secrets import Sealer
from keyturn.rules.accounts import Tenant
from keyturn.rules.callers import ClientOffer
from keyturn.rules.lockout import DAY, SECOND
from keyturn.steps.clients import PURPOSE

OFFERS_MAX = 4
CLIENT_MAX_AGE = 400 * DAY // SECOND  # as long as browsers keep a cookie at all
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_OFFER = re.compile(r"([0-9a-z]{26})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Jar:
    """How cookies of one tenant are called and written."""

    slug: str
    secure: bool

    def name(self, kind: str) -> str:
        """The cookie's full name."""
        return f"{'__Host-' if self.secure else ''}kt-{kind}-{self.slug}"

    def write(self, kind: str, value: str, max_age: int | None = None) -> bytes:
        """A Set-Cookie value; `max_age` None lasts until the browser closes, 0 removes."""
        parts = [f"{self.name(kind)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age is not None:
            parts.append(f"Max-Age={max_age}")
        if self.secure:
            parts.append("Secure")
        return "; ".join(parts).encode("ascii")


def token(value: str | None) -> str | None:
    """A browser's or session's token if the cookie has the shape of one."""
    return value if value is not None and _TOKEN.fullmatch(value) else None


def offers(sealer: Sealer, tenant: Tenant, value: str | None) -> tuple[ClientOffer, ...]:
    """The known clients a cookie (or API header) offers; what we did not sign is nothing."""
    found = []
    for item in (value or "").split("~")[:OFFERS_MAX]:
        match = _OFFER.fullmatch(item)
        if match and sealer.matches(
            "client-cookie", f"{tenant.id}|{match[1]}.{match[2]}", match[3]
        ):
            found.append(ClientOffer(id=match[1], digest=sealer.digest(PURPOSE, match[2])))
    return tuple(found)


def with_client(sealer: Sealer, tenant: Tenant, value: str | None, client: str) -> str:
    """The cookie's next value: `client` ("id.token") signed and first, the others kept."""
    signature = sealer.digest("client-cookie", f"{tenant.id}|{client}")
    client_id = client.split(".", 1)[0]
    others = [
        item
        for item in (value or "").split("~")
        if _OFFER.fullmatch(item) and not item.startswith(client_id)
    ]
    return "~".join([f"{client}.{signature}", *others[: OFFERS_MAX - 1]])
