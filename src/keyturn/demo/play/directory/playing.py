"""The lab's plays from beginning to end, one for each kind of directory."""

from __future__ import annotations

from keyturn.demo.agents import CommandRefused
from keyturn.demo.play.directory import agents, openldap, users, workgroup
from keyturn.demo.play.directory.cast import Refused, Scenery
from keyturn.demo.play.playing import EXPECTED, Act, perform
from keyturn.demo.play.telling import Teller
from keyturn.lab.commands import CommandFailed, InVain
from keyturn.rules.directories.entries import DirectoryKind

ACTS = (
    Act("B3", "Five bad logons in the domain, and he unlocks himself", users.unlock),
    Act("B3", "A new password, proved on three controllers", users.reset),
    Act("B3 A12", "A technician starts a reset, and sees no password", users.technician),
    Act("B3", "A change is required at the next logon", users.must_change),
    Act("B3", "A fine-grained policy refuses, with its own numbers", users.stricter),
    Act("B3", "A Domain Admin is refused", users.protected),
    Act("B3", "A controller is cut off: done, later everywhere", agents.cut_off),
    Act("B3", "The main agent installed twice", agents.second_primary),
    Act("B3", "A copied key raises an alarm", agents.copied_key),
    Act("B3", "The primary is killed, and another takes over", agents.takeover),
    Act("B3", "Changed by hand in between", agents.by_hand),
)
TROUBLE = (*EXPECTED, Refused, CommandRefused, CommandFailed, InVain)


def play(kind: DirectoryKind = DirectoryKind.ACTIVE_DIRECTORY) -> bool:
    """Play everything; whether every check held.

    Raises Unable (of the kind's lab), CommandFailed, CommandRefused.
    """
    teller = Teller()
    told = "[bold]Keyturn's lab, played from outside[/bold]: "
    match kind:
        case DirectoryKind.OPENLDAP:
            teller.out.print(f"{told}two real OpenLDAP providers, two agents.")
            return perform(openldap.stage(), openldap.ACTS, teller, TROUBLE)
        case DirectoryKind.WORKGROUP:
            teller.out.print(f"{told}a real machine without a domain, two agents.")
            return perform(workgroup.stage(), workgroup.ACTS, teller, TROUBLE)
        case DirectoryKind.ACTIVE_DIRECTORY:
            teller.out.print(f"{told}three real controllers, three agents.")
            return perform(Scenery(), ACTS, teller, TROUBLE)
