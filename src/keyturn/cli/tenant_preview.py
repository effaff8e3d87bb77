"""`keyturn tenant set --dry-run`: what a change of policies would do, before anything is stored."""

from __future__ import annotations

from rich.text import Text

from keyturn.cli.terminal import OUT, as_json
from keyturn.flows.policies import Change, Preview
from keyturn.rules.diagnosis.judge import render
from keyturn.rules.policies.catalogue import POLICIES, label
from keyturn.rules.policies.counts import MOST
from keyturn.rules.policies.effects import Effect, Tone

_MARKS = {Tone.CALM: ("·", "dim"), Tone.GOOD: ("✓", "green"), Tone.WARN: ("!", "yellow")}


def show(found: Preview, *, json: bool) -> None:
    """A preview, in the words of the console's."""
    if json:
        as_json(_document(found))
        return
    for change in found.changes:
        _show(change)
    if not found.whole:
        OUT.print(f"There are more users than that: the first {MOST} were counted.")
    done = "Nothing was stored." if found.changes else "Nothing would change."
    OUT.print(done)


def sentence(effect: Effect) -> str:
    """An effect in English."""
    return render(effect.text, effect.values, str)


def _show(change: Change) -> None:
    title = POLICIES[change.key].title if change.key in POLICIES else change.key
    values = f"  {_said(change.key, change.was)} → {_said(change.key, change.to)}"
    OUT.print(Text.assemble((title, "bold"), values))
    for effect in change.effects:
        mark, style = _MARKS[effect.tone]
        OUT.print(Text.assemble("  ", (mark, style), " ", sentence(effect)))
    if change.weaker:
        OUT.print(Text("  ! The owners are told by mail.", style="yellow"))
    OUT.print()


def _said(key: str, written: str) -> str:
    return label(key, written) if key in POLICIES else written or "none"


def _document(found: Preview) -> dict[str, object]:
    """A preview for programs."""
    return {
        "stored": False, "whole": found.whole, "left_without_second_step": found.stripped,
        "changes": [
            {
                "what": one.key, "from": one.was, "to": one.to, "weaker": one.weaker,
                "effects": [
                    {"tone": str(effect.tone), "text": sentence(effect),
                     **({"people": effect.values["n"]} if "n" in effect.values else {})}
                    for effect in one.effects
                ],
            }
            for one in found.changes
        ],
    }  # fmt: skip
