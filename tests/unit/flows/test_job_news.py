"""What a phone hears of a change in a directory, and what it does not."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from keyturn.adapters.memory_push import MemoryBrowser, MemoryPushService
from keyturn.flows import resets, resetting
from keyturn.flows.resetting import JobView
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import CHOOSE_MS, DEADLINE_MS, TRY_MS
from keyturn.rules.lockout import MINUTE
from tests.unit.flows.domain import Domain
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import Pocket, deliver


@dataclass
class Scene:
    """Ada's account and phone, whose pushes arrive."""

    domain: Domain
    service: MemoryPushService
    phone: MemoryBrowser

    def heard(self) -> list[dict[str, str]]:
        """What has come to the phone."""
        deliver(self.domain.house, self.service)
        return [json.loads(push.payload) for push in self.phone.received]

    def starts(self) -> JobView:
        """A technician starts a reset."""
        house = self.domain.house
        tom = house.user("tom@northwind.test", role=Role.TECHNICIAN)
        staff = Staff(house.browser().caller, tom, Role.TECHNICIAN, 2, fresh=True)
        found = run(
            resetting.start_for(house.parts, staff, self.domain.ada.id, self.domain.directory.id)
        )
        assert isinstance(found, JobView), found
        return found


@pytest.fixture
def scene(house: House) -> Scene:
    domain, service = Domain(house), MemoryPushService(house.clock)
    return Scene(domain, service, Pocket(house, domain.ada).subscribes(service))


def test_a_technicians_start_is_pushed_with_the_jobs_id_alone(scene: Scene) -> None:
    job = scene.starts()
    assert scene.heard() == [{"kind": "choose", "id": job.id}]
    (push,) = scene.phone.received
    assert push.ttl_s == CHOOSE_MS // 1000


def test_ones_own_start_is_not(scene: Scene) -> None:
    scene.domain.choosing()
    assert scene.heard() == []


def test_what_was_chosen_before_the_push_went_is_not_pushed(scene: Scene) -> None:
    scene.domain.submit(scene.starts().id)
    assert scene.heard() == []
    (message,) = scene.domain.house.write(
        lambda tx: tx.messages.recent(scene.domain.tenant.id, "push", None, 9)
    )
    assert message.detail == "chosen or over before it went"


def test_everywhere_at_last_is_pushed_and_at_once_is_not(scene: Scene) -> None:
    domain, quick = scene.domain, scene.domain.done()
    domain.sees(domain.dc1, quick.id, "dc2", ProofState.PROVED)
    assert scene.heard() == []
    slow = domain.done()
    domain.passes(MINUTE, domain.dc1, domain.dc2)
    domain.sees(domain.dc1, slow.id, "dc2", ProofState.PROVED)
    assert scene.heard() == [{"kind": "everywhere", "id": slow.id}]


def test_not_everywhere_within_the_hour_is_pushed_once_and_everywhere_later(scene: Scene) -> None:
    domain, job = scene.domain, scene.domain.done()
    domain.passes(TRY_MS, domain.dc1, domain.dc2)
    domain.passes(TRY_MS, domain.dc1, domain.dc2)
    assert scene.heard() == [{"kind": "late", "id": job.id}]
    domain.sees(domain.dc1, job.id, "dc2", ProofState.ARRIVED)
    assert scene.heard()[1:] == [{"kind": "everywhere", "id": job.id}]


def test_what_was_not_done_is_pushed(scene: Scene) -> None:
    domain, job = scene.domain, scene.domain.handed_in()
    domain.permit(domain.dc1, job.id)
    domain.report(domain.dc1, job.id, "not_done", reason="too_short")
    other = domain.handed_in()
    domain.permit(domain.dc1, other.id)
    domain.report(domain.dc1, other.id, "changed")
    third = domain.handed_in()
    domain.passes(DEADLINE_MS, domain.dc1)
    refused = [{"kind": "refused", "id": one.id} for one in (job, other, third)]
    assert scene.heard() == refused


def test_what_the_person_has_brought_about_or_an_unlock_is_not(scene: Scene) -> None:
    domain = scene.domain
    job = domain.choosing().job
    run(resets.cancel(*domain.me, job.id))
    domain.choosing()
    domain.passes(CHOOSE_MS, domain.dc1, domain.dc2)
    domain.signed = domain.house.signed(domain.browser, domain.ada)
    unlock = domain.unlocked()
    domain.permit(domain.dc1, unlock.id)
    domain.report(domain.dc1, unlock.id, "not_done", reason="no_right")
    assert scene.heard() == []


def test_who_has_no_phone_is_told_by_mail_alone(house: House) -> None:
    domain = Domain(house)
    scene = Scene(domain, MemoryPushService(house.clock), None)  # type: ignore[arg-type]
    scene.starts()
    assert house.write(lambda tx: tx.messages.recent(domain.tenant.id, "push", None, 9)) == []
    assert house.last("directory_started").values["account"] == "ada"
