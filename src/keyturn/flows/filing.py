"""Filing users under their words, so that staff find them (see rules.search).

Whoever adds or renames a user leaves them unfiled, and this follows a moment later: no
person waits for it, and what an address that is taken already costs is what a new one does.
Several servers share the work, each takes whom no other has.
"""

from __future__ import annotations

from keyturn.ports.parts import Parts

#: users at once: on SQLite everybody else's transactions wait meanwhile
BATCH = 100


async def file_users(parts: Parts) -> bool:
    """File some of those who are not; whether there may be more. Raises StoreUnavailable."""
    if not await parts.store.glance(lambda tx: tx.users.unfiled()):
        return False
    return await parts.store.write(lambda tx: tx.users.file(BATCH)) == BATCH
