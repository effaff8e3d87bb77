"""The code to scan, as a page shows it, and as it is watched (web/streams.py)."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any, Final

from keyturn.rules.enrolment import CodeState
from keyturn.steps import showing
from keyturn.steps.showing import Capped, Shown
from keyturn.web.refusals import Refusal
from keyturn.web.streams import Sight, Stream, Watchers
from keyturn.web.visit import Visit

_WATCHERS: Final = Watchers()
#: what is watched: the code, None without one; and whether it goes on being watched
Look = Callable[[], Awaitable[Shown | None]]
OPEN: Final = frozenset({CodeState.WAITING, CodeState.SCANNED})


def code_shown(visit: Visit, shown: Shown | None, capped: Capped | None = None) -> dict[str, Any]:
    """What _scan.html shows.

    Args:
        shown: None: there is no code yet.
        capped: a newer one was asked for, and is not made.

    Raises Refusal 404 where this server signs nothing, so that no app could trust it.
    """
    app = visit.site.parts.link(visit.tenant, "/app/")
    if shown is None:
        return {"state": "none", "app": app, "ended": None, "capped": capped}
    code, waits = shown.code, shown.code.state is CodeState.WAITING
    address = _address(visit, shown) if waits else ""
    return {
        "state": code.state.value,
        "app": app,
        "address": address,
        "svg": svg(address) if waits else "",
        "letters": "" if shown.tried_out else shown.letters,
        "number": code.number if code.state is CodeState.SCANNED else "",
        "expires_at": code.expires_at,
        "ended": code.ended,
        "ended_at": code.ended_at,
        "capped": capped,
    }


def _address(visit: Visit, shown: Shown) -> str:
    if visit.site.notary is None:
        raise Refusal(404, "no-such-page")
    key = visit.site.notary().server_key
    return showing.address(visit.site.parts, visit.tenant, shown, key)


def svg(address: str) -> str:
    """The QR code (ISO/IEC 18004) of an address, as SVG without inline style."""
    import segno  # noqa: PLC0415  few requests need it

    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", scale=4, border=4, xmldecl=False, svgns=True, omitsize=True)
    return out.getvalue().decode()


def is_open(shown: Shown | None) -> bool:
    """Whether there is anything to watch."""
    return shown is not None and shown.code.state in OPEN


def stream(visit: Visit, user_id: str, look: Look, *, root: str) -> Stream:
    """The middle of the page, each time that it is another. It ends with the code; the page is
    opened anew then, and says what became of it.

    Args:
        root: what the addresses of the page's forms begin with.
    """
    piece = ""

    async def sight() -> Sight | None:
        nonlocal piece
        shown = await look()
        visit.now = visit.site.parts.clock.now()
        if not is_open(shown):
            return Sight(piece, last=True)  # it stands until the page is opened anew
        piece = visit.piece("_scan.html", s=code_shown(visit, shown), root=root)
        return Sight(piece, last=False)

    return Stream(_WATCHERS, user_id, visit.site.parts.clock, sight)
