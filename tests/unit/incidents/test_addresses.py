"""Mail goes to the stored address of the one account that was named, and nowhere else."""

from __future__ import annotations

import json

import pytest

from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.api.calling import JSON, App
from tests.unit.web.browsing import FORM, ORIGIN, WebBrowser


def addressees(house: House) -> set[str | None]:
    """Whom the outbox writes to."""
    return {letter.message.address for letter in house.outbox()}


def recover(browser: WebBrowser, name: str) -> int:
    browser.get("/recover")
    return browser.post("/recover", identifier=name).status


@pytest.mark.parametrize(
    "value",
    [
        [EMAIL, "eve@evil.test"],
        {"0": EMAIL, "1": "eve@evil.test"},
        {"email": EMAIL, "to": "eve@evil.test"},
        f'["{EMAIL}","eve@evil.test"]',
    ],
)
def test_a_reset_for_several_addresses_is_refused(house: House, app: App, value: object) -> None:
    """GitLab, CVE-2023-7028 (2024): the address came as an array, and the reset link went to
    all of it.
    """
    house.user()
    app.call("POST", "/recovery", identifier=value)
    assert "eve@evil.test" not in addressees(house)
    assert EMAIL not in addressees(house)


@pytest.mark.parametrize(
    "fields",
    ["identifier[]={0}&identifier[]={1}", "identifier={0}&identifier={1}",
     "identifier[0]={0}&identifier[1]={1}", "identifier={0}&identifier[]={1}",
     "identifier={0}&email={1}", "user[email][]={0}&user[email][]={1}"],
)  # fmt: skip
def test_a_form_with_several_addresses_is_refused(
    house: House, browser: WebBrowser, fields: str
) -> None:
    """GitLab, CVE-2023-7028 (2024), by the form that was used then."""
    house.user()
    browser.get("/recover")
    body = f"csrf={browser.token}&" + fields.format(EMAIL, "eve@evil.test")
    cookie = "; ".join(f"{k}={v}" for k, v in browser.jar.items())
    headers = [("content-type", FORM), ("origin", ORIGIN), ("cookie", cookie)]
    page = browser.web.request("POST", "/recover", headers=headers, body=body.encode())
    assert page.status == 422
    assert house.outbox() == []


@pytest.mark.parametrize(
    "name",
    [f"{EMAIL},eve@evil.test", f"{EMAIL};eve@evil.test", f"{EMAIL} eve@evil.test",
     f"{EMAIL}\neve@evil.test", f"{EMAIL}\r\nCc: eve@evil.test", f"{EMAIL}%0aCc:eve@evil.test",
     f"eve@evil.test <{EMAIL}>", f'"{EMAIL}" <eve@evil.test>', f"{EMAIL}|eve@evil.test",
     f"{EMAIL}&to=eve@evil.test"],
)  # fmt: skip
def test_two_addresses_in_one_text_name_nobody(
    house: House, browser: WebBrowser, app: App, name: str
) -> None:
    """GitLab, CVE-2023-7028 (2024), with both addresses in one field, as mail programs would
    take them apart.
    """
    house.user()
    recover(browser, name)
    app.call("POST", "/recovery", identifier=name)
    assert addressees(house) <= {None}


@pytest.mark.parametrize(
    "name",
    ["\u212aate@northwind.test", "\uff2bate@northwind.test", "KATE@NORTHWIND.TEST",
     "kate@northwind.te\u017ft", "kate@northw\uff49nd.test"],
)  # fmt: skip
def test_a_name_that_folds_to_an_address_gets_no_mail_of_its_own(
    house: House, browser: WebBrowser, name: str
) -> None:
    """Django, CVE-2019-19844 (2019): the address that was typed equalled a stored one after
    case mapping, and the reset link went to the one that was typed.
    """
    house.user("kate@northwind.test")
    recover(browser, name)
    assert addressees(house) <= {None, "kate@northwind.test"}


@pytest.mark.parametrize("name", ["m\u0131ke@github.test", "M\u0130KE@github.test",
                                  "mike@g\u0131thub.test", "m\u0456ke@github.test"])  # fmt: skip
def test_a_letter_that_only_looks_like_another_names_somebody_else(
    house: House, browser: WebBrowser, name: str
) -> None:
    """GitHub (2019): the dotless i became a plain one by case mapping, and the reset mail went
    to the look-alike domain.
    """
    house.user("mike@github.test")
    recover(browser, name)
    assert addressees(house) <= {None}
    browser.get("/signup")
    assert browser.post("/signup", name="M", email=name, password=PASSWORD).status == 422


@pytest.mark.parametrize("email", [f"{EMAIL}\0.evil.test", f"{EMAIL}\0", f"\0{EMAIL}"])
def test_nothing_ends_at_a_nul(house: House, browser: WebBrowser, app: App, email: str) -> None:
    """NUL in certificates' names, CVE-2009-2408 (2009): one reader saw the whole name, another
    the part before the NUL.
    """
    house.user()
    assert recover(browser, email) == 422
    assert app.call("POST", "/recovery", identifier=email).errors == [
        ("/identifier", "control-character")
    ]
    assert app.call("POST", "/signup", name="Eve", email=email, password=PASSWORD).status == 422
    assert house.outbox() == []


@pytest.mark.parametrize(
    "email",
    ['"a@b.test>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n"@x.test', '"eve b"@x.test',
     "eve\r\nRCPT TO:<eve@evil.test>@x.test", "<eve@x.test>", "eve@x.test>", "eve(a)@x.test",
     "eve@[127.0.0.1]", "eve@x.test\n.", "\u2028eve@x.test"],
)  # fmt: skip
def test_no_address_can_speak_to_the_mail_server(
    house: House, browser: WebBrowser, email: str
) -> None:
    """Keycloak, CVE-2025-8419 (2025): special characters in the address at registration spoke
    SMTP.
    """
    browser.get("/signup")
    assert browser.post("/signup", name="Eve", email=email, password=PASSWORD).status == 422
    assert house.outbox() == []


@pytest.mark.parametrize(
    "name", ["Eve\r\nBcc: all@northwind.test", "Eve\nX: y", "Eve\u2028X", "Eve\u0085X", "Eve\x0bX",
             "Visit https://evil.test now", "www.evil.test"],
)  # fmt: skip
def test_no_name_becomes_a_header_or_a_link_in_our_mail(
    house: House, browser: WebBrowser, name: str
) -> None:
    """Python's email package, CVE-2024-6923 (2024): line ends in headers were written out as
    they were; and strangers' names carried advertising in our mail.
    """
    browser.get("/signup")
    assert browser.post("/signup", name=name, email=EMAIL, password=PASSWORD).status == 422
    assert house.outbox() == []


def test_an_object_s_name_that_comes_twice_is_no_address(house: House, app: App) -> None:
    """Apache CouchDB, CVE-2017-12635 (2017): of a name that came twice one parser took the
    first value and another the last.
    """
    house.user()
    body = json.dumps({"identifier": EMAIL})[:-1] + ', "identifier": "eve@evil.test"}'
    reply = app.raw("POST", "/recovery", body.encode(), [JSON])
    assert reply.errors == [("", "repeated-field")]
    assert house.outbox() == []
