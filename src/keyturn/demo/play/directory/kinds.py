"""What is played alike beside every kind of directory that is no domain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from keyturn.demo import company
from keyturn.demo.agents import AgentProcess, CommandRefused
from keyturn.demo.company import Person
from keyturn.demo.play.browser import Page
from keyturn.demo.play.directory.agents import changed_between
from keyturn.demo.play.directory.cast import Beside, G
from keyturn.demo.play.telling import Teller
from keyturn.lab.commands import until

#: until everybody is read, and until a change is seen where changes are found by comparing
READ_S, SEEN_S = 60.0, 90.0
#: until a job that staff began has its answer
SOON_S = 60.0
_DOMAINS: Final = re.compile(r"\b(windows|domain|controllers?|pdc)\b", re.IGNORECASE)


def plain(told: Teller, page: Page) -> Page:
    """A person's page: what it says, and that it says nothing of what is not there."""
    found = _DOMAINS.findall(page.text)
    told.check("nothing on it is about a Windows domain", not found, (found, page.path))
    return told.page(page)


def connected(
    stage: Beside[G],
    told: Teller,
    word: str,
    limits: Mapping[str, str],
    other: Mapping[str, object],
) -> None:
    """It is connected as what it is, its limits are named, and an agent of another kind is refused.

    Args:
        word: what the console calls this kind. limits: what the console is to say of it.
        other: what agent.toml says who takes it for something else.
    """
    name = stage.lab.domain
    page = told.page(stage.desk(company.NADIA).get(f"/console/directories/{_id(stage)}"))
    told.check(f"the console calls it {word}", page.has(word), page.text)
    told.check("it is served", page.has(f"{name} is served by"), page.sentence)
    told.check("no server of it is called a PDC", "PDC" not in page.text)
    missing = [limit for limit, sentence in limits.items() if not page.has(sentence)]
    told.check(f"all {len(limits)} limits of this kind are named", not missing, missing)
    for limit, sentence in limits.items():
        told.seen(f"{limit}: {sentence}")
    _another_kind(stage, told, other)


def _id(stage: Beside[G]) -> str:
    lines = stage.estate.keyturn("directory", "list", "--json").splitlines()
    return next(str(d["id"]) for d in map(json.loads, lines) if d["name"] == stage.lab.domain)


def _another_kind(stage: Beside[G], told: Teller, other: Mapping[str, object]) -> None:
    told.tell(f"Somebody sets an agent up beside it as if it were {other['kind']}.")
    token, place = stage.estate.token(), stage.lab.places[0]
    stranger = AgentProcess(stage.lab, place, stage.origin, "stranger", told=other)
    said = "it was let in"
    try:
        stranger.enrol(token)
    except CommandRefused as refused:
        said = refused.said
    told.check("it is refused, and told why", "of another kind" in said, said)
    told.seen(" ".join(said.split()))
    spare = AgentProcess(stage.lab, place, stage.origin, "spare")
    spare.enrol(token)
    said = stage.estate.keyturn("directory", "revoke", stage.lab.domain, spare.name, "--yes")
    told.check("the token was still good for one of its kind", "is revoked" in said, said)


def required(stage: Beside[G], told: Teller, person: Person) -> Page:
    """Nadia requires a change at the next sign-in; what her page says in the end."""
    nadia = stage.desk(company.NADIA)
    page = stage.start(nadia, person, "/require-change")
    seen = [page]

    def over() -> bool:
        seen[0] = nadia.get(page.url)
        return 'hx-trigger="every 2s"' not in seen[0].body or "not done" in seen[0].sentence

    until(over, SOON_S, f"an answer on {page.path}", 0.5)
    return told.page(seen[0])


def refused_links(stage: Beside[G], told: Teller, accounts: Mapping[str, str]) -> None:
    """Protected accounts, by name, cannot even be linked; each with its reason."""
    for account, why in accounts.items():
        words = ("directory", "link", company.MIA.email, stage.lab.domain, account, "--yes")
        done = stage.keyturn(*words)
        said = " ".join((done.stdout + done.stderr).split())
        told.check(f"{account} is refused: {why}", done.returncode and why in said, said)


def everybody(
    stage: Beside[G], told: Teller, count: int, change: Callable[[], None], event: str
) -> None:
    """Everybody is read once, and a change by hand is seen in the person's trail.

    Args:
        change: of Ben's account. event: what is to be said of it.
    """
    name = stage.lab.domain
    told.tell("Nadia has everybody's account read.")
    stage.estate.keyturn("directory", "sync", name, "--everybody")
    took = until(lambda: _read(stage)["phase"] == "following", READ_S, "everybody to be read", 0.5)
    present = _read(stage)["present"]
    told.check(f"all {count} are known", present == count, present)
    told.seen(f"read within {took:.1f} s")
    before = _trail(stage, event)
    change()
    took = until(lambda: _trail(stage, event) > before, SEEN_S, f"{event} of Ben's account", 0.5)
    told.check("what an administrator does by hand is seen", _trail(stage, event) > before)
    told.seen(f"{event} after {took:.1f} s")


def _read(stage: Beside[G]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        stage.estate.keyturn("directory", "sync", stage.lab.domain, "--json")
    )
    return found


def _trail(stage: Beside[G], event: str) -> int:
    """How often that is in Ben's trail."""
    said = stage.estate.keyturn("audit", company.BEN.email, "--event", event, "--json")
    return len(said.splitlines())


def between(stage: Beside[G], told: Teller, change: Callable[[], None]) -> None:
    """Nadia's account is changed by hand while her reset is under way."""
    nadia = stage.seat(company.NADIA)
    job = changed_between(stage, told, nadia, change)
    told.check("changed since by someone else", job["state"] == "changed", job)
    page = plain(told, nadia.browser.get(f"/account/directory/jobs/{job['id']}"))
    told.check("her page says so", page.has("changed by somebody else"), page.sentence)
