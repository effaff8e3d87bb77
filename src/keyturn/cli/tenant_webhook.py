"""`keyturn tenant webhook`: where a tenant's alarms go besides its owners' mailboxes."""

from __future__ import annotations

from typing import Annotated

import typer

from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import desk
from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import OUT, as_json, iso
from keyturn.flows import webhooks as flow
from keyturn.ports.webhooks import Webhook
from keyturn.rules.webhooks import Unfit

SLUG = Annotated[str, typer.Argument(help="Its name in links, /t/SLUG.")]
_WHY = {
    Unfit.MALFORMED: "That is no address.",
    Unfit.SCHEME: "Alarms go over https only.",
    Unfit.LOGIN: "An address with a name or a password in it is not kept.",
    Unfit.PRIVATE: "That is in a private network, or on this machine: webhook.private is off.",
}


def webhook(
    slug: SLUG,
    url: Annotated[
        str, typer.Option("--url", help='https://… that takes alarms; "-" reads it from stdin.')
    ] = "",
    off: Annotated[bool, typer.Option("--off", help="Alarms go to no address any more.")] = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Where alarms are posted (Standard Webhooks), and its secret, shown once."""
    if url and off:
        raise WrongUse("An address, or none.")
    with desk(config, slug) as at:
        parts, settings = at.house.parts, at.house.settings
        answer: object
        if url:
            typed = typer.get_text_stream("stdin").readline() if url == "-" else url
            private = settings.webhook.private
            answer = at.run(flow.choose(parts, at.staff, typed, private=private))
        elif off:
            answer = at.run(flow.end(parts, at.staff))
        else:
            answer = at.run(flow.one(parts, at.staff))
    _tell(answer, json=json)


def _tell(answer: object, *, json: bool) -> None:
    match answer:
        case Unfit():
            raise WrongUse(_WHY[answer], "It is such as https://hooks.example.com/keyturn.")
        case flow.Chosen(host=host, secret=secret):
            if json:
                as_json({"host": host, "secret": secret})
            else:
                OUT.print(f"Alarms go to {host} too. Its secret, shown this once:")
                OUT.print(secret, soft_wrap=True)
        case Webhook(host=host, made_at=made_at):
            if json:
                as_json({"host": host, "made_at": iso(made_at)})
            else:
                OUT.print(f"Alarms go to {host}, since {iso(made_at)}.")
        case True:
            OUT.print("Alarms go there no more.")
        case False:
            raise NotDone("There is no address for alarms.")
        case _:
            as_json({"host": None}) if json else OUT.print("Alarms go to owners by mail only.")
