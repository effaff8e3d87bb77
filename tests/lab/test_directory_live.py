"""A directory's page at a real browser: it renews itself, and leaves open what was opened."""

from __future__ import annotations

import json
from dataclasses import replace

from playwright.sync_api import expect

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role
from tests.lab.looking import Eye
from tests.lab.served import PASSWORD, Served
from tests.unit.web.corp import Corp, host

#: the page asks every 15 s
RENEWED_MS = 25_000


def test_the_map_renews_itself_and_what_was_opened_stays_open(served: Served, eye: Eye) -> None:
    corp = Corp(served.write, served.house.parts, served.tenant)
    user = served.user("Olga Okafor", "olga@northwind.test", role=Role.OWNER)
    secret = served.authenticator(user)
    olga = eye.person().sign_in("olga@northwind.test", PASSWORD)
    olga.type(code=served.shown(secret)).press("Go on")
    page = olga.page
    page.get_by_role("link", name="Directories").click()
    page.get_by_role("link", name=corp.directory.name).click()
    expect(page.locator("svg title", has_text=f"{host('dc2')}: Not reached")).to_have_count(0)
    page.locator("#d-fine > summary").click()

    def unreachable(tx: Tx) -> None:
        found = tx.directories.get(corp.directory.tenant_id, corp.directory.id)
        assert found is not None
        reach = {host("dc1"): "", host("dc2"): "tls_old"}
        now = served.house.parts.clock.now()
        tx.directories.update(replace(found, reachable=json.dumps(reach), topology_at=now))

    served.write(unreachable)
    worse = page.locator("svg title", has_text=f"{host('dc2')}: Not reached")
    expect(worse).to_have_count(1, timeout=RENEWED_MS)
    expect(page.locator("#d-fine")).to_have_attribute("open", "")
    olga.see("directory-live")
