"""Times as people read them, and what the templates' environment promises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import meta, nodes

from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.web.rendering import (
    ago,
    clock_time,
    contact_href,
    environment,
    full_time,
    grouped,
    initial,
    local,
    minutes_until,
    span,
    zone,
)

NOW = 1_767_965_460_000  # 9 January 2026, 13:31 UTC, a Friday
TENANT = Tenant("t1", "north", "N", None, "a@n.test", "#000000", "UTC", (), (), TenantPolicy(), 1)
MIDNIGHT = NOW + 10 * HOUR + 29 * MINUTE  # 10 January 2026, 00:00 UTC
LONDON = zone("Europe/London")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (NOW, "13:31"),
        (MIDNIGHT - 1, "23:59"),
        (MIDNIGHT, "00:00 tomorrow"),
        (MIDNIGHT + DAY - 1, "23:59 tomorrow"),
        (MIDNIGHT + DAY, "00:00 on 11 Jan"),
        (MIDNIGHT - DAY, "00:00"),
        (MIDNIGHT - DAY - 1, "23:59 yesterday"),
        (MIDNIGHT - 2 * DAY - 1, "23:59 on 7 Jan"),
        (NOW - 30 * DAY, "13:31 on 10 Dec 2025"),
    ],
)
def test_a_clock_time_names_the_day_unless_it_is_today(ms: int, text: str) -> None:
    assert clock_time(ms, NOW, UTC) == text


def test_today_is_today_where_the_person_is() -> None:
    late = MIDNIGHT - 30 * MINUTE
    assert clock_time(late, NOW, zone("Asia/Tashkent")) == "04:30 tomorrow"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (-HOUR, "just now"),
        (0, "just now"),
        (45 * SECOND - 1, "just now"),
        (45 * SECOND, "45 seconds ago"),
        (MINUTE, "1 minute ago"),
        (89 * SECOND, "1 minute ago"),
        (90 * SECOND, "2 minutes ago"),
        (HOUR, "1 hour ago"),
        (DAY - 1, "24 hours ago"),
        (DAY, "8 Jan, 13:31"),
        (365 * DAY, "9 Jan 2025, 13:31"),
    ],
)
def test_the_past_is_told_by_its_distance_and_after_a_day_by_its_date(
    passed: int, text: str
) -> None:
    assert ago(NOW - passed, NOW, UTC) == text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (-1, "0 seconds"),
        (0, "0 seconds"),
        (1, "1 second"),
        (SECOND, "1 second"),
        (SECOND + 1, "2 seconds"),
        (MINUTE, "60 seconds"),
        (MINUTE + 1, "2 minutes"),
        (6 * MINUTE, "6 minutes"),
        (6 * MINUTE + 1, "7 minutes"),
    ],
)
def test_what_is_left_of_a_lock_is_rounded_up(left: int, text: str) -> None:
    assert minutes_until(NOW + left, NOW) == text


@given(st.integers(min_value=1, max_value=10 * DAY))
def test_whoever_waits_as_long_as_told_is_never_too_early(left: int) -> None:
    number, unit = minutes_until(NOW + left, NOW).split()
    told = int(number) * (MINUTE if unit.startswith("minute") else SECOND)
    assert left <= told < left + MINUTE


def test_a_record_shows_the_second() -> None:
    assert full_time(NOW + 5 * SECOND, UTC) == "9 Jan 2026, 13:31:05"


def test_a_span_is_told_in_one_unit() -> None:
    assert [span(ms) for ms in (0, 59_999, MINUTE, 3 * HOUR, 2 * DAY)] == [
        "0 seconds",
        "59 seconds",
        "1 minute",
        "3 hours",
        "2 days",
    ]


@pytest.mark.parametrize("name", [None, "", "No/Such", "../../etc/passwd", "/etc/passwd"])
def test_a_zone_that_is_none_is_utc(name: str | None) -> None:
    assert zone(name) is UTC


def test_summer_time_counts() -> None:
    july = NOW + 180 * DAY
    assert local(july, LONDON).hour == local(july, UTC).hour + 1


@pytest.mark.parametrize(
    ("value", "href"),
    [
        ("help@northwind.test", "mailto:help@northwind.test"),
        ("+44 20 7946 0018", "tel:+442079460018"),
        ("(020) 7946-0018", "tel:02079460018"),
        ("https://northwind.test/help", "https://northwind.test/help"),
        ("javascript:alert(1)", None),
        ("http://northwind.test", None),
        ('"><b>@x', None),
        ("12 Quay Street, Bristol", None),
    ],
)
def test_a_contact_leads_only_where_a_contact_can(value: str, href: str | None) -> None:
    assert contact_href(value) == href


def test_a_name_without_letters_still_has_an_initial() -> None:
    assert [initial(n) for n in ("northwind", "(É)mile", "…", "")] == ["N", "É", "·", "·"]


def test_a_key_is_grouped_for_copying_by_hand() -> None:
    assert grouped("ABCDEFGHI") == "ABCD EFGH I"


def rendered(source: str, **context: object) -> str:
    """`source` rendered as templates are."""
    tenant = SimpleNamespace(timezone="Europe/London")
    return (
        environment("v")
        .from_string(source)
        .render({"tenant": tenant, "me": None, "now": NOW} | context)
    )


def test_a_time_names_the_tenants_zone_while_the_persons_is_unknown() -> None:
    assert rendered("{{ stamp(now) }}") == (
        '<time datetime="2026-01-09T13:31:00Z" data-ms="1767965460000" data-form="clock">'
        "13:31 GMT</time>"
    )


def test_a_time_is_shown_in_the_persons_own_zone() -> None:
    me = SimpleNamespace(timezone="Asia/Tashkent")
    assert ">18:31</time>" in rendered("{{ stamp(now) }}", me=me)


def test_a_distance_needs_no_zone() -> None:
    assert ">just now</time>" in rendered('{{ stamp(now, "ago") }}')


def test_what_a_person_typed_is_escaped() -> None:
    assert rendered("{{ typed }}", typed="<script>") == "&lt;script&gt;"


def test_a_forgotten_variable_is_an_error_and_not_an_empty_sentence() -> None:
    with pytest.raises(jinja2.UndefinedError):
        rendered("{{ nobody_gave_this }}")


def test_no_page_has_an_inline_style_or_script() -> None:
    env = environment("v")
    loader = env.loader
    assert loader is not None
    for name in env.list_templates():
        source = loader.get_source(env, name)[0]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", source), name
        # a block of data is no script: no browser runs it
        assert not re.search(r'<script(?! type="application/json"|[^>]*\ssrc=)', source), name


def test_every_form_that_posts_carries_the_token() -> None:
    env = environment("v")
    loader = env.loader
    assert loader is not None
    for name in env.list_templates():
        source = loader.get_source(env, name)[0]
        for form in re.findall(r'<form[^>]*method="post".*?</form>', source, re.DOTALL):
            assert re.search(r"\{\{ (m\.)?token\(\) \}\}", form), name


def test_pages_of_a_demo_say_so_and_others_do_not() -> None:
    source = '{% if demo %}{% include "_demo.html" %}{% endif %}'
    assert environment("v").from_string(source).render(base="") == ""
    assert "/t/x/demo/inbox" in environment("v", demo=True).from_string(source).render(base="/t/x")


def made_modules(monkeypatch: pytest.MonkeyPatch, name: str, **context: object) -> list[str | None]:
    """Which templates' modules were really made, while a page was."""
    made: list[str | None] = []
    make = jinja2.Template.make_module

    def seen(self: jinja2.Template, *args: Any, **kwargs: Any) -> Any:
        made.append(self.name)
        return make(self, *args, **kwargs)

    monkeypatch.setattr(jinja2.Template, "make_module", seen)
    page = environment("v").get_template(name)
    page.render({"base": "", "csrf": "c", "now": NOW, "me": None} | context)
    return made


