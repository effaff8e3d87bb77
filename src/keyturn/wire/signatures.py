"""Who said it, that it is what they said, and that it is new: signatures of requests and answers.

A request is an HTTP message signed as RFC 9421 has it (Ed25519, §3.3.6), in one strict shape:

    content-digest: sha-256=:…:                                             (RFC 9530)
    keyturn-agent: 01hx…      keyturn-run: 5f…      keyturn-lane: work      keyturn-sequence: 17
    signature-input: keyturn=("@method" "@authority" "@path" "content-digest" "keyturn-agent"
        "keyturn-run" "keyturn-lane" "keyturn-sequence");alg="ed25519";keyid="01hx…";tag="keyturn"
    signature: keyturn=:…:

Whoever verifies builds the one `signature-input` that it would take and compares: nothing of
what is covered is up to the sender, which is where verifiers of general libraries go wrong
(the one for Python takes a swapped body unless it is asked not to, and reads the clock).
`@authority` is the installation's configured origin on both sides, not the Host header that a
reverse proxy may have changed. Instead of `created` and nonces there is a sequence that only
rises, one for each lane; whether a number is new is the caller's to know.

An answer covers its status, its body's digest and, by `"signature";req;key="keyturn"` (§2.4),
the signature of the very request it answers; so it can be kept back, never used for another.

On the bell's socket the same holds for frames (see `sign_beat`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

#: the sender of an Enrol, which has no id yet
NEW: Final = "new"
SIGNATURE_BYTES: Final = 64

#: of every signature of ours (RFC 9421 §4.1)
LABEL: Final = "keyturn"
#: what a signature is for (RFC 9421 §2.3): the channel of agents
TAG: Final = "keyturn"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_SIGNATURE = re.compile(rf"{LABEL}=:([A-Za-z0-9+/]{{86}}==):", re.ASCII)
_PORTS = {"http": 80, "https": 443}

Headers = Mapping[str, str]


class Lane(StrEnum):
    """Requests that keep their order among themselves; each lane has a sequence of its own."""

    WORK = "work"  # all that is said about jobs, and enrolment
    WAIT = "wait"  # long-polls: they hang, and must hold up nothing else
    BELL = "bell"  # beats: by POST, and by the socket with its opening
    SYNC = "sync"  # what is read in the directory: large, and a permit must not wait for it
    COMMAND = "command"  # of a command line beside the running agent (messages.COMMAND)


class Forged(Exception):
    """A request, an answer or a frame that is not what it must be.

    Attributes:
        why: "missing" (no signature), "headers" (one of ours is malformed), "covered" (another
            shape of signature), "digest" (another body), "signature".
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Sender:
    """Who says something, in which life, and when in the order of its lane (from 1)."""

    agent_id: str
    run_id: str
    lane: Lane
    sequence: int


# --- RFC 9421 and RFC 9530 in general


