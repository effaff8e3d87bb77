"""Reading what browsers send, strictly: one value a field, known fields only, bounded.

A form that is not exactly what its page sends is refused by name before any flow hears
of it, so that nothing of it can be stored, counted or reflected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from keyturn.web.refusals import Refusal

BODY_MAX = 64 * 1024
_LENGTH = re.compile(r"[0-9]{1,9}")
_PORTED = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
FIELDS_MAX = 20
FORM = "application/x-www-form-urlencoded"
#: what may stand around a part of a header (RFC 9110 §5.6.3); str.strip() would take more
OWS = " \t"

Receive = Any
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


async def body(scope: Mapping[str, Any], receive: Receive, most: int = BODY_MAX) -> bytes:
    """The request's body, refused as soon as it is known to be longer than `most` octets."""
    declared = header(scope, b"content-length")
    if declared and (not _LENGTH.fullmatch(declared) or int(declared) > most):
        raise Refusal(413, "body-too-long", {"most": most})
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "body-incomplete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise Refusal(413, "body-too-long", {"most": most})
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def form(scope: Mapping[str, Any], raw: bytes, allowed: Mapping[str, int]) -> dict[str, str]:
    """The fields of a form.

    Args:
        allowed: the longest value of each field that may be there, in characters.

    Returns: every allowed field; those that were not sent are "".
    Raises Refusal: 415 another content type, 400 not UTF-8, 422 unknown, repeated, too
    long or with a character that no field takes (NUL and other controls).
    """
    if media_type(scope) != FORM and raw:
        raise Refusal(415, "content-type", {"expected": FORM})
    return _fields(raw, allowed)


def form_with_list(
    scope: Mapping[str, Any], raw: bytes, allowed: Mapping[str, int], name: str, most: int
) -> tuple[dict[str, str], list[str]]:
    """As `form`, of one in which the field `name`, of as many characters as an allowed one, may be
    sent `most` times. Raises Refusal.
    """
    if media_type(scope) != FORM and raw:
        raise Refusal(415, "content-type", {"expected": FORM})
    pairs = _pairs(raw, FIELDS_MAX + most)
    listed = [value for key, value in pairs if key == name]
    for value in listed:
        check(name, value, allowed[name])
    if len(listed) > most:
        raise Refusal(422, "repeated-field", {"field": name})
    return _values([pair for pair in pairs if pair[0] != name], allowed), listed


def query(scope: Mapping[str, Any], allowed: Mapping[str, int]) -> dict[str, str]:
    """The fields of a query string; see `form`."""
    return _fields(scope["query_string"], allowed)


def _fields(raw: bytes, allowed: Mapping[str, int]) -> dict[str, str]:
    return _values(_pairs(raw, FIELDS_MAX), allowed)


def _values(pairs: Sequence[tuple[str, str]], allowed: Mapping[str, int]) -> dict[str, str]:
    values = dict.fromkeys(allowed, "")
    seen: set[str] = set()
    for name, value in pairs:
        if name not in allowed:
            raise Refusal(422, "unknown-field", {"field": name[:40]})
        if name in seen:
            raise Refusal(422, "repeated-field", {"field": name})
        seen.add(name)
        check(name, value, allowed[name])
        values[name] = value
    return values


def _pairs(raw: bytes, most: int) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=most,
        )
    except UnicodeDecodeError as error:
        raise Refusal(400, "not-utf-8") from error
    except ValueError as error:
        raise Refusal(400, "not-a-form") from error


def check(name: str, value: str, most: int) -> None:
    """One value: length, and no control characters but line ends and tabs, which a
    longer text may have; what they mean is for the rules to say.
    """
    if len(value) > most:
        raise Refusal(422, "too-long", {"field": name, "most": most})
    if any(c < " " and c not in "\r\n\t" for c in value) or "\x7f" in value:
        raise Refusal(422, "control-character", {"field": name})


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    """A request header that may appear once; latin-1 as on the wire."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def headers_of(scope: Mapping[str, Any]) -> Mapping[str, str]:
    """A request's headers; one that is there twice is joined, and so never what was signed."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def media_type(scope: Mapping[str, Any]) -> str:
    """What the body is said to be, without parameters, in lower case (RFC 9110 §8.3.1); "" if
    nothing is said.
    """
    return (header(scope, b"content-type") or "").split(";")[0].strip(OWS).lower()


def cookies(scope: Mapping[str, Any]) -> dict[str, str]:
    """The cookies; of a name sent twice the first counts (RFC 6265 §5.4: the most
    specific path comes first).

    Nothing but space and tab is taken from around a pair (RFC 6265bis §5.6): a browser keeps a
    name that begins with another blank for a name of its own, which anybody under the same
    domain may plant, and here it would become ours.
    """
    found: dict[str, str] = {}
    for part in (header(scope, b"cookie") or "").split(";"):
        name, separator, value = part.strip(OWS).partition("=")
        if separator:
            found.setdefault(name, value)
    return found


def address(scope: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """The caller's address: the nearest one that is not a trusted proxy; "" without one.

    X-Forwarded-For is read from the right, and only as far as those who wrote it are
    trusted (RFC 7239 §8.1: everything left of that anybody may have made up).
    """
    peer = scope.get("client")
    nearest = node(str(peer[0])) if peer else None
    if nearest is None:  # a local socket
        return ""
    hops = [h.strip(OWS) for k, v in scope["headers"] if k == b"x-forwarded-for"
            for h in v.decode("latin-1").split(",")] if trusted else []  # fmt: skip
    while hops and _is_trusted(nearest, trusted):
        hop = node(hops.pop())
        if hop is None:
            break
        nearest = hop
    return nearest


def node(text: str) -> str | None:
    """An address in the one spelling it is counted under, or None: without port (RFC 7239
    §6; some proxies write it) and zone, which says something on its own link only; IPv4
    that was mapped into IPv6 as IPv4 (RFC 4291 §2.5.5.2).
    """
    match = _PORTED.fullmatch(text)
    bare = (match[1] or match[2]) if match else text
    try:
        ip = ipaddress.ip_address(bare.partition("%")[0] if ":" in bare else bare)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    ip = ipaddress.ip_address(text)
    return any(ip.version == n.version and ip in n for n in trusted)
