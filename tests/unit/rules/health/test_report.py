"""One root on top, its consequences beneath, and one sentence over all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.health import judge_house, judge_servers
from keyturn.rules.health.catalogue import CATALOGUE
from keyturn.rules.health.records import document, kept, recalled, seen
from keyturn.rules.health.report import Report, arrange, headline, worst
from keyturn.rules.health.sights import Reached
from keyturn.rules.health.verdicts import Finding, State, Value
from keyturn.rules.health.words import fill, percent, said, size, span
from tests.unit.rules.health.scenes import (
    DATABASE,
    MAIL,
    NOW,
    SETUP,
    everything,
    mute,
    other,
    sender,
)
from tests.unit.rules.sender.zones import Zone


def report(*findings: Finding) -> Report:
    return arrange(CATALOGUE, findings, NOW)


def at(cause: str, subject: str = "") -> Finding:
    return Finding(cause, subject, NOW)


def tree(found: Report) -> dict[str, list[str]]:
    return {r.finding.cause: [c.cause for c in r.consequences] for r in found.roots}


def test_a_mail_server_without_an_address_explains_whatever_could_not_be_looked_at() -> None:
    sight = replace(MAIL, way=Reached("absent"), greeted=False)
    found = report(*judge_servers.mail_server(SETUP, sight, NOW), at("mail-waiting.stuck"))
    assert tree(found) == {
        "smtp-name.absent": [
            "smtp-connection.unreached", "smtp-tls.unreached", "smtp-login.unreached",
            "smtp-limits.unreached", "mail-waiting.stuck",
        ]
    }  # fmt: skip


def test_without_name_servers_nothing_of_the_sender_is_a_fault_of_its_own() -> None:
    found = report(at("dns.silent"), *sender(mute("north.test")))
    assert set(tree(found)) == {"dns.silent"}
    assert worst(CATALOGUE, found) is State.UNKNOWN


def test_a_domain_that_cannot_exist_is_the_root_of_its_missing_records() -> None:
    found = report(at("dns.ok"), *sender(other("north.test")))
    assert set(tree(found)) == {"domain.reserved"}
    assert "dkim.unseen" in tree(found)["domain.reserved"]


def test_mail_that_fails_dmarc_hangs_beneath_the_signature_that_is_missing() -> None:
    zone = other("north.test", MX=["10 mail.north.test"], TXT=["v=spf1 -all"])
    found = report(*sender(zone, replace(SETUP, mail_keys=())))
    assert tree(found) == {"dkim.no-key": ["dmarc.unaligned"], "spf.not-listed": []}


def test_a_trouble_of_one_domain_explains_nothing_of_another() -> None:
    found = report(at("domain.absent", "a.test"), at("spf.unseen", "b.test"),
                   at("dkim.unseen", "kt._domainkey.a.test"))  # fmt: skip
    assert tree(found) == {"domain.absent": ["dkim.unseen"], "spf.unseen": []}


def test_what_was_reached_was_not_kept_from_view_by_what_is_only_needed_to_reach_it() -> None:
    reached = report(at("dns.silent"), at("sms-gateway.ok"), at("sms-login.unclear"))
    assert tree(reached) == {"dns.silent": [], "sms-login.unclear": []}
    lost = report(at("dns.silent"), at("sms-gateway.silent"), at("sms-login.unreached"))
    assert tree(lost) == {"dns.silent": ["sms-gateway.silent", "sms-login.unreached"]}


def test_a_warning_explains_nothing() -> None:
    found = report(at("spf.neutral", "a.test"), at("dmarc.unaligned", "a.test"))
    assert tree(found) == {"dmarc.unaligned": [], "spf.neutral": []}


def test_an_expired_certificate_is_the_clocks_fault_if_the_clock_is_wrong() -> None:
    assert tree(report(at("clock.wrong"), at("smtp-tls.expired"))) == {
        "clock.wrong": ["smtp-tls.expired"]
    }
    assert tree(report(at("clock.ok"), at("smtp-tls.expired"))) == {"smtp-tls.expired": []}


def test_failures_come_first_then_warnings_then_what_could_not_be_seen() -> None:
    found = report(at("sms-login.unclear"), at("backup.old"), at("disk.full", "/x"), at("dns.ok"))
    assert list(tree(found)) == ["disk.full", "backup.old", "sms-login.unclear"]
    assert [finding.cause for finding in found.fine] == ["dns.ok"]


def test_one_sentence_says_how_things_stand() -> None:
    assert headline(CATALOGUE, report(at("dns.ok"))) == "Everything that was looked at is in order."
    assert headline(CATALOGUE, report(at("backup.old"))) == (
        "Everything works; 1 thing could be better."
    )
    blind = report(
        at("dns.silent"), at("sms-gateway.ok"), at("sms-login.unclear"), at("backup.old")
    )
    assert headline(CATALOGUE, blind) == (
        "Nothing is wrong as far as can be seen; 2 things could not be looked at."
    )
    junk = report(at("spf.missing", "a.test"), at("backup.old"))
    assert headline(CATALOGUE, junk) == (
        "Everything works but mail: many providers will put it into junk folders."
    )
    two = report(at("disk.full", "/x"), at("demo.present"))
    assert headline(CATALOGUE, two).endswith("nobody gets in. 1 more thing is wrong.")
    many = report(at("disk.full", "/x"), at("database.down"), at("spf.missing", "a.test"),
                  at("settings.proxies", "x"))  # fmt: skip
    assert headline(CATALOGUE, many) == (
        "Everything works but the host, the settings and mail: the disk is nearly full, and then "
        "nobody gets in. 2 more things are wrong."
    )


def test_the_verdict_on_the_whole_is_the_gravest() -> None:
    states = [
        worst(CATALOGUE, report(*map(at, causes)))
        for causes in (("dns.ok",), ("backup.old",), ("backup.old", "dns.silent"),
                       ("dns.silent", "demo.present"))
    ]  # fmt: skip
    assert states == [State.OK, State.WARN, State.UNKNOWN, State.FAIL]


FINDINGS = st.lists(st.sampled_from([f for scene in everything() for f in scene]), max_size=40)


@given(FINDINGS)
def test_every_finding_stands_once_and_nothing_that_is_well_beneath_anything(
    findings: list[Finding],
) -> None:
    found = report(*findings)
    told = {(f.cause, f.subject): f for f in findings}
    assert sorted(map(repr, found.findings)) == sorted(map(repr, told.values()))
    for root in found.roots:
        states = {CATALOGUE.state(f) for f in (root.finding, *root.consequences)}
        assert State.OK not in states
        if root.consequences:
            assert CATALOGUE.state(root.finding) in {State.FAIL, State.UNKNOWN}


@given(FINDINGS)
def test_a_report_that_was_kept_is_recalled_as_it_was(findings: list[Finding]) -> None:
    found = report(*findings)
    assert recalled(CATALOGUE, kept(found)) == found
    assert len(str(document(CATALOGUE, found, str))) > 10


def test_what_another_release_kept_is_read_as_far_as_it_is_known() -> None:
    text = kept(report(at("dns.ok"))).replace("dns.ok", "gone.away")
    assert recalled(CATALOGUE, text) == Report(NOW, (), ())
    for strange in ("", "[]", '{"at": 1}', '{"at": 1, "findings": [[1]]}', "null",
                    '{"at": 1, "findings": [["dns.ok", "", 1, null]]}'):  # fmt: skip
        assert recalled(CATALOGUE, strange) is None
    odd = '{"at": 1, "findings": [["dns.ok", "", 1, {"a": [], "b": 2}]]}'
    read = recalled(CATALOGUE, odd)
    assert read is not None
    assert read.fine[0].facts == {"b": 2}


def test_a_document_tells_programs_what_people_are_told() -> None:
    told = document(CATALOGUE, report(*judge_house.database(DATABASE, SETUP, NOW)), str)
    assert (told["state"], told["roots"], told["at"]) == ("ok", [], str(NOW))
    wrong = document(CATALOGUE, report(*sender(Zone({}))), str)
    root = wrong["roots"][0]  # type: ignore[index]
    assert root["cause"] == "domain.reserved"
    assert root["copy"] == ["keyturn tenant set north --sender no-reply@YOUR-DOMAIN"]
    assert {c["cause"] for c in root["consequences"]} >= {"spf.unseen"}


def test_evidence_is_written_in_the_form_that_the_checks_words_have_for_it() -> None:
    facts: dict[str, Value] = {"age": 61_000, "mode": "0640", "zone_line": "x", "said": ""}
    shown = seen(CATALOGUE, Finding("key-ring.open", "", NOW, facts), str)
    assert shown == {"age": "1 minute", "mode": "0640"}


def test_facts_are_said_as_people_write_them() -> None:
    facts = {"a": None, "b": True, "c": False, "d": 3, "e": 61_000, "f": "x", "g": 1500, "h": 125}
    text = "{a} {b} {c} {d} {e:span} {f} {g:size} {h:percent} {e:time} {f:span} {missing}"
    assert fill(text, facts, lambda ms: f"@{ms}") == (
        "not known yes no 3 1 minute x 1.5 kB 12.5 % @61000 x not known"
    )
    assert [span(ms) for ms in (5, 1_000, 90_000, 3_600_000, -172_800_000)] == [
        "5 milliseconds", "1 second", "2 minutes", "1 hour", "2 days",
    ]  # fmt: skip
    assert [size(n) for n in (1, 999, 10**6, 2 * 10**9, 10**12)] == [
        "1 byte", "999 bytes", "1.0 MB", "2.0 GB", "1.0 TB",
    ]  # fmt: skip
    assert (percent(1000), said("x")) == ("100 %", "x")
