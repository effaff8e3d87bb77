"""What every store promises of devices and what hangs on them (ports.devices)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.devices import Last, Secret
from keyturn.ports.store import Taken
from keyturn.rules import devices, pairing, presence
from keyturn.rules.devices import Device, Held, Pairing
from keyturn.rules.pairing import Ended, Setup, State
from keyturn.rules.presence import Challenge, Method
from tests.unit.adapters.stores import new_id, read, write


def device_of(tenant_id: str, **other: Any) -> Device:
    plain = Device(new_id(), tenant_id, "Camera C2", new_id(), new_id(), NOW)
    return replace(plain, **other)


def pairing_of(tenant_id: str, **other: Any) -> Pairing:
    return replace(Pairing(new_id(), tenant_id, new_id(), new_id(), "key", NOW), **other)


def setup_of(tenant_id: str, **other: Any) -> Setup:
    plain = Setup(
        id=new_id(), tenant_id=tenant_id, user_id=new_id(), device_id=new_id(), epoch=1,
        owner_ip="203.0.113.7", digits="482913", made_at=NOW, expires_at=NOW + pairing.LIFE_MS,
    )  # fmt: skip
    return replace(plain, **other)


def challenge_of(tenant_id: str, **other: Any) -> Challenge:
    plain = Challenge(
        id=new_id(), tenant_id=tenant_id, user_id=new_id(), pairing_id=new_id(),
        method=Method.BUTTON, subject=new_id(), case="", epoch=1, made_at=NOW,
        expires_at=NOW + presence.LIFE_MS,
    )  # fmt: skip
    return replace(plain, **other)


def paired(store: SqlStore, one: Pairing) -> Pairing:
    write(store, lambda tx: tx.devices.pair(one, Secret("sealed")))
    return one


class TestRegistered:
    def test_found_by_id_label_and_name_in_its_tenant_alone(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        one = device_of(here)
        write(store, lambda tx: tx.devices.add(one))
        for tenant, found in ((here, one), (there, None)):
            assert read(store, lambda tx, t=tenant: tx.devices.get(t, one.id)) == found
            assert write(store, lambda tx, t=tenant: tx.devices.lock(t, one.id)) == found
            assert read(store, lambda tx, t=tenant: tx.devices.labelled(t, one.label)) == found
            named = read(store, lambda tx, t=tenant: tx.devices.named(t, one.model, one.serial))
            assert named == found

    def test_a_label_and_a_serial_number_are_one_device_s(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        one = device_of(here)
        write(store, lambda tx: tx.devices.add(one))
        for other in (device_of(here, label=one.label), device_of(here, serial=one.serial)):
            with pytest.raises(Taken) as error:
                write(store, lambda tx, other=other: tx.devices.add(other))
            assert error.value.what == "device"
        write(store, lambda tx: tx.devices.add(device_of(there, label=one.label)))

    def test_listed_by_id_a_page_at_a_time(self, store: SqlStore, here: str) -> None:
        every = sorted((device_of(here) for _ in range(3)), key=lambda one: one.id)
        for one in every:
            write(store, lambda tx, one=one: tx.devices.add(one))
        assert read(store, lambda tx: tx.devices.listed(here, "", 2)) == every[:2]
        assert read(store, lambda tx: tx.devices.listed(here, every[1].id, 2)) == every[2:]


class TestPairings:
    def test_one_at_a_time_for_each_device(self, store: SqlStore, here: str, there: str) -> None:
        one = paired(store, pairing_of(here))
        other = pairing_of(here, device_id=one.device_id)
        with pytest.raises(Taken) as error:
            paired(store, other)
        assert error.value.what == "pairing"
        ended = devices.over(one, Held.PASSED, NOW + 1)
        write(store, lambda tx: tx.devices.save_pairing(ended))
        paired(store, other)
        ids = [one.device_id, new_id()]
        assert read(store, lambda tx: tx.devices.active(here, ids)) == {one.device_id: other}
        assert read(store, lambda tx: tx.devices.active(there, ids)) == {}
        assert read(store, lambda tx: tx.devices.pairing(here, one.id)) == ended
        assert read(store, lambda tx: tx.devices.pairing(there, one.id)) is None

    def test_all_of_a_user_s_the_newest_first(
        self, store: SqlStore, here: str, there: str
    ) -> None:  # fmt: skip
        user = new_id()
        old = pairing_of(here, user_id=user, state=Held.RELEASED, ended_at=NOW)
        new = pairing_of(here, user_id=user)
        for one in (old, new):
            paired(store, one)
        wanted = sorted((old, new), key=lambda one: one.id, reverse=True)
        assert read(store, lambda tx: tx.devices.of_user(here, user)) == wanted
        assert read(store, lambda tx: tx.devices.of_user(there, user)) == []

    def test_who_has_taken_a_device_from_somebody(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        old = paired(store, pairing_of(here, state=Held.PASSED, ended_at=NOW))
        new = paired(store, pairing_of(here, device_id=old.device_id, former=old.id))
        found = read(store, lambda tx: tx.devices.taken_from(here, old.user_id))
        assert found == [new]
        assert read(store, lambda tx: tx.devices.taken_from(there, old.user_id)) == []
        assert read(store, lambda tx: tx.devices.taken_from(here, new.user_id)) == []

    def test_a_number_is_heard_once_and_only_upwards(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        one = paired(store, pairing_of(here))

        def rise(tenant: str, number: int) -> object:
            return write(store, lambda tx: tx.devices.rise(tenant, one.id, number, "ip", NOW + 1))

        assert read(store, lambda tx: tx.devices.last(here, one.id)) == Last(None, "")
        assert not rise(here, 0)
        assert [rise(here, 7), rise(here, 7), rise(here, 6), rise(there, 9)] == [
            True, False, False, False,
        ]  # fmt: skip
        assert read(store, lambda tx: tx.devices.last(here, one.id)) == Last(NOW + 1, "ip")
        assert read(store, lambda tx: tx.devices.last(there, one.id)) == Last(None, "")

    def test_its_secret(self, store: SqlStore, here: str, there: str) -> None:
        one = paired(store, pairing_of(here))
        assert write(store, lambda tx: tx.devices.secret(here, one.id)) == Secret("sealed")
        kept = Secret("sealed", used=7, told=True)
        write(store, lambda tx: tx.devices.keep(here, one.id, kept))
        assert read(store, lambda tx: tx.devices.secret(here, one.id)) == kept
        assert read(store, lambda tx: tx.devices.secret(there, one.id)) is None


class TestSetups:
    def test_they_come_back_as_they_were_stored(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        one = setup_of(here)
        write(store, lambda tx: tx.devices.add_setup(one))
        after = replace(
            one, state=State.OVER, key="k", device_ip="::1", pressed_at=NOW, long=True, typed=True,
            wrong=2, pairing_id=new_id(), ended=Ended.DIGITS, ended_at=NOW,
        )  # fmt: skip
        assert read(store, lambda tx: tx.devices.setup(here, one.id)) == one
        write(store, lambda tx: tx.devices.save_setup(after))
        assert read(store, lambda tx: tx.devices.setup(here, one.id)) == after
        assert read(store, lambda tx: tx.devices.setup(there, one.id)) is None

    def test_those_of_a_device_are_open_and_those_of_a_user_all(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        first = setup_of(here)
        over = replace(first, id=new_id(), state=State.OVER)
        met = replace(first, id=new_id(), state=State.MET)
        every = sorted((first, over, met), key=lambda one: one.id)
        for one in every:
            write(store, lambda tx, one=one: tx.devices.add_setup(one))
        found = read(store, lambda tx: tx.devices.setups(here, first.device_id))
        assert found == [one for one in every if one is not over]
        assert read(store, lambda tx: tx.devices.setups(there, first.device_id)) == []
        theirs = read(store, lambda tx: tx.devices.setups_of(here, first.user_id, 2))
        assert theirs == every[:0:-1]
        assert read(store, lambda tx: tx.devices.setups_of(there, first.user_id, 2)) == []


class TestPresence:
    def test_they_come_back_as_they_were_stored(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        one = challenge_of(here, case="KT-7F3K-2M")
        write(store, lambda tx: tx.devices.add_challenge(one))
        after = replace(one, state=presence.State.OVER, answered_at=NOW, ended=presence.Ended.NEWER)
        assert read(store, lambda tx: tx.devices.challenge(here, one.id)) == one
        write(store, lambda tx: tx.devices.save_challenge(after))
        assert read(store, lambda tx: tx.devices.challenge(here, one.id)) == after
        assert read(store, lambda tx: tx.devices.challenge(there, one.id)) is None
        theirs = read(store, lambda tx: tx.devices.challenges_of(here, one.user_id, 9))
        assert theirs == [after]
        assert read(store, lambda tx: tx.devices.challenges_of(there, one.user_id, 9)) == []

    def test_what_waits_for_a_device(self, store: SqlStore, here: str, there: str) -> None:
        one = challenge_of(here)
        given = replace(one, id=new_id(), state=presence.State.GIVEN)
        read_aloud = challenge_of(here, method=Method.CODE)
        for each in (one, given, read_aloud):
            write(store, lambda tx, each=each: tx.devices.add_challenge(each))
        for late, found in ((-1, [one]), (0, [])):
            at = one.expires_at + late
            waits = read(store, lambda tx, at=at: tx.devices.waiting(here, one.pairing_id, at))
            assert waits == found
            asked = read(store, lambda tx, at=at: tx.devices.asked(at))
            assert (one.pairing_id in asked) is bool(found)
            assert read_aloud.pairing_id not in asked
        assert read(store, lambda tx: tx.devices.waiting(there, one.pairing_id, NOW)) == []
