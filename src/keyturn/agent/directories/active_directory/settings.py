"""Where the domain is, who asks, how long (ldap/settings.py)."""

from __future__ import annotations

from keyturn.agent.directories.ldap.settings import Settings

__all__ = ["Settings"]
