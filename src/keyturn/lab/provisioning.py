"""A domain made from nothing: two sites, one controller or three, and who is in it.

Whatever is done here decides what a prepared folder holds: snapshots.py makes new ones when
this file changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from keyturn.lab.commands import CommandFailed, until
from keyturn.lab.controllers import BASE, DOMAIN, NETBIOS, REALM, Conduct, Controller
from keyturn.lab.people import ADMIN, ADMIN_PASSWORD, EVERYBODY, apply, populate, read

MAIN, BRANCH = "Main", "Branch"
SITE_OF = {"dc1": MAIN, "dc2": MAIN, "dc3": BRANCH}
SUBNETS = {"198.18.0.0/24": MAIN, "198.18.1.0/24": BRANCH}
SITES = f"CN=Sites,CN=Configuration,{BASE}"
TRANSPORT = f"CN=IP,CN=Inter-Site Transports,{SITES}"
SITE_LINK = f"CN=DEFAULTIPSITELINK,{TRANSPORT}"
USE_NOTIFY = (
    1  # of a site link's options: partners in other sites are told at once (MS-ADTS 6.1.1.2.2.3.1)
)
TELL_AT_ONCE = 0xC  # a connection's options: the same for it (MS-ADTS 6.1.1.2.2.1.2.1.2)
JOINING = Conduct(home_only=True, pull_s=5)
ARRIVAL_S = 120


def provision(first: Controller) -> None:
    """A domain of one controller; it is left stopped, with its people in it."""
    first.configure(JOINING)
    _in_folder(
        first,
        "provision",
        f"--domain={NETBIOS}",
        "--server-role=dc",
        f"--host-name={first.name}",
        f"--host-ip={first.home}",
        f"--adminpass={ADMIN_PASSWORD}",
        f"--site={MAIN}",
    )
    first.configure(JOINING)
    first.tool("samba_spnupdate", "-s", first.configuration)  # its partners ask for it by these
    populate(first)
    for subnet, site in SUBNETS.items():
        if site == MAIN:
            first.samba_tool("sites", "subnet", "create", subnet, site, "-H", str(first.database))


def join(first: Controller, others: Sequence[Controller]) -> None:
    """Join others to a provisioned first one; all are left stopped, and synchronised."""
    _branch(first)
    first.configure(JOINING)
    first.start()
    first.wait()
    for other in others:
        other.prepare()
        _in_folder(
            other,
            "join",
            DOMAIN,
            "DC",
            f"--server={first.host}",
            f"--site={SITE_OF[other.name]}",
            f"-U{ADMIN}%{ADMIN_PASSWORD}",
        )
        other.configure(JOINING)
        other.start()
        other.wait()
    everyone = [first, *others]
    _settle(everyone)
    for each in everyone:
        each.stop()


def _in_folder(controller: Controller, what: str, *words: str) -> None:
    """A `samba-tool domain` that reads and writes nothing outside the controller's folder."""
    controller.prepare()
    empty = controller.folder / "empty.conf"
    empty.touch()
    controller.tool(
        "samba-tool", "domain", what, *words, "-s", empty, f"--targetdir={controller.folder}",
        f"--realm={REALM}", "--dns-backend=SAMBA_INTERNAL",
        f"--option=netbios name={controller.name.upper()}",
        f"--option=interfaces=lo {controller.home}", "--option=bind interfaces only=yes",
        "--option=disable netbios=yes",
    )  # fmt: skip


def _branch(first: Controller) -> None:
    """The second site, its subnet, and a site link that tells of changes at once."""
    base = str(first.database)
    first.samba_tool("sites", "create", BRANCH, "-H", base)
    for subnet, site in SUBNETS.items():
        if site == BRANCH:
            first.samba_tool("sites", "subnet", "create", subnet, site, "-H", base)
    apply(
        first,
        f"dn: {SITE_LINK}\nchangetype: modify\n"
        f"replace: siteList\nsiteList: CN={MAIN},{SITES}\nsiteList: CN={BRANCH},{SITES}\n-\n"
        f"replace: replInterval\nreplInterval: 15\n-\n"
        f"replace: options\noptions: {USE_NOTIFY}\n",
    )


def _settle(controllers: Sequence[Controller]) -> None:
    """Links between all of them, their names, and a change at each of them that comes to all."""
    for each in controllers:
        _draw(each)
    for sink in controllers:
        for source in controllers:
            if SITE_OF[sink.name] != SITE_OF[source.name]:
                _connect(controllers[0], sink, source)
    for each in controllers:
        _announce(each)
        _draw(each)
    for number, each in enumerate(controllers):
        person, note = EVERYBODY[number], f"seen at {each.name}"
        change = f"replace: description\ndescription: {note}\n"
        apply(each, f"dn: {person.dn}\nchangetype: modify\n{change}")
        for other in controllers:
            _arrival(other, person.dn, "description", note)


def _announce(controller: Controller) -> None:
    """Its names, services and site in the domain's DNS.

    nsupdate calls every answer of Samba's falsely signed although the change was made, so the
    DNS is asked whether it was.
    """
    with suppress(CommandFailed):
        controller.tool("samba_dnsupdate", "-s", controller.configuration)
    service = f"_ldap._tcp.{SITE_OF[controller.name]}._sites.dc._msdcs.{DOMAIN}"

    def known() -> bool:
        return controller.host in controller.tool("dig", "+short", "SRV", service)

    until(known, ARRIVAL_S, f"{controller.host} in {service}")


def _draw(controller: Controller) -> None:
    """Let it work out from whom it takes changes (the knowledge consistency checker)."""
    controller.tool("samba_kcc", "-s", controller.configuration, "-H", controller.database)


def _connect(first: Controller, sink: Controller, source: Controller) -> None:
    """A connection made by hand, known to the sink. Left alone, sites are joined by one
    bridgehead each, and to stop that controller would cut off the rest.
    """
    name = f"from-{source.name}"
    dn = f"CN={name},{sink.settings}"
    apply(
        first,
        f"dn: {dn}\nchangetype: add\nobjectClass: nTDSConnection\nenabledConnection: TRUE\n"
        f"options: {TELL_AT_ONCE}\nfromServer: {source.settings}\n"
        f"transportType: {TRANSPORT}\n",
    )
    _arrival(sink, dn, "cn", name)


def _arrival(at: Controller, dn: str, attribute: str, value: str) -> None:
    def there() -> bool:
        with suppress(CommandFailed):  # no such object yet
            return read(at, dn, attribute).get(attribute) == [value]
        return False

    until(there, ARRIVAL_S, f"{value!r} to arrive at {at.name}", 0.5)
