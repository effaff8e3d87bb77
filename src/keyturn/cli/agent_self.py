"""What every command of an agent begins with: its settings, its folder, who it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from keyturn.agent import who as known
from keyturn.agent.config import Config, load
from keyturn.agent.state import State
from keyturn.agent.who import Who
from keyturn.cli.failures import NotDone, WrongUse

CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="agent.toml; else $KEYTURN_AGENT_CONFIG, else /etc/keyturn/agent.toml.",
    ),
]
ELSEWHERE: Final = "Run it on an approved agent that may be primary."


def enrolled(config: Path | None) -> tuple[Config, State, Who]:
    """Settings, folder and identity of an agent that is enrolled.

    Raises NotDone, WrongUse, ConfigRefused, StateUnusable.
    """
    settings = load(config)
    state = State(settings.state)
    who = known.load(state)
    if who is None:
        raise NotDone("This agent is not enrolled.", "`keyturn agent enrol` comes first.")
    if who.server != settings.server:
        remedy = "Correct server in agent.toml; if it really moved, `keyturn agent enrol --anew`."
        raise WrongUse(f"This agent was enrolled with {who.server}.", remedy)
    return settings, state, who
