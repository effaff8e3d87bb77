"""What the demo says when it is ready."""

from __future__ import annotations

import io
from collections.abc import Sequence

import segno
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keyturn.cli.terminal import OUT
from keyturn.demo.company import CAMERA, SLUG, Person
from keyturn.demo.front import Plan

STORY = (
    ("Sign up", "with any name and address; the code comes to the inbox."),
    ("Get it wrong", "five times as mia@mail.test: locked, and a mail says so."),
    ("Get back in", "at once: “Set a new password”. It works when the lock ends."),
    ("Move the clock", "ten minutes on, at the desk; sign in with the new one."),
    ("A second step", "as Ben: the desk shows his authenticator's code."),
    ("Add a phone", "as Harold. 020 7946 0123 is a landline; +1 202 555 0143 gets a"),
    ("", "text, +1 202 555 0119 is sent back, …0116 is never heard of."),
    ("Still stuck?", "“I still can’t get in” opens a case with what Keyturn knows."),
    ("The phone app", "as Mia: My account, Your phone. “Open the app on this phone”"),
    ("", "in a second window is the phone; then sign in once more."),
    ("A camera", "as Mia: My account, Your devices. It runs in a second terminal:"),
    ("", "see below; its button is Enter."),
    ("Help as staff", "as Nadia in the console: unlock Priya, see the audit."),
)


def welcome(origin: str, people: Sequence[Person], program: str, *, going_on: bool) -> None:
    """Where to go, whom to be, what to try, how to stop; fits into 80 columns.

    Args:
        program: how the demo's commands begin when they are typed here.
    """
    OUT.print()
    OUT.print(_where(origin, going_on=going_on))
    _title("Whom to be")
    _people(people)
    _title("What to try, in this order")
    for what, how in STORY:
        OUT.print(Text.assemble("  ", (f"{what:16}", "bold"), how))
    _title("Look behind it")
    OUT.print(f"  {program} diagnose priya@mail.test")
    OUT.print(f"  {program} audit --follow")
    OUT.print(f"  {program} device run --label {CAMERA[2]} \\", soft_wrap=True)
    OUT.print(f"    --server {origin}/t/{SLUG}", soft_wrap=True)
    OUT.print()
    OUT.print(Text.assemble(("Stop with Ctrl-C.", "bold green"), " The next start is fresh again;"))
    OUT.print(f"`{program} --keep` goes on with this one.")
    OUT.print()
    OUT.file.flush()


def for_phones(front: Plan) -> None:
    """How a phone of the same network comes in, and what its owner is asked to trust."""
    _title("With a phone of this network")
    drawn = io.StringIO()
    segno.make(front.trust, error="l", micro=False).terminal(drawn, compact=True, border=1)
    OUT.print(Text(drawn.getvalue().rstrip("\n")), soft_wrap=True)
    OUT.print(Text.assemble("  Open ", (front.trust, "cyan"), " on it: three steps, on one page."))
    OUT.print("  It asks to trust a certificate for this address alone. Its fingerprint:")
    for line in front.papers.fingerprint:
        OUT.print(Text(f"    {line}"))
    OUT.print(Text("  Everybody in this network can use the demo now.", "yellow"))
    OUT.print()
    OUT.file.flush()


def taken_away(front: Plan) -> None:
    """What is left when the demo has stopped."""
    OUT.print()
    OUT.print(f"Nothing listens at {front.address} any more. A phone that trusts its certificate")
    OUT.print("forgets it so: Android: Settings, Encryption & credentials, Trusted credentials,")
    OUT.print("User. iPhone: Settings, General, VPN & Device Management.")
    OUT.file.flush()


def neighbour(origin: str, why: str) -> None:
    """The domain beside the demo is connected; or why there is none."""
    if why:
        OUT.print(Text.assemble(("No domain beside it: ", "yellow"), why))
    else:
        OUT.print(
            Text.assemble(("Its domain is connected: ", "green"), "a real controller, an agent.")
        )
        OUT.print(f"  As Ben, with his authenticator: {origin}/account/directory")
        OUT.print(f"  As Nadia, its map: {origin}/console/directories")
    OUT.file.flush()


def _title(text: str) -> None:
    OUT.print()
    OUT.print(Text(text, "bold"))


def _where(origin: str, *, going_on: bool) -> Panel:
    table = Table.grid(padding=(0, 2))
    for path, note in (
        ("/", "Northwind Cameras, as a customer"),
        ("/console", "the same, as staff"),
        ("/demo/inbox", "every mail and text; none leaves here"),
        ("/demo", "the desk: authenticators and the clock"),
    ):
        table.add_row(Text(origin + path, "cyan", no_wrap=True), Text(note))
    title = "The demo goes on" if going_on else "The demo is ready"
    return Panel(table, title=title, title_align="left", border_style="green", expand=False)


def _people(people: Sequence[Person]) -> None:
    """One line each, two with an authenticator; addresses and passwords whole."""
    wide = max(len(person.email) for person in people)
    for person in people:
        OUT.print(
            Text.assemble(
                "  ", (f"{person.email:{wide}}", "cyan"), f"  {person.password:23}",
                (f" {_stands(person)}", "dim"),
            )
        )  # fmt: skip
        if person.secret:
            OUT.print(Text(f"  {'':{wide}}  authenticator {person.secret}", "dim"))


def _stands(person: Person) -> str:
    return person.state
