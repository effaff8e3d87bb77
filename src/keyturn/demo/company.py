"""Northwind Cameras: who is in the demo, and how they stand."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from keyturn.rules.accounts import Contact, Tenant, TenantPolicy

SLUG, DOMAIN, SENDER = "northwind", "northwind.test", "account@northwind.test"
SUPPORT = (
    Contact("Phone", "+44 20 7946 0100", "Mon to Fri 8:00–20:00, Sat 9:00–16:00"),
    Contact("Mail", "help@northwind.test", "answered within a day"),
    Contact("Shop", "12 Lens Yard, London", "Mon to Sat 10:00–18:00"),
)


#: a camera that nobody has yet: model, serial, and the code on its label
CAMERA = ("Camera C2", "C2-0001", "NRTH-WND2-CAME-RAC2")


def tenant(tenant_id: str, created_at: int) -> Tenant:
    """The company as a tenant."""
    return Tenant(
        id=tenant_id, slug=SLUG, name="Northwind Cameras", host=None, sender=SENDER,
        accent="#1f6f5c", timezone="Europe/London", context=("northwind", "cameras"),
        support=SUPPORT, policy=TenantPolicy(), created_at=created_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the demo.

    Attributes:
        state: how they stand, in a few words.
        secret: of the authenticator, base32, or "".
        codes: saved recovery codes, as people read them.
        role: "owner", "technician" or "".
        quiet: one of many; not named when the demo starts.
    """

    name: str
    email: str
    password: str
    state: str
    secret: str = ""
    codes: tuple[str, ...] = ()
    role: str = ""
    quiet: bool = False


MIA = Person("Mia Torres", "mia@mail.test", "tulips by the canal", "active, with a phone")
BEN = Person("Ben Okafor", "ben@mail.test", "copper kettle sings", "active, with an authenticator")
IVY = Person("Ivy Lindqvist", "ivy@mail.test", "seven quiet rivers", "never confirmed the address")
JONAS = Person("Jonas Weber", "jonas@mail.test", "paper boats at noon", "disabled")
PRIYA = Person("Priya Nair", "priya@mail.test", "mango rain in june", "locked a moment ago")
OLIVE = Person("Olive Reed", "nobody@old-mail.test", "green door on left", "her mail bounces")
HAROLD = Person("Harold Finch", "harold@mail.test", "long walk by the sea", "has only a landline")
NADIA = Person(
    "Nadia Castell", "nadia@northwind.test", "amber lights over water", "owner", role="owner"
)
TOM = Person(
    "Tom Brandt", "tom@northwind.test", "slow train to bergen", "technician", role="technician"
)
QUIET = tuple(
    Person(name, f"{name.split()[0].lower()}@mail.test", "not told here 81", "active", quiet=True)
    for name in (
        "Aisha Rahman", "Carlos Mendes", "Elin Dahl", "Farid Haddad", "Grace Liu", "Hugo Martin",
    )
)  # fmt: skip
SHOWN = (MIA, BEN, IVY, JONAS, PRIYA, OLIVE, HAROLD, NADIA, TOM)


class Roster:
    """The people of a running demo with their fresh secrets, in a file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, people: tuple[Person, ...]) -> None:
        """Store them."""
        self._path.write_text(json.dumps([asdict(p) for p in people], indent=1), "utf-8")

    def read(self) -> tuple[Person, ...]:
        """Those that are named when the demo starts."""
        kept = json.loads(self._path.read_text("utf-8"))
        return tuple(Person(**{**p, "codes": tuple(p["codes"])}) for p in kept)
