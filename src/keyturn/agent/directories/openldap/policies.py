"""What binds an account: the policy that it names, or else the default one.

Which one is the default stands in slapd's own configuration, which a delegated account may not
read: agent.toml names it.
"""

from __future__ import annotations

from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.values import Entry, number, text
from keyturn.agent.directories.openldap.connection import Connection
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.ppolicy import Rule, policy

_ATTRIBUTES = (
    "cn", "pwdAttribute", "pwdCheckQuality", "pwdMinLength", "pwdInHistory", "pwdMinAge",
    "pwdMaxAge", "pwdLockout", "pwdMaxFailure", "pwdLockoutDuration", "pwdFailureCountInterval",
    "pwdMaxIdle", "pwdMustChange", "pwdAllowUserChange",
)  # fmt: skip


class Binding:
    """What binds accounts, each policy read once.

    It lives for one call: a policy may change at any time.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rules: dict[str, Rule | None] = {}

    async def rule(self, entry: Entry) -> Rule | None:
        """The rule for an account; None if it cannot be read, or nobody says which it is.

        Raises Broken.
        """
        name = text(entry, "pwdPolicySubentry") or self._connection.settings.policy
        if name not in self._rules:
            self._rules[name] = await self._read(name) if name else None
        return self._rules[name]

    async def _read(self, name: str) -> Rule | None:
        try:
            _name, entry = await self._connection.read(name, _ATTRIBUTES)
        except Said:
            return None
        return _rule(entry)


def shown(entry: Entry, rule: Rule | None) -> Policy | None:
    """A rule as pages show it."""
    return policy(rule, own=bool(text(entry, "pwdPolicySubentry"))) if rule else None


def _rule(entry: Entry) -> Rule | None:
    if not text(entry, "pwdAttribute"):  # which every policy has: its values may not be read
        return None
    return Rule(
        name=text(entry, "cn"),
        quality=number(entry, "pwdCheckQuality") or 0,
        min_length=number(entry, "pwdMinLength") or 0,
        history=number(entry, "pwdInHistory") or 0,
        min_age_ms=_ms(entry, "pwdMinAge"),
        max_age_ms=_ms(entry, "pwdMaxAge"),
        lockout=text(entry, "pwdLockout") == "TRUE",
        failures=number(entry, "pwdMaxFailure") or 0,
        lockout_ms=_ms(entry, "pwdLockoutDuration"),
        window_ms=_ms(entry, "pwdFailureCountInterval"),
        idle_ms=_ms(entry, "pwdMaxIdle"),
        must_change=text(entry, "pwdMustChange") == "TRUE",
        user_change=text(entry, "pwdAllowUserChange") != "FALSE",
    )


def _ms(entry: Entry, name: str) -> int:
    return (number(entry, name) or 0) * 1000
