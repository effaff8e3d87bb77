"""Mails and texts: what each must say, and what no value can do to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from keyturn.adapters.letters import FOLDER, JinjaLetters, blocks, ink_on
from keyturn.adapters.sms import gsm
from keyturn.ports.delivery import Mail
from tests.unit.adapters.letter_samples import (
    MAILS,
    NOT_ME,
    SINCE,
    TENANT,
    TEXTS,
    link,
)

LETTERS = JinjaLetters(link)
URL = re.compile(r"https?://[^\s\"<]+")
NOTICES = ["password_changed", "new_client", "factor_changed", "phone_changed"]


def mail(kind: str, values: Mapping[str, object] | None = None, **more: object) -> Mail:
    values = MAILS[kind] if values is None else values
    return LETTERS.mail(kind, TENANT, "ada@example.test", {"id": "01k", **values, **more})


@pytest.mark.parametrize("kind", MAILS)
def test_every_mail_says_the_same_in_text_and_html(kind: str) -> None:
    written = mail(kind)
    said = re.sub(r"<style>.*?</style>|<[^>]+>", " ", written.html, flags=re.DOTALL)
    said = said.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
    heard = set(re.findall(r"[\w@./#’-]+", said))
    assert set(re.findall(r"[\w@./#’-]+", written.text)) - heard == {"--"}


@pytest.mark.parametrize("kind", MAILS)
def test_every_mail_says_that_nobody_asks_for_the_password(kind: str) -> None:
    assert "never ask for your password" in mail(kind).text


@pytest.mark.parametrize("kind", MAILS)
def test_every_mail_shows_its_sender_and_whom_to_ask(kind: str) -> None:
    written = mail(kind)
    assert written.sender == ("Northwind", "account@northwind.test")
    for shown in ("account@northwind.test", "help@northwind.test", "+44 20 7946 0100"):
        assert shown in written.text


@pytest.mark.parametrize("kind", MAILS)
def test_no_mail_loads_anything_or_runs_anything(kind: str) -> None:
    active = r"<(img|script|link|iframe|form|object|video)\b|url\(|@import|\bon\w+="
    assert not re.search(active, mail(kind).html)


@pytest.mark.parametrize("kind", MAILS)
def test_a_mail_has_no_other_links_than_those_it_was_given(kind: str) -> None:
    given_out = {str(MAILS[kind][name]) for name in ("link", "notme") if name in MAILS[kind]}
    written = mail(kind)
    assert set(URL.findall(written.text)) == given_out
    assert set(URL.findall(written.html)) == given_out


@pytest.mark.parametrize("kind", ["lock_notice", "lock_digest", "not_me_done", "case_opened"])
def test_a_mail_about_a_lock_or_a_case_has_no_link_at_all(kind: str) -> None:
    assert "href" not in mail(kind).html


@pytest.mark.parametrize("kind", MAILS)
def test_a_missing_value_is_an_error_not_a_hole(kind: str) -> None:
    for name in set(MAILS[kind]):
        fewer = {key: value for key, value in MAILS[kind].items() if key != name}
        with pytest.raises(UndefinedError):
            mail(kind, fewer)


@pytest.mark.parametrize("kind", MAILS)
def test_no_text_has_holes_or_leftovers_of_its_template(kind: str) -> None:
    written = mail(kind)
    assert not re.search(r"\{[{%#]|\bNone\b(?! of)|\n\n\n", written.text)
    assert "\n" not in written.subject
    assert written.text.endswith("\n")
    assert not written.text.startswith("\n")
    assert not written.subject.startswith("Subject")


def test_each_template_is_a_letter_that_the_tests_know() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(MAILS)
    assert {path.stem for path in FOLDER.glob("*.sms")} == set(TEXTS)


def test_a_temporary_password_is_told_as_such() -> None:
    told = {**MAILS["directory_changed"], "temporary": True}
    text = " ".join(mail("directory_changed", told).text.split())
    assert "It is a temporary password" in text
    assert "Use the new password" not in text


@pytest.mark.parametrize(
    ("where", "lingers"),
    [(None, True), ("active_directory", True), ("openldap", False), ("workgroup", False)],
)
def test_only_a_domain_takes_the_old_password_for_a_while(where: str | None, lingers: bool) -> None:
    told = {"directory_kind": where} if where else {}  # an older release did not say it
    text = mail("directory_changed", {**MAILS["directory_changed"], **told}).text
    assert ("may take the old one" in text) is lingers
    assert "Use the new password from now on." in text
    assert "\n\nIf it was you" in text
    assert "\n\n\n" not in text


def test_a_lock_notice_names_the_end_the_client_and_its_address() -> None:
    written = mail("lock_notice")
    assert "14:07 (Europe/London)" in written.subject
    for shown in ("Firefox on Windows", "203.0.113.24", "5 times in a row", "13:57"):
        assert shown in written.text


def test_a_lock_at_the_second_step_says_that_the_password_is_known() -> None:
    assert "somebody knows your password" in mail("lock_notice", second=True).text
    assert "somebody knows your password" not in mail("lock_notice", second=False).text


def test_a_lock_notice_promises_an_open_browser_only_where_lanes_are_apart() -> None:
    one_lane = replace(TENANT, policy=replace(TENANT.policy, lockout_scope="account"))
    values = {"id": "01k", **MAILS["lock_notice"]}
    told = LETTERS.mail("lock_notice", one_lane, "a@example.test", values).text
    assert "stays open to you" in mail("lock_notice").text
    assert "stays open to you" not in told


def test_times_are_in_the_persons_zone_then_in_the_tenants() -> None:
    assert (
        "Friday 3 July 2026, 14:57 (Europe/Berlin)"
        in mail("case_opened", timezone="Europe/Berlin").text
    )
    for zone in (None, "", "Nowhere/Land", "../../etc/passwd", "/etc/passwd", "a\0b"):
        shown = mail("case_opened", timezone=zone).text
        assert "Friday 3 July 2026, 13:57 (Europe/London)" in shown


def test_times_are_in_utc_where_no_zone_is_known() -> None:
    lost = replace(TENANT, timezone="Nowhere/Land")
    values = {"id": "01k", **MAILS["case_opened"]}
    text = LETTERS.mail("case_opened", lost, "a@example.test", values).text
    assert "Friday 3 July 2026, 12:57 (UTC)" in text


def test_a_person_is_greeted_by_name_but_not_before_the_address_is_proved() -> None:
    assert mail("case_opened", name="Ada O’Brien").text.startswith("Hello Ada O’Brien,\n")
    assert mail("case_opened", name=None).text.startswith("Hello,\n")
    assert mail("verify_email", name="Call 0900 now").text.startswith("Hello,\n")
    assert mail("verify_link", name="Call 0900 now").text.startswith("Hello,\n")


def test_a_new_password_during_a_lock_is_told_from_when_it_works() -> None:
    assert "works from 13:57" in mail("password_changed", works_from=SINCE).text
    assert "works from" not in mail("password_changed", works_from=None).text


@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_offers_this_was_not_me(kind: str) -> None:
    assert NOT_ME in mail(kind).text
    assert "Opening the page changes nothing" in mail(kind).text


@given(st.text(max_size=200))
def test_a_forged_client_name_adds_no_line_and_no_link(client: str) -> None:
    plain, forged = mail("lock_notice"), mail("lock_notice", client=client)
    assert len(plain.text.splitlines()) == len(forged.text.splitlines())
    shown = next(line for line in forged.text.split("\n") if line.startswith("  Browser or app:"))
    assert not re.search(r"[^\W\d][./:@\\]|[./:@\\][^\W\d]|[<>]", shown.split(":", 1)[1])
    assert len(list(blocks(plain.text))) == len(list(blocks(forged.text)))
    assert forged.html.count("<") == plain.html.count("<")


@pytest.mark.parametrize(
    ("client", "shown"),
    [
        ("Firefox on Windows", "Firefox on Windows"),
        ("Safari on iOS 17.1", "Safari on iOS 17.1"),
        ("https://evil.test/login", "https evil test login"),
        ("", "not known"),
        (None, "not known"),
        ("<b>x</b>\r\nBcc: eve", "b x b Bcc eve"),
    ],
)
def test_a_client_name_is_shown_plainly(client: str | None, shown: str) -> None:
    assert f"  Browser or app: {shown}\n" in mail("lock_notice", client=client).text


def test_a_tenant_cannot_break_the_page() -> None:
    odd = replace(TENANT, name="<b>A & B</b>\nBcc: x", accent="red;} body{display:none")
    written = LETTERS.mail(
        "case_opened", odd, "a@example.test", {"id": "1", **MAILS["case_opened"]}
    )
    assert "\n" not in written.subject
    assert "<b>" not in written.html
    assert "display:none" not in written.html
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in written.html


def test_a_text_ends_with_the_line_by_which_phones_fill_in_the_code() -> None:
    text = LETTERS.text(
        "verify_phone", TENANT, "+447700900120", {"id": "01k", **TEXTS["verify_phone"]}
    )
    assert text.text.split("\n")[-1] == "@id.northwind.test #042917"
    assert (text.id, text.to) == ("01k", "+447700900120")
    assert gsm.fits(text.text)
    assert len(text.text) <= 160


@given(st.integers(0, 0xFFFFFF))
def test_a_button_is_readable_on_any_accent(colour: int) -> None:
    accent = f"#{colour:06x}"

    def luminance(value: str) -> float:
        channels = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(accent), luminance(ink_on(accent))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_a_letter_speaks_its_readers_language() -> None:
    values = {"id": "m1", "code": "482913", "minutes": 10, "link": "https://id.test/x", "ip": None,
              "client": "Firefox on Windows", "language": "de"}  # fmt: skip
    mail = LETTERS.mail("recovery_code", TENANT, "ann@example.com", values)
    assert mail.headers["Content-Language"] == "de"
    assert mail.subject == f"Ihr Code für ein neues Passwort bei {TENANT.name}"
    assert "Browser oder App: Firefox auf Windows\n  Internetadresse: nicht bekannt" in mail.text
    assert '<html lang="de">' in mail.html
    assert "Seite öffnen" in mail.html


def test_a_policy_that_guards_less_is_told_with_who_changed_it_in_the_readers_words() -> None:
    weaker = {
        "alarm": "policy-weaker", "by": "Tom https://evil.test", "at": 1_767_965_460_000,
        "changes": [["Shortest password", "15", "8"], ["Sender of mails", "", ""]],
        "link": "https://id.northwind.test/t/northwind/console/policies",
    }  # fmt: skip
    told = mail("alarm", weaker)
    assert told.subject.startswith("Alarm: a policy guards less than before")
    assert "Tom https evil test has changed what Northwind" in told.text
    assert "  Shortest password: 15 → 8\n  Sender of mails: changed;" in told.text
    assert "console/policies" in told.text
    german = mail("alarm", {**weaker, "language": "de", "by": ""}).text
    assert "Ein Befehl auf dem Host hat geändert" in german
    assert "Kürzestes Passwort: 15 → 8" in german
