"""Where the directory is, who asks, what it cannot say itself."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.agent.directories.ldap.settings import Settings as Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Way):
    """How one agent reaches its directory.

    Attributes:
        base: distinguished name beneath which all accounts are.
        domain: its DNS name, for people, if the base has none (o=Example).
        servers: DNS names of all providers, the one to prefer first. Only asked for where
            cn=config, which lists them, may not be read.
        policy: distinguished name of the default policy (olcPPolicyDefault); "" if there is none.
        protected: distinguished names never to be set: entries, all below them, and members if
            they are groups.
        skew_ms: how far a server's clock may be from ours.
    """

    base: str
    domain: str = ""
    servers: tuple[str, ...] = ()
    policy: str = ""
    protected: tuple[str, ...] = ()
    skew_ms: int = 5 * 60_000
