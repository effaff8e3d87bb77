"""The play from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx

from keyturn.adapters.system import SystemClock
from keyturn.demo.play import (
    accounts,
    changing,
    guarding,
    helping,
    hostile,
    keys,
    locking,
    phones,
    recovering,
    second,
    signing,
)
from keyturn.demo.play.calls import table
from keyturn.demo.play.calls.desk import Floor
from keyturn.demo.play.stage import NeverCame, Stage
from keyturn.demo.play.telling import Teller

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True, slots=True)
class Act(Generic[S]):
    """A scene, and the behaviour that it shows."""

    behaviour: str
    title: str
    play: Callable[[S, Teller], None]


ACTS = (
    Act("A5 A9", "Ann signs up with a mailed code", accounts.sign_up),
    Act("A6", "Ann adds a phone: landline, delivered, sent back, never heard of", phones.phones),
    Act("A3", "A wrong name or password: one answer for all", signing.neutral),
    Act("A7", "Five wrong passwords lock a stranger out, not the owner", locking.locked),
    Act("A7", "The lock opens by itself, to the second", locking.opens),
    Act("A7", "A name that nobody has locks just the same", locking.absent),
    Act("A10", "Nora forgets her password during a lock", recovering.during_a_lock),
    Act("A10", "A link in a mail acts only when a button is pressed", recovering.by_link),
    Act("A10", "Codes are budgeted: the fourth mail brings only a link", recovering.budgets),
    Act("A10", "Ben's authenticator is asked for in recovery", recovering.second_factor),
    Act("2nd step", "Omar sets up an authenticator and signs in with it", second.enrol),
    Act("Passkeys", "Kaia signs in by a passkey, and a copy of it is refused", keys.passkeys),
    Act(
        "Account",
        "A stolen session changes the address, and the owner takes it back",
        changing.changes,
    ),
    Act("Not me", "“This wasn't me” stops everything", guarding.not_me),
    Act("A11 A14", "“I still can't get in” opens a case that staff see", helping.case),
    Act("Console", "Nadia signs in with her second step and unlocks Grace", helping.console),
    Act("Diagnosis", "`keyturn diagnose` says why", helping.diagnosis),
    Act("A14", "Support can be reached at every dead end", helping.contacts),
    Act("API", "The same over the JSON API: each reply names the pending step", signing.api),
    Act("The 100", "A hundred failures close a password until recovery", locking.hundred),
    Act("A8", "One notice a lock, the fourth of a day in a digest", locking.notices),
    Act("Input", "A dozen hostile requests", hostile.requests),
)


#: what a scene that does not find what it looks for may raise
EXPECTED = (NeverCame, LookupError, httpx.HTTPError, ValueError, TypeError, StopIteration)


@contextmanager
def _set_up(stage: Stage, teller: Teller) -> Iterator[None]:
    """The demo for the length of a block."""
    with ExitStack() as stack:
        with teller.out.status("Setting up …"):
            stack.enter_context(stage)
        yield


def play() -> bool:
    """Play everything; whether every check held."""
    teller = Teller()
    teller.out.print("[bold]Keyturn, played from outside[/bold]: a demo of its own, on free ports.")
    return perform(Stage(), ACTS, teller, EXPECTED)


#: who calls at the help desk
CALLS = tuple(Act(who, title, scene) for who, title, scene in table.CALLS)


def calls() -> bool:
    """Play the callers at the help desk; whether no impostor got anything and all others help."""
    teller = Teller()
    teller.out.print("[bold]Keyturn, at the help desk[/bold]: a demo of its own, on free ports.")
    well = perform(Floor(), CALLS, teller, EXPECTED)
    for who, did in ((table.IMPOSTOR, "got nothing"), (table.HONEST, "were helped")):
        every = [scene for scene in teller.scenes if scene.behaviour == who]
        good = sum(not scene.bad for scene in every)
        teller.out.print(f"{who}: {good} of {len(every)} {did}.")
    return well


def perform(
    stage: S, acts: Sequence[Act[S]], teller: Teller, expected: tuple[type[Exception], ...]
) -> bool:
    """Play `acts` on a stage; whether every check held.

    Args:
        expected: what a scene that does not find what it looks for may raise.
    """
    clock = SystemClock()
    began = clock.now()
    with _set_up(stage, teller):
        for act in acts:
            teller.scene(act.behaviour, act.title)
            try:
                act.play(stage, teller)
            except expected as error:
                teller.broke(error)
    teller.scene("Stop", "The demo ends when it is told to")
    teller.check("it ended with status 0", stage.status == 0, stage.status)
    return teller.summary((clock.now() - began) / 1000)
