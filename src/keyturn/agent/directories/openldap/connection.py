"""LDAP to slapd: what its password policy says beside its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ldap.controls import DecodeControlTuples, ResponseControl
from ldap.controls.ppolicy import PasswordPolicyControl

from keyturn.agent.directories.ldap import connection as shared
from keyturn.agent.directories.ldap.channel import Channel
from keyturn.agent.directories.ldap.connection import Said
from keyturn.agent.directories.ldap.values import texts
from keyturn.agent.directories.openldap.settings import Settings
from keyturn.rules.directories.ppolicy import tried

PPOLICY = PasswordPolicyControl.controlType
_ROOT = ("namingContexts", "supportedControl")


@dataclass(frozen=True, slots=True)
class Root:
    """What the rootDSE says (RFC 4512 §5.1).

    Attributes:
        contexts: distinguished names of the databases.
        controls: OIDs of what is supported.
    """

    contexts: tuple[str, ...]
    controls: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """How slapd answered, with what its password policy adds.

    Attributes:
        result: LDAP result code, 0 for success. diagnostic: the message that came with it.
        error: PasswordPolicyResponseValue.error; None if there is none.
        grace: it warns that few sign-ins with an expired password are left.
    """

    result: int
    diagnostic: str
    error: int | None
    grace: bool


class Connection(shared.Connection):
    """One connection. Attributes: settings; root, as seen after the bind."""

    def __init__(
        self, host: str, channel: Channel, pool: Executor, seconds: float, settings: Settings
    ) -> None:
        super().__init__(host, channel, pool, seconds)
        self.settings = settings
        self.root = Root((), frozenset())

    async def attempt(self, who: str, password: str) -> Answer:
        """A simple bind. Raises Broken; never call it with an empty password."""
        try:
            controls = await self.bind(who, password, [PasswordPolicyControl()])
        except Said as said:
            return answer(said)
        return _answer(0, "", controls)

    async def set_password(self, name: str, password: str) -> None:
        """The Password Modify extended operation (RFC 3062): slapd hashes it.

        Raises Said; with Broken it may have been made.
        """
        await self.call(
            lambda link: link.passwd_s(name, None, password, serverctrls=[PasswordPolicyControl()])
        )

    async def change(self, name: str, changes: Sequence[shared.Modification]) -> None:
        """One modify. Raises Said; with Broken it may have been made."""
        await self.modify(name, changes, [PasswordPolicyControl()])


def maker(settings: Settings) -> Callable[[str, Channel, Executor, float], Connection]:
    """What makes connections to this directory."""
    return lambda host, channel, pool, seconds: Connection(host, channel, pool, seconds, settings)


async def greet(connection: Connection) -> None:
    """Read the rootDSE. Raises Said, Broken."""
    _name, root = await connection.read("", _ROOT)
    connection.root = Root(
        contexts=texts(root, "namingContexts"),
        controls=frozenset(texts(root, "supportedControl")),
    )


def why(said: Said) -> str:
    """A word for a sign-in of our own that was refused."""
    told = answer(said)
    return tried(told.result, told.error, grace=told.grace).reason


def answer(said: Said) -> Answer:
    """A refusal, with what the policy adds."""
    return _answer(said.result, said.diagnostic, DecodeControlTuples(said.controls))


def _answer(result: int, diagnostic: str, controls: Sequence[ResponseControl]) -> Answer:
    told = next((c for c in controls if isinstance(c, PasswordPolicyControl)), None)
    return Answer(
        result,
        diagnostic,
        told.error if told else None,
        told is not None and told.graceAuthNsRemaining is not None,
    )
