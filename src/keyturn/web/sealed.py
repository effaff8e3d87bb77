"""A new directory password on its way through the server: whom it is to be sealed to, what came.

For pages and for the phone app alike; static/seal.js is the other side.
"""

from __future__ import annotations

import json
from typing import Any, Final

from keyturn.rules.directories.resets import Envelope
from keyturn.steps.choosing import Choosing
from keyturn.web.encoding import decoded, encoded

_FIELDS: Final = frozenset({"agent", "enc", "ciphertext"})


def sealing(answer: Choosing, tenant: str) -> dict[str, Any]:
    """What static/seal.js asks for."""
    return {
        "tenant": tenant,
        "domain": answer.job.directory,
        "job": answer.job.id,
        "user": answer.user_id,
        "directory": answer.job.directory_id,
        "expires_at": answer.expires_at,
        "identity": encoded(answer.identity),
        "recipients": [
            {"agent": r.agent_id, "key": encoded(r.sealing_key),
             "certificate": encoded(r.certificate)}
            for r in answer.recipients
        ],
    }  # fmt: skip


def envelopes_of(text: str) -> tuple[Envelope, ...]:
    """What a page's script sends: a list of {agent, enc, ciphertext}. Anything else is none at
    all, which the flow refuses as not sealed.
    """
    try:
        return envelopes(json.loads(text))
    except (ValueError, RecursionError):
        return ()


def envelopes(given: object) -> tuple[Envelope, ...]:
    """The same as JSON was read. Raises ValueError."""
    if not isinstance(given, list) or not all(map(_is_one, given)):
        raise ValueError
    return tuple(
        Envelope(one["agent"], decoded(one["enc"]), decoded(one["ciphertext"])) for one in given
    )


def _is_one(given: object) -> bool:
    if not isinstance(given, dict) or set(given) != _FIELDS:
        return False
    return all(isinstance(text, str) for text in given.values())
