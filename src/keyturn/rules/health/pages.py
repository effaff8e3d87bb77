"""The catalogue as a page of the documentation (Markdown); `tools/write_docs.py` writes it."""

from __future__ import annotations

from typing import Final

from keyturn.rules.health.catalogue import CATALOGUE, GAVE_UP
from keyturn.rules.health.report import AREAS, Catalogue
from keyturn.rules.health.verdicts import Area, Cause, Check, State
from keyturn.rules.health.words import PLACE

VERDICTS: Final = {
    State.FAIL: "wrong",
    State.WARN: "could be better",
    State.UNKNOWN: "cannot tell",
}
HEAD: Final = """\
# The doctor

<!-- Made by tools/write_docs.py from rules/health. Change the catalogue, not this. -->

`keyturn doctor` looks at the whole installation and says what is wrong, why, and how to mend
it. It sends nothing and changes nothing, and it runs beside a server and without one. Owners
and managers see the same on the console's page “Health”: a button begins a look, the page
shows the last one.

    keyturn doctor                      everything
    keyturn doctor --only mail          one area, or one check such as spf
    keyturn doctor --tenant northwind   one tenant's sender, outbox and policy, and the installation
    keyturn doctor --evidence           with what was seen
    keyturn doctor --json               for programs: one document

Exit status: 0 nothing is wrong (there may be something to improve), 1 something is wrong,
2 nothing is wrong as far as could be seen, but something could not be looked at, or the
command was wrong.

**One root, its consequences beneath.** What is only the consequence of something else is
shown under it and needs no mending of its own: if the mail server's name does not exist,
nothing can be said of its certificate, and mails wait.

**Whom it asks.** The name servers of this host; the mail server and the SMS gateway in the
settings, up to the login; the push services there, up to their certificates; the site's own
address; a time server if `doctor.ntp` names one.
Nobody else. Without a network, whatever needs one is told as “cannot tell”.

**Who sees what.** On the page, the installation is shown in its first tenant alone (the one
whose owner the set-up link made). Staff of other tenants see their own sender, outbox and
policy.

**Set `doctor.addresses`** to the public addresses that mail leaves from. Only then can SPF
and reverse names be checked for what matters.

Name servers keep what they were told for as long as a record says (its TTL): a record that
you have just corrected may look wrong for some minutes more.
"""


def as_markdown() -> str:
    """docs/doctor.md."""
    parts = [HEAD]
    for area in Area:
        parts.append(f"## {AREAS[area].capitalize()}\n")
        parts += [told(CATALOGUE, c) for c in CATALOGUE.checks.values() if c.area is area]
    return "\n".join(parts)


def told(catalogue: Catalogue, check: Check) -> str:
    """One check with its causes, in Markdown."""
    causes = [c for c in catalogue.causes.values() if c.check == check.name]
    troubles = [c for c in causes if c.state is not State.OK and not c.id.endswith(GAVE_UP)]
    lines = [f"### {check.title} (`{check.name}`)", "", f"Looks at {check.looks}.", "", check.why]
    if check.needs:
        lines[-1] += " Needs " + ", ".join(f"`{name}`" for name in check.needs) + "."
    return "\n".join([*lines, "", *map(_cause, troubles)])


def _cause(cause: Cause) -> str:
    text = (
        f"- **{VERDICTS[cause.state]}** `{cause.id}`: {_blanks(cause.what)} {_blanks(cause.mend)}"
    )
    because = ", ".join(f"`{name}`" for name in cause.because)
    lines = [text.rstrip() + (f" May come of {because}." if because else "")]
    for copy in cause.copies:
        lines += ["", *(f"      {line}" for line in _blanks(copy.text).split("\n"))]
    return "\n".join([*lines, ""])


def _blanks(text: str) -> str:
    """Blanks in capitals, as in a manual page."""
    return PLACE.sub(lambda blank: blank[1].upper().replace("_", "-"), text)
