"""What each kind of directory cannot do, or does in its own way; for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from keyturn.rules.directories import ppolicy, workgroup
from keyturn.rules.directories.entries import DirectoryKind

#: a word for each, and what it is in a sentence; an Active Directory domain is what the others are
#: held against
LIMITS: Final[Mapping[DirectoryKind, Mapping[str, str]]] = MappingProxyType(
    {
        DirectoryKind.ACTIVE_DIRECTORY: {},
        DirectoryKind.OPENLDAP: ppolicy.LIMITS,
        DirectoryKind.WORKGROUP: workgroup.LIMITS,
    }
)
