"""Presence as one of the proofs of a case: pressed, read out, wrong, late; and what it permits."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import presence
from keyturn.flows.presence import Given, Locked, NotNow, Wrong
from keyturn.rules.access import Staff
from keyturn.rules.grants import Deed, Missing, Permit, Short
from keyturn.rules.lockout import MINUTE
from keyturn.rules.presence import LIFE_MS, No
from keyturn.rules.presence import Method as How
from keyturn.rules.proofs import Method
from keyturn.steps.proving import Bar
from tests.unit.flows.cameras import Camera, Shelf
from tests.unit.flows.helpdesk import HelpDesk
from tests.unit.flows.house import House, run


class Beside(HelpDesk):
    """As HelpDesk; and Ada has a camera, since more than a day."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.camera: Camera = Shelf(house).paired(self.ada)

    def begins(self, staff: Staff, ref: str, how: How) -> Any:
        """The technician asks."""
        where = (self.ada.id, self.camera.pairing_id)
        return run(presence.start(self.house.parts, staff, *where, how, ref))

    def types(self, staff: Staff, asked: Any, code: str) -> Any:
        """What is read out, typed."""
        return run(presence.read_out(self.house.parts, staff, asked.one.id, code))

    def way(self, staff: Staff, ref: str, method: Method) -> Any:
        """As the case's page has it."""
        return next(one for one in self.look(staff, ref).ways if one.method is method)


@pytest.fixture
def desk(house: House) -> Beside:
    return Beside(house)


@pytest.fixture
def tom(desk: Beside) -> Staff:
    return desk.staff("tom")


def test_a_press_is_a_proof_by_a_bound_factor_that_cannot_be_relayed(
    desk: Beside, tom: Staff
) -> None:
    ref = desk.case(tom)
    assert desk.way(tom, ref, Method.PRESENCE).about == desk.camera.pairing_id
    asked = desk.begins(tom, ref, How.BUTTON)
    assert asked.one.case == ref
    assert [one.about for one in desk.look(tom, ref).running] == [asked.one.id]
    desk.camera.pressed(asked.one.id)
    assert desk.proved(tom, ref) == {"presence"}
    assert desk.look(tom, ref).running == ()
    assert desk.deed(tom, ref) == Short(Deed.LOST_PHONE, (Missing.ANOTHER,))
    desk.reads(tom, ref, Method.TEXT)
    found = desk.deed(tom, ref)
    assert isinstance(found, Permit)
    assert found.bound


def test_a_code_that_is_read_out_is_relayed_as_a_text_is(desk: Beside, tom: Staff) -> None:
    ref = desk.case(tom)
    asked = desk.begins(tom, ref, How.CODE)
    assert desk.types(tom, asked, desk.camera.code()) == Given()
    assert desk.proved(tom, ref) == {"device"}
    desk.reads(tom, ref, Method.TEXT)
    assert desk.deed(tom, ref) == Short(Deed.LOST_PHONE, (Missing.UNRELAYED,))


def test_wrong_codes_count_in_the_case_with_all_that_is_read_aloud(
    desk: Beside, tom: Staff
) -> None:
    ref = desk.case(tom)
    asked = desk.begins(tom, ref, How.CODE)
    for left in (4, 3, 2, 1):
        assert desk.types(tom, asked, "000000") == Wrong(left)
    assert isinstance(desk.types(tom, asked, "000000"), Locked)
    assert desk.proved(tom, ref) == set()
    assert desk.kinds(tom, ref).count("failed") == 5
    for method in (Method.DEVICE, Method.TEXT, Method.MAIL):
        assert desk.way(tom, ref, method).bar is Bar.SPENT
    assert desk.way(tom, ref, Method.PRESENCE).bar is None
    desk.house.clock.move(15 * MINUTE)
    assert desk.begins(tom, ref, How.CODE) == NotNow(No.SPENT, None)


def test_that_nobody_pressed_is_told_in_the_case(desk: Beside, tom: Staff) -> None:
    ref = desk.case(tom)
    asked = desk.begins(tom, ref, How.BUTTON)
    desk.house.clock.move(LIFE_MS)
    run(presence.look(desk.house.parts, tom, asked.one.id))
    (failed,) = (row for row in desk.log(tom, ref) if row.kind == "failed")
    assert failed.facts["outcome"] == "no-answer"


def test_a_device_that_came_after_the_case_proves_nothing_in_it(house: House) -> None:
    desk = HelpDesk(house)
    tom = desk.staff("tom")
    ref = desk.case(tom)
    camera = Shelf(house).paired(desk.ada)
    (way,) = (one for one in desk.look(tom, ref).ways if one.method is Method.PRESENCE)
    assert (way.bar, way.about) == (Bar.NEW, camera.pairing_id)
    where = (desk.ada.id, camera.pairing_id)
    asked: Any = run(presence.start(house.parts, tom, *where, How.BUTTON, ref))
    camera.pressed(asked.one.id)
    assert desk.proved(tom, ref) == set()


def test_who_has_no_device_that_is_a_day_old_has_no_such_way(house: House) -> None:
    desk = HelpDesk(house)
    tom = desk.staff("tom")
    Shelf(house).paired(desk.ada, old=False)
    ref = desk.case(tom)
    for method in (Method.PRESENCE, Method.DEVICE):
        assert next(w for w in desk.look(tom, ref).ways if w.method is method).bar is Bar.NONE


def test_a_press_outside_of_a_case_is_in_none(desk: Beside, tom: Staff) -> None:
    ref = desk.case(tom)
    asked = desk.begins(tom, "", How.BUTTON)
    desk.camera.pressed(asked.one.id)
    assert desk.proved(tom, ref) == set()
    assert asked.one.case == ""
