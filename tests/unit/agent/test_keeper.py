"""The keeper: runs, approval, the lease, takeover, and when it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.agent import identity
from keyturn.agent import keys as keyring
from keyturn.agent import who as known
from keyturn.agent.keeper import APPROVAL_MS, BEAT_MS, GiveUp, Keeper, Sight, Tools
from keyturn.agent.memory import MemoryLink
from keyturn.agent.ports import LinkDown
from keyturn.agent.state import State
from keyturn.rules.directories.things import AgentRole, Epoch
from keyturn.wire import certificates, seals
from keyturn.wire.certificates import LIFE_MS
from keyturn.wire.messages import (
    Answer,
    Beat,
    Beaten,
    Begin,
    Begun,
    Denied,
    Found,
    Holder,
    Release,
    Renew,
    Request,
    Taken,
)
from keyturn.wire.session import Held
from tests.unit.agent.linked import LIFE, Time, folder, who

IDENTITY = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
PUBLIC = identity.public(IDENTITY)
EPOCH = Epoch(1, 3)
HELD = Beaten(EPOCH, 45_000, None, work=False)
BY_OTHER = Beaten(None, 0, Holder("dc2", "dc2 (192.0.2.11)", 9_000, 7_000), work=False)
T = TypeVar("T")


class Bell:
    """Beats go straight to the link; rings are counted."""

    def __init__(self, link: MemoryLink) -> None:
        self.link, self.rung = link, asyncio.Event()

    async def beat(self, beat: Beat) -> Beaten:
        return await self.link.call(beat, Beaten)


class Case:
    """A keeper, the clock under it, and the server's script."""

    def __init__(
        self, tmp_path: Path, answer: Callable[[Request], Answer],
        role: AgentRole = AgentRole.CANDIDATE, state: State | None = None,
    ) -> None:  # fmt: skip
        self.state = state or folder(tmp_path)
        self.keys = keyring.load_or_make(self.state)
        self.time, self.wall = Time(), Time(10**12)
        self.link = MemoryLink(answer)
        self.bell = Bell(self.link)
        self.sights: list[Sight] = []
        tools = Tools(self.link, self.bell, self.state, self.keys, self.time, self.wall, self.time)
        me = known.load(self.state) or who(self.state, role)
        self.keeper = Keeper(tools, me, LIFE, lambda: "", self.sights.append)

    def said(self, kind: type[T]) -> list[T]:
        return [message for message in self.link.said if isinstance(message, kind)]


def left(keys: keyring.Keys, *, candidate: bool = True) -> Begun:
    """What an approval leaves for the agent."""
    certificate = identity.certified(IDENTITY, keys.sealing_public, "directory", "agent", 1, 10**12)
    bequest = seals.bequeath(
        keys.sealing_public, "directory", "agent", IDENTITY.private_bytes_raw()
    )
    return Begun(
        approved=True, certificate=certificate, bequest=bequest if candidate else None,
        identity=PUBLIC,
    )  # fmt: skip


def script(*answers: Answer | Exception) -> Callable[[Request], Answer]:
    """Answers in order; the last one again and again."""
    waiting = list(answers)

    def answer(_message: Request) -> Answer:
        said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(said, Exception):
            raise said
        return said

    return answer


# --- beginning


def test_the_first_agent_makes_the_identity_and_has_it_on_disk_before_it_says_so(
    tmp_path: Path,
) -> None:
    def answer(message: Request) -> Answer:
        if isinstance(message, Found):
            key = keyring.identity(case.state)
            assert key is not None
            assert identity.public(key) == message.identity
            return Begun(
                approved=True, certificate=message.certificate, bequest=None,
                identity=message.identity,
            )  # fmt: skip
        return Begun(approved=False, certificate=None, bequest=None, identity=None)

    case = Case(tmp_path, answer)
    me = asyncio.run(case.keeper.begin())
    assert me.identity == case.said(Found)[0].identity
    assert known.load(case.state) == me


def test_of_two_first_agents_the_second_throws_its_key_away_and_waits(tmp_path: Path) -> None:
    waiting = Begun(approved=False, certificate=None, bequest=None, identity=PUBLIC)
    nobody = Begun(approved=False, certificate=None, bequest=None, identity=None)
    answers: list[Answer] = [nobody, waiting, waiting, waiting]
    case = Case(tmp_path, lambda _: answers.pop(0) if answers else left(case.keys))
    asyncio.run(case.keeper.begin())
    assert len(case.said(Found)) == 1
    key = keyring.identity(case.state)
    assert key is not None
    assert identity.public(key) == PUBLIC  # the one that it inherited, not its own
    assert Sight("waiting") in case.sights
    assert case.time.paused == [APPROVAL_MS] * 3


