"""What keeps somebody from activating, each by its own name, in a real Chromium: what a link is
worth, and whose the number is; the person's page and, of numbers, the page that staff see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import expect

from keyturn.flows import staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.activation import LIFE_MS
from keyturn.rules.lockout import MINUTE
from tests.lab.guests import Guest, done, number_on
from tests.lab.looking import Eye, Person
from tests.lab.served import PASSWORD, Served

LANDLINE = "020 7946 0100"


def heading(person: Person, words: str) -> None:
    """Wait until the page's sentence holds these words."""
    expect(person.page.locator("h1")).to_contain_text(words)


# -- the link


def test_each_end_of_a_link_is_told_as_itself(eye: Eye, served: Served) -> None:
    used, replaced, withdrawn, expired = (Guest(served) for _ in range(4))
    person = eye.person()
    used.opens(person)
    code_id = used.scans(person)
    used.says(code_id, number_on(person))
    heading(person, "is yours here now")
    host = staff.on_the_host(withdrawn.caller)
    done(staff.disable(served.house.parts, host, withdrawn.user.id))
    first = replaced.link
    served.clock.move(2 * MINUTE)  # a link that was just sent is not sent again
    replaced.invited(1)
    served.clock.move(LIFE_MS)
    told = {
        used.link: "Your phone was added with this link at",
        first: "A newer link was mailed at",
        withdrawn.link: "This link was withdrawn at",
        expired.link: "This link ended at",
        f"{served.origin}/activate/{'x' * 43}": "This link belongs to nobody here",
    }
    for link, words in told.items():
        heading(person.go(link), words)
    person.go(expired.link).press("Mail me a new link")
    heading(person, "A newer link was mailed at")
    person.leave()


# -- the number


def test_a_landline_is_named_before_anything_is_sent(eye: Eye, served: Served) -> None:
    person, before = eye.person(), len(served.peers.gateway.texts)
    person.go(Guest(served).link).press("Go on")
    person.type(number=LANDLINE).press("Send the text")
    heading(person, "looks like a landline, which cannot take a text")
    assert person.reads("Nothing has been sent.")
    assert len(served.peers.gateway.texts) == before
    person.leave()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the number, and what staff read of it. `same`: they have the guest's address."""

    name: str
    number: str
    fields: dict[str, Any]
    staff: str
    same: bool = False


HOLDERS = (
    Holder("active", "+447400123461", {}, "not staff’s to give away"),
    Holder("disabled", "+447400123462", {"state": UserState.DISABLED}, "Release the number"),
    Holder(
        "stale", "+447400123463", {"state": UserState.DISABLED}, "stale registration", same=True
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(served: Served, seeing: Eye) -> Person:
    """A manager, in the console."""
    user = served.user("Mona Marsh", "mona@northwind.test", role=Role.MANAGER)
    secret = served.authenticator(user)
    person = seeing.person().sign_in(user.email or "", PASSWORD)
    person.type(code=served.shown(secret)).press("Go on")
    return person


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.name)
def test_a_number_in_use_tells_the_person_nothing_and_staff_whose_it_is(
    eye: Eye, served: Served, desk: Person, holder: Holder
) -> None:
    guest, person = Guest(served), eye.person()
    other: User = served.user(
        "Harriet Holder", f"{holder.name}@people.test", names=[holder.number],
        phone=holder.number, phone_verified_at=1, **holder.fields,
    )  # fmt: skip
    if holder.same:
        stale = replace(other, email=guest.user.email)
        served.write(lambda tx: tx.users.save(stale))
    person.go(guest.link).press("Go on")
    person.type(number=holder.number).press("Send the text")
    heading(person, "This number cannot be used here.")
    assert not person.reads("Harriet")
    assert person.seek("Go on without a number").count() == 1
    desk.go(f"/console/users/{guest.user.id}")
    assert desk.reads("A phone number that could not be used")
    assert desk.reads("Harriet Holder")
    assert desk.reads(holder.staff)
    person.leave()
