"""The translations of one language, read when it is first asked for.

`locale/LANGUAGE/LC_MESSAGES/keyturn.po` is gettext's own form, which every translator's tool
reads; `tools/words.py` keeps it in step with the sources. It is read as it is: nothing is
compiled, so that nothing made stands beside what it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.rules.languages import ENGLISH

if TYPE_CHECKING:
    from keyturn.words.source import Lookup

FOLDER = Path(__file__).parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Translations by message.

    Attributes:
        language: as in rules.languages.
        texts: by message; of a message that means different things in different places also
            by (place, message), where a place is a template's name.
        digest: of the file, as 16 characters.
    """

    language: str
    texts: Mapping[str | tuple[str, str], str]
    digest: str

    def find(self, message: str, place: str = "") -> str | None:
        """The translation of a message that stands in `place`; None if there is none."""
        return self.texts.get((place, message)) or self.texts.get(message)

    def say(self, message: str) -> str:
        """The translation, or the message itself."""
        return self.texts.get(message, message)

    def of(self, place: str) -> Lookup:
        """How `source.translate` looks up the messages of a template."""
        return lambda message: self.find(message, place)


def path(language: str) -> Path:
    """Where the file of a language is."""
    return FOLDER / language / "LC_MESSAGES" / "keyturn.po"


@lru_cache(maxsize=8)
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language. Raises FileNotFoundError for one that has none."""
    from babel.messages.pofile import read_po  # noqa: PLC0415  English alone needs no Babel

    file = path(language)
    with file.open("rb") as stream:
        entries = read_po(stream, locale=language)
    texts: dict[str | tuple[str, str], str] = {}
    for entry in entries:
        if entry.id and isinstance(entry.id, str) and entry.string and not entry.fuzzy:
            key = (entry.context, entry.id) if entry.context else entry.id
            texts[key] = str(entry.string)
    digest = sha256(file.read_bytes()).hexdigest()[:16]
    return Catalogue(language, texts, digest)


def saying(language: str) -> Callable[[str], str]:
    """How a language says what a catalogue of the rules holds; English as it stands there."""
    return str if language == ENGLISH else catalogue(language).say
