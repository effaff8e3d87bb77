"""Everybody in a directory, read out of it and then followed: the port's `Source`.

scope.py    the chosen units and groups, as the directory has them now
entries.py  accounts by their ids; the ids of all
syncing.py  what changed: syncrepl (RFC 4533), or comparing where slapo-syncprov is missing
cursor.py   how far a reader has come
notice.py   that something was written
source.py   the port

**A full read** asks twice: for the ids of all accounts, and for these accounts by their ids.

**What changed** is told by syncrepl since a place (contextCSN).  A provider with a session log
tells who is gone; one without tells everybody who is still there, and the same comes of comparing
where there is no provider.  Then the ids as they were at the place, of which the cursor holds a
digest, show whether somebody is gone: if so, a full read is due (`whole`), for nobody knows whom
it was.  Who was changed is read again by id, and what is not found then is gone.

Two things concern accounts that are not told themselves, and ask for a full read: a unit that was
renamed or moved, and a group whose members are others than before.
"""

from keyturn.agent.directories.openldap.reading.source import Reading

__all__ = ["Reading"]
