"""Keep the translations in step with what is to be translated.

    python tools/words.py                  new messages in, old ones out, of every language
    python tools/words.py --check          is anything out of step, or not like its message?
    python tools/words.py --missing        what has no translation yet, by place

Messages are found, not marked: see src/keyturn/words/source.py. A place is a template's name, or
"catalogue/VOICE" for the causes of rules/diagnosis, or "speech" for patterns of times.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from importlib.metadata import version
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

from keyturn.rules.diagnosis import VOCABULARY
from keyturn.rules.diagnosis.catalogue import CAUSES, NEUTRAL
from keyturn.rules.diagnosis.cause import Voice
from keyturn.rules.diagnosis.directory_again import NO_CLIENT, NO_RHYTHM
from keyturn.rules.diagnosis.judge import nothing_found
from keyturn.rules.diagnosis.phone_app_mends import MENDS
from keyturn.rules.diagnosis.second import AHEAD, BEHIND
from keyturn.rules.directories.health.agents import AHEAD_OR_BEHIND
from keyturn.rules.directories.health.catalogue import CATALOGUE as DIRECTORY_HEALTH
from keyturn.rules.directories.limits import LIMITS
from keyturn.rules.directories.protected import WORDS as PROTECTED
from keyturn.rules.health.catalogue import CATALOGUE as HEALTH
from keyturn.rules.health.report import AREAS, HEADLINES
from keyturn.rules.health.report import Catalogue as Health
from keyturn.rules.health.words import AND_MORE, NO, NOUNS, PLACE, UNKNOWN, YES
from keyturn.rules.languages import ENGLISH, LANGUAGES
from keyturn.rules.policies.catalogue import GROUPS, POLICIES
from keyturn.rules.policies.fixed import FIXED
from keyturn.rules.policies.words import every
from keyturn.words.catalogue import path
from keyturn.words.loader import CONSOLE
from keyturn.words.source import messages, unlike
from keyturn.words.speech import Patterns

SRC = Path(__file__).resolve().parent.parent / "src" / "keyturn"
TEMPLATES, LETTERS = SRC / "web" / "templates", SRC / "letters"
WIDTH = 100
#: places that no language but English has yet, by how their names begin
NOT_YET: tuple[str, ...] = ()


def sources() -> Iterator[tuple[str, list[str]]]:
    """Every place with its messages, in the order in which they are translated."""
    yield "speech", [text for text in astuple(Patterns()) if text != "{hour}"] + ["{hour}"]
    yield from _templates(lambda name: not name.startswith(CONSOLE))
    for file in sorted(LETTERS.iterdir()):
        yield f"letters/{file.name}", messages(file.read_text())
    yield "catalogue/person", list(_causes(Voice.PERSON))
    yield from _templates(lambda name: name.startswith(CONSOLE))
    yield "catalogue/help-desk", list(_causes(Voice.HELP_DESK))
    yield "catalogue/administrator", list(_causes(Voice.ADMINISTRATOR))
    yield "catalogue/facts", list(_facts())
    yield "catalogue/protected", list(PROTECTED.values())
    for place, catalogue in (("health", HEALTH), ("directory-health", DIRECTORY_HEALTH)):
        yield f"catalogue/{place}", list(_checks(catalogue))
    yield "catalogue/headlines", list(_headlines())
    yield "catalogue/policies", list(_policies())
    yield "catalogue/limits", [text for told in LIMITS.values() for text in told.values()]


def _templates(chosen: Callable[[str], bool]) -> Iterator[tuple[str, list[str]]]:
    for file in sorted(TEMPLATES.rglob("*.html")):
        name = file.relative_to(TEMPLATES).as_posix()
        if chosen(name):
            yield name, messages(file.read_text())


def _causes(voice: Voice) -> Iterator[str]:
    """What the catalogue of diagnosis says in a voice."""
    for cause in CAUSES:
        said = cause.say(voice)
        yield from (said.what, said.do)
        yield cause.unseen if voice is Voice.PERSON else cause.title
    nothing = nothing_found(voice)
    yield from (nothing.what, nothing.do)
    if voice is Voice.PERSON:
        stranger = nothing_found(Voice.STRANGER)
        yield from (stranger.what, stranger.do)
        for neutral in NEUTRAL.values():
            yield from (neutral.what, neutral.do)
        yield from (AHEAD, BEHIND)
        for mend in MENDS:
            yield from (mend.title, mend.what, mend.do)


def _facts() -> Iterator[str]:
    """What the facts of diagnosis mean, and the words among their values."""
    for fact in VOCABULARY.values():
        yield fact.meaning.partition(";")[0]
        yield from map(str, fact.words)
    yield from (NO_CLIENT, NO_RHYTHM)


def _checks(catalogue: Health) -> Iterator[str]:
    """What a catalogue of health says, and the names of what it saw."""
    for check in catalogue.checks.values():
        yield check.title
    for cause in catalogue.causes.values():
        yield from (cause.what, cause.so, cause.mend)
    seen = (name for cause in catalogue.causes.values() for name, _ in PLACE.findall(cause.what))
    yield from sorted({name.replace("_", " ") for name in seen})


def _policies() -> Iterator[str]:
    """What a tenant decides: policies, their values, what a change does, what is fixed."""
    yield from GROUPS
    for policy in POLICIES.values():
        yield from (policy.title, policy.what)
        if policy.allowed:
            yield from (policy.allowed, policy.nothing)
        for meaning in policy.values.values() if policy.key != "language" else ():
            yield from (text for text in (meaning.label, meaning.means) if text)
    yield from every()
    for fixed in FIXED:
        yield from (fixed.what, fixed.why)


def _headlines() -> Iterator[str]:
    """The sentence above a report, and how numbers are said."""
    yield from HEADLINES
    yield from AREAS.values()
    yield AND_MORE
    yield from (YES, NO, UNKNOWN, *AHEAD_OR_BEHIND)
    for noun in NOUNS:
        yield from (f"1 {noun}", f"{{number}} {noun}s")


def places() -> dict[str, list[str]]:
    """The places of each message, by message."""
    found: dict[str, list[str]] = {}
    for place, texts in sources():
        for text in texts:
            if text and place not in found.setdefault(text, []):
                found[text].append(place)
    return found


def read(language: str) -> Catalog:
    """What is there of a language; an empty catalogue of one that is new."""
    file = path(language)
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def updated(old: Catalog, found: dict[str, list[str]]) -> Catalog:
    """The catalogue with these messages and no others; nothing is guessed ("fuzzy")."""
    fresh = Catalog(
        locale=old.locale, project="Keyturn", version=version("keyturn"), charset="utf-8",
        header_comment="# Keyturn in another language; see docs/design/15-languages.md.",
        creation_date=old.creation_date, revision_date=old.revision_date,
        msgid_bugs_address="", last_translator="", language_team="", fuzzy=False,
    )  # fmt: skip
    for text, where in found.items():
        locations = [(place, 1) for place in where]
        kept = old.get(text)
        fresh.add(text, kept.string if kept else "", locations=locations)
        for place in where:
            if own := old.get(text, place):
                fresh.add(text, own.string, locations=[(place, 1)], context=place)
    return fresh


def wrong(language: str, found: dict[str, list[str]]) -> Iterator[str]:
    """What is not in step, or not like its message."""
    catalogue = read(language)
    there = {message.id for message in catalogue if message.id}
    yield from (f"not extracted: {text[:60]}" for text in found if text not in there)
    for message in catalogue:
        if not message.id:
            continue
        text = str(message.id)
        if text not in found or (message.context and message.context not in found[text]):
            yield f"nowhere any more: {text[:60]}"
        if message.fuzzy:
            yield f"a guess: {text[:60]}"
        if message.string:
            yield from (f"{fault}: {text[:60]}" for fault in unlike(text, str(message.string)))
    yield from (f"an old message: {str(old)[:60]}" for old in catalogue.obsolete)


def write(language: str, catalogue: Catalog) -> None:
    """The file of a language, in the order of the places."""
    file = path(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        write_po(stream, catalogue, width=WIDTH, ignore_obsolete=True, include_lineno=False)


def missing(language: str, only: Iterable[str] = ()) -> dict[str, list[str]]:
    """What has no translation, by place; in places whose names begin with one of `only`."""
    catalogue, chosen = read(language), tuple(only)
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for place, texts in sources():
        for text in texts:
            message = catalogue.get(text)
            known = text in seen or not text or (message and message.string)
            if not known and (not chosen or place.startswith(chosen)):
                found.setdefault(place, []).append(text)
                seen.add(text)
    return found


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description="Keep the translations in step.")
    parser.add_argument("--check", action="store_true", help="change nothing, judge")
    parser.add_argument("--missing", action="store_true", help="list what is to be translated")
    parser.add_argument("places", nargs="*", help="with --missing: places that begin like this")
    args = parser.parse_args()
    found, faults = places(), 0
    for language in (code for code in LANGUAGES if code != ENGLISH):
        if args.missing:
            for place, texts in missing(language, args.places).items():
                print(f"== {place}", *texts, sep="\n")
        elif args.check:
            for fault in wrong(language, found):
                print(f"{language}: {fault}")
                faults += 1
        else:
            write(language, updated(read(language), found))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
