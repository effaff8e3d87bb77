"""Who this agent is: what enrolment said, and what has been learnt since."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.agent.state import State, StateUnusable
from keyturn.rules.directories.things import AgentRole, Epoch
from keyturn.wire.messages import Enrolled

FILE, CERTIFICATE, RUN, KNOWN = "agent.json", "certificate", "run.json", "known.json"


@dataclass(frozen=True, slots=True)
class Who:
    """Attributes:
    server: origin that it was enrolled with. server_key: Ed25519, pinned.
    identity: the directory's identity key, Ed25519 public, pinned once this agent is approved.
    """

    agent_id: str
    directory_id: str
    directory: str
    role: AgentRole
    name: str
    server: str
    server_key: bytes
    identity: bytes | None

    @classmethod
    def enrolled(cls, answer: Enrolled, name: str, server: str) -> Who:
        """Who it is from now on. Nothing is pinned of the directory yet."""
        return cls(
            answer.agent_id, answer.directory_id, answer.directory, answer.role, name, server,
            answer.server_key, None,
        )  # fmt: skip

    def pinned(self, state: State, identity: bytes) -> Who:
        """The same, with the directory's identity written down."""
        known = replace(self, identity=identity)
        save(state, known)
        return known


def save(state: State, who: Who) -> None:
    """Write it down."""
    identity = who.identity.hex() if who.identity else ""
    state.write_json(
        FILE,
        {
            "agent_id": who.agent_id, "directory_id": who.directory_id,
            "directory": who.directory, "role": who.role.value, "name": who.name,
            "server": who.server, "server_key": who.server_key.hex(), "identity": identity,
        },
    )  # fmt: skip


def load(state: State) -> Who | None:
    """Who this agent is; None before enrolment. Raises StateUnusable."""
    found = state.read_json(FILE)
    if found is None:
        return None
    try:
        return Who(
            agent_id=found["agent_id"], directory_id=found["directory_id"],
            directory=found["directory"], role=AgentRole(found["role"]), name=found["name"],
            server=found["server"], server_key=bytes.fromhex(found["server_key"]),
            identity=bytes.fromhex(found["identity"]) or None,
        )  # fmt: skip
    except (KeyError, ValueError, TypeError):
        raise StateUnusable(state.path / FILE, "damaged") from None


# --- runs and epochs


def last_run(state: State, boot_id: str) -> str:
    """The run before this one, if it was in this very boot; else "".

    Whoever asks holds the folder's lock: the run is dead then. A folder that was copied to
    another machine, or a machine that was copied, shows another boot.
    """
    found = state.read_json(RUN) or {}
    same = bool(boot_id) and found.get("boot_id") == boot_id
    return str(found.get("run_id", "")) if same else ""


def keep_run(state: State, run_id: str, boot_id: str) -> None:
    """Write down that a run has begun."""
    state.write_json(RUN, {"run_id": run_id, "boot_id": boot_id})


def known_epoch(state: State) -> Epoch | None:
    """The highest epoch ever seen. Raises StateUnusable."""
    found = state.read_json(KNOWN)
    if found is None:
        return None
    try:
        return Epoch(int(found["generation"]), int(found["number"]))
    except (KeyError, ValueError, TypeError):
        raise StateUnusable(state.path / KNOWN, "damaged") from None


def keep_epoch(state: State, epoch: Epoch) -> None:
    """Write the highest epoch down."""
    state.write_json(KNOWN, {"generation": epoch.generation, "number": epoch.number})
