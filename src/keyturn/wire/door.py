"""Requests of things that hold a key of their own, signed as RFC 9421 has it: phones, devices.

    content-digest: sha-256=:…:                                             (RFC 9530)
    keyturn-sequence: 17
    signature-input: keyturn=("@method" "@authority" "@path" "content-digest" "keyturn-sequence")
        ;created=1790000000;keyid="01jd…";alg="…";tag="…"
    signature: keyturn=:…:

One strict shape, as agents' (signatures.py, whose parts these are): whoever verifies builds the
one `signature-input` that it would take.  `created` is in seconds, by the server's clock as the
sender knows it: it says that a request was not kept back; that it is new is said by a sequence
that only rises, which is the caller's to know.  Answers are signed as agents' are
(`signatures.sign_answer`): by the installation's key, bound to the request, with the scheme's tag.

What differs between phones and devices (algorithm, tag, how a key is spelled) is a Scheme.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.rules.lockout import SECOND
from keyturn.wire.signatures import (
    LABEL,
    Forged,
    Headers,
    claimed_signature,
    content_digest,
    signature_base,
    signature_header,
)

METHOD: Final = "POST"
#: the sender of a request whose body brings the key that signed it
NEW: Final = "new"
#: how far `created` may be from the server's time
CLOCK_MS: Final = 60 * SECOND
#: longest body of a request
MOST: Final = 16 * 1024

_COVERED = '("@method" "@authority" "@path" "content-digest" "keyturn-sequence")'
_INPUT: Final = re.compile(
    rf"{LABEL}={re.escape(_COVERED)};created=([1-9][0-9]{{0,10}});"
    rf'keyid="({NEW}|[0-9a-z]{{26}})";alg="([a-z0-9-]+)";tag="([a-z-]+)"',
    re.ASCII,
)
_NUMBER = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scheme:
    """Who signs.

    Attributes:
        prefix: what stands before an operation's name in its path.
        algorithm, tag: of the signature (RFC 9421 §2.3).
        judge: (key as it is spelled, what is signed, signature) -> whether the key has signed it;
            a key that is none has signed nothing.
    """

    prefix: str
    algorithm: str
    tag: str
    judge: Callable[[str, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A request as its headers have it; nothing is proved yet.

    Attributes:
        keyid: who says that they have sent it: NEW, or an id.
        created: seconds since the epoch.
        signature: what the answer is bound to.
    """

    keyid: str
    sequence: int
    created: int
    signature: bytes


def late(spoken: Spoken, now: int) -> bool:
    """Whether a request was made too far from `now`, ms, by the clock of who made it."""
    return abs(spoken.created * SECOND - now) > CLOCK_MS


def signed_headers(
    scheme: Scheme, sign: Callable[[bytes], bytes], authority: str, path: str,
    spoken: tuple[str, int, int], body: bytes,
) -> dict[str, str]:  # fmt: skip
    """The headers that a request needs.

    Args:
        sign: what is signed -> the signature's 64 bytes.
        authority: as signatures.authority has it. path: the tenant's prefix included.
        spoken: keyid, sequence, created.
    """
    keyid, sequence, created = spoken
    params = _params(scheme, keyid, created)
    return {
        "content-type": "application/json",
        "content-digest": content_digest(body),
        "keyturn-sequence": str(sequence),
        "signature-input": f"{LABEL}={params}",
        "signature": signature_header(sign(request_base(authority, path, sequence, body, params))),
    }


def request_base(authority: str, path: str, sequence: int, body: bytes, params: str) -> bytes:
    """What is signed (RFC 9421 §2.5)."""
    components: Sequence[tuple[str, str]] = (
        ('"@method"', METHOD), ('"@authority"', authority), ('"@path"', path),
        ('"content-digest"', content_digest(body)), ('"keyturn-sequence"', str(sequence)),
    )  # fmt: skip
    return signature_base(components, params)


def _params(scheme: Scheme, keyid: str, created: int) -> str:
    return (
        f'{_COVERED};created={created};keyid="{keyid}";alg="{scheme.algorithm}";tag="{scheme.tag}"'
    )


def read(scheme: Scheme, headers: Headers) -> Spoken:
    """What a request's headers say. Raises Forged ("missing", "covered", "headers").

    Args:
        headers: with lower-case names; one that came twice is joined by a comma.
    """
    signature = claimed_signature(headers)
    found = _INPUT.fullmatch(headers.get("signature-input", ""))
    if found is None or (found[3], found[4]) != (scheme.algorithm, scheme.tag):
        raise Forged("covered")
    number = headers.get("keyturn-sequence", "")
    if not _NUMBER.fullmatch(number):
        raise Forged("headers")
    return Spoken(found[2], int(number), int(found[1]), signature)


def verify(
    scheme: Scheme, key: str, authority: str, path: str, headers: Headers, body: bytes
) -> Spoken:
    """What a request's headers say, and its key vouches for.

    Args:
        key: the public key that must have signed it, spelled as the scheme has it.
        authority: of the origin that it was sent to; path: as it was asked for.

    Raises:
        Forged: also "digest" (another body), "signature".
    """
    spoken = read(scheme, headers)
    if headers.get("content-digest") != content_digest(body):
        raise Forged("digest")
    params = _params(scheme, spoken.keyid, spoken.created)
    signed = request_base(authority, path, spoken.sequence, body, params)
    if not scheme.judge(key, signed, spoken.signature):
        raise Forged("signature")
    return spoken
