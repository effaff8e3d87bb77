"""TLS to a controller (ldap/channel.py)."""

from __future__ import annotations

from keyturn.agent.directories.ldap.channel import Channel, trusting

__all__ = ["Channel", "trusting"]
