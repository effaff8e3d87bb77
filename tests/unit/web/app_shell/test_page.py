"""The phone app as it is loaded: page, manifest, icons, worker, files."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import struct
import zlib
from dataclasses import replace
from importlib.resources import files as packaged

import pytest

from keyturn.rules.phone_checks.checks import CAUSES, Check
from keyturn.rules.phone_checks.platforms import System
from keyturn.web import colours
from keyturn.web.app_shell.files import listed, release
from keyturn.web.app_shell.icons import SIZES, icon
from keyturn.web.scripts import APP, LATER
from tests.unit.flows.house import House
from tests.unit.web.browsing import Web, WebBrowser, open_web

BASE = "/t/northwind"
STATIC = packaged("keyturn.web") / "static"
#: what a first visit may cost on the way, compressed
FIRST_LOAD = 150_000


def shell(web: Web) -> str:
    page = web.request("GET", f"{BASE}/app/")
    assert page.status == 200
    return page.html


def data(page: str, name: str) -> object:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    assert found, name
    return json.loads(found[1])


def test_the_page_may_use_the_camera_and_a_worker_and_keeps_no_cookie(web: Web) -> None:
    page = web.request("GET", f"{BASE}/app/")
    policy = page.header("content-security-policy") or ""
    assert page.status == 200
    assert "default-src 'none'" in policy
    assert "worker-src 'self'" in policy
    assert "unsafe" not in policy
    assert (page.header("permissions-policy") or "").startswith("camera=(self),")
    assert page.all("set-cookie") == []
    assert page.header("cache-control") == "no-cache"


def test_no_other_page_may_use_the_camera(web: Web) -> None:
    page = web.request("GET", f"{BASE}/signin")
    assert (page.header("permissions-policy") or "").startswith("camera=(),")


def test_without_the_slash_it_leads_to_the_one_with_it(web: Web) -> None:
    page = web.request("GET", f"{BASE}/app")
    assert (page.status, page.location) == (308, f"{BASE}/app/")


def test_the_page_has_no_script_or_style_of_its_own(web: Web) -> None:
    page = shell(web)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    kinds = re.findall(r"<script ([^>]*)>", page)
    assert all("src=" in kind or 'type="application/json"' in kind for kind in kinds)


def test_every_cause_of_every_system_has_words(web: Web) -> None:
    found = data(shell(web), "causes")
    assert isinstance(found, list)
    said: dict[tuple[str, str], list[str | None]]
    said = {(one["check"], one["cause"]): [] for one in found}
    for one in found:
        said[one["check"], one["cause"]].append(one["system"])
        assert all(one[text] for text in ("id", "title", "what", "do"))
    assert set(said) == {(check, cause) for check in Check for cause in CAUSES[check]}
    for systems in said.values():
        assert None in systems or set(systems) <= set(System)


def test_every_screen_that_scripts_show_is_there(web: Web) -> None:
    page = shell(web)
    scripts = "".join(
        STATIC.joinpath(name).read_text("utf-8") for name in APP if "vendor" not in name
    )
    shown = set(re.findall(r'(?:show|copy|row)\("([\w-]+)"', scripts)) | {"session", "client"}
    there = set(re.findall(r'<template id="s-([\w-]+)">', page))
    assert shown == there


def test_every_button_of_every_screen_does_something(web: Web) -> None:
    scripts = "".join(
        STATIC.joinpath(name).read_text("utf-8") for name in APP if "vendor" not in name
    )
    for name in set(re.findall(r'data-do="([\w-]+)"', shell(web))):
        assert re.search(rf'"?\b{name}\b"?(?=[:,(]| \}})', scripts), name


def test_every_screen_has_one_heading_that_can_be_focused(web: Web) -> None:
    for name, text in re.findall(
        r'<template id="s-([\w-]+)">(.*?)</template>', shell(web), re.DOTALL
    ):
        if text.strip().startswith("<li"):
            continue
        assert re.search(r"<h1[^>]*>", text), name
        assert len(re.findall(r"<h1", text)) == len(re.findall(r'<h1 tabindex="-1"', text)), name


def test_whoever_reads_german_has_the_app_in_german(browser: WebBrowser) -> None:
    """All of it: one word that is missing, wherever it comes from, would make it English."""
    browser.reads = "de"
    page = browser.get("/app/").html
    assert '<html lang="de">' in page
    remedies = data(page, "remedies")
    assert isinstance(remedies, dict)
    assert remedies["directory.used-before"].startswith("Wählen Sie")


def test_the_manifest_is_the_tenants_own(web: Web) -> None:
    page = web.request("GET", f"{BASE}/app/manifest.webmanifest")
    found = json.loads(page.body)
    assert page.header("content-type") == "application/manifest+json"
    assert found["name"] == "Northwind"
    assert {found["id"], found["scope"], found["start_url"]} == {f"{BASE}/app/"}
    assert found["display"] == "standalone"
    sizes = {(one["sizes"], one["purpose"]) for one in found["icons"]}
    assert {("192x192", "any"), ("512x512", "maskable")} <= sizes
    for one in found["icons"]:
        picture = web.request("GET", f"{BASE}/app/{one['src']}")
        width, height = struct.unpack(">II", picture.body[16:24])
        assert one["sizes"] == f"{width}x{height}"
        assert (picture.header("content-type"), one["type"]) == ("image/png", "image/png")


@pytest.mark.parametrize("size", SIZES)
def test_an_icon_is_a_whole_picture_in_the_tenants_colour(size: int) -> None:
    picture, chunks, at = icon(size, "#7a2e8d"), {}, 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", picture[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body), kind
        chunks[kind] = body
        at += 12 + length
    ground = colours.shades(colours.parse("#7a2e8d"), "light")["accent"]
    assert chunks[b"PLTE"][:3] == bytes(ground)
    assert chunks[b"PLTE"][-3:] == b"\xff\xff\xff"
    assert len(zlib.decompress(chunks[b"IDAT"])) == size * (1 + size // 2)


def test_an_icon_of_another_size_is_not_there(web: Web) -> None:
    assert web.request("GET", f"{BASE}/app/icon-64.png").status == 404


def test_what_files_json_lists_is_served_as_it_says(web: Web) -> None:
    found = json.loads(web.request("GET", f"{BASE}/app/files.json").body)
    *own, colour = found["files"]
    assert found == listed(f"#{colour['address'].partition('?v=')[2]}")
    assert f'href="{BASE}/{colour["address"].removeprefix("../")}"' in shell(web)
    for one in own:
        page = web.request("GET", f"{BASE}/app/{one['address']}")
        digest = base64.b64encode(hashlib.sha384(page.body).digest()).decode()
        assert one["integrity"] == f"sha384-{digest}"
        assert "immutable" in (page.header("cache-control") or "")


def test_every_script_is_listed_but_the_one_that_lists_them() -> None:
    addresses = [one["address"] for one in listed("#1f5f8b")["files"]]
    names = {address.removeprefix(f"r/{release()}/") for address in addresses}
    assert set(APP) - names == {"app/worker.js"}


def test_files_of_another_release_are_kept_by_nobody(web: Web) -> None:
    page = web.request("GET", f"{BASE}/app/r/older/app/main.js")
    assert (page.status, page.header("cache-control")) == (200, "no-store")


@pytest.mark.parametrize(
    "name", ["app/none.js", "directory.js", "../app.py", "%2e%2e/app.py", "app/worker.js/", ""]
)
def test_nothing_but_the_apps_files_is_there(web: Web, name: str) -> None:
    assert web.request("GET", f"{BASE}/app/r/{release()}/{name}").status == 404


def test_the_worker_is_found_where_its_scope_is_and_never_kept(web: Web) -> None:
    page = web.request("GET", f"{BASE}/app/worker.js")
    assert page.body == STATIC.joinpath("app", "worker.js").read_bytes()
    assert page.header("content-type") == "text/javascript; charset=utf-8"
    assert page.header("cache-control") == "no-cache"
    assert "connect-src 'self'" in (page.header("content-security-policy") or "")


def test_the_first_load_is_small(web: Web) -> None:
    """Compressed: the page, styles, font, all scripts but what directory accounts alone need."""
    addresses = [one["address"] for one in listed("#1f5f8b")["files"] if not one.get("later")]
    named = [f"{BASE}/app/{one}" for one in addresses if not one.startswith("../")]
    others = ["", "manifest.webmanifest", "worker.js", "files.json", "icon-192.png"]
    paths = [*named, *(f"{BASE}/app/{name}" for name in others), f"{BASE}/tenant.css"]
    squeezed = [("accept-encoding", "gzip")]
    sizes = {path: len(web.request("GET", path, headers=squeezed).body) for path in paths}
    assert sum(sizes.values()) < FIRST_LOAD, sizes


def test_what_comes_later_is_nothing_that_the_beginning_loads() -> None:
    found, waiting = {"app/main.js"}, ["app/main.js"]
    while waiting:
        text = STATIC.joinpath(waiting.pop()).read_text("utf-8")
        for way, name in re.findall(r'(?:from |import )"(\./|\.\./)([\w/]+\.js)"', text):
            path = f"app/{name}" if way == "./" else name
            waiting += [path] if path not in found and "vendor" not in path else []
            found.add(path)
    assert len(found) > 15
    assert set(APP) > LATER
    assert not found & LATER


def test_a_tenants_name_stays_a_name_wherever_it_stands(house: House) -> None:
    name = "Smith & Sons </script><b>\"'"
    house.write(lambda tx: tx.tenants.update(replace(house.tenant, name=name)))
    web = open_web(house)
    page = shell(web)
    assert "</script><b>" not in page
    assert html.unescape(page.partition("<title>")[2].partition("</title>")[0]) == name
    notices = data(page, "notices")
    assert isinstance(notices, dict)
    assert notices["test"]["title"] == name
    assert json.loads(web.request("GET", f"{BASE}/app/manifest.webmanifest").body)["name"] == name
