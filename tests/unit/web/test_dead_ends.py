"""A14: wherever a flow of a person's ends, the tenant's ways and hours are shown.

Looked for on every page that there is a preview of: one that says that something is wrong, and has
nothing to fill in or press, is a dead end, whatever template it is made from.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest

from keyturn.rules.accounts import Contact
from keyturn.rules.vcard import TYPE
from tests.unit.flows.house import House
from tests.unit.web.browsing import Web

TOOLS = Path(__file__).parents[3] / "tools"
TEMPLATES = files("keyturn.web") / "templates"
#: not a person's page, or not of a flow
APART = ("console", "demo")
CONTACTS = ('class="contacts"', "has not named a way to reach it")
#: says that something is not right, and is no end
ONWARD = {
    "directory-job-unsettled", "recover-done-waits",  # they go on by themselves
    "directory-job-done-cut-off", "directory-job-overtaken",  # it is done
    "devices-silent", "own-phone-unasked", "own-phone-denied", "own-phone-dead",  # mended there
    "account-bare", "recovery-codes",  # there is something to do
}  # fmt: skip


@pytest.fixture(scope="module")
def preview() -> Iterator[ModuleType]:
    """The previews of all pages, a script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        yield importlib.import_module("preview_pages")


@pytest.fixture(scope="module")
def pages(preview: ModuleType) -> dict[str, str]:
    """All of them, by name."""
    return dict(preview.render(""))


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def is_dead_end(main: str) -> bool:
    """It says that something is wrong, and nothing can be sent from it."""
    standing = re.search(r'<span class="verdict (warn|bad)\b', main)
    return standing is not None and "<form" not in main


def test_every_dead_end_of_a_person_says_how_to_reach_a_human(pages: dict[str, str]) -> None:
    ends = {
        name: main
        for name, page in pages.items()
        if not name.startswith(APART) and is_dead_end(main := main_of(page))
    }
    assert len(ends) > 30
    without = {name for name, main in ends.items() if not any(w in main for w in CONTACTS)}
    assert without <= ONWARD, without - ONWARD


def test_the_card_is_offered_wherever_contacts_are(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        if 'class="contacts"' in page:
            assert "/contact.vcf" in page, name
    for name in ("account", "activation-done", "own-phone"):
        assert "/contact.vcf" in pages[name], name
    assert "m.contact_card()" in (TEMPLATES / "app/home.html").read_text()


def test_the_card_is_saved_by_whoever_gets_in_nowhere(house: House, web: Web) -> None:
    named = replace(house.tenant, support=(Contact("Phone", "+44 20 7946 0100"),))
    house.write(lambda tx: tx.tenants.update(named))
    page = web.request("GET", "/contact.vcf")
    assert (page.status, page.header("content-type")) == (200, TYPE)
    assert page.header("content-disposition") == 'attachment; filename="northwind.vcf"'
    text = page.body.decode()
    assert text.startswith("BEGIN:VCARD\r\nVERSION:4.0\r\n")
    assert "Support will never ask for your password." in text.replace("\r\n ", "")


def test_without_a_way_there_is_no_card(house: House, web: Web) -> None:
    house.write(lambda tx: tx.tenants.update(replace(house.tenant, support=())))
    assert web.request("GET", "/contact.vcf").status == 404
