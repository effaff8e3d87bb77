"""Templates as texts to translate."""

from __future__ import annotations

import pytest

from keyturn.words.source import messages, translate, unlike

FOUND = [
    ("<p>Sign in.</p>", ["Sign in."]),
    ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
    ("First line\nSecond line\n", ["First line", "Second line"]),
    ("<p>Until {{ stamp(at) }}, here.</p>", ["Until {{ stamp(at) }}, here."]),
    ('<p>A <a href="{{ base }}/x" class="y">link</a>.</p>', ["A <a>link</a>."]),
    ('<p><a href="/x">One</a> <a href="/y">two</a></p>', ["<a>One</a> <a2>two</a2>"]),
    ("<p><b>One</b> and <b>two</b></p>", ["<b>One</b> and <b>two</b>"]),
    ("<p><strong>Whole</strong></p>", ["Whole"]),
    ("<p>{% if a %}One.{% else %}Two.{% endif %}</p>", ["One.", "Two."]),
    ("<p>In{% if a %}, and out{% endif %}.</p>", ["In{% if a %}, and out{% endif %}."]),
    ("{% if a %}<p>One.</p>{% elif b %}Two.{% endif %}", ["One.", "Two."]),
    ("{% if a %}One. {% if b %}Two.\n{% endif %}{% endif %}", ["One.", "Two."]),
    ('{{ m.icon("lock") }}Locked', ["Locked"]),
    (
        '{% call m.standing("warn", "lock", "Locked") %}Not yet.{% endcall %}',
        ["Locked", "Not yet."],
    ),
    (
        '{{ m.field("name", "Your name", value, "As you type it.") }}',
        ["Your name", "As you type it."],
    ),
    ('{{ m.n(left, "try", "tries") }}', ['{{ m.n(left, "try", "tries") }}']),
    ('{% set WORDS = {"code": "the code", "x": "y"} %}', ["the code"]),
    ('<button aria-label="Time left" class="Time left">3</button>', ["Time left"]),
    ('<img alt="{{ "On" if on else "Off" }}">', ["On", "Off"]),
    ("{# Not for people #}", []),
    ("<style>.page { color: red }</style>", []),
    ('<input class="{{ "button second" if a else "x" }}" value="{{ csrf }}">', []),
    ('{% set PATHS = {"check": "M5 12.5ZM3 4V5"} %}', []),
    (' aria-describedby="{{ id }}-hint"', []),
    ("{{ a }} · {{ b }}", []),
    ("A line<br>and another", ["A line<br>and another"]),
    ("<p>One</strong> two</p>", ["One", "two"]),
]


@pytest.mark.parametrize(("source", "found"), FOUND, ids=[source for source, _ in FOUND])
def test_what_people_read_is_found_and_nothing_else(source: str, found: list[str]) -> None:
    assert messages(source) == found


@pytest.mark.parametrize("source", [source for source, _ in FOUND])
def test_a_template_without_translations_stays_as_it_is(source: str) -> None:
    assert translate(source, lambda _: None) == source


def test_a_translation_stands_where_its_message_stood() -> None:
    words = {
        "A <a>new password</a> until {{ at }}.": "Bis {{ at }} ein <a>neues Passwort</a>.",
        "Show": "Anzeigen",
    }
    source = '<p> A <a href="{{ base }}/x" title="Show">new password</a> until {{ at }}.</p>'
    assert translate(source, words.get) == (
        '<p> Bis {{ at }} ein <a href="{{ base }}/x" title="Anzeigen">neues Passwort</a>.</p>'
    )


@pytest.mark.parametrize(
    ("message", "translation", "alike"),
    [
        ("Until {{ at }}", "Bis {{ at }}", True),
        ("Until {{ at }}", "Bis", False),
        ("Until {{ at }}", "Bis {{ at }} {{ at }}", False),
        ("Until {{ at }}", "Bis {{ csrf }}", False),
        ("A <a>link</a>", "Ein Link", False),
        ("A <a>link</a>", "Ein <b>Link</b>", False),
        ("A link", "Ein <script>x</script>", False),
        ("At {x.at:time}", "Um {x.at:time}", True),
        ("At {x.at:time}", "Um {x.at}", False),
        ("In{% if a %}, out{% endif %}", "Da{% if a %}, fort{% endif %}", True),
        ("In{% if a %}, out{% endif %}", "Da, fort", False),
        ('{{ m.n(x, "try", "tries") }}', '{{ m.n(x, "Versuch", "Versuche") }}', True),
        (
            '{{ "text" if of == "number" else "mail" }}',
            '{{ "SMS" if of == "number" else "Mail" }}',
            True,
        ),
        (
            '{{ "text" if of == "number" else "mail" }}',
            '{{ "SMS" if of == "x" else "Mail" }}',
            False,
        ),
        (
            '{{ a|map(attribute="name")|join(" or ") }}',
            '{{ a|map(attribute="name")|join(" oder ") }}',
            True,
        ),
        ('{{ a|map(attribute="name") }}', '{{ a|map(attribute="digest") }}', False),
        ("Say so", 'Sagen Sie "es"', False),
        ("Say so", "Sagen Sie „es“", True),
        ("Say so", "Sagen\nSie es", False),
    ],
)
def test_a_translation_holds_what_its_message_holds_and_no_more(
    message: str, translation: str, alike: bool
) -> None:
    assert (unlike(message, translation) == []) is alike