def test_a_page_makes_each_module_once_however_often_it_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = {"code": "locked", "until": NOW + 60_000}
    made = made_modules(
        monkeypatch, "signin.html", problem=problem, identifier="ann", tenant=TENANT
    )
    assert sorted(map(str, made)) == ["macros.html", "passkeys.html", "problems.html"]


def test_two_pages_share_no_module() -> None:
    """A module holds the form token of whoever's page it was made for."""
    page = environment("v").from_string(
        '{% import "macros.html" as m with context %}{{ m.token() }}'
    )
    common = {"base": "", "now": NOW, "me": None, "tenant": TENANT}
    first, second = (page.render({**common, "csrf": token}) for token in ("first", "second"))
    assert ('value="first"' in first, 'value="second"' in second) == (True, True)


def test_what_is_imported_asks_for_nothing_that_a_template_sets_for_itself() -> None:
    """It is made once for a page, by whichever template imports it first."""
    env = environment("v")
    trees = {n: env.parse(_source(env, n)) for n in env.list_templates() if n.endswith(".html")}
    imports = {name: _imported(tree) for name, tree in trees.items()}
    asked = {name: meta.find_undeclared_variables(tree) for name, tree in trees.items()}
    assert imports["signin.html"] >= {"macros.html", "passkeys.html"}
    for name, tree in trees.items():
        for far in _reached(imports, name):
            assert not asked[far] & _set(tree), (name, far)


def _source(env: jinja2.Environment, name: str) -> str:
    assert env.loader is not None
    return env.loader.get_source(env, name)[0]


def _imported(tree: nodes.Template) -> set[str]:
    """Which templates it imports with its context."""
    imports: list[nodes.Import | nodes.FromImport] = [
        *tree.find_all(nodes.Import), *tree.find_all(nodes.FromImport)
    ]  # fmt: skip
    return {
        one.template.value
        for one in imports
        if one.with_context and isinstance(one.template, nodes.Const)
    }


def _reached(imports: Mapping[str, set[str]], name: str) -> set[str]:
    """Those, and those that they import."""
    found, ahead = set[str](), {*imports[name]}
    while ahead:
        found |= ahead
        ahead = {far for one in ahead for far in imports[one]} - found
    return found


def _set(tree: nodes.Template) -> set[str]:
    """The names that it sets, loops over, takes as a macro's argument or imports as."""
    stored = {one.name for one in tree.find_all(nodes.Name) if one.ctx in ("store", "param")}
    macros = {one.name for one in tree.find_all(nodes.Macro)}
    return stored | macros | {one.target for one in tree.find_all(nodes.Import)}
