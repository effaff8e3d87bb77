"""One neutral answer; and the same by the API."""

from __future__ import annotations

import re

from keyturn.demo.play.browser import Page
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller

OK, UNAUTHORISED, UNPROCESSABLE, TOO_MANY = 200, 401, 422, 429
WHO = (
    ("a wrong password of Mia's", "mia@mail.test"),
    ("a name that nobody has", "zoe@mail.test"),
    ("Jonas, who is disabled", "jonas@mail.test"),
    ("Ivy, who never confirmed her address", "ivy@mail.test"),
)
#: what differs between any two answers: form token, time, and what was typed
_MOMENTS = re.compile(r'(name="csrf" value|data-now|data-ms|datetime)="[^"]*"')


def neutral(stage: Stage, told: Teller) -> None:
    """A3: see playing.ACTS."""
    answers: dict[str, Page] = {}
    for who, name in WHO:
        told.tell(f"Somebody types {name} ({who}) and a wrong password.")
        stranger = stage.browser()
        stranger.get("/signin")
        answers[who] = told.page(stranger.send("/signin", identifier=name, password="wrong one"))
    first, *others = (
        _bare(page, name) for page, (_, name) in zip(answers.values(), WHO, strict=True)
    )
    told.check("all four are answered 401", {p.status for p in answers.values()} == {UNAUTHORISED})
    told.check("all four pages are the same, byte for byte", all(o == first for o in others))
    page = answers[WHO[0][0]]
    told.check(
        "the page helps: which names work, spaces at the end, a way on",
        page.has("Which name works", "a space at its end", "Set a new password"),
    )
    jonas = stage.browser()
    jonas.get("/signin")
    right = stage.person("jonas@mail.test").password
    disabled = told.page(jonas.send("/signin", identifier="jonas@mail.test", password=right))
    told.check(
        "a disabled account's right password hears no more than that",
        _bare(disabled, "jonas@mail.test") == first,
    )


def _bare(page: Page, name: str) -> str:
    return _MOMENTS.sub("", page.body.replace(name, "NAME"))


def api(stage: Stage, told: Teller) -> None:
    """Sign-up, lock and recovery by an app: see playing.ACTS."""
    email, password = "pia@mail.test", "kites over the dunes"
    app = stage.app()
    told.tell("Pia signs up in the Northwind app, which speaks the JSON API.")
    reply = app.call("POST", "/signup", name="Pia Holm", email=email, password=password)
    told.check("POST /signup names the step verify_email", reply.step == "verify_email", reply.body)
    mail = told.mail(stage.mail(email, "Confirm"))
    wrong = app.call("POST", "/signup/code", code="000000" if mail.code != "000000" else "000009")
    told.check(
        "a wrong code: 422, and the same step again",
        (wrong.status, wrong.step) == (UNPROCESSABLE, "verify_email"),
        wrong.body,
    )
    done = app.call("POST", "/signup/code", code=mail.code)
    told.check("the right one signs in", done.status == OK and done.body["signed_in"], done.body)
    told.check("GET /session knows her", app.call("GET", "/session").status == OK)
    stranger = stage.app("curl/8.5.0")
    tries = [stranger.sign_in(email, f"wrong {n}") for n in range(5)]
    codes = [reply.code for reply in tries]
    told.check(
        "a stranger: four times wrong, then locked", codes == ["wrong"] * 4 + ["locked"], codes
    )
    told.check("each names the step password", {r.step for r in tries} == {"password"})
    absent = [stage.app("curl/8.5.0").sign_in("nobody@else.test", "x") for _ in range(1)]
    told.check("a name that nobody has answers like hers", _shape(absent[0]) == _shape(tries[0]))
    told.check("her own app signs in meanwhile", app.sign_in(email, password).status == OK)
    _api_recovery(stage, told, email)


def _shape(reply: object) -> object:
    body = getattr(reply, "body", {})
    return {k: v for k, v in body.items() if k != "browser"}


def _api_recovery(stage: Stage, told: Teller, email: str) -> None:
    app = stage.app()
    reply = app.call("POST", "/recovery", identifier=email)
    told.check(
        "POST /recovery names the step recovery_code and the sender",
        reply.step == "recovery_code" and reply.body["pending"]["sender"],
        reply.body,
    )
    code = told.mail(stage.mail(email, "Your code for a new")).code
    told.check(
        "the code leads to new_password",
        app.call("POST", "/recovery/code", code=code).step == "new_password",
    )
    done = app.call("POST", "/recovery/password", password="a brand new kite 7")
    told.check(
        "the new password works from the end of the lock",
        done.body.get("pending", {}).get("works_from"),
        done.body,
    )
