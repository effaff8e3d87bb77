"""What owners are told of a directory, in one mail: what is wrong, comes and goes, is over.

When there is something to tell, and that each thing is told once, is rules/directories/health/
settled.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.alarms import Alarm
from keyturn.rules.callers import Caller
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.forest import Key, key
from keyturn.rules.directories.health.settled import Alarm as News
from keyturn.rules.directories.things import Directory
from keyturn.rules.health.report import Report
from keyturn.rules.health.verdicts import Finding, State
from keyturn.rules.health.words import fill, listed, place, utc
from keyturn.steps import alarms
from keyturn.steps.acts import Act

#: roots that one mail tells in full; the others are on the directory's page
MOST: Final = 10
#: who tells, in the audit trail
CLIENT: Final = "health"


def tell(tx: Tx, parts: Parts, directory: Directory, news: News, report: Report) -> None:
    """One mail to each owner of the tenant, and one row of its audit trail.

    Args:
        report: of all that counts, `news` among it.
    """
    tenant = tx.tenants.get(directory.tenant_id)
    if tenant is None:
        return
    told = {
        "wrong": _places(map(key, news.roots)), "comes_and_goes": _places(map(key, news.flapping)),
        "over": _places(news.over),
    }  # fmt: skip
    places = {name: found for name, found in told.items() if found}
    named = {name: listed([place(*each) for each in found]) for name, found in places.items()}
    facts = {"subject": directory.name, **named}
    failed = {key(r.finding) for r in report.roots if CATALOGUE.state(r.finding) is State.FAIL}
    words = {
        "causes": [_words(root) for root in news.roots[:MOST]],
        "more": len(news.roots[MOST:]),
        "left": len(failed - set(map(key, (*news.roots, *news.flapping)))),
        "link": parts.link(tenant, f"/console/directories/{directory.id}"),
    }
    act = Act(parts, Caller(tenant, "", (), "", CLIENT), report.at)
    mailed = {**places, "causes": [_unfilled(root) for root in news.roots[:MOST]]}
    alarms.tell(tx, act, Alarm.DIRECTORY_HEALTH, facts, words, mailed)


def _places(keys: Iterable[Key]) -> list[tuple[str, str]]:
    """Titles of checks with where: "TLS version", "dc2.corp.example.test"."""
    return [(CATALOGUE.checks[check].title, subject) for check, subject in keys]


def _unfilled(root: Finding) -> Mapping[str, object]:
    cause = CATALOGUE.causes[root.cause]
    return {"what": cause.what, "mend": cause.mend, "facts": dict(root.facts)}


def _words(root: Finding) -> Mapping[str, str]:
    cause = CATALOGUE.causes[root.cause]
    return {
        "what": fill(cause.what, root.facts, utc),
        "mend": fill(cause.mend, root.facts, utc),
    }
