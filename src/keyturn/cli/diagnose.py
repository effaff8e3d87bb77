"""`keyturn diagnose`: why somebody cannot get in, in the administrator's voice."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli.opened import desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, indented, iso, moment
from keyturn.flows.diagnose import Diagnosed, diagnose_user
from keyturn.rules.diagnosis import (
    VOCABULARY,
    Blind,
    Finding,
    Kind,
    Symptom,
    Unseen,
    Value,
    Voice,
    evidence,
    nothing_found,
    render,
    words,
)
from keyturn.rules.diagnosis.catalogue import BY_ID

app = typer.Typer(add_completion=False, rich_markup_mode=None)
VOICE = Voice.ADMINISTRATOR
BLIND = {
    Blind.NOT_LOOKED_AT: "not looked at",
    Blind.NOT_KEPT: "not kept",
    Blind.TOO_OLD: "too long ago",
    Blind.NO_RECEIPTS: "no delivery reports",
    Blind.UNREACHABLE: "could not be reached",
}
STRONG, LIKELY = 80, 60


@app.command()
def diagnose(
    user: Annotated[str, typer.Argument(help="Any name, as the person types it, or an id.")],
    symptom: Annotated[
        Symptom | None, typer.Option("--symptom", help="Only what explains this.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every fact that was looked at.")] = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Why somebody cannot get in: what was looked at, what was found, what could not be seen."""
    with desk(config, tenant) as at:
        found = at.run(diagnose_user(at.house.parts, at.staff, user, symptom))
    if json:
        as_json(document(found))
        return
    _headline(found, user)
    _causes(found)
    _sight(found, full=full)


def document(found: Diagnosed) -> dict[str, object]:
    """A diagnosis for programs; times in facts are milliseconds since the epoch."""
    return {
        "at": iso(found.at),
        "user": found.user.id if found.user else None,
        "causes": [_cause(finding) for finding in found.diagnosis.findings],
        "looked_at": {name: found.facts.value(name) for name in found.diagnosis.looked_at},
        "cannot_see": [{"fact": u.name, "why": u.why} for u in found.diagnosis.cannot_see],
        "undecided": list(found.diagnosis.undecided),
    }


def _cause(finding: Finding) -> dict[str, object]:
    said = words(finding, VOICE)
    return {
        "cause": finding.cause,
        "strength": finding.strength,
        "what": render(said.what, said.values, moment),
        "remedy": render(said.do, said.values, moment),
        "evidence": dict(evidence(finding, VOICE)),
    }


def _headline(found: Diagnosed, typed: str) -> None:
    OUT.print()
    if found.user is None:
        OUT.print(Text(f"Nobody is called “{clean(typed)}” here.", "bold"))
    else:
        who = f"{found.user.name} <{found.user.email}>, {found.user.state}"
        OUT.print(Text.assemble((clean(who), "bold"), f"  as of {moment(found.at)}"))
    OUT.print()


def _causes(found: Diagnosed) -> None:
    if not found.diagnosis.findings:
        said = nothing_found(VOICE)
        _paragraph(Text(said.what), Text(said.do, "dim"))
    for finding in found.diagnosis.findings:
        said = words(finding, VOICE)
        title = BY_ID[finding.cause].title if finding.cause in BY_ID else finding.cause
        proof = ", ".join(f"{n} = {shown(n, v)}" for n, v in evidence(finding, VOICE).items())
        _paragraph(
            Text.assemble(_weight(finding.strength), "  ", (title, "bold"),
                          (f"  [{finding.cause}]", "dim")),
            Text(clean(render(said.what, said.values, moment))),
            Text("→ " + clean(render(said.do, said.values, moment))),
            Text(clean(proof), "dim"),
        )  # fmt: skip


def _weight(strength: int) -> Text:
    if strength >= STRONG:
        return Text("✗ certain", "red") if strength > STRONG else Text("✗ strong", "red")
    return Text("! likely", "yellow") if strength >= LIKELY else Text("? possible", "cyan")


def _paragraph(first: Text, *rest: Text) -> None:
    OUT.print(first)
    for line in rest:
        OUT.print(indented(line, 4))
    OUT.print()


def _sight(found: Diagnosed, *, full: bool) -> None:
    looked = found.diagnosis.looked_at
    OUT.print(Text.assemble(("Looked at ", "bold"), f"{len(looked)} facts"), end="")
    OUT.print("." if full else Text(" (--full shows them).", "dim"))
    if full:
        for name in looked:
            OUT.print(Text.assemble("  ", (f"{name:34}", "cyan"),
                                    clean(shown(name, found.facts.value(name)))))  # fmt: skip
    _unseen(found.diagnosis.cannot_see, full=full)


def _unseen(unseen: tuple[Unseen, ...], *, full: bool) -> None:
    if not unseen:
        return
    OUT.print(Text("Could not see", "bold"))
    for each in unseen if full else unseen[:8]:
        meaning = VOCABULARY[each.name].meaning if each.name in VOCABULARY else each.name
        OUT.print(Text.assemble("  ", meaning, (f"  ({BLIND[each.why]})", "dim")))
    if not full and len(unseen) > 8:  # noqa: PLR2004  as above
        OUT.print(Text(f"  and {len(unseen) - 8} more (--full)", "dim"))


def shown(name: str, value: Value) -> str:
    """A fact's value for people."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    fact = VOCABULARY.get(name)
    if fact is not None and fact.kind is Kind.TIME and isinstance(value, int):
        return moment(value)
    return str(value)
