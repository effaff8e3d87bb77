"""Jinja templates in a language.

A template is shown in a language when all its words are there, with those of whatever it
extends, includes and imports: a page is in one language or in another, never in two. Until
then it is English. The console is one room: its pages renew parts of themselves, which must
speak as the rest does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import jinja2

from keyturn.words.catalogue import Catalogue

CONSOLE = "console/"
_OTHERS = re.compile(r'\{%-?\s*(?:extends|import|include|from)\s+"([^"]+)"')


class Translated(jinja2.BaseLoader):
    """The templates of another loader, with their words translated.

    Args:
        inner: whose templates they are.
        words: the language's catalogue.
        place: what messages stand in: this, and the template's name.
    """

    def __init__(self, inner: jinja2.BaseLoader, words: Catalogue, place: str = "") -> None:
        self._inner = inner
        self._words = words
        self._place = place
        self._missing: dict[str, bool] = {}

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """See jinja2.BaseLoader."""
        from keyturn.words.source import translate  # noqa: PLC0415  what is compiled is kept

        source, file, fresh = self._inner.get_source(environment, template)
        return translate(source, self._words.of(self._place + template)), file, fresh

    def list_templates(self) -> list[str]:
        """See jinja2.BaseLoader."""
        return self._inner.list_templates()

    def speaks(self, environment: jinja2.Environment, template: str) -> bool:
        """Whether every word that a template shows is translated."""
        from keyturn.words.source import messages  # noqa: PLC0415  English asks for none

        room = CONSOLE if template.startswith(CONSOLE) else template
        if room not in self._missing:
            names = self._room(room)
            self._missing[room] = any(
                self._words.find(message, self._place + name) is None
                for name in closure(self._inner, environment, names)
                for message in messages(self._inner.get_source(environment, name)[0])
            )
        return not self._missing[room]

    def _room(self, room: str) -> list[str]:
        if room != CONSOLE:
            return [room]
        return [name for name in self.list_templates() if name.startswith(CONSOLE)]


def closure(
    loader: jinja2.BaseLoader, environment: jinja2.Environment, names: list[str]
) -> Iterator[str]:
    """The templates `names` and all that they extend, include and import, each once."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += _OTHERS.findall(loader.get_source(environment, name)[0])
