"""People of a real domain come, change and go: what becomes of them here, with a real agent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.lab.people import ALICE, BOB, EVERYBODY, IVAN, PLANT, SERVICE, STAFF, Person
from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.syncs import GONE_LEAST
from keyturn.rules.events import Event
from tests.lab.administrator import Administrator
from tests.lab.domains import domain
from tests.lab.estates import DC, Installed
from tests.lab.powered import PoweredServer

pytestmark = pytest.mark.lab

#: the agent looks every minute at the latest; a notice comes within a second
SEEN_S = 90
PEOPLE = [person for person in EVERYBODY if person.where == STAFF]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with domain(1) as running:
        running.hand.show_deleted(DC, SERVICE)  # or Samba tells of it minutes later
        yield running


class Scene:
    """An installation with an agent in the domain. `place`: tenant and directory."""

    def __init__(self, at: Installed) -> None:
        self.at = at
        tenant_id = at.tenant.id
        (directory,) = at.read(lambda tx: tx.directories.all(tenant_id))
        self.place = (tenant_id, directory.id)

    def sync(self, *words: str) -> dict[str, Any]:
        """`keyturn directory sync`, and what it says."""
        said = self.at.estate.keyturn("directory", "sync", self.at.lab.domain, *words, "--json")
        found: dict[str, Any] = json.loads(said)
        return found

    def user(self, person: Person) -> User | None:
        """Who was made for an account."""

        def look(tx: Any) -> User | None:
            listed = tx.syncs.listed(*self.place, person.name, None, 1)
            link = tx.directories.holder(*self.place, listed[0].entry.id) if listed else None
            found: User | None = tx.users.get(self.place[0], link.user_id) if link else None
            return found

        found: User | None = self.at.read(look)
        return found

    def by_id(self, user: User) -> User:
        found = self.at.read(lambda tx: tx.users.get(self.place[0], user.id))
        assert isinstance(found, User)
        return found

    def trail(self, user: User) -> list[str]:
        """What their trail holds, newest first."""
        rows = self.at.read(lambda tx: tx.audit.of_user(self.place[0], user.id, 50))
        return [str(row.event) for row in rows]

    def sees(self, what: str, holds: Callable[[], object]) -> None:
        """Wait until it is so."""
        until(lambda: bool(holds()), SEEN_S, what, 0.2)


def test_everybody_comes_is_seen_and_goes_and_a_crowd_waits_for_a_person(
    lab: Lab, tmp_path: Path
) -> None:
    server = PoweredServer(tmp_path, KEYTURN_MAIL__PORT="1")
    with Installed(lab, server, 1, "sync") as at:
        scene = Scene(at)
        everybody_comes(scene)
        one_is_locked(lab, scene)
        with closing(Administrator(lab.controller(DC).ip, lab.ca_file, lab.base)) as admin:
            one_is_disabled_and_enabled(admin, scene)
            one_goes(admin, scene)
        a_crowd_is_held(scene)


def everybody_comes(scene: Scene) -> None:
    scene.sync("--unit", STAFF)
    scene.sees("everybody to come", lambda: all(scene.user(person) for person in PEOPLE))
    alice, ivan = scene.user(ALICE), scene.user(IVAN)
    assert alice is not None
    assert ivan is not None
    assert (alice.name, alice.state) == (ALICE.display, UserState.INVITED)
    assert ivan.state is UserState.DISABLED
    # whoever was linked before has the account still
    (holder,) = scene.at.holders
    linked = scene.user(holder.account)
    assert linked is not None
    assert linked.id == holder.user.id
    shown = scene.sync()
    assert (shown["phase"], shown["unclear"], shown["held"]) == ("following", 0, 0)
    assert shown["present"] == len(PEOPLE) + 1


def one_is_locked(lab: Lab, scene: Scene) -> None:
    alice = scene.user(ALICE)
    assert alice is not None
    lab.hand.lock(DC, ALICE)
    scene.sees("the lock", lambda: Event.ACCOUNT_LOCKED in scene.trail(alice))
    assert scene.by_id(alice).state is UserState.INVITED  # locked is not disabled


def one_is_disabled_and_enabled(admin: Administrator, scene: Scene) -> None:
    alice = scene.user(ALICE)
    assert alice is not None
    for control, state in ((b"514", UserState.DISABLED), (b"512", UserState.INVITED)):
        admin.replace(ALICE.dn, "userAccountControl", control)
        scene.sees(control.decode(), partial(stands, scene, alice, state))


def stands(scene: Scene, user: User, state: UserState) -> bool:
    return scene.by_id(user).state is state


def one_goes(admin: Administrator, scene: Scene) -> None:
    bob = scene.user(BOB)
    assert bob is not None
    admin.delete(BOB.dn)
    scene.sees("one to go", lambda: scene.by_id(bob).state is UserState.DISABLED)
    assert Event.ACCOUNT_GONE in scene.trail(bob)
    assert scene.sync()["held"] == 0


def a_crowd_is_held(scene: Scene) -> None:
    rest = [
        found for person in PEOPLE if person not in (BOB, IVAN) and (found := scene.user(person))
    ]
    assert len(rest) > GONE_LEAST
    scene.sync("--unit", PLANT)  # the wrong one
    scene.sees("the crowd to be held", lambda: scene.sync()["held"] > len(rest))
    assert {scene.by_id(user).state for user in rest} == {UserState.INVITED}
    scene.sync("--unit", STAFF)
    scene.sees("them to come back", lambda: scene.sync()["held"] <= 1)
    assert {scene.by_id(user).state for user in rest} == {UserState.INVITED}