def test_whoever_has_the_key_from_the_safe_needs_nobodys_approval(tmp_path: Path) -> None:
    waiting = Begun(approved=False, certificate=None, bequest=None, identity=PUBLIC)
    case = Case(tmp_path, lambda m: left(case.keys) if isinstance(m, Found) else waiting)
    keyring.keep_identity(case.state, IDENTITY)
    asyncio.run(case.keeper.begin())
    assert case.said(Found)[0].identity == PUBLIC


def test_a_listener_gets_a_certificate_and_no_key(tmp_path: Path) -> None:
    case = Case(tmp_path, lambda _: left(case.keys, candidate=False), role=AgentRole.LISTENER)
    asyncio.run(case.keeper.begin())
    assert keyring.identity(case.state) is None
    assert identity.certificate_end(case.state) == 10**12 + LIFE_MS


def test_another_identity_than_the_pinned_one_is_not_believed(tmp_path: Path) -> None:
    case = Case(tmp_path, lambda _: left(case.keys))
    me = known.load(case.state)
    assert me is not None
    me.pinned(case.state, b"x" * 32)
    case = Case(tmp_path, lambda _: left(case.keys), state=case.state)
    with pytest.raises(GiveUp) as caught:
        asyncio.run(case.keeper.begin())
    assert caught.value.why == "identity"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"certificate": b"x"}, "certificate"),
        ({"certificate": None}, "certificate"),
        ({"identity": identity.public(Ed25519PrivateKey.generate())}, "certificate"),
        ({"identity": None}, "identity"),
        ({"bequest": None}, "bequest"),
        ({"bequest": b"x" * 80}, "bequest"),
    ],
)
def test_an_approval_that_does_not_hold_is_not_taken(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    case = Case(tmp_path, lambda _: replace(left(case.keys), **changed))
    with pytest.raises(GiveUp) as caught:
        asyncio.run(case.keeper.begin())
    assert caught.value.why == why


def test_a_bequest_of_another_key_is_not_taken(tmp_path: Path) -> None:
    def answer(_message: Request) -> Answer:
        other = seals.bequeath(case.keys.sealing_public, "directory", "agent", b"o" * 32)
        return replace(left(case.keys), bequest=other)

    case = Case(tmp_path, answer)
    with pytest.raises(GiveUp) as caught:
        asyncio.run(case.keeper.begin())
    assert caught.value.why == "bequest"
    assert keyring.identity(case.state) is None


def test_a_forerunner_in_the_same_boot_is_named_and_in_another_is_not(tmp_path: Path) -> None:
    case = Case(tmp_path, lambda _: left(case.keys))
    known.keep_run(case.state, "run-0", "boot-1")
    asyncio.run(case.keeper.begin())
    assert case.said(Begin)[0].replaces == "run-0"
    known.keep_run(case.state, "run-0", "boot-0")
    case = Case(tmp_path, lambda _: left(case.keys), state=case.state)
    asyncio.run(case.keeper.begin())
    assert case.said(Begin)[0].replaces == ""


HOLDER = Holder("dc1", "dc1 (192.0.2.10)", 60_000, 30_000)


def test_a_second_process_waits_once_for_the_first_to_be_over_then_gives_up(
    tmp_path: Path,
) -> None:
    case = Case(tmp_path, script(Denied("run", HOLDER)))
    with pytest.raises(GiveUp) as caught:
        asyncio.run(case.keeper.begin())
    assert (caught.value.why, caught.value.holder) == ("run", HOLDER)
    assert case.time.paused == [30_100]
    assert len(case.said(Begin)) == 2


def test_what_was_our_own_dead_forerunner_lets_us_in_after_that_wait(tmp_path: Path) -> None:
    answers: list[Answer] = [Denied("run", HOLDER)]
    case = Case(tmp_path, lambda _: answers.pop() if answers else left(case.keys))
    asyncio.run(case.keeper.begin())
    assert known.last_run(case.state, "boot-1") == "run-1"


@pytest.mark.parametrize("why", ["revoked", "cloned", "protocol", "token", "something new"])
def test_a_refusal_that_does_not_pass_ends_it(tmp_path: Path, why: str) -> None:
    case = Case(tmp_path, script(Denied(why, None)))
    with pytest.raises(GiveUp) as caught:
        asyncio.run(case.keeper.begin())
    assert caught.value.why == why
    assert case.time.paused == []


def test_a_server_that_is_away_is_asked_again_with_growing_pauses(tmp_path: Path) -> None:
    answers: list[Exception] = [LinkDown("refused") for _ in range(7)]

    def answer(_message: Request) -> Answer:
        if answers:
            raise answers.pop()
        return left(case.keys)

    case = Case(tmp_path, answer)
    asyncio.run(case.keeper.begin())
    assert case.time.paused == [1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]


# --- beating


def beaten(case: Case) -> int:
    return asyncio.run(case.keeper.beat())


def test_a_lease_counts_from_sending_however_slow_the_answer(tmp_path: Path) -> None:
    def slow(_message: Request) -> Answer:
        case.time.at += 40_000
        return HELD

    case = Case(tmp_path, slow)
    sent_at = case.time.at
    assert beaten(case) == BEAT_MS
    assert case.keeper.held == Held(EPOCH, sent_at + 45_000)
    case.time.at = sent_at + 45_000
    assert case.keeper.held is None


def test_while_the_server_is_away_the_lease_is_kept_to_its_end_and_no_longer(
    tmp_path: Path,
) -> None:
    case = Case(tmp_path, script(HELD, LinkDown("refused")))
    beaten(case)
    end = case.time.at + 45_000
    while case.time.at < end:
        assert case.keeper.held == Held(EPOCH, end)
        case.time.at += beaten(case)
    assert case.keeper.held is None
    beaten(case)
    assert (case.sights[-1].phase, case.sights[-1].link) == ("standby", "refused")


def test_whoever_stands_by_asks_again_the_moment_the_lease_ends(tmp_path: Path) -> None:
    case = Case(tmp_path, script(BY_OTHER))
    assert beaten(case) == 7_100
    assert case.sights[-1] == Sight("standby", holder=BY_OTHER.holder)


def test_a_listener_beats_without_wanting_the_lease(tmp_path: Path) -> None:
    case = Case(tmp_path, script(BY_OTHER), role=AgentRole.LISTENER)
    assert beaten(case) == BEAT_MS
    assert not case.said(Beat)[0].wants_lease
    assert case.sights[-1].phase == "listener"


def test_an_older_epoch_is_no_lease_even_after_a_restart(tmp_path: Path) -> None:
    case = Case(tmp_path, script(HELD))
    beaten(case)
    old = Beaten(Epoch(1, 2), 45_000, None, work=False)
    again = Case(tmp_path, script(old), state=case.state)
    beaten(again)
    assert again.keeper.held is None
    assert known.known_epoch(case.state) == EPOCH


@pytest.mark.parametrize("why", ["revoked", "cloned", "run"])
def test_whoever_is_not_wanted_any_more_holds_nothing_from_that_moment(
    tmp_path: Path, why: str
) -> None:
    case = Case(tmp_path, script(HELD, Denied(why, HOLDER)))
    beaten(case)
    assert case.keeper.held is not None
    with pytest.raises(GiveUp):
        beaten(case)
    assert case.keeper.held is None


@pytest.mark.parametrize("why", ["sequence", "signature", "later", "message"])
def test_a_refusal_that_passes_costs_a_pause_and_no_lease(tmp_path: Path, why: str) -> None:
    case = Case(tmp_path, script(HELD, Denied(why, None), HELD))
    beaten(case)
    assert beaten(case) == 0
    assert case.time.paused == [1_000]
    assert case.keeper.held is not None


def test_one_that_must_wait_for_approval_begins_anew(tmp_path: Path) -> None:
    answers: list[Answer] = [Denied("waiting", None)]
    case = Case(tmp_path, lambda _: answers.pop() if answers else left(case.keys))
    assert beaten(case) == 0
    assert case.said(Begin)


def test_work_that_a_beat_tells_of_rings_the_bell(tmp_path: Path) -> None:
    case = Case(tmp_path, script(Beaten(None, 0, None, work=True)))
    beaten(case)
    assert case.bell.rung.is_set()


def test_a_certificate_is_renewed_at_two_thirds_of_its_life(tmp_path: Path) -> None:
    def answer(message: Request) -> Answer:
        return (
            left(case.keys) if isinstance(message, Begin)
            else Taken() if isinstance(message, Renew) else HELD
        )  # fmt: skip

    case = Case(tmp_path, answer)
    asyncio.run(case.keeper.begin())
    case.wall.at = 10**12 + 60 * 86_400_000 - 1
    beaten(case)
    assert case.said(Renew) == []
    case.wall.at += 1
    beaten(case)
    (renewed,) = case.said(Renew)
    said = certificates.verify(
        PUBLIC, renewed.certificate, "directory", "agent", case.keys.sealing_public, case.wall.at
    )
    assert (said.serial, said.not_after) == (2, case.wall.at + LIFE_MS)
    beaten(case)
    assert len(case.said(Renew)) == 1


def test_the_end_is_told_once_and_heard_or_not(tmp_path: Path) -> None:
    case = Case(tmp_path, script(HELD, LinkDown("refused")))
    beaten(case)
    asyncio.run(case.keeper.release())
    assert case.said(Release) == [Release("run-1")]
    assert case.keeper.held is None
