"""A password tried once, and whether slapd looked at it at all.

slapd says "invalid credentials" of a locked account as well, unless `olcPPolicyUseLockout` is set.
So the entry is read before (what is locked is not tried) and, after a refusal, once more.
"""

from __future__ import annotations

from collections.abc import Callable

from keyturn.agent.directories.ldap.values import Entry, text
from keyturn.agent.directories.openldap.accounts import LOOK, closed, entry_of, locked_now, since
from keyturn.agent.directories.openldap.connection import Answer, Connection
from keyturn.agent.directories.openldap.policies import Binding
from keyturn.rules.directories.answers import Tried
from keyturn.rules.directories.ppolicy import Rule, said_nothing, tried
from keyturn.rules.directories.proofs import Bind

_LOCKED = Tried(Bind.SILENT, "locked")
_DELAY = "pwdAccountTmpLockoutEnd"


async def before(
    connection: Connection, guid: str, now: Callable[[], int]
) -> tuple[str, Entry] | None:
    """Whose password is tried; None: it is locked or not in force, and a try would say nothing.

    Raises NotFound, Unreachable, Broken.
    """
    dn, entry = await entry_of(connection, guid, LOOK)
    rule = await Binding(connection).rule(entry)
    if locked_now(entry, rule, now()) is not None or closed(entry, now()):
        return None
    return dn, entry


async def judged(connection: Connection, guid: str, seen: Entry, answer: Answer) -> Tried:
    """What an answer shows of the password, once the entry was read again.

    Args:
        seen: the entry before the try.

    Raises NotFound, Unreachable, Broken.
    """
    found = tried(answer.result, answer.error, grace=answer.grace)
    if found.bind is not Bind.WRONG:
        return found
    _dn, entry = await entry_of(connection, guid, LOOK)
    rule = await Binding(connection).rule(entry)
    return _LOCKED if _unsaid(seen, entry, rule) else found


def _unsaid(seen: Entry, entry: Entry, rule: Rule | None) -> bool:
    delayed = text(entry, _DELAY) != "" and text(entry, _DELAY) == text(seen, _DELAY)
    return said_nothing(rule, since(entry), delayed=delayed)
