"""Templates as texts to translate: what of a template's source is words, and what is not.

Templates carry no marks for translators. A page is written as a page, and what people
read of it is found here, so that nothing can be forgotten to mark: a new sentence is a new
message, whose page stays English until it is translated (`words.catalogue`).

A *message* is what stands on one line between two things that break a sentence: an
element such as `<p>` or `<li>`, a statement such as `{% call %}` or `{% for %}`, the line's
end. What belongs to the sentence stays in it:

    It works until {{ stamp(expires_at) }}, here in <b>this</b> browser.
    You are signed in here{% if others %} and on {{ others|length }} more{% endif %}.

Elements within a sentence lose their attributes, `<a>`, `<a2>`, so that neither a
translator nor a translation meets an address or a class. Expressions and conditions stay as
they are, to be moved about, with the strings in them translated in their place. Outside
sentences each string of an expression that is words is a message of its own, and so are the
attributes that people read or hear (`SPOKEN`).

A translation is put in where its message stood, before the template is compiled: a page in
another language costs what it costs in English. `unlike` says whether a translation may stand
there: it must hold the same expressions, conditions and elements, no less and no more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: (message) to its translation, or None where there is none
Lookup = Callable[[str], str | None]

_HOLES = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
_TOKENS = re.compile(
    r"(?P<comment>\{#.*?#\})|(?P<stmt>\{%.*?%\})|(?P<expr>\{\{.*?\}\})"
    r"|(?P<style><style>.*?</style>)"
    rf'|(?P<tag></?[a-zA-Z!](?:{_HOLES}|"(?:{_HOLES}|[^"])*"|[^<>"])*>)'
    r"|(?P<line>\n\s*)|(?P<text>[^\n<{]+|.)",
    re.DOTALL,
)
#: how the first line of a mail begins; no part of what people read
SUBJECT = "Subject: "
#: elements that belong to a sentence
INLINE = frozenset({"a", "abbr", "b", "br", "code", "em", "i", "kbd", "small", "span", "strong"})
#: attributes that people read or hear
SPOKEN = (
    "alt", "aria-label", "aria-description", "data-as-digits", "data-as-letters",
    "data-done", "data-failed", "data-hide", "data-label", "data-met", "data-show", "data-told",
    "data-unmet", "label", "placeholder", "title",
)  # fmt: skip
_ATTRIBUTE = re.compile(rf'(\s(?:{"|".join(SPOKEN)})=")((?:{_HOLES}|[^"])*)(")', re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"(\s*:)?')
_WORD = re.compile(r"\{%-?\s*(\w+)")
_NAME = re.compile(r"</?([a-zA-Z]\w*)")
#: two letters, the second a small one: "M5 12.5ZM3" is a line of a drawing
_LETTER = re.compile(r"[^\W\d_][^\W\d_A-Z]")
#: a piece of a tag that a macro writes
_MARKUP = re.compile(r'[\w-]+="')
#: what draws a piece of a page beside a sentence, and is no part of it
_BESIDE = re.compile(
    r"\{\{-?\s*(?:m\.)?(?:icon|token|verdict|act|resend|message_state|state|countdown)\("
)
#: strings of an expression with one of these calls are words, whatever they look like
_COUNTED = re.compile(r"\b(?:m\.)?n\(|\b_\(")
#: names of looks, which have spaces and are no words
_LOOKS = ("button", "linklike", "notice", "person-page", "username ", "one-time")
_PAIRS = {"if": "endif", "for": "endfor"}
_MIDDLES = {"elif", "else"}


@dataclass(slots=True)
class Token:
    """A piece of a template; `kind` is the name of a group of _TOKENS."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """A statement's first word; of others ""."""
        match = _WORD.match(self.text) if self.kind == "stmt" else None
        return match[1] if match else ""

    @property
    def element(self) -> str:
        """A tag's name, lower case; of others ""."""
        match = _NAME.match(self.text) if self.kind == "tag" else None
        return match[1].lower() if match else ""

    @property
    def breaks(self) -> bool:
        """Whether no sentence goes on over it. Of conditions only the whole can tell."""
        if self.kind == "tag":
            return self.element not in INLINE
        if self.kind == "stmt":
            return self.word not in {*_PAIRS, *_PAIRS.values(), *_MIDDLES}
        return self.kind in {"comment", "line", "style"}


def messages(source: str) -> list[str]:
    """Every message of a template, in its order, each once."""
    found: dict[str, None] = {}

    def note(message: str) -> None:
        found.setdefault(message)

    translate(source, note)
    return list(found)


