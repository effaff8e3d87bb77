"""The life of a job as a page of the documentation, made from its table."""

from __future__ import annotations

from keyturn.rules.directories.resets import (
    CHOOSE_MS,
    DEADLINE_MS,
    FINAL,
    HOLD_MS,
    TABLE,
    TRY_MS,
    WATCH_MS,
    JobState,
)

PATH = "docs/resets.md"
MADE = "<!-- Made by tools/write_docs.py from rules/directories/resets.py. Change the table. -->"
ANSWERS = (
    "A reset has three answers, and each is true: *done*, *not done*, *changed since by somebody "
    "else*. None is ever taken back."
)
WORDS = {
    JobState.CHOOSING: "a page is open or a technician has started it; nothing is promised",
    JobState.QUEUED: "handed in; an agent may ask for the permit until the deadline",
    JobState.PERMITTED: "one run of one agent may act, once",
    JobState.UNSETTLED: "the permit ended without an answer; the directory is read",
    JobState.DONE: "set, and proved on one writable controller; the others are watched",
    JobState.NOT_DONE: "the directory was not changed by this job, and will not be",
    JobState.CHANGED: "somebody else changed it since",
}


def as_markdown() -> str:
    """The diagram, the states, the times."""
    ways = [f"    {before} --> {after}: {what}" for (before, what), after in TABLE.items()]
    ends = [f"    {state} --> [*]" for state in JobState if state in FINAL]
    rows = [f"| `{state}` | {WORDS[state]} |" for state in JobState]
    lines = [
        MADE, "", "# The life of a reset", "", ANSWERS, "",
        "```mermaid", "stateDiagram-v2", "    [*] --> choosing", *ways, *ends, "```", "",
        "| state | what it means |", "|---|---|", *rows, "", _times(), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _times() -> str:
    return (
        f"A password can be chosen for {(CHOOSE_MS - DEADLINE_MS) // 60_000} minutes; from then "
        f"on it must be set and proved within {DEADLINE_MS // 1000} s. An open one is read "
        f"{HOLD_MS // 1000} s after its permit at the earliest: what was sent in time has arrived "
        f"by then. The other controllers are watched for {WATCH_MS // 86_400_000} days; the sealed "
        f"password is kept for that no longer than {TRY_MS // 60_000} minutes."
    )
