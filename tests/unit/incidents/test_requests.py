"""What stands around a request: hosts, proxies, other sites, programs that open links."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from keyturn.flows import owner as owners
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.incidents.doors import paths
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import FORM, ORIGIN, Page, Web, WebBrowser, open_web


def post(
    browser: WebBrowser, path: str, fields: dict[str, str], *more: tuple[str, str], token: str
) -> Page:
    """A form with these headers beside the browser's cookies."""
    body = "&".join(f"{k}={v}" for k, v in {"csrf": token, **fields}.items()).encode()
    cookie = "; ".join(f"{k}={v}" for k, v in browser.jar.items())
    headers = [("content-type", FORM), ("cookie", cookie), *more]
    return browser.web.request("POST", path, headers=headers, body=body, ip=browser.ip)


@pytest.mark.parametrize(
    "forged",
    [[("host", "evil.test")], [("host", "id.test:x@evil.test")], [("host", "id.test.evil.test")],
     [("host", "id.test"), ("host", "evil.test")],
     [("host", "id.test"), ("x-forwarded-host", "evil.test")],
     [("host", "id.test"), ("forwarded", "host=evil.test")],
     [("host", "id.test"), ("x-host", "evil.test")],
     [("host", "id.test"), ("x-forwarded-server", "evil.test")],
     [("host", "id.test"), ("x-original-host", "evil.test"), ("x-forwarded-proto", "http")]],
)  # fmt: skip
def test_links_in_mails_lead_to_us_whatever_a_request_says(
    house: House, browser: WebBrowser, forged: list[tuple[str, str]]
) -> None:
    """Django, CVE-2012-4520 (2012), and VESTA and Hestia control panels (2020): the link in a
    reset mail was made from the Host header, and led its token to the attacker.
    """
    house.user()
    browser.get("/recover")
    fields = {"identifier": EMAIL}
    page = post(browser, "/recover", fields, *forged, ("origin", ORIGIN), token=browser.token)
    assert page.status in {303, 400, 421}
    for letter in house.outbox():
        links = re.findall(r"https?://[^/\s\"]*", json.dumps(dict(letter.values)))
        assert set(links) == {ORIGIN}


@pytest.mark.parametrize("forwarded", ["a", "", "127.0.0.1", "::1", "localhost", "1.2.3.4, a",
                                       "10.0.0.1", "unknown", "9" * 4000, "%0a"])  # fmt: skip
@pytest.mark.parametrize("trusted", [[], ["198.51.100.0/24"]])
def test_what_a_proxy_is_said_to_have_seen_proves_nothing(
    house: House, forwarded: str, trusted: list[str]
) -> None:
    """authentik, CVE-2024-47070 (2024): with an X-Forwarded-For that was no address the
    password was not asked for.
    """
    house.user()
    browser = open_web(house, trusted=trusted).browser(ip="198.51.100.7")
    browser.get("/signin")
    headers = [(n, forwarded) for n in ("x-forwarded-for", "x-real-ip", "client-ip", "forwarded")]
    fields = {"identifier": EMAIL, "password": "wrong"}
    page = post(browser, "/signin", fields, *headers, token=browser.token)
    assert page.status == 401
    assert page.all("set-cookie") == []


def test_another_forwarded_address_with_each_try_is_still_one_network(house: House) -> None:
    """pH7Builder, CVE-2026-37604 (2026): tries were counted by X-Forwarded-For, which the
    attacker wrote.
    """
    house.limit(network_failures=5)
    browser = open_web(house).browser(ip="203.0.113.9")
    browser.get("/signin")
    statuses = []
    for n in range(8):
        fields = {"identifier": f"user{n}@northwind.test", "password": "wrong"}
        header = ("x-forwarded-for", f"192.0.2.{n}")
        statuses.append(post(browser, "/signin", fields, header, token=browser.token).status)
    assert statuses == [401] * 5 + [429] * 3


def _recovery(house: House, web: Web) -> str:
    browser = web.browser()
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    return "/link/" + house.last("recovery_code").token


def _objection(house: House, web: Web) -> str:
    browser = web.browser()
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    browser.post("/recover/code", code=house.last("recovery_code").code)
    browser.follow()
    browser.post("/recover/password", password="another long one")
    return "/notme/" + house.last("password_changed").token


def _setup(house: House, _web: Web) -> str:
    made = run(owners.setup_link(house.parts, house.tenant, break_glass=True))
    return "/setup/" + str(made).rpartition("/")[2]


