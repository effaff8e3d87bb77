"""The language in which somebody is written to."""

from __future__ import annotations

from keyturn.ports.parts import Parts
from keyturn.rules.callers import Caller
from keyturn.steps.stepup import Signed


async def choose(parts: Parts, caller: Caller, signed: Signed, language: str) -> None:
    """Mails and texts to this person speak `language` (of rules.languages) from now on.

    It changes nothing that protects the account, so that it asks for no proof, is no entry of
    the trail and is done while changes are frozen.
    """
    await parts.store.write(
        lambda tx: tx.users.set_language(caller.tenant.id, signed.user.id, language)
    )
