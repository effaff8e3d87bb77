"""What owners are told of a directory, in one mail: what is wrong, comes and goes, is over.

When there is something to tell, and that each thing is told once, is rules/directories/health/
settled.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.alarms import Alarm
from keyturn.rules.callers import Caller
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.forest import Key, key
from keyturn.rules.directories.health.settled import Alarm as News
from keyturn.rules.directories.health.view import listed
from keyturn.rules.directories.things import Directory
from keyturn.rules.health.report import Report
from keyturn.rules.health.verdicts import Finding, State
from keyturn.rules.health.words import fill
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
    named = {
        "wrong": _named(map(key, news.roots)), "comes_and_goes": _named(map(key, news.flapping)),
        "over": _named(news.over),
    }  # fmt: skip
    facts = {"subject": directory.name, **{name: told for name, told in named.items() if told}}
    failed = {key(r.finding) for r in report.roots if CATALOGUE.state(r.finding) is State.FAIL}
    words = {
        "causes": [_words(root) for root in news.roots[:MOST]],
        "more": len(news.roots[MOST:]),
        "left": len(failed - set(map(key, (*news.roots, *news.flapping)))),
        "link": parts.link(tenant, f"/console/directories/{directory.id}"),
    }
    act = Act(parts, Caller(tenant, "", (), "", CLIENT), report.at)
    alarms.tell(tx, act, Alarm.DIRECTORY_HEALTH, facts, words)


def _named(places: Iterable[Key]) -> str:
    """Checks with where: "TLS version (dc2.corp.example.test), Primary"."""
    titles = ((CATALOGUE.checks[check].title, subject) for check, subject in places)
    return listed([f"{title} ({subject})" if subject else title for title, subject in titles])


def _words(root: Finding) -> Mapping[str, str]:
    cause = CATALOGUE.causes[root.cause]
    return {
        "what": fill(cause.what, root.facts, _moment),
        "mend": fill(cause.mend, root.facts, _moment),
    }


def _moment(ms: int) -> str:
    """In UTC: owners live in many places, and the mail is the same for all of them."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
