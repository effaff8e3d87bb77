"""`keyturn user invite` and `keyturn user reset`: one person's phone app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli.failures import NotDone
from keyturn.cli.opened import desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, iso, moment
from keyturn.flows import inviting
from keyturn.flows.inviting import Bar, Enrolled, NotSent, Sent

WHO = Annotated[str, typer.Argument(metavar="USER", help="Any of the person's names, or the id.")]
YES = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
#: why nothing was sent, and what mends it
_WHY = {
    Bar.BOUND: ("has a phone that is set up", "`keyturn user reset USER` takes it away."),
    Bar.UNVERIFIED: ("has not entered the mailed code yet", ""),
    Bar.DISABLED: ("is disabled", "`keyturn user enable USER` comes first."),
    Bar.FROZEN: ("said “this wasn’t me”", "`keyturn user unfreeze USER` comes first."),
    Bar.SOON: ("was sent a link a moment ago", "Another one can go in a minute."),
    Bar.NO_ADDRESS: ("has no e-mail address", "Enter one in the directory."),
}


def invite(who: str, tenant: str | None, config: Path | None, json: bool) -> None:
    """Mail a person without a phone a link to set it up; it works for 48 hours."""
    with desk(config, tenant) as at:
        answer = at.run(inviting.invite(at.house.parts, at.staff, at.user(who).id))
    _tell(answer, "A link is on its way to {}.", json=json)


def reset(
    who: WHO, yes: YES = False, tenant: TENANT = None, config: CONFIG = None, json: JSON = False
) -> None:
    """Reset User: take the phone away, end sessions and trust, and mail a new link.

    Whose phone was the only second step cannot sign in until one is set up.
    """
    if not yes and not typer.confirm(f"Take the phone of {who} away?", err=True):
        raise NotDone("Nothing was changed.")
    with desk(config, tenant) as at:
        answer = at.run(inviting.reset_user(at.house.parts, at.staff, at.user(who).id))
    _tell(answer, "The phone is gone, all sessions ended; a link is on its way to {}.", json=json)


def _tell(answer: object, done: str, *, json: bool) -> None:
    """Say what was done. Raises NotDone where it was not."""
    match answer:
        case Sent(user=user, link=link):
            if json:
                told = {"id": user.id, "email": user.email, "state": user.state}
                as_json({**told, "link": link.number, "expires_at": iso(link.expires_at)})
                return
            OUT.print(Text(done.format(clean(user.email))))
            OUT.print(Text(f"It works until {moment(link.expires_at)}.", "dim"))
        case NotSent(why=why):
            sentence, remedy = _WHY.get(why, (str(why), ""))
            raise NotDone(f"This person {sentence}. Nothing was changed.", remedy)
        case _:
            raise NotDone("That account is gone. Nothing was changed.")


def document(enrolled: Enrolled) -> dict[str, object]:
    """How far somebody has come with the phone app, for programs."""
    link, at, phone, mail = enrolled.link, enrolled.standing, enrolled.phone, enrolled.mail
    return {
        "link": None if link is None or at is None else {
            "number": link.number, "state": at.state, "since": iso(at.at),
            "made_at": iso(link.made_at), "expires_at": iso(link.expires_at),
            "mail": mail and mail.state,
        },
        "phone": None if phone is None else {
            "name": phone.name, "state": phone.state, "bound_at": iso(phone.bound_at),
            "ended_at": iso(phone.ended_at), "push": phone.push.state,
            "seen_at": iso(enrolled.seen_at),
        },
    }  # fmt: skip


def facts(enrolled: Enrolled) -> dict[str, str]:
    """The same as lines."""
    link, at, phone, mail = enrolled.link, enrolled.standing, enrolled.phone, enrolled.mail
    lines = {"phone app": "none"}
    if phone is not None:
        ended = f" until {moment(phone.ended_at)}" if phone.ended_at else ""
        lines["phone app"] = (
            f"{phone.name}, {phone.state}, since {moment(phone.bound_at)}{ended}; "
            f"push {phone.push.state}; last heard {moment(enrolled.seen_at)}"
        )
    if link is not None and at is not None:
        sent = f"; its mail: {mail.state}" if mail is not None else ""
        lines["newest link"] = f"{at.state}, good until {moment(link.expires_at)}{sent}"
    return lines
