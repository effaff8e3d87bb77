"""Every operation of the API across the wall between tenants: tokens and ids of one are worth
what nobody's are in another.

The operations are those of the OpenAPI document: one that is added tomorrow is tried tomorrow,
and what its address names has to be in `OWN`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from keyturn.adapters.sql.schema import complete
from keyturn.ports.devices import Secret
from keyturn.rules.accounts import Role, Tenant, User
from keyturn.rules.api_keys import Scope
from keyturn.rules.devices import Device, Pairing
from tests.figures import Figure
from tests.unit.flows.house import PASSWORD, House
from tests.unit.flows.pockets import Pocket
from tests.unit.flows.programs import make_key
from tests.unit.web.api.calling import JSON, Answer, App, operations, resolved
from tests.unit.web.api.test_bad_input import fitting
from tests.unit.web.api.test_directory_signin import switched
from tests.unit.web.browsing import open_web

DRAWN = re.compile(r"[\w-]{43}|\b[0-9a-z]{26}\b|KT-[0-9A-Z]{4}-[0-9A-Z]{2}")
NAME = "operations of the API by tenant"


def signed_in(app: App, tenant: Tenant, email: str) -> App:
    """The same program in a tenant, somebody signed in there, with a second step."""
    inside = App(app.web, base=f"/t/{tenant.slug}", ip=app.ip)
    user = app.web.house.user(email, tenant=tenant)
    secret = app.web.house.totp(user)
    inside.call("POST", "/signin", identifier=email, password=PASSWORD)
    inside.call("POST", "/signin/second", code=app.web.house.code_of(secret))
    assert inside.session is not None
    return inside


def tool(house: House, tenant: Tenant) -> tuple[str, str]:
    """A help desk's own tool: its key, and who is before it."""
    made = make_key(house, tenant, "Desk", Scope.CASES)
    tom = house.user(f"tom@{tenant.slug}.test", tenant=tenant, role=Role.TECHNICIAN)
    return made.key, tom.email


def paired(house: House, user: User) -> str:
    """A device of somebody's; its id."""
    now, make = house.clock.now(), house.random
    device = Device(make.id(now), user.tenant_id, "Camera C2", make.id(now), make.token(), now)
    one = Pairing(make.id(now), user.tenant_id, user.id, device.id, make.token(), now)
    house.write(lambda tx: tx.devices.add(device))
    house.write(lambda tx: tx.devices.pair(one, Secret("sealed")))
    return one.id


class Neighbours:
    """Ben, signed in at one tenant, and whatever Ada has at the other.

    Attributes:
        own: by the name that a path has for it, an id of Ada's.
    """

    def __init__(self, house: House) -> None:
        self.house, web = house, open_web(house)
        app, fabrikam = App(web), house.add_tenant("fabrikam")
        self.ada = signed_in(app, house.tenant, "ada@northwind.test")
        self.ben = signed_in(app, fabrikam, "ben@fabrikam.test")
        self.own = self._own(house)
        self.ben.key = make_key(house, fabrikam).key
        self.ben.desk, self.ben.technician = tool(house, fabrikam)

    def _own(self, house: House) -> Mapping[str, str]:
        user = house.write(lambda tx: tx.users.named(house.tenant.id, "ada@northwind.test"))
        assert user is not None
        corp = switched(house)
        corp.link(user, "ada")
        at = f"/directory/accounts/{corp.directory.id}"
        account = self.ada.call("GET", "/account").data
        begun = self.ada.call("POST", f"/signin/directories/{corp.directory.id}")
        self.ada.key = make_key(house).key
        self.ada.desk, self.ada.technician = tool(house, house.tenant)
        case = self.ada.call("POST", "/cases", user=user.email, contact="", note="",
                             idempotency_key="r1")  # fmt: skip
        Pocket(house, user)
        asked = self.ada.call("POST", "/verifications", user=user.email, ticket="INC-1",
                              asker="Tom", idempotency_key="r1")  # fmt: skip
        look = self.ada.call("POST", f"{at}/look").data["pending"]["look"]
        return {
            "directory_id": corp.directory.id,
            "look_id": look,
            "job_id": self.ada.call("POST", f"{at}/unlock").data["job"]["id"],
            "attempt": begun.data["sealing"]["job"],
            "verification": asked.data["verification"]["id"],
            "ref": case.data["case"]["ref"],
            "device": paired(house, user),
            "passkey_id": house.passkey(user).id,
            "handle": account["sessions"][0]["handle"],
            "client_id": account["clients"][0]["id"],
        }

    def rows(self) -> dict[str, list[Any]]:
        """Everything of the tenant that is Ada's."""

        def step(tx: Any) -> dict[str, list[Any]]:
            tables = [(n, t) for n, t in complete().tables.items() if "tenant_id" in t.c]
            return {
                name: [tuple(row) for row in tx.connection.execute(
                    select(table).where(table.c.tenant_id == self.house.tenant.id)
                )] for name, table in tables
            }  # fmt: skip

        return self.house.write(step)


@pytest.fixture(scope="module")
def both() -> Iterator[Neighbours]:
    house = House()
    yield Neighbours(house)
    house.close()


def said(app: App, method: str, path: str, operation: Mapping[str, Any]) -> Answer:
    """What an operation answers to a body that is well formed."""
    if "requestBody" not in operation:
        return app.raw(method, path, b"", [])
    schema = resolved(operation["requestBody"]["content"][JSON[1]]["schema"])
    return app.raw(method, path, json.dumps(fitting(schema)).encode(), [JSON])


def alike(answer: Answer) -> tuple[int, str]:
    """Status and body, without what is drawn for each: ids, tokens, challenges."""
    return answer.status, DRAWN.sub("DRAWN", answer.page.body.decode())


def test_every_id_that_a_path_names_is_tried(both: Neighbours) -> None:
    named = {name for _, path, _ in operations() for name in re.findall(r"\{(\w+)\}", path)}
    assert named == set(both.own)


def test_what_is_ada_s_is_to_ben_as_if_it_were_not_there(both: Neighbours, figure: Figure) -> None:
    fresh = both.house.random.id(both.house.clock.now())
    before = both.rows()
    for method, path, operation in operations():
        if "{" not in path:
            continue
        theirs, absent = (
            said(both.ben, method, path.format(**ids), operation)
            for ids in (both.own, dict.fromkeys(both.own, fresh))
        )
        figure(NAME, 2)
        assert alike(theirs) == alike(absent), path
        assert theirs.status in {401, 404, 409}, (path, theirs.status)
        assert both.rows() == before, path


def test_ada_s_tokens_are_nobody_s_at_another_tenant(both: Neighbours, figure: Figure) -> None:
    before, draw = both.rows(), both.house.random.token
    moved = App(both.ada.web, base=both.ben.base, ip=both.ada.ip, session=both.ada.session,
                client=both.ada.client, browser=both.ada.browser, key=both.ada.key,
                desk=both.ada.desk, technician=both.ada.technician)  # fmt: skip
    nobody = App(both.ada.web, base=both.ben.base, ip=both.ada.ip, session=draw(),
                 client=f"{'0' * 26}.{draw()}", browser=draw(), key=f"ktk_{draw()}",
                 desk=f"ktc_{draw()}", technician=both.ada.technician)  # fmt: skip
    for method, path, operation in operations():
        at = path.format(**both.own)
        answers = [alike(said(app, method, at, operation)) for app in (moved, nobody)]
        figure(NAME, 2)
        assert answers[0] == answers[1], path
        if operation.get("security") in ([{"session": []}], [{"key": []}], [{"desk": []}]):
            assert answers[0][0] == 401, path
    assert both.rows() == before
