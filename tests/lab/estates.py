"""A server, one real controller, two agents beside it, and people with accounts in both."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyotp

from keyturn import wiring
from keyturn.demo.agents import AgentProcess
from keyturn.demo.estate import Estate
from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Factor, FactorKind, User, UserState
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.identifiers import canonical
from keyturn.settings import Settings
from keyturn.steps.second import sealed_for
from keyturn.wiring import House
from tests.lab.holders import Linked
from tests.lab.powered import PoweredServer
from tests.lab.served import hashed
from tests.lab.witness import Witness, additions, crowd

DC = "dc1"
AGENTS = ("north", "south")
UP_S = 120.0


class Installed:
    """See the module. A context manager; on leaving, everything it began has ended.

    Attributes:
        agents: both of them. house: the server's data, for the test's own look.
        holders: who they are. witness: of their accounts.
    """

    def __init__(
        self, lab: Lab, server: PoweredServer, people: int, start: str,
        record: Path | None = None,
    ) -> None:  # fmt: skip
        self.lab, self.server, self._start = lab, server, start
        self.accounts = crowd(start, people)
        self.witness = Witness(lab.controller(DC), start)
        self.estate = Estate(lab, server.origin, server.keyturn, record=record)
        self.agents: list[AgentProcess] = []
        self.holders: Sequence[Linked] = ()
        self._around = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self._around.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._around.close()

    def _set_up(self) -> None:
        self.lab.hand.change(DC, additions(self.accounts))
        self.witness.look()
        self._around.callback(self.server.stop)
        self.server.start()
        self.house = self._house()
        self._around.callback(self.house.close)
        (self.tenant,) = self.read(lambda tx: tx.tenants.all())
        self._around.enter_context(self.estate)
        self.estate.keyturn("directory", "add", self.lab.domain)
        for each in AGENTS:
            name = f"{self._start}-{each}"  # one lab may see several of these, one after the other
            self._move_in(AgentProcess(self.lab, DC, self.server.origin, name))
        self.holders = [self._settle(number) for number in range(len(self.accounts))]

    def _house(self) -> House:
        store: dict[str, Any] = {"data_dir": str(self.server.data)}
        if "KEYTURN_STORE__URL" in self.server.settings:
            store["url"] = self.server.settings["KEYTURN_STORE__URL"]
        return wiring.build(Settings.model_validate({"store": store}))

    def read(self, fn: Any) -> Any:
        """A look into the server's data."""
        return self.house.store.submit_read(fn).result(30)

    def _move_in(self, agent: AgentProcess) -> None:
        agent.enrol(self.estate.token())
        if self.agents:
            told = agent.status()["fingerprint"]
            self.agents[0].call("approve", agent.name, "--fingerprint", told)
        self._around.callback(agent.stop)
        agent.start()
        self.agents.append(agent)
        until(lambda: phase(agent) in {"primary", "standby"}, UP_S, f"{agent.name} to be in", 0.2)

    def _settle(self, number: int) -> Linked:
        """A user with an authenticator, linked to an account."""
        account, parts = self.accounts[number], self.house.parts
        now, email = parts.clock.now(), f"{account.name}@people.test"
        user = User(
            id=parts.random.id(now), tenant_id=self.tenant.id, state=UserState.ACTIVE,
            name=account.display, username=None, email=email, phone=None, phone_verified_at=None,
            password_hash=hashed(), password_set_at=now, epoch=0, frozen_at=None,
            timezone=None, created_at=now,
        )  # fmt: skip
        secret = pyotp.random_base32()
        factor = Factor(
            parts.random.id(now), user.tenant_id, user.id, FactorKind.TOTP,
            parts.sealer.seal(secret.encode(), sealed_for(user.id)), None, now,
        )  # fmt: skip
        guid = uuid.UUID(self.witness.guids[account.name]).bytes_le.hex()

        def step(tx: Tx) -> None:
            (directory,) = tx.directories.all(user.tenant_id)
            tx.users.add(user, [str(canonical(email))])
            tx.factors.add(factor)
            tx.directories.link(LinkedAccount(
                user.tenant_id, directory.id, user.id, guid, account.name, account.upn, now,
            ))  # fmt: skip

        self.house.store.submit_write(step).result(30)
        return Linked(user, account, secret)

    def up(self) -> bool:
        """Whether server, workers and both agents are there, one of them primary."""
        phases = sorted(phase(agent) for agent in self.agents)
        return not self.server.ended and phases == ["primary", "standby"]

    def said(self) -> str:
        """How everything stands, and the ends of what it has said; for a test that fails."""
        told = [f"server ended: {self.server.ended}\n{self.server.log.read_text()[-1500:]}"]
        for agent in self.agents:
            told.append(f"{agent.name}: {phase(agent)!r} ended: {agent.ended}")
            told.append(agent.log.read_text()[-2500:])
        return "\n".join(told)

    def leads(self) -> bool:
        """Whether there is a server and a primary."""
        return not self.server.ended and any(phase(each) == "primary" for each in self.agents)


def phase(agent: AgentProcess) -> str:
    """What a running agent is at, by its status file; "" when it does not run."""
    try:
        seen = json.loads((agent.state / "status.json").read_text())
    except (FileNotFoundError, ValueError):
        return ""
    own = agent._running  # the file of a run that was killed says what that one was at
    alive = own is not None and own.poll() is None and own.pid == seen["pid"]
    return str(seen["phase"]) if alive else ""
