"""Who is in the domain: staff, those who must never be set, and the agents' own account.

Made at the first controller with the rights of the system, before any copy is taken.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from keyturn.lab.controllers import BASE, DOMAIN, Controller

ADMIN, ADMIN_PASSWORD = "Administrator", "Adm1n-Passw0rd!"
STAFF = f"OU=Staff,{BASE}"
PLANT = f"OU=Plant,{BASE}"
USERS = f"CN=Users,{BASE}"
POLICIES = f"CN=Password Settings Container,CN=System,{BASE}"

ENABLED, DISABLED = 0x200, 0x202  # userAccountControl, MS-ADTS 2.2.16
NEVER_EXPIRES, SMART_CARD = 0x10200, 0x40200
LONG_PAST = 125911584000000000  # 2000-01-01, as a file time


@dataclass(frozen=True, slots=True)
class Person:
    """An account.

    Attributes:
        name: sAMAccountName. more: further attributes as they stand in the directory.
    """

    name: str
    display: str
    password: str
    where: str = STAFF
    control: int = ENABLED
    more: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def dn(self) -> str:
        """Its distinguished name."""
        return f"CN={self.display},{self.where}"

    @property
    def upn(self) -> str:
        """Its userPrincipalName."""
        return f"{self.name}@{DOMAIN}"

    @property
    def down_level(self) -> str:
        r"""Its name as DOMAIN\\name."""
        return f"CORP\\{self.name}"


ALICE = Person("alice", "Alice Arden", "Alice-Autumn-1")
BOB = Person("bob", "Bob Baker", "Bob-Breakfast-2")
CAROL = Person("carol", "Carol Clark", "Carol-Cinnamon-3")
DAVE = Person("dave", "Dave Dunn", "Dave-Dolphin-4")
ERIN = Person("erin", "Erin Ellis", "Erin-Evening-5")
#: bound by the fine-grained policy
FRANK = Person("frank", "Frank Fischer", "Frank-Fine-Grained-Forest-6")
#: was an administrator once: adminCount stays
GRACE = Person("grace", "Grace Gray", "Grace-Garden-7", more={"adminCount": "1"})
#: a Domain Admin, through a group within a group
HEIDI = Person("heidi", "Heidi Hill", "Heidi-Harbour-8")
IVAN = Person("ivan", "Ivan Ivers", "Ivan-Island-9", control=DISABLED)
JUDY = Person("judy", "Judy Jones", "Judy-Journey-10", control=NEVER_EXPIRES)
KIM = Person("kim", "Kim King", "Kim-Kitchen-11", control=SMART_CARD)
#: must change the password at the next logon
LEO = Person("leo", "Leo Lang", "Leo-Lantern-12", more={"pwdLastSet": "0"})
#: whose account has expired
MIA = Person("mia", "Mia Moss", "Mia-Mountain-13", more={"accountExpires": str(LONG_PAST)})
#: may log on at no hour of the week
NINA = Person("nina", "Nina North", "Nina-Night-14", more={"logonHours": "\0" * 21})
#: where nothing is delegated
VICTOR = Person("victor", "Victor Vale", "Victor-Valley-15", where=PLANT)
#: the account of the agents
SERVICE = Person(
    "svc-keyturn", "Keyturn Service", "Svc-Keyturn-Passw0rd-16", USERS, control=NEVER_EXPIRES
)

EVERYBODY = (
    ALICE, BOB, CAROL, DAVE, ERIN, FRANK, GRACE, HEIDI, IVAN, JUDY, KIM, LEO, MIA, NINA, VICTOR,
    SERVICE,
)  # fmt: skip

STRICT_GROUP = "Strict passwords"
INNER_GROUP = "Tier zero"
STAFF_GROUP = "Everybody in Staff"
GROUPS = {
    STRICT_GROUP: (FRANK,),
    INNER_GROUP: (HEIDI,),
    STAFF_GROUP: tuple(person for person in EVERYBODY if person.where == STAFF),
}
"""Groups in OU Staff and their members; INNER_GROUP is a member of Domain Admins."""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """A password policy; minutes and days, as people say them."""

    min_length: int
    history: int
    min_age_days: int
    max_age_days: int
    threshold: int
    lockout_min: int
    complexity: bool = True


DOMAIN_POLICY = PolicySet(10, 5, 1, 90, 5, 10)
STRICT_NAME = "Strict"
STRICT_POLICY = PolicySet(15, 10, 0, 30, 3, 30)

# Rights on users below an OU (MS-ADTS 5.1.3.2.1; schema GUIDs of attributes and class)
_RESET = "00299570-246d-11d0-a768-00aa006e0529"
_LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"
_PWD_LAST_SET = "bf967a0a-0de6-11d0-a285-00aa003049e2"
_USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
_SECONDS = 10_000_000  # of a file time
_DAY_S = 86_400


def populate(controller: Controller) -> None:
    """Everybody, their groups, policies and the delegation. The controller does not run."""
    apply(controller, ldif())
    apply(controller, _policies())
    sid = read(controller, SERVICE.dn, "objectSid")["objectSid"][0]
    grant(controller, STAFF, delegation(sid))
    grant(controller, POLICIES, f"(A;CI;LCRPLORC;;;{sid})")


def delegation(sid: str) -> str:
    """What the agents' account may, for users below an OU, as SDDL: reset, unlock, require a
    change. Nothing else.
    """
    attributes = "".join(
        f"(OA;CIIO;RPWP;{guid};{_USER};{sid})" for guid in (_LOCKOUT_TIME, _PWD_LAST_SET)
    )
    return f"(OA;CIIO;CR;{_RESET};{_USER};{sid}){attributes}"


def grant(controller: Controller, dn: str, sddl: str) -> None:
    """Add entries to the access list of one object."""
    controller.samba_tool(
        "dsacl", "set", "-H", str(controller.database), f"--objectdn={dn}", f"--sddl={sddl}"
    )


def apply(controller: Controller, changes: str) -> None:
    """Make the changes of an LDIF file in one transaction, with the rights of the system."""
    controller.ldb("ldbmodify", given=changes)


def read(controller: Controller, dn: str, *attributes: str) -> dict[str, list[str]]:
    """Attributes of one object as this controller's own copy has them."""
    said = controller.ldb("ldbsearch", "-b", dn, "--scope=base", "(objectClass=*)", *attributes)
    found: dict[str, list[str]] = {}
    for name, coded, value in re.findall(
        r"^([\w;-]+)(::?) (.*)$", re.sub(r"\n ", "", said), re.MULTILINE
    ):
        text = base64.b64decode(value).decode("utf-8", "replace") if coded == "::" else value
        found.setdefault(name, []).append(text)
    return found


