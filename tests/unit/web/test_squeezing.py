"""Compression: of what is the same for everybody, for whoever takes it, and of nothing else."""

from __future__ import annotations

import gzip

import pytest

from keyturn.web.app_shell.files import release
from tests.unit.web.browsing import Page, Web

APP = "/t/northwind/app/"
SAME_FOR_ALL = (
    "/static/app.css", "/static/app.js", APP, f"{APP}worker.js",
    f"{APP}files.json", f"{APP}manifest.webmanifest", f"{APP}r/{release()}/app/main.js",
)  # fmt: skip


def asked(web: Web, path: str, coding: str | None, method: str = "GET", **told: str) -> Page:
    headers = [(name.replace("_", "-"), value) for name, value in told.items()]
    if coding is not None:
        headers.append(("accept-encoding", coding))
    return web.request(method, path, headers=headers)


@pytest.mark.parametrize("path", SAME_FOR_ALL)
def test_whoever_takes_gzip_gets_the_same_in_less(web: Web, path: str) -> None:
    plain, small = asked(web, path, None), asked(web, path, "gzip, br")
    assert plain.header("content-encoding") is None
    assert small.header("content-encoding") == "gzip"
    assert gzip.decompress(small.body) == plain.body
    assert len(small.body) == int(small.header("content-length") or 0) < len(plain.body)
    for name in ("content-type", "cache-control", "content-security-policy", "vary"):
        assert small.header(name) == plain.header(name)
    assert "accept-encoding" in (plain.header("vary") or "").lower()


@pytest.mark.parametrize(
    ("coding", "taken"),
    [
        ("gzip", True), ("GZip", True), ("br;q=1.0, gzip;q=0.8, *;q=0.1", True), ("*", True),
        ("gzip;q=0.001", True), ("br\t,\tgzip ; q=1", True),
        ("gzip;q=0", False), ("gzip;q=0.000, *", False), ("*;q=0", False), ("br", False),
        ("identity", False), ("", False), ("gzipped", False), ("gzip; Q=0.0", False),
    ],
)  # fmt: skip
def test_who_takes_it_says_so(web: Web, coding: str, *, taken: bool) -> None:
    for path in ("/static/app.css", f"{APP}files.json"):
        encoding = asked(web, path, coding).header("content-encoding")
        assert encoding == ("gzip" if taken else None), path


@pytest.mark.parametrize(
    "path",
    [
        "/signin", "/recover", "/signup", "/contact", "/healthz", "/no-such-page",
        "/api/v1/openapi.json", "/static/vendor/atkinson-latin.woff2", "/robots.txt", "/tenant.css",
        f"{APP}icon-192.png", f"{APP}r/{release()}/vendor/atkinson-latin.woff2",
    ],
)  # fmt: skip
def test_neither_pages_nor_what_is_small_in_itself_is_compressed(web: Web, path: str) -> None:
    page = asked(web, path, "gzip")
    assert page.header("content-encoding") is None
    assert page.body == asked(web, path, None).body or "csrf" in page.html


def test_the_apps_page_holds_no_token_and_nothing_that_whoever_asks_chose(web: Web) -> None:
    """Else its length would tell of a secret, and each visit would be compressed anew."""
    page = asked(web, APP, None)
    chosen = [("cookie", "kt-browser-northwind=" + "a" * 43), ("user-agent", "chosen")]
    other = web.request("GET", APP, query=b"chosen=word", headers=chosen, ip="203.0.113.9")
    assert "csrf" not in page.html
    assert (other.status, other.body) == (200, page.body)


def test_a_compressed_file_has_a_name_of_its_own_and_is_sent_once(web: Web) -> None:
    plain = asked(web, "/static/app.css", None).header("etag") or ""
    small = asked(web, "/static/app.css", "gzip").header("etag") or ""
    assert plain != small
    for tag, coding in ((plain, None), (small, "gzip"), (f'"other", {small}', "gzip")):
        again = asked(web, "/static/app.css", coding, if_none_match=tag)
        assert (again.status, again.body) == (304, b"")
    assert asked(web, "/static/app.css", None, if_none_match=small).status == 200
    assert asked(web, "/static/app.css", "gzip", if_none_match='"other"').status == 200


def test_a_part_of_a_compressed_file_is_nothing_that_anybody_gets(web: Web) -> None:
    page = asked(web, "/static/app.css", "gzip", range="bytes=0-9")
    assert (page.status, page.header("content-range")) == (200, None)
    assert gzip.decompress(page.body) == asked(web, "/static/app.css", None).body
