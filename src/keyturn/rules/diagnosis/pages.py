"""The catalogue as pages of the documentation (Markdown); `tools/write_docs.py` writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from keyturn.rules.diagnosis.catalogue import COMPLAINTS, NEUTRAL, TOPICS, Topic
from keyturn.rules.diagnosis.cause import Cause, Say, Symptom
from keyturn.rules.diagnosis.vocabulary import VOCABULARY, Kind

FOLDER = "docs/troubleshooting"
INTRODUCTION = (
    "Start from what you run into. Each cause leads to what it means and what to do, for the "
    "person who cannot get in, for the help desk and for administrators."
)
METHOD = (
    "Keyturn judges by facts on record, ranks the causes by their evidence, and says what it "
    "looked at and what it could not see. Staff read the same on the user's page, and "
    "`keyturn diagnose USER` prints it. Without a proof of who they are, people hear only what "
    "would be the same for every name."
)
MADE = "<!-- Made by tools/write_docs.py from rules/diagnosis. Change the catalogue, not this. -->"
BLANK = re.compile(r"\{([a-z_.]+)(?::time)?\}")
SAMPLE: Mapping[Kind, str] = {
    Kind.TIME: "14:07",
    Kind.COUNT: "3",
    Kind.FLAG: "yes",
    Kind.WORD: "…",
    Kind.TEXT: "…",
}
WORKED_OUT: Mapping[str, str] = {"at": "14:07", "direction": "behind"}


def as_markdown() -> dict[str, str]:
    """Every page by its path from the root of the repository."""
    made = {f"{FOLDER}/{topic.slug}.md": topic_page(topic) for topic in TOPICS}
    return {f"{FOLDER}/README.md": overview(), **made}


def overview() -> str:
    """From what somebody runs into to the causes that can explain it."""
    lines = [MADE, "", "# Troubleshooting", "", INTRODUCTION, "", METHOD, ""]
    for symptom, complaint in COMPLAINTS.items():
        lines += [f"## {complaint}", "", *_links(symptom), ""]
    return "\n".join(lines)


def _links(symptom: Symptom) -> list[str]:
    return [
        f"- [{cause.title}]({topic.slug}.md#{anchor(cause)})"
        for topic in TOPICS
        for cause in told(topic)
        if symptom in cause.symptoms
    ]


def told(topic: Topic) -> list[Cause]:
    """The causes that have a section: a stranger's twin would only say the same again."""
    return [cause for cause in topic.causes if not cause.strangers]


def topic_page(topic: Topic) -> str:
    """One topic: what everybody hears, then each cause."""
    causes = told(topic)
    lines = [MADE, "", f"# {topic.title}", "", topic.opening, ""]
    lines += ["| cause | first thing to do |", "|---|---|"]
    lines += [f"| [{c.title}](#{anchor(c)}) | {filled(c.person.do)} |" for c in causes]
    lines += ["", "Times and numbers in *italics* are examples.", "", *_neutral(causes)]
    return "\n".join([*lines, *chain.from_iterable(section(c) for c in causes)])


def _neutral(causes: list[Cause]) -> list[str]:
    """What people hear without a proof, for the complaint that this page is mostly about."""
    if all(cause.public for cause in causes):
        return ["Nothing here depends on an account, so everybody is told it in full.", ""]
    counts = {s: sum(c.symptoms[0] is s for c in causes) for s in Symptom}
    mostly = max(Symptom, key=lambda s: counts[s])
    return [
        "## Without a proof",
        "",
        f"Everybody hears the same, whether the account exists or not: “{spoken(NEUTRAL[mostly])}”",
        "",
    ]


def section(cause: Cause) -> list[str]:
    """One cause: what Keyturn looks at, the words of each voice, what cannot be seen."""
    complaints = "; ".join(COMPLAINTS[s] for s in cause.symptoms)
    return [
        f'<a id="{anchor(cause)}"></a>',
        "",
        f"## {cause.title}",
        "",
        f"**Explains:** {complaints}.",
        "",
        "**Keyturn looks at:**",
        "",
        *[f"- `{name}`: {VOCABULARY[name].meaning}" for name in (*cause.needs, *cause.uses)],
        "",
        f"**The person hears:** {spoken(cause.person)}",
        "",
        f"**Help desk:** {spoken(cause.help_desk)}",
        "",
        f"**Administrators:** {spoken(cause.administrator)}",
        "",
        f"**What Keyturn cannot see:** {cause.unseen}",
        "",
    ]


def anchor(cause: Cause) -> str:
    """The place of a cause on its page."""
    return cause.id.replace(".", "-")


def spoken(say: Say) -> str:
    """Both sentences, with examples for values."""
    return f"{filled(say.what)} {filled(say.do)}"


def filled(text: str) -> str:
    """A template with an example in each blank."""
    return BLANK.sub(lambda blank: f"*{_sample(blank[1])}*", text)


def _sample(name: str) -> str:
    fact = VOCABULARY.get(name)
    return SAMPLE[fact.kind] if fact else WORKED_OUT.get(name, "3")
