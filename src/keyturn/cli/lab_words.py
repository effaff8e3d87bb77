"""What the lab says when it is ready: where to go, whom to be, what to try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keyturn.cli.terminal import OUT
from keyturn.demo import company
from keyturn.demo.estate import ACCOUNTS, Estate
from keyturn.lab import openldap_people, people
from keyturn.lab.domain import Lab
from keyturn.lab.providers import Providers
from keyturn.lab.workgroup import Standalone

Story = Sequence[tuple[str, str]]
IN_A_DOMAIN: Story = (
    ("Reset a password", "as Ben: account › Windows password. Watch it arrive on dc1, dc2, dc3."),
    ("A stricter policy", "as Tom: fewer than 15 characters are refused, with their number."),
    ("Protected", "make Nadia's erin a Domain Admin: she is told why that is not done here."),
    ("As technician", "Tom in the console: Ben › Start reset. Ben chooses, nobody else."),
    ("The map", "in the console: Directories. Sites, controllers, agents, delays."),
    ("Lock it", "five wrong passwords for bob in the domain, then Unlock as Ben:"),
)
IN_OPENLDAP: Story = (
    ("Reset a password", "as Ben: account › Directory password. Watch it on ldap1 and ldap2."),
    ("Its policy", "as Ben: one that he had before is refused, with the number it keeps."),
    ("Required or not", "Nadia in the console: Require change, for Ben, and then for Tom."),
    ("What it cannot do", "in the console: Directories › the directory › What is unlike a domain."),
    ("Who is in it", "in the console: Choose whom to read."),
    ("Lock it", "five wrong passwords for bob, then Unlock as Ben:"),
)
ON_A_MACHINE: Story = (
    ("Reset a password", "as Ben: account › Computer password. It is proved by one logon."),
    ("Its policy", "as Ben: fewer than 10 characters are refused, with their number."),
    ("Required or not", "Nadia in the console: Require change, for Ben, and then for Tom."),
    ("What it cannot do", "in the console: Directories › the machine › What is unlike a domain."),
    ("Who is on it", "in the console: Read everybody. Changes are found within a minute."),
)


def domain(estate: Estate[Lab]) -> None:
    """Of three controllers."""
    lab = estate.lab
    _where(estate, "Windows", {each.host: each.ip for each in lab.controllers.values()})
    _whom({person: account.down_level for person, account in ACCOUNTS.items()})
    _try(IN_A_DOMAIN)
    uri = f"ldaps://{lab.controller('dc1').ip}"
    OUT.print(f"  {'':18}{_wrong(lab.ca_file, uri, people.BOB.upn)}", soft_wrap=True)
    _title("As administrator of the domain")
    where = " ".join(lab.beside("dc1")[:4])
    OUT.print(f"  {where} ldapwhoami …  [dim]runs beside dc1[/dim]", soft_wrap=True)
    OUT.print(f"  {people.ADMIN} / {people.ADMIN_PASSWORD}, CA: {lab.ca_file}")
    _stop()


def openldap(estate: Estate[Providers]) -> None:
    """Of two providers."""
    lab = estate.lab
    at = {each.host: f"{each.address}:{each.port}" for each in lab.servers.values()}
    _where(estate, "directory", at)
    _whom(estate.accounts)
    _try(IN_OPENLDAP)
    uri = f"ldaps://{next(iter(at.values()))}"
    OUT.print(
        f"  {'':18}{_wrong(lab.ca_file, uri, openldap_people.BOB.dn)}", soft_wrap=True
    )  # fmt: skip
    _title("As administrator of the directory")
    OUT.print(f"  LDAPTLS_CACERT={lab.ca_file} ldapsearch -x -H {uri} \\", soft_wrap=True)
    OUT.print(f"    -D {openldap_people.ADMIN} -w '{openldap_people.ADMIN_PASSWORD}' -b {lab.base}")
    _stop()


def workgroup(estate: Estate[Standalone]) -> None:
    """Of one machine."""
    lab = estate.lab
    _where(estate, "computer", {lab.host: f"{lab.address}:{lab.port}"})
    _whom(estate.accounts)
    _try(ON_A_MACHINE)
    _title("As administrator of the machine")
    settings = " ".join(f"{name}={value}" for name, value in lab.hand.environment.items())
    OUT.print(f"  {settings} pdbedit -s {lab.folder}/smb.conf -v bob", soft_wrap=True)
    _stop()


def _where(estate: Estate[Lab] | Estate[Providers] | Estate[Standalone], whose: str,
           servers: Mapping[str, str]) -> None:  # fmt: skip
    table = Table.grid(padding=(0, 2))
    for path, note in (
        ("/account/directory", f"one's {whose} password"),
        ("/console/directories", "directories, agents, jobs"),
        ("/demo", "authenticators, the clock"),
    ):
        table.add_row(Text(estate.origin + path, "cyan", no_wrap=True), Text(note))
    for host, address in servers.items():
        table.add_row(Text(host, "cyan"), Text(address))
    title = f"The lab is ready: {company.SLUG} and {estate.lab.domain}"
    OUT.print()
    OUT.print(Panel(table, title=title, title_align="left", border_style="green", expand=False))


def _whom(accounts: Mapping[company.Person, str]) -> None:
    _title("Whom to be")
    for person, account in accounts.items():
        OUT.print(f"  {person.email:22} {person.password:22} [dim]{account}[/dim]")
    OUT.print("  [dim]the desk shows their authenticators' codes[/dim]")


def _try(story: Iterable[tuple[str, str]]) -> None:
    _title("What to try")
    for what, how in story:
        OUT.print(Text.assemble("  ", (f"{what:18}", "bold"), how))


def _title(text: str) -> None:
    OUT.print(Text(f"\n{text}", "bold"))


def _wrong(ca_file: object, uri: str, who: str) -> str:
    return f"LDAPTLS_CACERT={ca_file} ldapwhoami -x -H {uri} -D {who} -w wrong"


def _stop() -> None:
    OUT.print(Text("\nStop with Ctrl-C. Everything goes with it.\n", "green"))
    OUT.file.flush()
