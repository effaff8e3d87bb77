"""What a directory of the lab tells whoever sets agents up beside it, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from keyturn.rules.directories.entries import DirectoryKind


class Grounds(Protocol):
    """A directory that runs."""

    @property
    def kind(self) -> DirectoryKind:
        """What it is."""
        ...

    @property
    def domain(self) -> str:
        """Its name in Keyturn."""
        ...

    @property
    def folder(self) -> Path:
        """For the agents' files; gone when the directory is."""
        ...

    @property
    def places(self) -> Sequence[str]:
        """Where agents stand, the first one first."""
        ...

    @property
    def apart(self) -> bool:
        """Whether these are machines of their own, which reach the host by `server_address`."""
        ...

    @property
    def server_address(self) -> str:
        """The host, as it is called from these machines."""
        ...

    def beside(self, name: str, /) -> tuple[str, ...]:
        """Put before a command, it runs at that place."""
        ...

    def agent_settings(self, name: str, /) -> Mapping[str, object]:
        """What agent.toml says of the directory at that place."""
        ...

    @property
    def agent_password(self) -> str:
        """Of the account that agents use."""
        ...
