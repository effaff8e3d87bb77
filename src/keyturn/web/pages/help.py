"""I still can't get in: a case with its reference, and what can be seen from here."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import support
from keyturn.flows.support import HeldBack, NotAName, Opened, TooMany
from keyturn.rules import vcard
from keyturn.rules.cases import SecretKind
from keyturn.rules.diagnosis import Symptom, Voice, Words, nothing_found, words
from keyturn.web.door import door
from keyturn.web.pages.signin import NAME_MAX
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

CONTACT_MAX, NOTE_MAX, ABOUT_MAX = 200, 2000, 12


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/help", get=show, post=send),
        door(site, "/contact", get=show_contact),
        door(site, "/contact.vcf", get=save_contact),
    ]


async def show_contact(visit: Visit) -> Response:
    """How to reach a human."""
    await visit.recognised()
    return visit.page("contact.html")


async def save_contact(visit: Visit) -> Response:
    """The same as a card for the address book of a phone: there it is found, too, by whoever gets
    in nowhere.
    """
    tenant = visit.tenant
    if not tenant.support:
        raise Refusal(404, "no-such-page")
    page = visit.site.parts.link(tenant, "/contact")
    promise = visit.piece("_promise.html").strip()
    octets = vcard.card(tenant.name, f"keyturn:{tenant.id}", page, promise, tenant.support)
    name = f'attachment; filename="{tenant.slug}.vcf"'
    return Response(octets, media_type=vcard.TYPE, headers={"content-disposition": name})


async def show(visit: Visit) -> Response:
    """The form; ?about= says what the page before it was about."""
    fields = visit.query(name=NAME_MAX, about=ABOUT_MAX)
    signed = await visit.recognised()
    mine = signed.user.email if signed else ""
    typed = {"identifier": fields["name"] or mine, "contact": "", "note": ""}
    return _form(visit, 200, typed, _symptom(fields["about"]))


def _symptom(about: str) -> Symptom:
    """What it is about. Raises Refusal 422 for anything that the form does not offer."""
    if not about:
        return Symptom.SIGNIN
    if about not in set(Symptom):
        raise Refusal(422, "unknown-value", {"field": "about"})
    return Symptom(about)


def _form(
    visit: Visit, status: int, typed: dict[str, str], about: Symptom, **context: Any
) -> Response:
    shown: dict[str, Any] = {"problem": None, "problems": {}, **context}
    return visit.page("help.html", status, **typed, about=about.value, **shown)


async def send(visit: Visit) -> Response:
    """Open a case."""
    fields = await visit.form(
        identifier=NAME_MAX, contact=CONTACT_MAX, note=NOTE_MAX, about=ABOUT_MAX
    )
    about = _symptom(fields.pop("about"))
    signed = await visit.recognised()
    if not fields["identifier"].strip():
        return _form(visit, 422, fields, about, problems={"identifier": [{"code": "missing"}]})
    answer = await support.open_case(
        visit.site.parts,
        visit.caller,
        fields["identifier"],
        fields["contact"],
        fields["note"],
        signed_in=signed.user if signed else None,
        symptom=about,
    )
    match answer:
        case Opened():
            return _done(visit, answer)
        case HeldBack():
            return _held_back(visit, fields, about, answer)
        case NotAName():
            problems = {"identifier": [{"code": "not_a_name"}]}
            return _form(visit, 422, fields, about, problems=problems)
        case TooMany(until=until):
            problem = {"code": "too_many", "until": until}
            return _form(visit, 429, fields, about, problem=problem)


def _held_back(visit: Visit, fields: dict[str, str], about: Symptom, held: HeldBack) -> Response:
    """Nothing was stored, and the secret is not sent back into the page either."""
    what = "password" if held.kind is SecretKind.PASSWORD else "code"
    clean = {**fields, held.field: ""}
    problem = {"code": "looks_secret", "what": what}
    problems = {held.field: [{"code": "looks_secret"}]}
    return _form(visit, 422, clean, about, problem=problem, problems=problems)


def _done(visit: Visit, opened: Opened) -> Response:
    """The reference, and the findings in the voice that this person may hear."""
    told = [words(finding, opened.voice) for finding in opened.diagnosis.findings]
    found = told or [nothing_found(opened.voice)]
    return visit.page(
        "help_done.html",
        201,
        ref=opened.ref,
        findings=found,
        could_not_see=_unseen(found),
        neutral=opened.voice is Voice.STRANGER,
        contacts=visit.tenant.support,
    )


def _unseen(found: list[Words]) -> list[str]:
    """What Keyturn could not see, once each."""
    return list(dict.fromkeys(said.unseen for said in found if said.unseen))
