"""Two OpenLDAP providers of one directory, each taking what the other has, and an administrator.

Both live on this machine's loopback, on a free port, and need no root (lab/openldap.py).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from keyturn.lab.commands import attempt
from keyturn.lab.openldap import Options, Slapd, changed
from keyturn.lab.openldap_people import (
    ADMINS,
    BASE,
    DEFAULT,
    DEFAULT_POLICY,
    SERVICE,
    SERVICE_PASSWORD,
    Person,
    person_ldif,
)
from keyturn.rules.directories.entries import DirectoryKind

DOMAIN: Final = "corp.example.test"
RIGHT, WRONG, MUST_CHANGE = "right", "wrong", "must change"
_INVALID: Final = 49
_PATIENCE_S: Final = 15


class Providers:
    """A directory that runs as long as this is open: ldap1 and ldap2.

    Raises openldap.Unable on entering, with the reason.
    """

    kind = DirectoryKind.OPENLDAP
    domain, base = DOMAIN, BASE
    agent_password = SERVICE_PASSWORD
    apart, server_address = False, "127.0.0.1"
    places = ("ldap1", "ldap2")

    def __init__(self) -> None:
        self._around = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._around.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._around.close()

    def _begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="keyturn-providers-"))
        self._around.callback(shutil.rmtree, self.folder, ignore_errors=True)
        options = Options(replicates=True)
        first = self._around.enter_context(Slapd(options))
        second = self._around.enter_context(Slapd(options, first))
        second.wait_for(first)
        self.servers = MappingProxyType(dict(zip(self.places, (first, second), strict=True)))
        self.hand = Hand(first)

    def server(self, name: str) -> Slapd:
        """One of them: "ldap1"."""
        return self.servers[name]

    @property
    def ca_file(self) -> Path:
        """The authority that vouches for both."""
        return self.server("ldap1").ca_file

    def beside(self, _name: str) -> tuple[str, ...]:
        """Nothing: every place is here."""
        return ()

    def agent_settings(self, name: str) -> dict[str, object]:
        """What agent.toml says of the directory beside that provider."""
        here = self.server(name)
        others = [each for each in self.servers.values() if each is not here]
        return {
            "kind": str(self.kind), "directory": self.domain, "base": self.base,
            "controller": here.host, "servers": [each.host for each in others],
            "account": SERVICE, "policy": DEFAULT_POLICY, "protected": [ADMINS],
            "ca_file": str(here.ca_file), "port": here.port,
            "addresses": {each.host: each.address for each in self.servers.values()},
        }  # fmt: skip

    def try_password(self, name: str, person: Person, password: str) -> str:
        """One sign-in at a provider: RIGHT, WRONG, MUST_CHANGE; "" without an answer.

        A wrong one costs the account a try, as everywhere.
        """
        at = self.server(name)
        status, said, complaint = attempt(
            "ldapwhoami", "-x", "-e", "ppolicy", "-o", "nettimeout=5",
            "-H", f"ldaps://{at.address}:{at.port}", "-D", person.dn, "-y", "/dev/stdin",
            given=password, patience_s=_PATIENCE_S,
            environment={"LDAPTLS_CACERT": str(self.ca_file)},
        )  # fmt: skip
        if status == _INVALID:
            return WRONG
        if re.search("must be changed", said + complaint, re.IGNORECASE):
            return MUST_CHANGE
        return "" if status else RIGHT


class Hand:
    """An administrator who may do everything, at the first provider."""

    def __init__(self, at: Slapd) -> None:
        self._at = at

    def set_password(self, person: Person, password: str) -> None:
        """Raises CommandFailed."""
        self._at.set_password(person.dn, password)

    def add(self, person: Person) -> None:
        """Somebody new."""
        self._at.apply(person_ldif(person))

    def join_administrators(self, person: Person) -> None:
        """From now on one of them."""
        self._at.apply(changed(ADMINS, f"add: member\nmember: {person.dn}"))

    def leave_administrators(self, person: Person) -> None:
        """And no more."""
        self._at.apply(changed(ADMINS, f"delete: member\nmember: {person.dn}"))

    def failures(self, server: Slapd, person: Person) -> int:
        """Wrong passwords that a provider counts."""
        return len(server.read(person.dn, "pwdFailureTime").get("pwdFailureTime", []))

    @property
    def threshold(self) -> int:
        """Wrong ones that lock."""
        return DEFAULT.failures
