"""Reports as documents: what is kept between looks, and what programs read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from keyturn.rules.health.report import Catalogue, Report, arrange, headline, worst
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.health.words import ENGLISH, Manner, evidence, fill


def kept(report: Report) -> str:
    """A report as it is stored: causes and facts; words are put to it when it is read."""
    rows = [[f.cause, f.subject, f.at, dict(f.facts)] for f in report.findings]
    return json.dumps({"at": report.at, "findings": rows}, ensure_ascii=False)


def recalled(catalogue: Catalogue, text: str) -> Report | None:
    """A stored report; None for what another release wrote in another way. Causes that this
    release does not know are left out.
    """
    try:
        found = json.loads(text)
        rows = [Finding(str(c), str(s), int(at), _facts(facts)) for c, s, at, facts in
                found["findings"]]  # fmt: skip
        return arrange(catalogue, rows, int(found["at"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _facts(found: Any) -> Mapping[str, Value]:
    return {
        str(name): value
        for name, value in found.items()
        if value is None or isinstance(value, bool | int | str)
    }


def seen(
    catalogue: Catalogue,
    finding: Finding,
    moment: Callable[[int], str],
    manner: Manner = ENGLISH,
) -> Mapping[str, str]:
    """The evidence of a finding as people write it."""
    causes = [c for c in catalogue.causes.values() if c.check == finding.check]
    words = [text for cause in causes for text in (cause.what, cause.mend)]
    return evidence(words, finding.facts, moment, manner)


def document(
    catalogue: Catalogue, report: Report, moment: Callable[[int], str]
) -> dict[str, object]:
    """A report for programs. `moment`: milliseconds to what stands for a time."""

    def one(finding: Finding) -> dict[str, object]:
        cause = catalogue.causes[finding.cause]
        return {
            "check": finding.check,
            "cause": finding.cause,
            "subject": finding.subject or None,
            "state": str(cause.state),
            "what": fill(cause.what, finding.facts, moment),
            "mend": fill(cause.mend, finding.facts, moment) or None,
            "copy": [fill(copy.text, finding.facts, moment) for copy in cause.copies],
            "at": moment(finding.at),
            "evidence": dict(finding.facts),
        }

    return {
        "at": moment(report.at),
        "state": str(worst(catalogue, report)),
        "headline": headline(catalogue, report),
        "roots": [
            {**one(root.finding), "consequences": [one(f) for f in root.consequences]}
            for root in report.roots
        ],
        "fine": [one(finding) for finding in report.fine],
    }
