"""Keys of programs: made, and what is stored of them."""

from __future__ import annotations

from typing import Final

from keyturn.ports.parts import Parts
from keyturn.rules import api_keys
from keyturn.rules.api_keys import Scope

#: purpose of the digest that a key is found by
PURPOSE: Final = "api-key"


def fresh(parts: Parts, scope: Scope) -> str:
    """A new key."""
    return api_keys.written(parts.random.token(), scope)


def digest(parts: Parts, key: str) -> str:
    """What is stored of it: nobody who reads the database can use it, and looking one up by its
    digest takes no longer for one that is nearly right.
    """
    return parts.sealer.digest(PURPOSE, key)
