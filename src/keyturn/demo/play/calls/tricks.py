"""Impostors who have something in their hands, and what they get: nothing."""

from __future__ import annotations

from typing import Any

import httpx

from keyturn.demo.play.calls.before import FABRIKAM, PEOPLE
from keyturn.demo.play.calls.camera import HomeCamera, Spoken
from keyturn.demo.play.calls.desk import (
    CONFLICT,
    ELIN,
    FARID,
    HUGO,
    NOT_FOUND,
    Desk,
    Floor,
    enter,
    token,
    well,
)
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import HOUR, MINUTE


def neighbour(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    hers, his = stage.cameras[ELIN], stage.cameras[HUGO]
    desk = Desk(stage, told)
    told.tell("He calls as Elin, from Hugo's hall next door: “I stand beside the camera!”")
    desk.calls(ELIN)
    page = desk.case()
    offered = f"/devices/{hers.pairing}/ask" in page.body and his.pairing not in page.body
    told.check("the case offers Elin's camera, and no other", offered)
    users = desk.user()
    fields = {"case": desk.ref, "method": "button"}
    forced = desk.force(f"{users}/devices/{his.pairing}/ask", **fields)
    told.check("nor is Hugo's asked by its address", forced.status == NOT_FOUND, forced.status)
    blinks, lines = hers.lines, his.lines
    asked = told.page(desk.wants_a_press())
    hers.shows("asks", blinks)
    told.tell("Elin's camera blinks in her empty flat. He presses Hugo's.")
    his.press()
    his.shows("nobody-asks", lines)
    stage.pass_time(MINUTE)
    page = told.page(desk.browser.get(asked.path))
    told.check("nobody answered", page.has("within a minute"), page.sentence)
    _comes_home(hers)
    page = told.page(desk.case())
    told.check("and nothing is proved", page.has("Not proved"), page.sentence)
    desk.nothing(page)


def _comes_home(camera: HomeCamera) -> None:
    """Its owner sees it blink, and presses too late."""
    lines = camera.lines
    camera.press()
    camera.shows("late", lines)


def replays(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    camera = stage.cameras[ELIN]
    stage.pass_time(HOUR)
    heard, code = _elin_calls(stage, told)
    told.tell("Somebody has written down what went over her line, and filmed the display.")
    said = _again(heard)
    told.check("sent again at once, it is not new", "error" in said, said)
    told.seen(f"the server says: {said.get('error')}")
    stage.pass_time(2 * MINUTE)
    desk = Desk(stage, told)
    told.tell("Two minutes later she calls as Elin, and the camera blinks.")
    desk.calls(ELIN)
    lines = camera.lines
    told.page(desk.wants_a_press())
    camera.shows("asks", lines)
    said = _again(heard)
    told.check("the press of before, sent again, is refused", "error" in said, said)
    told.seen(f"the server says: {said.get('error')}")
    told.tell("Then she reads out the digits that she has filmed.")
    page = desk.wants_a_press("code")
    page = told.page(desk.browser.send(page.path, code=code))
    told.check("that is not what it shows now", page.has("not what it shows"), page.text[:400])
    _comes_home(camera)
    page = desk.case()
    told.check("and nothing is proved", page.has("Not proved"), page.sentence)
    desk.nothing(page)
    well(stage, told, PEOPLE[ELIN])


def _elin_calls(stage: Floor, told: Teller) -> tuple[Spoken, str]:
    """She is asked for a press, rightly; what went over the line, and what the display shows."""
    camera = stage.cameras[ELIN]
    told.tell("Elin calls about a bill, and presses her camera's button for Tom.")
    desk = Desk(stage, told)
    desk.calls(ELIN)
    page = desk.is_there(camera)
    told.check("she is proved", page.has("Counts until"), page.sentence)
    heard = next(one for one in reversed(camera.spoken) if one.url.endswith("/pressed"))
    return heard, camera.code()


def _again(heard: Spoken) -> dict[str, Any]:
    """The same bytes once more."""
    head = {name: value for name, value in heard.headers.items() if name != "content-length"}
    answer = httpx.post(heard.url, content=heard.content, headers=head, timeout=30)
    return dict(answer.json())


def cloned(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    phone = stage.phones[FARID]
    clone = phone.cloned()
    desk = Desk(stage, told)
    told.tell("He had Farid's phone for an hour, and copied everything that the app keeps.")
    desk.calls(FARID)
    page = told.page(desk.rings())
    number = page.sentence.partition(" type ")[2][:2]
    told.tell(f"Tom asks the phone, and reads out {number}. The copy wants to answer.")
    said = clone.ask("questions")
    told.check("the copy has no key: it is not even told", "error" in said, said)
    told.seen(f"the server says: {said.get('error')}")
    said = phone.denies()
    told.check("Farid's own phone shows the question, and he says no", "result" in said, said)
    page = told.page(desk.case())
    told.check("the case says so", page.has("said no", "Not proved"), page.text[-600:])
    desk.nothing(page)


def elsewhere(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    if stage.otto is None:
        raise LookupError("otto")
    desk = Desk(stage, told)
    told.tell("Otto, owner of another tenant, calls as Elin, and holds the reference of the case.")
    desk.calls(ELIN)
    otto = enter(stage, told, stage.otto, FABRIKAM)
    own = otto.get(f"{FABRIKAM}/console/cases")
    told.check("in his own console there is no case", not own.has(desk.ref), own.sentence)
    absent = otto.get(f"{FABRIKAM}/console/cases/KT-ZZZZ-ZZ")
    theirs = otto.get(f"{FABRIKAM}{desk.at}")
    same = (theirs.status, theirs.sentence) == (absent.status, absent.sentence)
    told.check("Elin's is as absent as one that never was", same and theirs.status == NOT_FOUND)
    csrf = token(otto.get(f"{FABRIKAM}/console/cases"))
    for place in ("take", "lost", "link", "proofs/mail"):
        answer = otto.post(f"{FABRIKAM}{desk.at}/{place}", {"csrf": csrf})
        told.check(f"…/{place}: {answer.status}", answer.status == NOT_FOUND, answer.sentence)
    across = otto.get(desk.at)
    told.check("and at Northwind's door he is a stranger", across.path.endswith("/signin"))
    page = desk.case()
    told.check("the case has heard of nothing", not page.has("Otto"), page.sentence)
    shut = desk.force("proofs/mail/enter", code="123456").status
    told.check("no code of another tenant counts", shut == CONFLICT, shut)
    desk.nothing(page)