def signature_base(components: Sequence[tuple[str, str]], params: str) -> bytes:
    """What is signed (RFC 9421 §2.5): identifiers as written in `params`, each with its value."""
    lines = [f"{name}: {value}" for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def content_digest(body: bytes) -> str:
    """The header of RFC 9530 for a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def authority(origin: str) -> str:
    """`@authority` (RFC 9421 §2.2.3) of an origin such as "https://Keyturn.example.test:443".

    Lower case, without the port that the scheme implies.
    """
    parts = urlsplit(origin)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in {None, _PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


def _params(components: Sequence[tuple[str, str]], keyid: str, tag: str = TAG) -> str:
    names = " ".join(name for name, _ in components)
    return f'({names});alg="ed25519";keyid="{keyid}";tag="{tag}"'


# --- requests


def sign_request(
    key: Ed25519PrivateKey, method: str, origin: str, path: str, sender: Sender, body: bytes
) -> dict[str, str]:
    """The headers that a request needs. `origin`: of the server, as configured."""
    components = _request_components(method, authority(origin), path, sender, body)
    params = _params(components, sender.agent_id)
    signature = key.sign(signature_base(components, params))
    return {
        **{name.strip('"'): value for name, value in components[3:]},
        "signature-input": f"{LABEL}={params}",
        "signature": signature_header(signature),
    }


def read_sender(headers: Headers) -> Sender:
    """Who says that they have sent it; nothing is proved yet. Raises Forged.

    Args:
        headers: with lower-case names (Starlette's and httpx's `headers` will do).
    """
    if "signature" not in headers or "signature-input" not in headers:
        raise Forged("missing")
    agent_id, run_id = headers.get("keyturn-agent", ""), headers.get("keyturn-run", "")
    lane, number = headers.get("keyturn-lane", ""), headers.get("keyturn-sequence", "")
    fit = _TOKEN.fullmatch(agent_id) and _TOKEN.fullmatch(run_id) and _NUMBER.fullmatch(number)
    if not fit or lane not in set(Lane):
        raise Forged("headers")
    return Sender(agent_id, run_id, Lane(lane), int(number))


def verify_request(
    public: bytes, method: str, origin: str, path: str, headers: Headers, body: bytes
) -> bytes:
    """The signature of a request that is as its sender sent it; answers are bound to it.

    Args:
        public: the sender's signing key, Ed25519, 32 bytes.
        origin: of this server, as configured.
        path: as it was asked for, without a query.
        body: as it came.

    Raises:
        Forged: in any other case.
    """
    sender = read_sender(headers)
    if headers.get("content-digest") != content_digest(body):
        raise Forged("digest")
    components = _request_components(method, authority(origin), path, sender, body)
    return _verified(public, components, sender.agent_id, headers)


def _request_components(
    method: str, host: str, path: str, sender: Sender, body: bytes
) -> list[tuple[str, str]]:
    return [
        ('"@method"', method),
        ('"@authority"', host),
        ('"@path"', path),
        ('"content-digest"', content_digest(body)),
        ('"keyturn-agent"', sender.agent_id),
        ('"keyturn-run"', sender.run_id),
        ('"keyturn-lane"', sender.lane.value),
        ('"keyturn-sequence"', str(sender.sequence)),
    ]


# --- answers


def sign_answer(
    key: Ed25519PrivateKey, status: int, body: bytes, request_signature: bytes, tag: str = TAG
) -> dict[str, str]:
    """The headers that an answer needs.

    Args:
        key: the installation's.
        request_signature: as `verify_request` gave it, or `claimed_signature` for a request
            that is refused for its signature.
        tag: whom it is for: what is said to agents is no answer to a phone, though one key signs
            both.
    """
    params = _params(_answer_components(status, body, request_signature), "installation", tag)
    base = answer_base(status, body, request_signature, tag)
    return {
        "content-digest": content_digest(body),
        "signature-input": f"{LABEL}={params}",
        "signature": signature_header(key.sign(base)),
    }


def answer_base(status: int, body: bytes, request_signature: bytes, tag: str = TAG) -> bytes:
    """What is signed of an answer (RFC 9421 §2.5)."""
    components = _answer_components(status, body, request_signature)
    return signature_base(components, _params(components, "installation", tag))


def verify_answer(
    public: bytes, status: int, headers: Headers, body: bytes, request_signature: bytes,
    tag: str = TAG,
) -> None:  # fmt: skip
    """Whether the installation gave this answer to this very request. Raises Forged.

    Args:
        public: the installation's key, Ed25519, 32 bytes.
        request_signature: of the request that was sent (`claimed_signature` of its headers).
        tag: as `sign_answer`.
    """
    if "signature" not in headers or "signature-input" not in headers:
        raise Forged("missing")
    if headers.get("content-digest") != content_digest(body):
        raise Forged("digest")
    components = _answer_components(status, body, request_signature)
    _verified(public, components, "installation", headers, tag)


def _answer_components(status: int, body: bytes, request_signature: bytes) -> list[tuple[str, str]]:
    bound = base64.b64encode(request_signature).decode()
    return [
        ('"@status"', str(status)),
        ('"content-digest"', content_digest(body)),
        (f'"signature";req;key="{LABEL}"', f":{bound}:"),
    ]


def claimed_signature(headers: Headers) -> bytes:
    """The signature that a message bears, right or not. Raises Forged."""
    found = _SIGNATURE.fullmatch(headers.get("signature", ""))
    if found is None:
        raise Forged("missing")
    signature = base64.b64decode(found[1])
    if signature_header(signature) != found[0]:
        raise Forged("missing")  # one spelling of each signature, no more
    return signature


def signature_header(signature: bytes) -> str:
    """The header `signature` of a signature of ours."""
    return f"{LABEL}=:{base64.b64encode(signature).decode()}:"


def _verified(
    public: bytes, components: Sequence[tuple[str, str]], keyid: str, headers: Headers,
    tag: str = TAG,
) -> bytes:  # fmt: skip
    signature = claimed_signature(headers)
    params = _params(components, keyid, tag)
    if headers["signature-input"] != f"{LABEL}={params}":
        raise Forged("covered")
    _check(public, signature, signature_base(components, params))
    return signature


def _check(public: bytes, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise Forged("signature") from None


# --- frames of the bell

_BEAT = struct.Struct(">Q")


def sign_beat(key: Ed25519PrivateKey, origin: str, sender: Sender, body: bytes) -> bytes:
    """A frame from agent to server: sequence (8 bytes, big-endian), signature (64), body.

    Signed is "keyturn-beat-v1", a zero byte, then, each with its length (4 bytes, big-endian):
    authority, agent, run, lane; then sequence and the body's SHA-256. Agent and run are those
    of the socket's opening and do not travel again; the lane is "bell", whose sequence the
    opening, beats by POST and frames share.
    """
    signed = _beat_base(authority(origin), sender, body)
    return _BEAT.pack(sender.sequence) + key.sign(signed) + body


def read_beat(frame: bytes, opening: Sender) -> tuple[Sender, bytes, bytes]:
    """Who says that they have sent a frame, its signature (its answer is bound to it), its body.

    Nothing is proved yet. Raises Forged.
    """
    start = _BEAT.size + SIGNATURE_BYTES
    if len(frame) < start:
        raise Forged("missing")
    (sequence,) = _BEAT.unpack_from(frame)
    if not _NUMBER.fullmatch(str(sequence)):
        raise Forged("headers")
    sender = Sender(opening.agent_id, opening.run_id, Lane.BELL, sequence)
    return sender, frame[_BEAT.size : start], frame[start:]


def verify_beat(public: bytes, origin: str, frame: bytes, opening: Sender) -> tuple[Sender, bytes]:
    """Sender and signature of a frame that is as it was sent. Raises Forged."""
    sender, signature, body = read_beat(frame, opening)
    _check(public, signature, _beat_base(authority(origin), sender, body))
    return sender, signature


def _beat_base(host: str, sender: Sender, body: bytes) -> bytes:
    texts = (host, sender.agent_id, sender.run_id, Lane.BELL.value)
    counted = b"".join(struct.pack(">I", len(t.encode())) + t.encode() for t in texts)
    tail = _BEAT.pack(sender.sequence) + hashlib.sha256(body).digest()
    return b"keyturn-beat-v1\0" + counted + tail


class Kind(StrEnum):
    """What a frame from server to agent is."""

    ANSWER = "answer"  # bound to the signature of the beat that it answers
    RING = "ring"  # unasked; bound to the signature of the socket's opening, and counted from 1


def sign_frame(key: Ed25519PrivateKey, kind: Kind, number: int, bound: bytes, body: bytes) -> bytes:
    """A frame from server to agent: kind (1 byte: "a" or "r"), number, signature, body.

    Args:
        key: the installation's.
        number: an answer's is its beat's sequence; rings of one socket count from 1.
        bound: signature of the beat, or of the socket's opening.
    """
    head = kind.value[:1].encode() + _BEAT.pack(number)
    return head + key.sign(_frame_base(head, bound, body)) + body


def read_frame(frame: bytes) -> tuple[Kind, int, bytes]:
    """Kind, number and body of a frame from the server; nothing is proved. Raises Forged."""
    start = 1 + _BEAT.size + SIGNATURE_BYTES
    kinds = {kind.value[:1].encode(): kind for kind in Kind}
    if len(frame) < start or frame[:1] not in kinds:
        raise Forged("missing")
    (number,) = _BEAT.unpack_from(frame, 1)
    return kinds[frame[:1]], number, frame[start:]


def verify_frame(public: bytes, frame: bytes, bound: bytes) -> tuple[Kind, int, bytes]:
    """Kind, number and body of a frame that the installation made for this. Raises Forged."""
    kind, number, body = read_frame(frame)
    end = 1 + _BEAT.size
    signature = frame[end : end + SIGNATURE_BYTES]
    _check(public, signature, _frame_base(frame[:end], bound, body))
    return kind, number, body


def _frame_base(head: bytes, bound: bytes, body: bytes) -> bytes:
    digests = hashlib.sha256(bound).digest() + hashlib.sha256(body).digest()
    return b"keyturn-frame-v1\0" + head + digests
