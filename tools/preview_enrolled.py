"""Made-up contexts of a user's phone app, as staff see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace as Row
from typing import Any

from keyturn.flows.inviting import Enrolled
from keyturn.rules import activation, phone_app
from keyturn.rules.access import Action
from keyturn.rules.activation import Link
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.phone_app import PhoneState, Push, PushState

Context = Callable[..., dict[str, Any]]
Pages = dict[str, tuple[str, dict[str, Any]]]
MAY = frozenset({Action.INVITE, Action.RESET_USER})


def _seen(link: Link | None, now: int, mail: Any = None, **phone: Any) -> Enrolled:
    known = phone.pop("phone", None)
    judged = activation.judge(link, link.number, now) if link else None
    return Enrolled(link, judged, mail, known, phone.get("seen_at"), phone.get("can", MAY))


def no_phone(now: int) -> Enrolled:
    """Nobody was ever invited."""
    return _seen(None, now)


def enrolled_pages(user_page: Context, now: int, mail: Callable[..., Row]) -> Pages:
    """A user's page, however far they have come."""
    link = activation.made("l", "t", "u", "d", 0, now - 5 * HOUR)
    push = Push(PushState.WORKS, now - 3 * DAY)
    phone = replace(
        phone_app.bound("p", "t", "u", "k", "Chrome on Android", now - 3 * DAY), push=push
    )
    gone = replace(phone, state=PhoneState.REVOKED, ended_at=now - HOUR)
    used = replace(link, used_at=now - 3 * DAY)
    old = replace(link, number=3, made_at=now - 3 * DAY, expires_at=now - DAY)
    bounced = mail("activation", "bounced", detail="550 5.1.1 no such user")
    of = {
        "invited": _seen(link, now, mail("activation", "delivered")),
        "bounced": _seen(old, now, bounced),
        "bound": _seen(used, now, phone=phone, seen_at=now - 20 * MINUTE,
                       can=frozenset({Action.RESET_USER})),
        "reset": _seen(link, now, mail("activation_reset", "sent"), phone=gone),
        "withdrawn": _seen(replace(link, withdrawn_at=now - HOUR), now),
    }  # fmt: skip
    return {
        f"console-user-app-{name}": (
            "console/user.html",
            user_page(enrolled=one, can={"unlock", "disable", *one.can}),
        )
        for name, one in of.items()
    }