@pytest.mark.parametrize("letter", [_recovery, _objection, _setup])
def test_programs_that_open_links_use_nothing_up(
    house: House, web: Web, letter: Callable[[House, Web], str]
) -> None:
    """Mail scanners, as of Control Web Panel's CVE-2026-124020 (2026) or of Microsoft's Safe
    Links (2015 on): they open every link in a mail, and what GET acts on is used up or done.
    """
    house.user()
    path = letter(house, web)
    before = house.dump("users", "codes", "flows", "sessions", "messages")
    for method in ("GET", "HEAD", "GET", "OPTIONS"):
        page = web.request(method, path, headers=[("user-agent", "BingPreview/1.0b")])
        assert page.status == (405 if method == "OPTIONS" else 200)
    assert house.dump("users", "codes", "flows", "sessions", "messages") == before
    person = web.browser()
    assert "<form" in person.get(path).html
    assert person.post(path).status in {200, 303, 422}


def test_nobody_is_signed_in_to_another_s_account_by_another_site(house: House, web: Web) -> None:
    """Login CSRF (Barth, Jackson and Mitchell, 2008): another site signs its visitor in to the
    attacker's account, and sees what they do there.
    """
    house.user()
    victim, thief = web.browser(), web.browser()
    victim.get("/signin")
    thief.get("/signin")
    fields = {"identifier": EMAIL, "password": PASSWORD}
    for token, origin in ((thief.token, "https://evil.test"), (thief.token, ORIGIN), ("", ORIGIN),
                          (victim.token, "https://evil.test"), (victim.token, "null")):  # fmt: skip
        page = post(victim, "/signin", fields, ("origin", origin), token=token)
        assert page.status == 403
        assert page.all("set-cookie") == []
    assert victim.token != thief.token


@pytest.mark.parametrize("kind", [FORM, "text/plain", "application/json", "multipart/form-data"])
def test_the_api_knows_nobody_by_a_cookie(house: House, browser: WebBrowser, kind: str) -> None:
    """Cross-site request forgery of JSON by forms of type text/plain (2008 on): what browsers
    send along by themselves is no proof.
    """
    house.user()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    cookie = "; ".join(f"{k}={v}" for k, v in browser.jar.items())
    for method, path in (("DELETE", "/session"), ("POST", "/account/totp"), ("GET", "/account")):
        page = browser.web.request(
            method, f"/api/v1{path}", headers=[("cookie", cookie), ("content-type", kind)]
        )
        assert page.status in {401, 415}
    assert browser.get("/account").status == 200


@pytest.mark.parametrize("blank", "\x0b\x0c\x1c\x1f\x85\xa0")
def test_a_name_with_a_blank_that_browsers_keep_is_not_ours(
    house: House, web: Web, blank: str
) -> None:
    """Cookies with a `__Host-` or `__Secure-` prefix planted from a neighbouring host (PortSwigger,
    "Cookie Chaos", 2025; Django and ASP.NET): the browser sees another name, the server takes
    the blank away.
    """
    house.user()
    house.user("eve@northwind.test")
    victim, thief = web.browser(), web.browser()
    for browser, name in ((victim, EMAIL), (thief, "eve@northwind.test")):
        browser.get("/signin")
        browser.post("/signin", identifier=name, password=PASSWORD)
    planted = [f"{blank}{name}={value}" for name, value in thief.jar.items()]
    own = [f"{name}={value}" for name, value in victim.jar.items()]
    page = web.request("GET", "/account", headers=[("cookie", "; ".join([*planted, *own]))])
    assert EMAIL in page.html
    assert "eve@northwind.test" not in page.html


ELSEWHERE = ("https://evil.test", "//evil.test", "/\\evil.test", "https:evil.test",
             "/%0d/evil.test", "http:999999999", "javascript:alert(1)", "/account/../../evil",
             "/account\\@evil.test", "https://id.test.evil.test/account", "\t//evil.test",
             "/account?next=//evil.test")  # fmt: skip


