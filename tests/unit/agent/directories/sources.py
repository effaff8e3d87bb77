"""What every `Source` does: the same stories for the memory twin and for real Samba.

A test module subclasses `Reads` (and `ReadsElsewhere`) and gives a fixture `stage`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import pytest

from keyturn.agent.ports import CursorLost, ScopeGone, Source, Unreachable
from keyturn.rules.directories.entries import PAGE, Changes, Entry, Scope

T = TypeVar("T")

EVERYBODY = Scope()
_NUMBERS = itertools.count(1)


class Stage(Protocol):
    """A domain in which people come and go. What is done to it is blocking.

    Attributes:
        hosts: DNS names of the writable controllers; things are done at the first one.
        slack_s: how long it may take until `noticed` returns.
    """

    hosts: tuple[str, ...]
    slack_s: float

    def play(self, story: Callable[[Source], Awaitable[T]]) -> T:
        """Run a story with a new source, to its end."""
        ...

    def unit(self, name: str) -> str:
        """A new OU below the domain; its distinguished name."""
        ...

    def rename_unit(self, dn: str, name: str) -> str:
        """Another name for an OU; its distinguished name."""
        ...

    def group(self, name: str) -> str:
        """A new group; its distinguished name."""
        ...

    def hire(self, names: Sequence[str], unit: str) -> list[str]:
        """New accounts, their ids: upn NAME@corp.example.test, display "Mx NAME", mail
        NAME@example.test, phone +4850012345.
        """
        ...

    def dismiss(self, name: str) -> None:
        """Delete an account."""
        ...

    def move(self, name: str, unit: str) -> None:
        """To another OU."""
        ...

    def write(self, name: str, what: str) -> None:
        """Of: "display", "mail", "no phone", "disable", "enable", "lock", "unlock", "must change",
        "password".
        """
        ...

    def join(self, group: str, member: str) -> None:
        """Put somebody by name, or a group by distinguished name, into a group."""
        ...

    def leave(self, group: str, member: str) -> None:
        """The reverse."""
        ...

    def spread(self) -> None:
        """All that was done at the first controller arrives at the others."""
        ...


class Follower:
    """Stores what a source tells, as a server does.

    Attributes:
        stored: by id. told: ids in the order in which they were told. read: full reads so far.
    """

    def __init__(self, source: Source, host: str, scope: Scope = EVERYBODY) -> None:
        self.source, self.host, self.scope = source, host, scope
        self.stored: dict[str, Entry] = {}
        self.told: list[str] = []
        self.read = 0
        self.cursor = b""

    async def full(self) -> None:
        """Read everybody."""
        self.read += 1
        self.stored.clear()
        roll = await self.source.roll(self.host, self.scope)
        ids = [id_.hex() for id_ in roll.ids]
        assert ids == sorted(set(ids))
        for at in range(0, len(ids), PAGE):
            page = await self.source.read(self.host, ids[at : at + PAGE], self.scope)
            assert [entry.id for entry in page] == sorted(entry.id for entry in page)
            self.stored.update((entry.id, entry) for entry in page)
        self.cursor = roll.cursor

    async def follow(self) -> list[Changes]:
        """Store what changed, to the end; read everybody where that is due."""
        parts: list[Changes] = []
        while not parts or parts[-1].more:
            parts.append(await self.source.changes(self.host, self.cursor, self.scope))
            self._store(parts[-1])
        if any(part.whole for part in parts):
            await self.full()
        return parts

    def _store(self, part: Changes) -> None:
        ids = [entry.id for entry in part.entries]
        assert ids == sorted(ids)
        assert len(ids) + len(part.gone) <= PAGE
        assert not set(ids) & set(part.gone)
        self.stored.update((entry.id, entry) for entry in part.entries)
        for id_ in part.gone:
            self.stored.pop(id_, None)
        self.told += [*ids, *part.gone]
        self.cursor = part.cursor

    def names(self) -> set[str]:
        """Who is stored."""
        return {entry.name for entry in self.stored.values()}


async def same_as_anew(follower: Follower) -> None:
    """What was followed is what a full read would find."""
    anew = Follower(follower.source, follower.host, follower.scope)
    await anew.full()
    assert follower.stored == anew.stored


def fresh(word: str) -> str:
    """A name that nobody has had."""
    return f"{word}{next(_NUMBERS)}"


def one(stage: Stage, unit: str) -> tuple[str, str]:
    """Somebody new: name and id."""
    name = fresh("pat")
    return name, stage.hire([name], unit)[0]


class Reads:
    """The stories at one controller."""

    def test_an_account_is_read_with_all_that_is_known_of_it(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)

        async def story(source: Source) -> None:
            (entry,) = await source.read(stage.hosts[0], [id_], EVERYBODY)
            assert (entry.id, entry.name, entry.unit) == (id_, name, unit)
            assert (entry.upn, entry.mail) == (f"{name}@corp.example.test", f"{name}@example.test")
            assert (entry.display, entry.phone) == (f"Mx {name}", "+4850012345")
            assert not entry.disabled
            assert not entry.must_change
            assert (entry.locked_at, entry.locked_until, entry.expires_at) == (None, None, None)
            assert entry.password_set_at is not None
            assert entry.password_expires_at == entry.password_set_at + 90 * 86_400_000
            assert entry.groups == ()

        stage.play(story)

    def test_a_lock_is_told_with_its_end_and_a_required_change_without_a_date(
        self, stage: Stage
    ) -> None:
        name, id_ = one(stage, stage.unit(fresh("Desk")))
        stage.write(name, "lock")

        async def story(source: Source) -> None:
            (entry,) = await source.read(stage.hosts[0], [id_], EVERYBODY)
            assert entry.locked_at
            assert entry.locked_until == entry.locked_at + 10 * 60_000
            stage.write(name, "unlock")
            stage.write(name, "must change")
            stage.write(name, "no phone")
            (entry,) = await source.read(stage.hosts[0], [id_], EVERYBODY)
            assert (entry.locked_at, entry.locked_until) == (None, None)
            assert entry.must_change
            assert (entry.password_set_at, entry.password_expires_at) == (None, None)
            assert entry.phone == ""

        stage.play(story)

    def test_what_is_no_account_is_not_read(self, stage: Stage) -> None:
        _name, id_ = one(stage, stage.unit(fresh("Desk")))

        async def story(source: Source) -> None:
            for ids in ([], ["00" * 16], ["zz"], ["*"]):
                assert list(await source.read(stage.hosts[0], ids, EVERYBODY)) == []
            some = await source.read(stage.hosts[0], ["00" * 16, id_, "zz"], EVERYBODY)
            assert [entry.id for entry in some] == [id_]

        stage.play(story)

    def test_a_controller_that_is_none_is_unreachable(self, stage: Stage) -> None:
        async def story(source: Source) -> None:
            roll = await source.roll(stage.hosts[0], EVERYBODY)
            nobody = "dc77.corp.example.test"
            for call in (
                source.roll(nobody, EVERYBODY),
                source.read(nobody, [], EVERYBODY),
                source.changes(nobody, roll.cursor, EVERYBODY),
                source.noticed(nobody),
            ):
                with pytest.raises(Unreachable) as told:
                    await call
                assert told.value.cause == "name"

        stage.play(story)

    @pytest.mark.parametrize(
        "what", ["display", "mail", "no phone", "disable", "lock", "must change", "password"]
    )
    def test_a_change_is_told_with_the_entry_as_it_is_now(self, stage: Stage, what: str) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)
        one(stage, unit)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(units=(unit,)))
            await follower.full()
            before = follower.stored[id_]
            stage.write(name, what)
            await follower.follow()
            assert follower.told == [id_]
            assert follower.read == 1
            assert follower.stored[id_] != before
            await same_as_anew(follower)

        stage.play(story)

    def test_who_comes_and_who_goes_is_told(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        name, gone = one(stage, unit)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(units=(unit,)))
            await follower.full()
            stage.dismiss(name)
            _newcomer, new = one(stage, unit)
            await follower.follow()
            assert follower.stored.keys() == {new}
            assert gone in follower.told
            assert follower.read == 1
            await same_as_anew(follower)

        stage.play(story)

    def test_what_was_told_is_not_told_again_and_nothing_is_told_of_nothing(
        self, stage: Stage
    ) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(units=(unit,)))
            await follower.full()
            stage.write(name, "mail")
            await follower.follow()
            assert follower.told == [id_]
            (part,) = await follower.follow()
            assert (part.entries, part.gone, part.whole) == ((), (), False)
            assert follower.told == [id_]

        stage.play(story)

    def test_what_changes_while_everybody_is_read_is_told_afterwards(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(units=(unit,)))
            roll = await source.roll(follower.host, follower.scope)
            assert roll.ids == (bytes.fromhex(id_),)
            stage.write(name, "mail")
            other, later = one(stage, unit)
            follower.cursor = roll.cursor
            await follower.follow()
            assert follower.stored.keys() == {id_, later}
            assert follower.names() == {name, other}

        stage.play(story)

    def test_a_cursor_goes_on_in_a_new_source(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)
        scope = Scope(units=(unit,))
        cursor = stage.play(lambda source: source.roll(stage.hosts[0], scope)).cursor
        stage.write(name, "mail")
        told = stage.play(lambda source: source.changes(stage.hosts[0], cursor, scope))
        assert [entry.id for entry in told.entries] == [id_]

    def test_many_changes_are_told_in_parts_that_go_on_after_a_crash(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Crowd"))
        scope = Scope(units=(unit,))
        cursor = stage.play(lambda source: source.roll(stage.hosts[0], scope)).cursor
        ids = set(stage.hire([fresh("kit") for _ in range(PAGE + 20)], unit))

        async def begin(source: Source) -> Follower:
            follower = Follower(source, stage.hosts[0], scope)
            follower._store(await source.changes(stage.hosts[0], cursor, scope))
            return follower

        first = stage.play(begin)
        assert 0 < len(first.stored) <= PAGE
        late, later = one(stage, unit)

        async def go_on(source: Source) -> None:
            first.source = source
            await first.follow()
            await first.follow()
            assert first.stored.keys() == ids | {later}
            assert late in first.names()
            await same_as_anew(first)

        stage.play(go_on)

    # --- scope

    def test_an_ou_holds_what_is_below_it_however_it_is_spelled(self, stage: Stage) -> None:
        word = fresh("Sales")
        unit, beside = stage.unit(word), stage.unit(f"{word} Ops")
        inside, _id = one(stage, unit)
        one(stage, beside)
        one(stage, stage.unit(fresh("Elsewhere")))

        async def story(source: Source) -> None:
            for spelled in (unit, unit.lower(), unit.upper()):
                follower = Follower(source, stage.hosts[0], Scope(units=(spelled,)))
                await follower.full()
                assert follower.names() == {inside}
            both = Follower(source, stage.hosts[0], Scope(units=(unit, beside, unit.lower())))
            await both.full()
            assert len(both.stored) == 2
            everywhere = Follower(source, stage.hosts[0])
            await everywhere.full()
            assert both.names() < everywhere.names()

        stage.play(story)

    def test_who_moves_out_of_scope_is_gone_and_who_moves_in_is_there(self, stage: Stage) -> None:
        unit, other = stage.unit(fresh("Desk")), stage.unit(fresh("Attic"))
        out, out_id = one(stage, unit)
        into, in_id = one(stage, other)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(units=(unit,)))
            await follower.full()
            assert follower.stored.keys() == {out_id}
            stage.move(out, other)
            stage.move(into, unit)
            await follower.follow()
            assert follower.stored.keys() == {in_id}
            assert follower.read == 1
            await same_as_anew(follower)

        stage.play(story)

    def test_a_group_holds_its_members_and_those_of_groups_within(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        outer, inner = stage.group(fresh("outer")), stage.group(fresh("inner"))
        direct, nested, neither = (one(stage, unit)[0] for _ in range(3))
        stage.join(outer, direct)
        stage.join(inner, nested)
        stage.join(outer, inner)

        async def story(source: Source) -> None:
            scope = Scope(groups=(outer, inner))
            follower = Follower(source, stage.hosts[0], scope)
            await follower.full()
            groups = {entry.name: entry.groups for entry in follower.stored.values()}
            assert groups == {direct: (outer,), nested: tuple(sorted((outer, inner)))}
            assert neither not in follower.names()

        stage.play(story)

    def test_who_joins_or_leaves_a_group_is_told(self, stage: Stage) -> None:
        unit, group = stage.unit(fresh("Desk")), stage.group(fresh("team"))
        (stays, _), (leaves, left), (joins, joined) = (one(stage, unit) for _ in range(3))
        stage.join(group, stays)
        stage.join(group, leaves)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(groups=(group,)))
            await follower.full()
            assert follower.names() == {stays, leaves}
            stage.leave(group, leaves)
            stage.join(group, joins)
            await follower.follow()
            assert {left, joined} <= set(follower.told)
            assert follower.names() == {stays, joins}
            assert follower.read == 1
            await same_as_anew(follower)

        stage.play(story)

    def test_a_group_that_joins_or_leaves_another_asks_for_a_full_read(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        outer, inner = stage.group(fresh("outer")), stage.group(fresh("inner"))
        name, _id = one(stage, unit)
        stage.join(inner, name)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(groups=(outer,)))
            await follower.full()
            assert follower.names() == set()
            for act, there in ((stage.join, {name}), (stage.leave, set())):
                act(outer, inner)
                parts = await follower.follow()
                assert any(part.whole for part in parts)
                assert follower.names() == there

        stage.play(story)

    def test_ou_and_group_must_both_hold(self, stage: Stage) -> None:
        unit, other = stage.unit(fresh("Desk")), stage.unit(fresh("Attic"))
        group = stage.group(fresh("team"))
        both, only_unit, only_group = one(stage, unit)[0], one(stage, unit)[0], one(stage, other)[0]
        stage.join(group, both)
        stage.join(group, only_group)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope((unit,), (group,)))
            await follower.full()
            assert follower.names() == {both}
            stage.join(group, only_unit)
            await follower.follow()
            assert follower.names() == {both, only_unit}

        stage.play(story)

    def test_a_renamed_ou_asks_for_a_full_read(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        _name, id_ = one(stage, unit)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0])
            await follower.full()
            new = stage.rename_unit(unit, fresh("Table"))
            parts = await follower.follow()
            assert any(part.whole for part in parts)
            assert follower.stored[id_].unit == new

        stage.play(story)

    def test_a_scope_that_is_no_more_is_said_and_nobody_is_gone(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        _name, id_ = one(stage, unit)
        scope = Scope(units=(unit,))

        async def story(source: Source) -> None:
            host = stage.hosts[0]
            roll = await source.roll(host, scope)
            stage.rename_unit(unit, fresh("Table"))
            for call in (
                source.roll(host, scope),
                source.read(host, [id_], scope),
                source.changes(host, roll.cursor, scope),
            ):
                with pytest.raises(ScopeGone) as told:
                    await call
                assert told.value.name == unit
            for other in (Scope(groups=(unit,)), Scope(units=("no name",)), Scope(groups=("",))):
                with pytest.raises(ScopeGone):
                    await source.roll(host, other)

        stage.play(story)

    # --- cursors, notices

    @pytest.mark.parametrize("cursor", [b"", b"x", b"{}", b"[]", b"\xff", b'{"cookie": 1}'])
    def test_what_is_no_cursor_is_lost(self, stage: Stage, cursor: bytes) -> None:
        async def story(source: Source) -> None:
            with pytest.raises(CursorLost):
                await source.changes(stage.hosts[0], cursor, EVERYBODY)

        stage.play(story)

    def test_a_change_is_noticed(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], Scope(units=(unit,)))
            await follower.full()
            await source.noticed(follower.host)  # it listens from now on
            await follower.follow()
            stage.write(name, "mail")
            async with asyncio.timeout(stage.slack_s):
                while id_ not in follower.told:
                    await source.noticed(follower.host)
                    await follower.follow()

        stage.play(story)

    def test_waiting_for_a_notice_can_be_given_up_and_taken_up_again(self, stage: Stage) -> None:
        name, _id = one(stage, stage.unit(fresh("Desk")))

        async def story(source: Source) -> None:
            await source.noticed(stage.hosts[0])
            waiting = asyncio.create_task(source.noticed(stage.hosts[0]))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            stage.write(name, "mail")
            async with asyncio.timeout(stage.slack_s):
                await source.noticed(stage.hosts[0])

        stage.play(story)


class ReadsElsewhere:
    """The stories of several controllers."""

    def test_a_cursor_of_one_controller_goes_on_at_another(self, stage: Stage) -> None:
        unit = stage.unit(fresh("Desk"))
        name, id_ = one(stage, unit)
        stage.spread()
        scope = Scope(units=(unit,))

        async def story(source: Source) -> None:
            follower = Follower(source, stage.hosts[0], scope)
            await follower.full()
            stage.write(name, "mail")
            other, new = one(stage, unit)
            stage.spread()
            follower.host = stage.hosts[1]
            await follower.follow()
            assert {id_, new} <= set(follower.told)
            assert len(follower.told) < 20
            assert follower.read == 1
            assert follower.names() == {name, other}
            stage.write(other, "mail")
            stage.spread()
            await follower.follow()
            await same_as_anew(follower)

        stage.play(story)
