"""Files, colours, robots.txt: what is the same for everybody."""

from __future__ import annotations

import pytest

from keyturn.web.files import FOR_AN_HOUR, FOR_EVER
from tests.unit.web.browsing import Web


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/static/app.css", "text/css; charset=utf-8"),
        ("/static/app.js", "text/javascript; charset=utf-8"),
        ("/static/mark.svg", "image/svg+xml"),
        ("/static/vendor/atkinson-latin.woff2", "font/woff2"),
    ],
)
def test_a_file_has_its_type_and_may_be_kept_for_ever_under_this_releases_version(
    web: Web, path: str, kind: str
) -> None:
    page = web.request("GET", path, query=b"v=test")
    assert page.status == 200
    assert page.header("content-type") == kind
    assert len(page.body) == int(page.header("content-length") or 0) > 0
    assert page.header("cache-control") == FOR_EVER
    assert page.all("set-cookie") == []


@pytest.mark.parametrize("query", [b"", b"v=other", b"v=test&v=test", b"w=test"])
def test_under_any_other_address_it_is_kept_for_an_hour(web: Web, query: bytes) -> None:
    page = web.request("GET", "/static/app.css", query=query)
    assert page.header("cache-control") == FOR_AN_HOUR


def test_a_file_that_has_not_changed_is_not_sent_again(web: Web) -> None:
    etag = web.request("GET", "/static/app.css").header("etag") or ""
    page = web.request("GET", "/static/app.css", headers=[("if-none-match", etag)])
    assert (page.status, page.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static", "/static/no.css", "/static/../app.py", "/static/%2e%2e/app.py",
        "/static/..\\app.py", "/static/\0", "/static/vendor",
        "/static//etc/passwd", "/static/" + "a" * 5000,
    ],
)  # fmt: skip
def test_nothing_but_its_own_files_is_there(web: Web, path: str) -> None:
    assert web.request("GET", path).status == 404


def test_files_take_nothing(web: Web) -> None:
    page = web.request("POST", "/static/app.css")
    assert page.status == 405
    assert page.header("allow") == "GET, HEAD"


def test_a_tenants_colours_are_its_own_and_kept_under_their_own_address(web: Web) -> None:
    page = web.request("GET", "/tenant.css", query=b"v=1f7a5c")
    assert page.header("content-type") == "text/css; charset=utf-8"
    assert "--accent:#" in page.html
    assert page.header("cache-control") == FOR_EVER
    assert page.all("set-cookie") == []
    page = web.request("GET", "/t/northwind/tenant.css", query=b"v=000000")
    assert page.header("cache-control") == FOR_AN_HOUR


def test_nothing_here_is_for_search_engines(web: Web) -> None:
    page = web.request("GET", "/robots.txt")
    assert page.body == b"User-agent: *\nDisallow: /\n"
    assert web.request("GET", "/signin").header("x-robots-tag") == "noindex"
