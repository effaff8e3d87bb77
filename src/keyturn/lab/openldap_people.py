"""Who is in the lab's OpenLDAP directory, what binds them, and what the agent's account may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from keyturn.lab.certificates import Pair

BASE = "dc=corp,dc=example,dc=test"
PEOPLE = f"ou=people,{BASE}"
PLANT = f"ou=plant,{BASE}"
GROUPS = f"ou=groups,{BASE}"
POLICIES = f"ou=policies,{BASE}"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{BASE}", "Adm1n-Passw0rd!"
SERVICE, SERVICE_PASSWORD = f"cn=keyturn,ou=services,{BASE}", "Svc-Keyturn-Passw0rd-16"
DEFAULT_POLICY = f"cn=default,{POLICIES}"
_SCHEMAS = ("core", "cosine", "inetorgperson")
#: whoever is in it is never to be set
ADMINS = f"cn=admins,{GROUPS}"


@dataclass(frozen=True, slots=True)
class Person:
    """An account. more: further attributes."""

    name: str
    display: str
    password: str
    where: str = PEOPLE
    more: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def dn(self) -> str:
        """Its distinguished name."""
        return f"uid={self.name},{self.where}"


def _bound(policy: str) -> dict[str, str]:
    return {"pwdPolicySubentry": f"cn={policy},{POLICIES}"}


ALICE = Person("alice", "Alice Arden", "Alice-Autumn-1")
BOB = Person("bob", "Bob Baker", "Bob-Breakfast-2")
CAROL = Person("carol", "Carol Clark", "Carol-Cinnamon-3")
DAVE = Person("dave", "Dave Dunn", "Dave-Dolphin-4")
ERIN = Person("erin", "Erin Ellis", "Erin-Evening-5")
#: whose password may not be changed for a day, and must be long
FRANK = Person("frank", "Frank Fischer", "Frank-Fine-Forest-6", more=_bound("strict"))
#: of whom a change at the next sign-in cannot be asked
JUDY = Person("judy", "Judy Jones", "Judy-Journey-10", more=_bound("lenient"))
#: locked by hand, for good
IVAN = Person("ivan", "Ivan Ivers", "Ivan-Island-9", more={"pwdAccountLockedTime": "000001010000Z"})
#: whose account has ended
MIA = Person("mia", "Mia Moss", "Mia-Mountain-13", more={"pwdEndTime": "20200101000000Z"})
#: one of the administrators
HEIDI = Person("heidi", "Heidi Hill", "Heidi-Harbour-8")
#: where nothing is delegated
VICTOR = Person("victor", "Victor Vale", "Victor-Valley-15", where=PLANT)

EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN, FRANK, JUDY, IVAN, MIA, HEIDI, VICTOR)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """A policy; minutes and days, as people say them."""

    min_length: int
    history: int
    min_age_days: int
    max_age_days: int
    failures: int
    lockout_min: int
    must_change: bool = True


DEFAULT = PolicySet(10, 3, 0, 90, 5, 10)
STRICT = PolicySet(15, 10, 1, 30, 3, 30)
LENIENT = PolicySet(10, 0, 0, 0, 0, 0, must_change=False)


def everybody() -> str:
    """Units, policies, people, groups and the agent's account, as additions."""
    units = [
        _added(f"ou={name},{BASE}", ["objectClass: organizationalUnit", f"ou: {name}"])
        for name in ("people", "plant", "groups", "policies", "services")
    ]
    base = _added(BASE, ["objectClass: domain", "dc: corp"])
    policies = [
        policy_ldif(name, policy)
        for name, policy in (("default", DEFAULT), ("strict", STRICT), ("lenient", LENIENT))
    ]
    service = _added(SERVICE, [
        "objectClass: organizationalRole", "objectClass: simpleSecurityObject", "cn: keyturn",
        f"userPassword: {SERVICE_PASSWORD}",
    ])  # fmt: skip
    people = [person_ldif(person) for person in EVERYBODY]
    admins = _added(ADMINS, ["objectClass: groupOfNames", "cn: admins", f"member: {HEIDI.dn}"])
    return "\n".join([base, *units, *policies, service, *people, admins])


