"""Everybody in a domain, read out of it and then followed: the port's `Source`.

scope.py    the chosen OUs and groups, as the domain has them now
roll.py     ids of all accounts
entries.py  accounts by their ids
dirsync.py  LDAP_SERVER_DIRSYNC: what was written since a cookie
changes.py  what of that concerns whom
deleted.py  who was deleted, where DirSync does not tell it
cursor.py   how far a reader has come
notice.py   LDAP_SERVER_NOTIFICATION: that something was written
source.py   the port

**A full read** asks twice: for the ids of all accounts, and for these accounts by their ids, 200
at a time.  So the agent never holds more than a page, a page is the same whenever it is asked for,
and a read goes on where it stopped.

**What changed** is told by DirSync (MS-ADTS 3.1.1.3.4.1.3), with object security, which takes no
right but to read.  It tells which objects were written; whatever it tells is read again by id, and
what is not found then is gone, be it deleted, moved out of scope or out of a group.  DirSync offers
no cookie without its objects, but one whose filter matches nothing costs a look-up and ends with a
cookie of this moment.

Four things concern accounts that are not told themselves, and ask for a full read (`whole`): an OU
that was renamed or moved, a group that joined or left another, a group among those chosen that is
there no more, and a policy by which passwords expire and locks end.
"""

from keyturn.agent.directories.active_directory.reading.source import Reading

__all__ = ["Reading"]
