"""Many people invited from a file in a real Chromium: shown, begun, followed, taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from keyturn.rules.accounts import Role
from tests.lab.looking import PHONE, Eye, Person
from tests.lab.served import PASSWORD, Served

#: people of a list; the last has no address
MANY = 60
PATIENCE_MS = 30_000


def manager(served: Served, eye: Eye, *, script: bool) -> Person:
    """A manager, in the console."""
    email = f"manager{'' if script else '-plain'}@northwind.test"
    user = served.user("Mary Manager", email, role=Role.MANAGER)
    secret = served.authenticator(user)
    person = eye.person(script=script, size=PHONE if script else (1280, 900))
    person.sign_in(email, PASSWORD)
    return person.type(code=served.shown(secret)).press("Go on")


def people(folder: Path, name: str) -> Path:
    """A list as a spreadsheet saves it."""
    lines = [f"Person {n};{name}{n}@people.test" for n in range(1, MANY)]
    file = folder / f"{name}.csv"
    text = "\ufeffName;E-Mail\r\n" + "\r\n".join(lines) + "\r\nNobody;nobody\r\n"
    file.write_text(text, encoding="utf-8", newline="")
    return file


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_list_is_shown_begun_and_followed_to_its_end(
    served: Served, eye: Eye, tmp_path: Path, *, script: bool
) -> None:
    name = "ada" if script else "bob"
    mary = manager(served, eye, script=script)
    mary.go("/console/users/batches")
    mary.see(f"batches-{name}")
    mary.page.set_input_files("#file", people(tmp_path, name))
    mary.page.get_by_role("region", name="A file").locator("button").click()
    assert mary.heading == f"{MANY - 1} people of {MANY} will be invited."
    mary.see(f"batch-draft-{name}")
    assert not served.mails(f"{name}1@people.test")
    mary.press(f"Invite {MANY - 1} people")
    # without a script the browser loads the page again by itself
    done = f"{MANY - 1} links are on the way."
    expect(mary.page.locator("h1")).to_have_text(done, timeout=PATIENCE_MS)
    mary.see(f"batch-over-{name}")
    served.mailed(f"{name}{MANY - 1}@people.test", "set up your phone")
    with mary.page.expect_download() as kept:
        mary.page.get_by_role("link", name="Download the outcome").click()
    assert kept.value.path().read_text(encoding="utf-8").count('"sent"') == MANY - 1
    mary.leave()