def policy_ldif(name: str, policy: PolicySet) -> str:
    """A policy as an addition."""
    return _added(f"cn={name},{POLICIES}", [
        "objectClass: organizationalRole", "objectClass: pwdPolicy", f"cn: {name}",
        "pwdAttribute: userPassword", "pwdCheckQuality: 2",
        f"pwdMinLength: {policy.min_length}", f"pwdInHistory: {policy.history}",
        f"pwdMinAge: {policy.min_age_days * 86_400}", f"pwdMaxAge: {policy.max_age_days * 86_400}",
        f"pwdLockout: {'TRUE' if policy.failures else 'FALSE'}",
        f"pwdMaxFailure: {policy.failures}",
        f"pwdLockoutDuration: {policy.lockout_min * 60}",
        f"pwdFailureCountInterval: {policy.lockout_min * 60}",
        f"pwdMustChange: {str(policy.must_change).upper()}",
    ])  # fmt: skip


def person_ldif(person: Person) -> str:
    """A person as an addition."""
    return _added(person.dn, [
        "objectClass: inetOrgPerson", f"uid: {person.name}", f"cn: {person.display}",
        f"sn: {person.display.rpartition(' ')[2]}", f"displayName: {person.display}",
        f"mail: {person.name}@example.test", "mobile: +4850012345",
        f"userPassword: {person.password}",
        *(f"{name}: {value}" for name, value in person.more.items()),
    ])  # fmt: skip


def _added(dn: str, lines: Iterable[str]) -> str:
    return "\n".join([f"dn: {dn}", "changetype: add", *lines, ""])


@dataclass(frozen=True, slots=True)
class Beside:
    """Another provider. number: our own serverID; peer: its URL; ca_file: who vouches for it."""

    number: int
    peer: str
    ca_file: Path

    def lines(self) -> list[str]:
        """What a database is told of it."""
        return [
            f"syncrepl rid=00{self.number} provider={self.peer} type=refreshAndPersist",
            f'  retry="1 +" searchbase="{BASE}" bindmethod=simple binddn="{ADMIN}"',
            f'  credentials="{ADMIN_PASSWORD}" tls_cacert={self.ca_file} tls_reqcert=demand',
            "multiprovider on",
        ]


def configuration(
    folder: Path, pair: Pair, *, provides: bool, sessionlog: bool, says_locked: bool, agent: str,
    beside: Beside | None = None,
) -> str:  # fmt: skip
    """slapd.conf."""
    modules = ["back_mdb", "ppolicy", "memberof", *(["syncprov"] if provides else [])]
    return "\n".join([
        *(f"include /etc/ldap/schema/{name}.schema" for name in _SCHEMAS),
        "modulepath /usr/lib/ldap",
        *(f"moduleload {name}" for name in modules),
        f"pidfile {folder}/pid",
        f"argsfile {folder}/args",
        f"TLSCertificateFile {pair.certificate}",
        f"TLSCertificateKeyFile {pair.key}",
        "TLSProtocolMin 3.3",
        "password-hash {SSHA}",
        *([f"serverID {beside.number}"] if beside else []),
        "",
        "database mdb",
        f'suffix "{BASE}"',
        f'rootdn "{ADMIN}"',
        f"rootpw {ADMIN_PASSWORD}",
        f"directory {folder}/data",
        "maxsize 268435456",
        "index objectClass,entryUUID,entryCSN,uid,mail,pwdChangedTime eq",
        f'limits dn.exact="{SERVICE}" size=unlimited size.prtotal=unlimited',
        *access(agent),
        *(beside.lines() if beside else []),
        "overlay memberof",
        "overlay ppolicy",
        f'ppolicy_default "{DEFAULT_POLICY}"',
        "ppolicy_hash_cleartext",  # of what is added here; the agent never sends one so
        *(["ppolicy_use_lockout"] if says_locked else []),
        *(["overlay syncprov"] if provides else []),
        *(["syncprov-sessionlog 1000"] if provides and sessionlog else []),
        "",
    ])  # fmt: skip


def access(agent: str = "=w") -> list[str]:
    """What the agent's account may: write passwords and three flags of people, without managing
    them, read everything else, and nothing more.

    Args:
        agent: its right on userPassword.
    """
    ours = f'by dn.exact="{SERVICE}"'
    return [
        f'access to dn.subtree="{PEOPLE}" attrs=userPassword',
        f"  {ours} {agent} by self write by anonymous auth by * none",
        f'access to dn.subtree="{PEOPLE}" attrs=pwdAccountLockedTime,pwdReset,pwdStartTime',
        f"  {ours} write by * none",
        "access to attrs=userPassword by anonymous auth by * none",
        "access to attrs=pwdHistory by * none",
        f"access to * {ours} read by self read by * auth",
    ]
