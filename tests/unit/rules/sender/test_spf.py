"""SPF by the examples of RFC 7208, and against records that are written to hurt."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.sender.dns import Answer, Query, Reply, settled
from keyturn.rules.sender.spf import Result, Spf, check_host
from keyturn.rules.sender.spf_macro import Sending, expand
from keyturn.rules.sender.spf_record import Malformed, parse
from tests.unit.rules.sender.zones import Zone

#: RFC 7208, appendix A
APPENDIX = {
    "example.com": {
        "MX": ["10 mail-a.example.com", "20 mail-b.example.com"],
        "A": ["192.0.2.10", "192.0.2.11"],
    },
    "amy.example.com": {"A": ["192.0.2.65"]},
    "bob.example.com": {"A": ["192.0.2.66"]},
    "mail-a.example.com": {"A": ["192.0.2.129"]},
    "mail-b.example.com": {"A": ["192.0.2.130"]},
    "example.org": {"MX": ["10 mail-c.example.org"]},
    "mail-c.example.org": {"A": ["192.0.2.140"]},
    "10.2.0.192.in-addr.arpa": {"PTR": ["example.com"]},
    "11.2.0.192.in-addr.arpa": {"PTR": ["example.com"]},
    "65.2.0.192.in-addr.arpa": {"PTR": ["amy.example.com"]},
    "66.2.0.192.in-addr.arpa": {"PTR": ["bob.example.com"]},
    "129.2.0.192.in-addr.arpa": {"PTR": ["mail-a.example.com"]},
    "130.2.0.192.in-addr.arpa": {"PTR": ["mail-b.example.com"]},
    "140.2.0.192.in-addr.arpa": {"PTR": ["mail-c.example.org"]},
    "4.0.0.10.in-addr.arpa": {"PTR": ["bob.example.com"]},
}


def checked(record: str, ip: str | None, domain: str = "example.com", **others: str) -> Spf:
    """`record` as the domain's own in the appendix's zone, and records of other domains."""
    texts = {domain: record, **{name.replace("_", "."): text for name, text in others.items()}}
    zone = {name: dict(records) for name, records in APPENDIX.items()}
    for name, text in texts.items():
        zone[name] = {**zone.get(name, {}), "TXT": ["unrelated", text]}
    address = ipaddress.ip_address(ip) if ip else None
    return Zone(zone).settle(check_host(address, domain, f"ann@{domain}"))


@pytest.mark.parametrize(
    ("record", "right", "wrong"),
    [
        ("v=spf1 +all", ["192.0.2.129", "10.0.0.1", "2001:db8::1"], []),
        ("v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.129"]),
        ("v=spf1 a:example.org -all", [], ["192.0.2.10", "192.0.2.140"]),
        ("v=spf1 mx -all", ["192.0.2.129", "192.0.2.130"], ["192.0.2.140"]),
        ("v=spf1 mx:example.org -all", ["192.0.2.140"], ["192.0.2.129"]),
        ("v=spf1 mx mx:example.org -all", ["192.0.2.129", "192.0.2.140"], ["192.0.2.10"]),
        ("v=spf1 mx/30 mx:example.org/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132"]),
        ("v=spf1 ptr -all", ["192.0.2.10", "192.0.2.65"], ["192.0.2.140", "10.0.0.4"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129"], ["192.0.2.65"]),
        ("V=SPF1  IP4:192.0.2.129   -ALL", ["192.0.2.129"], ["192.0.2.130"]),
    ],
)  # fmt: skip
def test_the_examples_of_appendix_a(record: str, right: list[str], wrong: list[str]) -> None:
    assert {checked(record, ip).result for ip in right} <= {Result.PASS}
    assert {checked(record, ip).result for ip in wrong} <= {Result.FAIL}


def test_an_include_passes_on_a_pass_alone_and_a_redirect_passes_on_everything() -> None:
    inner = "v=spf1 ip4:192.0.2.1 ~all"
    for record, expected in (
        ("v=spf1 include:example.net -all", Result.FAIL),
        ("v=spf1 redirect=example.net", Result.SOFTFAIL),
        ("v=spf1 redirect=example.net ?all", Result.NEUTRAL),
    ):
        assert checked(record, "192.0.2.1", example_net=inner).result is (
            Result.NEUTRAL if "?all" in record else Result.PASS
        )
        assert checked(record, "192.0.2.2", example_net=inner).result is expected


def test_without_a_record_there_is_none_and_with_two_an_error() -> None:
    zone = Zone({"example.com": {"TXT": ["v=spf10", "hello"]}})
    found = zone.settle(check_host(None, "example.com", "example.com"))
    assert (found.result, found.problem) == (Result.NONE, "missing")
    zone = Zone({"example.com": {"TXT": ["v=spf1 -all", "V=spf1 +all"]}})
    found = zone.settle(check_host(None, "example.com", "example.com"))
    assert (found.result, found.problem) == (Result.PERMERROR, "several")


def test_a_name_server_that_is_silent_decides_nothing() -> None:
    zone = Zone({}, silent=["example.com"])
    found = zone.settle(check_host(None, "example.com", "example.com"))
    assert (found.result, found.problem) == (Result.TEMPERROR, "silent")
    records = {"example.com": {"TXT": ["v=spf1 a:b.test mx:c.test -all"]},
               "c.test": {"MX": ["10 d.test"]}, "b.test": {"A": ["192.0.2.9"]}}  # fmt: skip
    for silent in ("b.test", "c.test", "d.test"):
        zone = Zone(records, silent=[silent])
        ip = ipaddress.ip_address("192.0.2.1")
        assert zone.settle(check_host(ip, "example.com", "x")).detail == silent


def test_strangers_are_let_in_by_plus_all_wherever_it_stands() -> None:
    assert checked("v=spf1 a -all", None).result is Result.FAIL
    assert checked("v=spf1 a all", None).result is Result.PASS
    assert checked("v=spf1 include:a.test -all", None, a_test="v=spf1 +all").result is Result.PASS
    assert checked("v=spf1 redirect=a.test", None, a_test="v=spf1 +all").result is Result.PASS
    assert checked("v=spf1 a", None).result is Result.NEUTRAL


@pytest.mark.parametrize(
    "network", ["ip4:0.0.0.0/0", "ip4:128.0.0.0/1", "ip6:::/0", "ip4:10.0.0.0/7"]
)
def test_a_network_as_wide_as_the_world_is_noticed(network: str) -> None:
    assert checked(f"v=spf1 {network} -all", None).wide
    assert not checked("v=spf1 ip4:10.0.0.0/8 ip6:2001:db8::/32 -all", None).wide


def test_the_tenth_lookup_is_allowed_and_the_eleventh_is_not() -> None:
    ten = " ".join(["a"] * 10)
    assert checked(f"v=spf1 {ten} -all", None).result is Result.FAIL
    found = checked(f"v=spf1 {ten} mx -all", None)
    assert (found.result, found.problem, found.detail) == (Result.PERMERROR, "lookups", "mx")
    assert checked(f"v=spf1 {ten} mx -all", "192.0.2.10").result is Result.PASS  # found before


def test_a_record_that_includes_itself_ends() -> None:
    found = checked("v=spf1 include:example.com -all", None)
    assert (found.result, found.problem) == (Result.PERMERROR, "lookups")
    found = checked("v=spf1 redirect=example.com", None)
    assert (found.result, found.problem) == (Result.PERMERROR, "lookups")


def test_the_third_void_lookup_is_one_too_many() -> None:
    two = "v=spf1 a:x.test exists:y.test -all"
    assert checked(two, "192.0.2.1").result is Result.FAIL
    found = checked(two.replace("-all", "mx:z.test -all"), "192.0.2.1")
    assert (found.result, found.problem, found.detail) == (Result.PERMERROR, "voids", "z.test")


def test_an_include_or_redirect_to_nothing_is_an_error() -> None:
    for record in ("v=spf1 include:no.test -all", "v=spf1 redirect=no.test"):
        found = checked(record, None)
        assert (found.problem, found.detail) == ("include-none", "no.test")


def test_more_than_ten_exchangers_are_an_error() -> None:
    hosts = [f"10 m{number}.test" for number in range(11)]
    zone = Zone({"example.com": {"TXT": ["v=spf1 mx -all"], "MX": hosts}})
    assert zone.settle(check_host(None, "example.com", "x")).problem == "hosts"
    assert len(zone.asked) == 2


def test_exists_asks_for_the_name_that_its_macros_make() -> None:
    zone = Zone({
        "example.com": {"TXT": ["v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all"]},
        "1.2.0.192.in-addr._spf.example.com": {"A": ["127.0.0.2"]},
    })  # fmt: skip
    ip = ipaddress.ip_address("192.0.2.1")
    assert zone.settle(check_host(ip, "example.com", "ann@example.com")).result is Result.PASS
    stranger = zone.settle(check_host(None, "example.com", "ann@example.com"))
    assert (stranger.result, stranger.lookups, stranger.voids) == (Result.FAIL, 1, 0)


def test_ipv6_and_mapped_ipv4_addresses_are_compared_as_what_they_are() -> None:
    record = "v=spf1 ip4:192.0.2.1 a:six.test//64 -all"
    zone = Zone(
        {"example.com": {"TXT": [record]}, "six.test": {"AAAA": ["2001:db8::1", "nonsense"]}}
    )

    def result(ip: str) -> Result:
        return zone.settle(check_host(ipaddress.ip_address(ip), "example.com", "x")).result

    assert result("::ffff:192.0.2.1") is Result.PASS
    assert result("2001:db8::ffff") is Result.PASS
    assert result("2001:db8:0:1::1") is Result.FAIL


#: RFC 7208 §7.4
EMAIL, V4, V6 = "strong-bad@email.example.com", "192.0.2.3", "2001:db8::cb01"


@pytest.mark.parametrize(
    ("macro", "name"),
    [
        ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"), ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"), ("%{d2}", "example.com"), ("%{d1}", "com"),
        ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"), ("%{lr}", "strong-bad"), ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
         "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{h}.%{p}", "helo.test.unknown"), ("a%%b%_c%-d", "a%b c%20d"),
        ("%{S}", "strong-bad%40email.example.com"),
    ],
)  # fmt: skip
def test_the_macro_examples_of_section_7_4(macro: str, name: str) -> None:
    sending = Sending(ipaddress.ip_address(V4), EMAIL, "helo.test")
    assert expand(macro, sending, "email.example.com") == name


def test_macros_of_ipv6_and_of_nobody() -> None:
    six = Sending(ipaddress.ip_address(V6), EMAIL, "h")
    nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
    assert expand("%{ir}.%{v}._spf.%{d2}", six, "email.example.com") == (
        f"{nibbles}.ip6._spf.example.com"
    )
    assert expand("%{i}.%{l}", Sending(None, "@x.test", "h"), "x.test") == "0.0.0.0.postmaster"


def test_an_expanded_name_that_is_too_long_loses_labels_from_the_left() -> None:
    sending = Sending(None, f"{'a.' * 60}end@x.test", "h")
    name = expand("%{l}.%{l}.%{l}.keep.test", sending, "x.test")
    assert len(name) <= 253
    assert name.endswith(".keep.test")
    assert len(expand("%{l}", Sending(None, f"{'a' * 300}@x", "h"), "x")) == 253


@pytest.mark.parametrize(
    "term",
    ["ip4:192.0.2.0/33", "ip4:192.0.2.0/024", "ip4:2001:db8::1", "ip6:192.0.2.1", "ip4", "ip4:",
     "ip4:192.0.2.1/", "all:x", "include", "include:", "include:x", "exists", "a:", "a/33",
     "mx//129", "a/", "a:x.123", "ptr:", "foo", "foo:bar.test", "redirect=", "redirect=x",
     "exists:%{z}.test", "exists:%{d0}.test", "exists:%(d).test", "a:ex%ample.test", "a:x.-y",
     "-", "exp=x", "x=%", "a:\u00fc.test", "a:x\x00.test"],
)  # fmt: skip
def test_what_breaks_the_grammar_is_an_error_and_names_the_term(term: str) -> None:
    found = checked(f"v=spf1 {term} -all", "192.0.2.1")
    assert (found.result, found.problem, found.detail) == (Result.PERMERROR, "syntax", term)


def test_a_modifier_twice_is_an_error_and_an_unknown_one_is_not() -> None:
    assert checked("v=spf1 redirect=a.test redirect=a.test", None).problem == "syntax"
    assert checked("v=spf1 exp=a.test exp=b.test -all", None).problem == "syntax"
    assert checked("v=spf1 x=1 x=2 -all", None).result is Result.FAIL


def test_a_huge_record_is_refused_before_it_is_read() -> None:
    with pytest.raises(Malformed):
        parse("v=spf1 " + "ip4:192.0.2.1 " * 1000)


def test_a_name_that_is_none_is_asked_of_nobody() -> None:
    zone = Zone({"example.com": {"TXT": [f"v=spf1 a:{'x' * 64}.test mx:a..test -all"]}})
    found = zone.settle(check_host(None, "example.com", "x"))
    assert (found.result, found.voids, len(zone.asked)) == (Result.FAIL, 2, 1)
    assert Zone({}).settle(check_host(None, "nodots", "x")).result is Result.NONE
    null = Zone({"example.com": {"TXT": ["v=spf1 mx -all"], "MX": ["0 "]}})
    assert null.settle(check_host(None, "example.com", "x")).result is Result.FAIL


def test_ptr_needs_a_name_that_leads_back() -> None:
    zone = {"example.com": {"TXT": ["v=spf1 ptr -all"]}}
    back = {"1.2.0.192.in-addr.arpa": {"PTR": ["a.example.com", "other.test"]}}
    ip = ipaddress.ip_address("192.0.2.1")
    for addresses, expected in ((["192.0.2.1"], Result.PASS), (["junk", "192.0.2.2"], Result.FAIL)):
        whole = Zone({**zone, **back, "a.example.com": {"A": addresses}})
        assert whole.settle(check_host(ip, "example.com", "x")).result is expected
    assert Zone(zone).settle(check_host(None, "example.com", "x")).result is Result.FAIL


WORDS = st.sampled_from(
    ["a", "mx", "ptr", "all", "-all", "+all", "include:example.com", "include:b.test", "a:b.test",
     "mx:b.test/24//64", "exists:%{ir}.%{d}", "redirect=b.test", "redirect=example.com",
     "ip4:1.2.3.4/8",
     "ip6:::1", "a:%{l}%{s}%{i}.x.y", "exp=b.test", "?mx", "junk", "x=%{d}", "ptr:b.test",
     "%", "a:%{h}.%{p}"]
)  # fmt: skip
RECORDS = st.lists(st.one_of(WORDS, st.text(max_size=20)), max_size=25).map(
    lambda words: "v=spf1 " + " ".join(words)
)
ADDRESSES = st.one_of(st.none(), st.ip_addresses())
ANYTHING = st.one_of(RECORDS, st.text(max_size=30), st.sampled_from(["10 b.test", "1.2.3.4"]))
ANSWERS = st.one_of(
    st.sampled_from([Answer(reply) for reply in Reply]),
    st.lists(ANYTHING).map(lambda found: Answer(Reply.FOUND, tuple(found))),
)


@given(st.data(), ADDRESSES, RECORDS)
def test_whatever_the_dns_says_an_evaluation_ends_soon_with_a_result(
    data: st.DataObject, ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None, record: str
) -> None:
    asked: list[Query] = []

    def look(query: Query) -> Answer:
        asked.append(query)
        if len(asked) == 1:
            return Answer(Reply.FOUND, (record,))
        return data.draw(ANSWERS)

    found = settled(check_host(ip, "example.com", "ann@example.com"), look)
    # ten terms, each at most one question and ten hosts
    assert len(asked) <= 1 + 10 * 11
    assert found.result in Result
    assert all(len(query.name) <= 253 for query in asked)
    assert (found.result in {Result.PERMERROR, Result.TEMPERROR, Result.NONE}) == bool(
        found.problem
    )


@given(st.text(max_size=300))
def test_no_text_makes_the_parser_fail_otherwise_than_by_malformed(text: str) -> None:
    with suppress(Malformed):
        assert parse(f"v=spf1 {text}").terms is not None
