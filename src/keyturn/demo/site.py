"""The demo's own pages: whom to be, the inbox, the clock. No other server has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyotp
from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.demo.clock import DemoClock
from keyturn.demo.company import Person, Roster
from keyturn.demo.spool import Spool
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.web.door import door
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

#: a mail is shown as its reader's program would: no script, nothing fetched
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STEPS_MS = (MINUTE, 10 * MINUTE, HOUR, DAY)
STEP_S = 30


class DemoPages:
    """Answers for /demo.

    Args:
        clock, spool, roster: shared by all workers, through files.
    """

    def __init__(self, clock: DemoClock, spool: Spool, roster: Roster) -> None:
        self._clock = clock
        self._spool = spool
        self._people = roster.read()

    def routes(self, site: Site) -> list[BaseRoute]:
        """For wiring.application(demo=…)."""
        return [
            door(site, "/demo", get=self.desk),
            door(site, "/demo/inbox", get=self.inbox),
            door(site, "/demo/mail/{number}", get=self.mail),
            door(site, "/demo/clock", get=self.desk, post=self.move),
        ]

    async def desk(self, visit: Visit) -> Response:
        """Whom to be, with each authenticator's code of this moment; and the clock."""
        now = self._clock.now()
        return visit.page(
            "demo.html",
            people=[_shown(person, now) for person in self._people],
            offset=self._clock.offset,
            steps=STEPS_MS,
            fresh_in=STEP_S - now // SECOND % STEP_S,
        )

    async def inbox(self, visit: Visit) -> Response:
        """What arrived, newest first."""
        mails, texts = self._spool.mails()[::-1], self._spool.texts()[::-1]
        return visit.page(
            "demo_inbox.html",
            mails=[
                {"to": m.mail.to, "subject": m.mail.subject, "at": m.at, "text": m.mail.text,
                 "dkim": m.mail.genuine, "html_id": m.number if m.mail.html else None}
                for m in mails
            ],
            texts=[
                {"to": t.text.to, "text": t.text.text, "at": t.at, "state": t.state}
                for t in texts
            ],
            offset=self._clock.offset,
        )  # fmt: skip

    async def mail(self, visit: Visit) -> Response:
        """One mail's HTML part, in a sandbox of its own."""
        number = visit.path["number"]
        found = next((m for m in self._spool.mails() if str(m.number) == number), None)
        if found is None:
            raise Refusal(404, "no-such-page")
        response = Response(found.mail.html, media_type="text/html; charset=utf-8")
        response.headers["content-security-policy"] = MAIL_POLICY
        return response

    async def move(self, visit: Visit) -> Response:
        """Let so many milliseconds pass at once."""
        by = (await visit.form(ms=11))["ms"]
        try:
            self._clock.advance(int(by if by.isascii() and by.isdigit() else "-1"))
        except ValueError:
            raise Refusal(422, "bad-value", {"field": "ms"}) from None
        return visit.to("/demo")


def _shown(person: Person, now: int) -> dict[str, Any]:
    code = pyotp.TOTP(person.secret).generate_otp(now // SECOND // STEP_S) if person.secret else ""
    return {
        "name": person.name, "email": person.email, "password": person.password,
        "state": person.state, "code": code, "codes": person.codes, "staff": bool(person.role),
    }  # fmt: skip


def pages(clock: DemoClock, spool: Spool, roster: Roster) -> Callable[[Site], list[BaseRoute]]:
    """What wiring.application takes as `demo`."""
    return DemoPages(clock, spool, roster).routes
