"""Web Push (RFC 8030): what is sent to whom, and what a push service's answer means.

A browser subscribes at a push service of its maker and gives us an *endpoint* there, a public
key and a secret.  We encrypt to the browser (RFC 8291), name ourselves (RFC 8292), and the
service keeps the message until the browser comes by, or its time is over.

    answer        HTTP                     then
    -----------   ----------------------   ------------------------------------------------
    Accepted      2xx                      the service has it; whether it arrives is not told
    Gone          404, 410                 the subscription is dead: forget it
    Refused       other 4xx, 3xx           the same again would be refused again
    Later         408, 425, 429, 5xx       the same again after a while
    Unreachable   none                     the service was not reached, or did not answer
"""

from __future__ import annotations

import base64
import binascii
import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from keyturn.rules.public_addresses import place

#: octets of a message at most. RFC 8030 §7.2 promises room for 4096 octets of body, but services
#: that reach a phone by way of another one take about 2300: with what is added (86 octets of
#: header, a delimiter, a tag of 16) each body is 2150 octets long, whatever is in it
PAYLOAD_MAX = 2047
TTL_MAX_S = 28 * 86_400
#: an uncompressed point of P-256 (SEC 1 §2.3.3) and a secret, as browsers give them
POINT, SECRET = 65, 16
UNCOMPRESSED = 0x04

#: seconds: where a service names none, and the most that is believed
RETRY_AFTER_S, RETRY_AFTER_MAX_S = 60, 86_400

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MONTHS = "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d) ({'|'.join(_MONTHS)}) ([1-9]\d{{3}}) (\d\d):(\d\d):(\d\d) GMT",
    re.ASCII,
)


class Urgency(StrEnum):
    """What is worth waking a device for (RFC 8030 §5.3)."""

    VERY_LOW = "very-low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser's PushSubscription.

    Attributes:
        endpoint: where messages for it are posted; whoever knows it can reach the browser's
            push service, so it is shown to nobody.
        p256dh: the browser's public key, an uncompressed point of P-256.
        auth: the secret shared with the browser, 16 octets (RFC 8291 §3.2).
    """

    endpoint: str = field(repr=False)
    p256dh: bytes
    auth: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Push:
    """A message for one subscription. Raises ValueError where it cannot be one.

    Attributes:
        payload: what the service worker gets, at most PAYLOAD_MAX octets; its length is hidden.
        ttl_s: seconds that the service keeps it for a browser that is away (RFC 8030 §5.2); 0:
            now or never. A service may keep it for less.
        topic: takes the place of an undelivered message of the same topic (RFC 8030 §5.4). The
            service can read it: 32 characters of base64url at most that tell nothing.
    """

    payload: bytes = field(repr=False)
    ttl_s: int
    urgency: Urgency = Urgency.NORMAL
    topic: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if len(self.payload) > PAYLOAD_MAX or not 0 <= self.ttl_s <= TTL_MAX_S:
            raise ValueError(len(self.payload), self.ttl_s)
        if self.topic is not None and not _TOPIC.fullmatch(self.topic):
            raise ValueError(self.topic)


class Refusal(StrEnum):
    """Why the same message would be refused again.

    The first three are our own words, before anything was sent.
    """

    ENDPOINT = "endpoint"  # not an address of a push service that is allowed
    ADDRESS = "address"  # its name leads into a network that is not public
    KEYS = "keys"  # the browser's key is no point of the curve
    MALFORMED = "malformed"  # 400
    UNAUTHORIZED = "unauthorized"  # 401, 403: our key, its signature, our clock, our contact
    TOO_LARGE = "too-large"  # 413
    REDIRECT = "redirect"  # 3xx, which is not followed
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took responsibility. `status`: its HTTP status."""

    status: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The subscription is dead and will not come back."""

    status: int


@dataclass(frozen=True, slots=True)
class Refused:
    """`status`: the service's, 0 where it was not asked; `said`: its words, one line."""

    why: Refusal
    status: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Try again after `retry_after` seconds, as the service asks or RETRY_AFTER_S."""

    retry_after: int
    status: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer. `uncertain`: the message may have been taken all the same."""

    said: str
    uncertain: bool


Answer = Accepted | Gone | Refused | Later | Unreachable

_DEAD = frozenset({404, 410})
_FOR_NOW = frozenset({408, 425, 429})
_REFUSALS = {
    400: Refusal.MALFORMED, 401: Refusal.UNAUTHORIZED, 403: Refusal.UNAUTHORIZED,
    413: Refusal.TOO_LARGE,
}  # fmt: skip


def subscription(endpoint: str, p256dh: str, auth: str) -> Subscription | None:
    """What a browser's PushSubscription.toJSON() says (endpoint, keys.p256dh, keys.auth); None
    where it cannot be one. Whether the service is an allowed one is asked by `allowed`.
    """
    point, secret = _octets(p256dh), _octets(auth)
    if place(endpoint) is None or point is None or secret is None:
        return None
    if len(point) != POINT or point[0] != UNCOMPRESSED or len(secret) != SECRET:
        return None
    return Subscription(endpoint, point, secret)


def _octets(text: str) -> bytes | None:
    """Base64url; browsers pad it or not."""
    bare = text.rstrip("=")
    if not _BASE64URL.fullmatch(bare):
        return None
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return None


def allowed(endpoint: str, hosts: Sequence[str], ports: Sequence[int]) -> bool:
    """Whether an endpoint is at one of the push services `hosts`: a name, or "*.NAME" for any
    name under it; and at one of `ports`.
    """
    there = place(endpoint)
    return (
        there is not None
        and there.port in ports
        and any(_is(there.host, pattern) for pattern in hosts)
    )


def _is(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def judged(status: int, retry_after: str, said: str, now: int) -> Answer:
    """What a push service's answer says.

    Args:
        retry_after: the field of that name (RFC 9110 §10.2.3), "" without one.
        said: its words, one line.
        now: ms, for a date in `retry_after`.
    """
    if 200 <= status < 300:  # noqa: PLR2004  successes
        return Accepted(status)
    if status in _DEAD:
        return Gone(status)
    if status in _FOR_NOW or status >= 500:  # noqa: PLR2004  server errors
        return Later(waiting(retry_after, now), status, said)
    if 300 <= status < 400:  # noqa: PLR2004  redirects
        return Refused(Refusal.REDIRECT, status, said)
    return Refused(_REFUSALS.get(status, Refusal.OTHER), status, said)


def waiting(retry_after: str, now: int) -> int:
    """Seconds to wait, 1 to RETRY_AFTER_MAX_S. `retry_after`: seconds or a date; `now`: ms."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        seconds = int(text[:9])
    else:
        at = _moment(text)
        seconds = RETRY_AFTER_S if at is None else at - now // 1000
    return min(max(seconds, 1), RETRY_AFTER_MAX_S)


def _moment(text: str) -> int | None:
    """An HTTP date (RFC 9110 §5.6.7, the form that is not obsolete) in seconds since the epoch."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, name, *rest = found.groups()
    year, hour, minute, second = map(int, rest)
    return calendar.timegm((year, _MONTHS.index(name) + 1, int(day), hour, minute, second))