def ldif() -> str:
    """Units, people and groups, as additions."""
    units = [_added(dn, ["objectClass: organizationalUnit"]) for dn in (STAFF, PLANT)]
    people = [_added(person.dn, _lines(person)) for person in EVERYBODY]
    groups = [
        _added(f"CN={name},{STAFF}", _group_lines(name, members))
        for name, members in GROUPS.items()
    ]
    inner = _changed(f"CN=Domain Admins,{USERS}", "add", "member", f"CN={INNER_GROUP},{STAFF}")
    return "\n".join([*units, *people, *groups, inner])


def quoted(password: str) -> str:
    """UnicodePwd as LDIF has it: in quotes, UTF-16LE, base64 (MS-ADTS 3.1.1.3.1.5)."""
    return base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()


def _lines(person: Person) -> Iterable[str]:
    first, _, last = person.display.partition(" ")
    yield "objectClass: user"
    yield f"sAMAccountName: {person.name}"
    yield f"userPrincipalName: {person.upn}"
    yield f"displayName: {person.display}"
    yield f"givenName: {first}"
    yield f"sn: {last}"
    yield f"mail: {person.name}@example.test"
    yield f"userAccountControl: {person.control}"
    yield f"unicodePwd:: {quoted(person.password)}"
    for name, value in person.more.items():
        yield f"{name}:: {base64.b64encode(value.encode()).decode()}"


def _group_lines(name: str, members: Iterable[Person]) -> list[str]:
    described = ["objectClass: group", f"sAMAccountName: {name}"]
    return [*described, *(f"member: {person.dn}" for person in members)]


def _policies() -> str:
    """The domain's own policy, and the fine-grained one bound to its group."""
    own = DOMAIN_POLICY
    values = {
        "minPwdLength": own.min_length,
        "pwdHistoryLength": own.history,
        "pwdProperties": int(own.complexity),
        "minPwdAge": -own.min_age_days * _DAY_S * _SECONDS,
        "maxPwdAge": -own.max_age_days * _DAY_S * _SECONDS,
        "lockoutThreshold": own.threshold,
        "lockoutDuration": -own.lockout_min * 60 * _SECONDS,
        "lockOutObservationWindow": -own.lockout_min * 60 * _SECONDS,
    }
    changes = "".join(f"replace: {name}\n{name}: {value}\n-\n" for name, value in values.items())
    return f"dn: {BASE}\nchangetype: modify\n{changes}\n" + policy_ldif(
        STRICT_NAME, STRICT_POLICY, f"CN={STRICT_GROUP},{STAFF}", 10
    )


def policy_ldif(name: str, policy: PolicySet, applies_to: str, precedence: int) -> str:
    """A fine-grained policy (msDS-PasswordSettings) as an addition."""
    window = -policy.lockout_min * 60 * _SECONDS
    lines = [
        "objectClass: msDS-PasswordSettings",
        f"msDS-PasswordSettingsPrecedence: {precedence}",
        "msDS-PasswordReversibleEncryptionEnabled: FALSE",
        f"msDS-PasswordHistoryLength: {policy.history}",
        f"msDS-PasswordComplexityEnabled: {str(policy.complexity).upper()}",
        f"msDS-MinimumPasswordLength: {policy.min_length}",
        f"msDS-MinimumPasswordAge: {-policy.min_age_days * _DAY_S * _SECONDS}",
        f"msDS-MaximumPasswordAge: {-policy.max_age_days * _DAY_S * _SECONDS}",
        f"msDS-LockoutThreshold: {policy.threshold}",
        f"msDS-LockoutObservationWindow: {window}",
        f"msDS-LockoutDuration: {window}",
        f"msDS-PSOAppliesTo: {applies_to}",
    ]
    return _added(f"CN={name},{POLICIES}", lines)


def _added(dn: str, lines: Iterable[str]) -> str:
    return "\n".join([f"dn: {dn}", "changetype: add", *lines, ""])


def _changed(dn: str, verb: str, name: str, value: str) -> str:
    return f"dn: {dn}\nchangetype: modify\n{verb}: {name}\n{name}: {value}\n"
