"""What the tenant decides: every policy, what a change of one would do, and the change.

    index --> one policy --> what it would do (nothing is stored) --> saved

The preview is a GET: it is an answer to a question, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from keyturn.flows import policies as flow
from keyturn.flows.policies import Changed, NotAllowed, Outdated, Preview, Unsure
from keyturn.rules.access import Staff, Why
from keyturn.rules.policies.catalogue import GROUPS, POLICIES, Policy
from keyturn.rules.policies.fixed import FIXED
from keyturn.rules.policies.spelling import Unreadable, read, spelled
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import choice
from keyturn.web.visit import Visit

HOME: Final = "/console/policies"
#: longest value that is read: a hundred domains, or eight lines of support
TYPED_MAX, WORD_MAX = 8_000, 40
Handler = Callable[[Visit, Staff], Awaitable[Response]]


async def index(visit: Visit, staff: Staff) -> Response:
    """All of them, as they are; `changed`: which one has just been saved."""
    saved = choice("changed", visit.query(changed=WORD_MAX)["changed"], POLICIES)
    standing = await flow.look(visit.site.parts, staff)
    values = {key: spelled(standing.tenant, key) for key in POLICIES}
    return visit.page(
        "console/policies.html", groups=GROUPS, policies=POLICIES, values=values,
        standing=standing, fixed=FIXED, saved=POLICIES[saved] if saved else None,
    )  # fmt: skip


def shows(key: str) -> Handler:
    """The page of one policy, and what another value would do."""

    async def show(visit: Visit, staff: Staff) -> Response:
        asked = visit.query(to=TYPED_MAX, look=1)
        if asked["look"]:
            return await _previewed(visit, staff, POLICIES[key], asked["to"])
        return await _form(visit, staff, POLICIES[key])

    return show


def saves(key: str) -> Handler:
    """Save what was looked at, if it still is what was looked at."""

    async def save(visit: Visit, staff: Staff) -> Response:
        form = await visit.form(to=TYPED_MAX, was=TYPED_MAX, sure=1)
        wanted = _read(key, form["to"])
        if wanted is None:
            return await _form(visit, staff, POLICIES[key], form["to"], bad=True)
        answer = await flow.change(
            visit.site.parts, staff, wanted, seen={key: _lines(form["was"])},
            sure=bool(form["sure"]),
        )  # fmt: skip
        match answer:
            case Changed():
                visit.site.forget_tenants()
                return visit.to(f"{HOME}?changed={key}")
            case NotAllowed():
                raise barred(answer)
            case Outdated():
                return await _previewed(visit, staff, POLICIES[key], form["to"], outdated=True)
            case Unsure():
                return await _previewed(visit, staff, POLICIES[key], form["to"], unsure=True)
            case _:
                return await _form(visit, staff, POLICIES[key], form["to"], bad=True)

    return save


def _lines(text: str) -> str:
    """What a browser sent of a value: line ends as they are written here (RFC 7578 §4)."""
    return text.replace("\r\n", "\n")


def _read(key: str, text: str) -> Mapping[str, object] | None:
    try:
        return {key: read(key, text)}
    except Unreadable:
        return None


async def _form(
    visit: Visit, staff: Staff, policy: Policy, typed: str | None = None, *, bad: bool = False
) -> Response:
    """The form. `typed`: what was sent; `bad`: it is no value."""
    standing = await flow.look(visit.site.parts, staff)
    if policy.key not in standing.offered:
        raise barred(NotAllowed(Why.NO_ROLE))
    now = spelled(standing.tenant, policy.key)
    return visit.page(
        "console/policy.html", 422 if bad else 200, policy=policy, was=now, bad=bad,
        typed=now if typed is None else typed,
    )  # fmt: skip


async def _previewed(
    visit: Visit, staff: Staff, policy: Policy, typed: str, **why: bool
) -> Response:
    """What it would do; `why`: why it was not saved, though somebody wanted to."""
    wanted = _read(policy.key, typed)
    found = await flow.preview(visit.site.parts, staff, wanted) if wanted else None
    if isinstance(found, NotAllowed):
        raise barred(found)
    if not isinstance(found, Preview):
        return await _form(visit, staff, policy, typed, bad=True)
    shown: dict[str, Any] = {"outdated": False, "unsure": False, **why}
    return visit.page(
        "console/policy_preview.html", 409 if any(why.values()) else 200, policy=policy,
        found=found, change=next(iter(found.changes), None), typed=typed, **shown,
    )  # fmt: skip