@pytest.mark.parametrize("then", ELSEWHERE)
def test_no_page_leads_to_another_site(house: House, browser: WebBrowser, then: str) -> None:
    """Django, CVE-2017-7233 (2017): `http:999999999` and the like passed as addresses of the
    own site, where to go on to after signing in.
    """
    house.user()
    browser.get("/signin")
    for name in ("next", "then", "return_to", "redirect", "url", "continue"):
        page = browser.web.request("GET", "/signin", query=f"{name}={then}".encode())
        assert page.status == 422
        page = browser.post("/signin", identifier=EMAIL, password=PASSWORD, **{name: then})
        assert page.status == 422
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    page = browser.get("/account/proof", f"then={then}")
    assert page.status in {303, 404, 422}
    assert page.location in {None, "/account"}


@pytest.mark.parametrize("letter", [_recovery, _objection, _setup])
def test_a_page_whose_address_holds_a_secret_tells_no_other_site(
    house: House, web: Web, letter: Callable[[House, Web], str]
) -> None:
    """SilverStripe, CVE-2010-5080 (2012): the token of a reset link went to other sites by the
    Referer header.
    """
    house.user()
    page = web.request("GET", letter(house, web))
    assert page.header("referrer-policy") in {"no-referrer", "same-origin"}
    assert page.header("cache-control") == "no-store"
    assert re.findall(r"(?:src|href|action)=\"(?:https?:)?//[^\"]*", page.html) == []


def test_no_answer_can_be_framed(web: Web) -> None:
    """Clickjacking (Hansen and Grossman, 2008): a page under another one is pressed by whoever
    thinks to press that one.
    """
    for path in [*paths("GET"), "/nowhere", "/api/v1/account", "/link/x"]:
        page = web.request("GET", path, headers=[("accept", "text/html")])
        assert "frame-ancestors 'none'" in str(page.header("content-security-policy")), path


def test_nothing_personal_is_kept_by_whatever_stands_between(
    house: House, web: Web, browser: WebBrowser
) -> None:
    """Steam (25 December 2015): pages of some people were kept on the way and shown to others."""
    house.user()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    for path in paths("GET"):
        page = browser.get(path)
        if path.startswith("/app/"):  # kept on the phone: the same for everybody
            stranger = web.request("GET", path)
            assert (page.status, page.body) == (stranger.status, stranger.body), path
            assert page.all("set-cookie") == [], path
        elif path != "/robots.txt" and "css" not in path:
            assert page.header("cache-control") == "no-store", path


@pytest.mark.parametrize(
    "path", ["/account/x.css", "/account.css", "/account%2fx.css", "/account;x.css",
             "/account/.css", "/account/%00.css", "/account/../static/app.css", "/account/x.js",
             "/account%0ax.css"],
)  # fmt: skip
def test_a_personal_page_has_no_name_that_looks_like_a_file(
    house: House, browser: WebBrowser, path: str
) -> None:
    """Web cache deception (Omer Gil, PayPal, 2017): `/account/x.css` showed the account, and
    the cache kept it as a style sheet.
    """
    house.user()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    page = browser.get(path)
    assert page.status == 404
    assert EMAIL not in page.html
    assert page.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    "field", ["role", "roles[]", "is_admin", "is_staff", "verified", "state", "user_id",
              "tenant_id", "epoch", "phone_verified_at", "password_hash", "user[role]"],
)  # fmt: skip
def test_nobody_gives_themselves_more_than_a_form_asks_for(
    house: House, browser: WebBrowser, app: App, field: str
) -> None:
    """GitHub (2012): a form's further fields were stored with the known ones, and made a
    stranger's key one of the Rails project.
    """
    browser.get("/signup")
    fields = {"name": "Eve", "email": "eve@x.test", "password": PASSWORD}
    assert browser.post("/signup", **fields, **{field: "owner"}).status == 422
    assert app.call("POST", "/signup", **fields, **{field: "owner"}).errors == [
        ("", "unknown-field")
    ]
    assert house.outbox() == []


@pytest.mark.parametrize("length", [1025, 4096, 60_000])
def test_a_very_long_password_is_not_hashed(
    house: House, browser: WebBrowser, app: App, length: int
) -> None:
    """Django, CVE-2013-1443 (2013): a password of a megabyte kept a processor busy for a
    minute.
    """
    house.user()
    made = house.hasher.made
    browser.get("/signin")
    assert browser.post("/signin", identifier=EMAIL, password="x" * length).status == 422
    app.call("POST", "/signin", identifier=EMAIL, password="x" * length)
    app.call("POST", "/signup", name="Eve", email="eve@x.test", password="x" * length)
    assert house.hasher.compared == []
    assert house.hasher.made == made