def translate(source: str, lookup: Lookup) -> str:
    """The template's source in another language; what has no translation stays."""
    tokens = [Token(str(m.lastgroup), m[0]) for m in _TOKENS.finditer(source)]
    return "".join(_run(run, lookup) for run in _runs(tokens))


def _runs(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens in runs that no sentence leaves."""
    run: list[Token] = []
    for token in tokens:
        if token.breaks:
            yield run
            yield [token]
            run = []
        else:
            run.append(token)
    yield run


def _run(run: list[Token], lookup: Lookup) -> str:
    """A run in the other language: itself, if it is a sentence, or its parts."""
    if len(run) == 1 and run[0].breaks:
        return _single(run[0], lookup)
    for cut in _unmatched(run):  # a condition whose end is elsewhere breaks the sentence
        before, after = run[:cut], run[cut + 1 :]
        return _run(before, lookup) + _single(run[cut], lookup) + _run(after, lookup)
    first, last = _trimmed(run)
    sentence = run[first:last]
    ends = [*run[:first], *run[last:]]
    if ends:
        head = "".join(_single(token, lookup) for token in run[:first])
        tail = "".join(_single(token, lookup) for token in run[last:])
        return head + _run(sentence, lookup) + tail
    if not sentence:
        return ""
    inner = _wrapped(sentence)
    if inner:
        return "".join(_run(part, lookup) for part in inner)
    if not _speaks(sentence):
        return "".join(_single(token, lookup) for token in sentence)
    return _sentence(sentence, lookup)


def _unmatched(run: list[Token]) -> Iterator[int]:
    """Where a condition or element begins, goes on or ends that is not whole within the run."""
    whole = _whole(run)
    for at, token in enumerate(run):
        if (token.word and at not in whole) or (
            token.element and token.element != "br" and not _paired(run, at)
        ):
            yield at


def _whole(run: list[Token]) -> set[int]:
    """Where the statements are of conditions that begin and end within the run."""
    whole: set[int] = set()
    members: list[list[int]] = []
    for at, token in enumerate(run):
        if token.word in _PAIRS:
            members.append([at])
        elif token.word and members:
            members[-1].append(at)
            if token.word not in _MIDDLES:
                whole.update(members.pop())
    return whole


def _paired(run: list[Token], at: int) -> bool:
    """Whether the element at `at` begins and ends within the run."""
    name, depth = run[at].element, 0
    step = -1 if run[at].text.startswith("</") else 1
    for token in run[at::step]:
        if token.element == name:
            depth += 1 if token.text.startswith("</") == run[at].text.startswith("</") else -1
        if depth == 0:
            return True
    return False


def _trimmed(run: list[Token]) -> tuple[int, int]:
    """The part of a run without white space and pictures at its ends."""
    first, last = 0, len(run)
    while first < last and _outside(run[first]):
        first += 1
    while last > first and _outside(run[last - 1]):
        last -= 1
    return first, last


def _outside(token: Token) -> bool:
    return (token.kind == "text" and not token.text.strip()) or (
        token.kind == "expr" and _BESIDE.match(token.text) is not None
    )


def _wrapped(run: list[Token]) -> list[list[Token]] | None:
    """The parts of a run that is one element, or one condition, and nothing besides."""
    first, last = run[0], run[-1]
    if first.element and last.text.startswith("</") and _closes(run, first.element):
        return [[first], run[1:-1], [last]]
    if first.word in _PAIRS and last.word == _PAIRS[first.word]:
        return _branches(run)
    return None


def _closes(run: list[Token], name: str) -> bool:
    """Whether the run's first element ends with its last token, not before."""
    depth = 0
    for at, token in enumerate(run):
        if token.element == name:
            depth += -1 if token.text.startswith("</") else 1
        if depth == 0:
            return at == len(run) - 1
    return False


def _branches(run: list[Token]) -> list[list[Token]] | None:
    """A condition's statements and what stands between them; None if it ends before."""
    parts: list[list[Token]] = [[run[0]], []]
    depth = 1
    for token in run[1:]:
        depth += 1 if token.word in _PAIRS else -1 if token.word in _PAIRS.values() else 0
        if depth == 0 and token is not run[-1]:
            return None
        if (depth == 1 and token.word in _MIDDLES) or depth == 0:
            parts += [[token], []]
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _speaks(run: list[Token]) -> bool:
    """Whether there are words in it besides those of its expressions."""
    texts = [token.text for token in run if token.kind == "text"]
    if any(map(_MARKUP.search, texts)):
        return False
    counts = any(token.kind == "expr" and _COUNTED.search(token.text) for token in run)
    return counts or any(map(_LETTER.search, texts))


def _sentence(run: list[Token], lookup: Lookup) -> str:
    """A sentence in the other language, with its elements as they were."""
    names, shown = _short(run)
    text = "".join(shown)
    core = text.strip()
    found = lookup(core)
    if found is None:
        return "".join(_spoken(token.text, lookup) for token in run)
    for short, long in names.items():
        found = found.replace(short, _spoken(long, lookup))
    return text[: len(text) - len(text.lstrip())] + found + text[len(text.rstrip()) :]


def _short(run: list[Token]) -> tuple[dict[str, str], list[str]]:
    """Short names of the run's elements to what they stand for, and the run with them."""
    names: dict[str, str] = {}
    shown: list[str] = []
    opened: list[str] = []
    for token in run:
        name = token.element
        if not name:
            shown.append(token.text)
        elif token.text.startswith("</"):
            shown.append(f"</{opened.pop()}>")
            names[shown[-1]] = token.text
        else:
            short = _free(names, name, token.text)
            names[f"<{short}>"] = token.text
            shown.append(f"<{short}>")
            if name != "br":
                opened.append(short)
    return names, shown


def _free(names: dict[str, str], name: str, text: str) -> str:
    """A name for this very element: "a", or "a2" where "a" is another one."""
    short, number = name, 1
    while names.get(f"<{short}>", text) != text:
        number += 1
        short = f"{name}{number}"
    return short


def _single(token: Token, lookup: Lookup) -> str:
    """A token that is in no sentence: the words in its strings or attributes."""
    if token.kind == "tag":
        return _spoken(token.text, lookup)
    if token.kind in {"expr", "stmt"}:
        return _strings(token.text, lookup)
    return token.text


def _spoken(tag: str, lookup: Lookup) -> str:
    """A tag with the attributes that people read in the other language."""

    def said(match: re.Match[str]) -> str:
        value = match[2]
        if "{{" in value and not _LETTER.search(re.sub(_HOLES, "", value)):
            return match[1] + re.sub(_HOLES, lambda m: _strings(m[0], lookup), value) + match[3]
        if not _is_words(value, counted=False):
            return match[0]  # data-told names a part of a page in some, and speaks in others
        return match[1] + (lookup(value) or value) + match[3]

    return _ATTRIBUTE.sub(said, tag)


def _strings(code: str, lookup: Lookup) -> str:
    """An expression or statement with the words among its strings in the other language."""
    counted = _COUNTED.search(code) is not None

    def said(match: re.Match[str]) -> str:
        text = match[1]
        if match[2] or not _is_words(text, counted=counted):
            return match[0]
        core = text.strip()
        return '"' + text.replace(core, (lookup(core) or core)) + '"'

    return _STRING.sub(said, code)


def _is_words(text: str, *, counted: bool) -> bool:
    """Whether a string is words for people, by its look."""
    if not _LETTER.search(text) or "/" in text or text.startswith(_LOOKS):
        return False
    if re.match(r"[“‘(]?[A-Z]([a-z’ ]|-[a-z])", text):
        return True
    return counted or " " in text


def unlike(message: str, translation: str) -> list[str]:
    """What a translation lacks of its message, or has too much of: elements, expressions,
    placeholders. What is equal in both but for its words cannot do what the message could not.
    """
    wrong = []
    for what, pattern in (
        ("element", r"</?\w[^>]*>"),
        ("expression", r"\{\{.*?\}\}|\{%.*?%\}"),
        ("placeholder", r"(?<!\{)\{[\w.]+(?::(?:time|span|size|percent))?\}(?!\})"),
    ):
        before, after = _bag(pattern, message), _bag(pattern, translation)
        wrong += [f"{what} {item} is missing" for item in before - after]
        wrong += [f"{what} {item} is too much" for item in after - before]
    if message.startswith(SUBJECT) and not translation.startswith(SUBJECT):
        wrong.append(f"{SUBJECT}must begin it: it marks a mail's first line")
    if '"' in re.sub(_HOLES, "", translation) or "\n" in translation:
        wrong.append("a straight quotation mark or a line's end could end a string")
    return wrong


#: where a string of an expression is shown, whatever it looks like
_SHOWN = re.compile(r"(?:\{\{-?\s*|else\s+|~\s*|\bjoin\(|\bdefault\()$")


def _bag(pattern: str, text: str) -> Counter[str]:
    """What `pattern` finds, without the words among the strings of expressions: those are
    translated.
    """
    return Counter(_wordless(found) for found in re.findall(pattern, text))


def _wordless(code: str) -> str:
    counted = _COUNTED.search(code) is not None

    def blank(match: re.Match[str]) -> str:
        shown = _SHOWN.search(code[: match.start()])
        words = shown or counted or _is_words(match[1], counted=False)
        return '"…"' if words else match[0]

    return _STRING.sub(blank, code)
