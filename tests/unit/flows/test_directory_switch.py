"""Whether a directory's passwords sign people in, by command and by staff."""

from __future__ import annotations

import pytest

from keyturn.flows import directory_switch as flow
from keyturn.flows.directory_switch import NotAllowed, NotFound, Switched
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role
from tests.unit.flows.agency import Agency
from tests.unit.flows.house import House, run


def test_a_command_switches_it_and_sees_it(house: House) -> None:
    there, staff = (
        Agency(house).directory,
        Staff(house.browser().caller, None, Role.OWNER, 2, fresh=True),
    )
    assert run(flow.look(house.parts, staff, there.id)) == Switched(there, on=False)
    assert run(flow.switch(house.parts, staff, there.id, on=True)) == Switched(there, on=True)
    assert run(flow.look(house.parts, staff, there.id)) == Switched(there, on=True)


def test_what_is_not_there_is_not_switched(house: House) -> None:
    elsewhere = Agency(house, tenant=house.add_tenant("other")).directory.id
    staff = Staff(house.browser().caller, None, Role.OWNER, 2, fresh=True)
    for wanted in (elsewhere, "nothing"):
        assert run(flow.look(house.parts, staff, wanted)) == NotFound()
        assert run(flow.switch(house.parts, staff, wanted, on=True)) == NotFound()


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_helpers_do_not_switch(house: House, role: Role) -> None:
    there, staff = Agency(house).directory, Staff(house.browser().caller, None, role, 2, fresh=True)
    answer = run(flow.switch(house.parts, staff, there.id, on=True))
    assert answer == NotAllowed(Why.NO_ROLE)
