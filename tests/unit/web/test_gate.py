"""The gate: hosts, tenants, proxies, headers, cookies, forms of other sites."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from keyturn.ports.store import StoreUnavailable
from keyturn.web.app import CSP
from keyturn.web.site import NEW_MS
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import FORM, Page, Web, WebBrowser, open_web


def sign_in(browser: WebBrowser) -> Page:
    browser.get("/signin")
    return browser.post("/signin", identifier=EMAIL, password=PASSWORD)


# -- hosts and tenants


@pytest.mark.parametrize(
    "host", ["evil.test", "id.test.evil.test", "id.test:8443", "", "id.test@evil.test"]
)
def test_a_forged_host_is_refused_and_nothing_is_stored(house: House, web: Web, host: str) -> None:
    page = web.request("GET", "/signin", headers=[("host", host)])
    assert page.status == 421
    assert page.problem["code"] == "other-host"
    assert page.all("set-cookie") == []


def test_two_hosts_are_refused_because_a_proxy_may_have_looked_at_the_other(web: Web) -> None:
    page = web.request("GET", "/signin", headers=[("host", "id.test"), ("host", "evil.test")])
    assert (page.status, page.problem["code"]) == (400, "repeated-header")


def test_links_are_built_from_the_configured_origin_whatever_the_host_says(
    house: House, web: Web
) -> None:
    house.user()
    browser = web.browser()
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    assert house.last("recovery_code").values["link"].startswith("https://id.test/t/northwind/")


def test_a_tenant_of_its_own_host_is_found_by_it_and_by_no_other_path(house: House) -> None:
    other = house.add_tenant("acme")
    house.write(lambda tx: tx.tenants.update(replace(other, host="login.acme.test")))
    web = open_web(house)
    page = web.request("GET", "/signin", headers=[("host", "login.acme.test")])
    assert "Acme" in page.html
    page = web.request("GET", "/t/northwind/signin", headers=[("host", "login.acme.test")])
    assert page.status == 404


def test_two_tenants_on_one_host_do_not_mix_cookies(house: House) -> None:
    acme = house.add_tenant("acme")
    house.user()
    house.user(tenant=acme)
    web = open_web(house)
    browser = web.browser()
    sign_in(browser)
    assert browser.get("/account").status == 200
    browser.base = "/t/acme"
    assert browser.get("/account").location == "/t/acme/signin"
    sign_in(browser)
    assert {name.rpartition("-")[2] for name in browser.jar} == {"northwind", "acme"}


def test_an_unknown_tenant_is_not_there(web: Web) -> None:
    assert web.request("GET", "/t/nobody/signin").problem["code"] == "no-such-page"


def test_a_tenant_that_was_made_just_now_is_there(house: House, web: Web) -> None:
    """Whoever made it has its link on the screen, and opens it."""

    def look() -> int:
        return web.request("GET", "/t/acme/signin").status

    with house.statements() as before:
        assert look() == look() == 404  # however often somebody tries names, they are read once
    house.add_tenant("acme")
    assert look() == 404
    house.clock.move(NEW_MS)
    assert look() == 200
    assert len([one for one in before if "tenants" in one]) == 1


# -- addresses


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.7", "192.0.2.1", "198.51.100.7"),  # no proxy of ours: not believed
        ("10.0.0.5", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.5", "203.0.113.66, 192.0.2.1", "192.0.2.1"),  # further left anybody writes
        ("10.0.0.5", "192.0.2.1, 10.0.0.6", "192.0.2.1"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "not an address", "10.0.0.5"),
        ("10.0.0.5", "192.0.2.1, not an address", "10.0.0.5"),
        ("10.0.0.5", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.5", "fe80::1%eth0", "fe80::1"),
        ("10.0.0.5", "192.0.2.1:50123", "192.0.2.1"),
        ("10.0.0.5", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.0.0.5", "::ffff:192.0.2.1", "192.0.2.1"),
        ("10.0.0.5", "192.0.2.1\t, 10.0.0.6", "192.0.2.1"),
    ],
)
def test_a_forwarded_address_is_believed_from_trusted_proxies_only(
    house: House, peer: str, forwarded: str, expected: str
) -> None:
    house.user()
    web = open_web(house, trusted=["10.0.0.0/8"])
    form = web.browser(ip="10.0.0.5")
    form.get("/signin")
    body = f"csrf={form.token}&identifier={EMAIL}&password=wrong".encode()
    cookie = "; ".join(f"{k}={v}" for k, v in form.jar.items())
    headers = [("content-type", FORM), ("cookie", cookie), ("x-forwarded-for", forwarded)]
    assert web.request("POST", "/signin", headers=headers, body=body, ip=peer).status == 401
    assert house.trail()[-1].ip == expected


# -- headers


@pytest.mark.parametrize(
    "path",
    ["/signin", "/signup", "/recover", "/help", "/contact", "/account", "/nowhere", "/robots.txt",
     "/static/app.css", "/static/none", "/tenant.css", "/healthz", "/hooks/sms", "/link/x",
     "/t/nobody/", "/console"],
)  # fmt: skip
def test_every_answer_has_the_security_headers(web: Web, path: str) -> None:
    page = web.request("GET", path, headers=[("accept", "text/html")])
    assert page.header("content-security-policy") == CSP
    assert "unsafe" not in CSP
    assert page.header("x-content-type-options") == "nosniff"
    assert page.header("referrer-policy") == "same-origin"
    assert page.header("cross-origin-opener-policy") == "same-origin"
    assert page.header("x-robots-tag") == "noindex"
    assert page.header("strict-transport-security")
    assert page.header("cache-control")


@pytest.mark.parametrize(
    "path", ["/signin", "/signup", "/recover", "/help", "/contact", "/nowhere", "/link/x"]
)
def test_no_page_has_anything_inline_that_the_policy_forbids(
    browser: WebBrowser, path: str
) -> None:
    page = browser.get(path)
    assert page.header("cache-control") == "no-store"
    assert not re.search(r"<[^>]+\s(style|on\w+)=|<style|<script(?![^>]*\ssrc=)", page.html)


def test_without_tls_nothing_promises_it(house: House) -> None:
    web = open_web(house, origin="http://localhost:8080")
    page = web.request("GET", "/signin", headers=[("host", "localhost:8080")])
    assert page.header("strict-transport-security") is None
    for name, _, attributes in page.cookies:
        assert not name.startswith("__Host-")
        assert "Secure" not in attributes
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= attributes


def test_if_the_store_fails_nobody_gets_in_and_it_says_when_to_come_again(
    house: House, web: Web, browser: WebBrowser
) -> None:
    class Down:
        async def read(self, fn: object) -> object:
            raise StoreUnavailable

    browser.get("/signin")
    web.site.parts = replace(house.parts, store=Down())  # type: ignore[arg-type]
    house.clock.move(60_000)
    page = web.request("GET", "/signin")
    assert page.status == 503
    assert page.header("retry-after") == "5"
    assert page.problem["code"] == "unavailable"


# -- cookies


def test_cookies_are_closed_to_scripts_to_other_sites_and_to_neighbours(
    house: House, browser: WebBrowser
) -> None:
    house.user()
    first = list(browser.get("/signin").cookies)
    page = browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    every = [*first, *page.cookies]
    assert {re.sub(r"__Host-kt-|-northwind", "", name) for name, _, _ in every} == {
        "browser", "session", "client",
    }  # fmt: skip
    for name, value, attributes in every:
        assert name.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= attributes
        assert not any(a.startswith("Domain") for a in attributes)
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", value)


def test_a_planted_session_is_not_taken_over_at_sign_in(house: House, browser: WebBrowser) -> None:
    house.user()
    planted = "A" * 43
    browser.jar["__Host-kt-session-northwind"] = planted
    sign_in(browser)
    assert browser.cookie("session") not in {None, planted}
    assert browser.web.browser().jar == {}
    thief = browser.web.browser()
    thief.jar["__Host-kt-session-northwind"] = planted
    assert thief.get("/account").location == "/signin"


def test_every_sign_in_has_a_session_of_its_own(house: House, browser: WebBrowser) -> None:
    house.user()
    sign_in(browser)
    first = browser.cookie("session")
    sign_in(browser)
    assert browser.cookie("session") != first


@pytest.mark.parametrize("value", ["", "x", "A" * 44, "%00" * 20, "~~~~", "a.b.c", "=" * 43])
@pytest.mark.parametrize("kind", ["browser", "session", "client"])
def test_a_cookie_of_another_shape_counts_as_none(web: Web, kind: str, value: str) -> None:
    browser = web.browser()
    browser.jar[f"__Host-kt-{kind}-northwind"] = value
    assert browser.get("/account").location == "/signin"
    assert browser.get("/signin").status == 200


# -- forms of other sites


@pytest.mark.parametrize("csrf", ["", "x", "A" * 43])
def test_a_form_without_this_browsers_token_is_refused(
    house: House, browser: WebBrowser, csrf: str
) -> None:
    house.user()
    browser.get("/signin")
    page = browser.post("/signin", csrf=csrf, identifier=EMAIL, password=PASSWORD)
    assert page.status == 403
    assert page.heading == "That form was too old to be sent."
    assert house.count("lanes") == 0


def test_another_browsers_token_is_refused(house: House, web: Web) -> None:
    house.user()
    mine, other = web.browser(), web.browser()
    mine.get("/signin")
    other.get("/signin")
    page = mine.post("/signin", csrf=other.token, identifier=EMAIL, password=PASSWORD)
    assert page.status == 403


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://id.test", ""])
def test_a_form_of_another_origin_is_refused(
    house: House, browser: WebBrowser, origin: str
) -> None:
    house.user()
    browser.get("/signin")
    page = browser.post("/signin", origin=origin, identifier=EMAIL, password=PASSWORD)
    assert page.status == 403
    assert "from another site" in page.heading


def test_a_browser_that_names_no_origin_is_judged_by_its_token(
    house: House, browser: WebBrowser
) -> None:
    house.user()
    browser.get("/signin")
    page = browser.post("/signin", origin=None, identifier=EMAIL, password=PASSWORD)
    assert page.status == 303


# -- redirects and steps


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", "next=https://evil.test"), ("//evil.test", ""), ("//evil.test/%2f..", ""),
        ("/account", "next=//evil.test"), ("/t/northwind//evil.test", ""),
        ("/t/northwind", "next=//evil.test"), ("/\\evil.test", ""),
        ("/recover/code", "to=https://evil.test"), ("/console", "next=//evil.test"),
    ],
)  # fmt: skip
def test_nothing_leads_to_another_site(browser: WebBrowser, path: str, query: str) -> None:
    page = browser.get(path, query)
    if page.location is not None:
        assert re.fullmatch(r"(/t/northwind)?/(?!/)[a-z/-]*", page.location)
    assert "evil.test" not in "".join(page.all("location"))


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("/signin/second", "/signin"),
        ("/signup/code", "/signup"),
        ("/recover/code", "/recover"),
        ("/recover/second", "/recover"),
        ("/recover/password", "/recover"),
        ("/recover/done", "/recover"),
        ("/account/phone/code", "/signin"),
    ],
)
def test_no_step_can_be_skipped(browser: WebBrowser, path: str, begins: str) -> None:
    assert browser.get(path).location == begins
    browser.get("/signin")
    if path != "/recover/done":
        field = "password" if path.endswith("password") else "code"
        assert browser.post(path, **{field: "123456"}).location == begins


@pytest.mark.parametrize("path", ["/recover/second", "/recover/password", "/recover/done"])
def test_an_open_recovery_leads_to_its_own_step(
    house: House, browser: WebBrowser, path: str
) -> None:
    house.user()
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    assert browser.get(path).location == "/recover/code"


def test_what_a_browser_calls_itself_is_shown_and_never_obeyed(house: House, web: Web) -> None:
    house.user()
    browser = web.browser(agent="<script>alert(1)</script>\r\nX: y")
    browser.agent = "<script>alert(1)</script> " + "A" * 5000
    sign_in(browser)
    page = browser.get("/account")
    assert "<script>alert" not in page.html
    assert len(house.trail()[-1].client) < 100
