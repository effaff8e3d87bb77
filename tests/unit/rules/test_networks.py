"""What two addresses tell of a person and their device, and what they cannot tell."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.networks import (
    HIDING,
    Kind,
    Range,
    Seen,
    Verdict,
    address,
    hidden,
    house,
    judge,
)

NORTH, SOUTH = "North Mobile", "South Mobile"
VPN = Range(Kind.VPN, "Example VPN")
NAT = Range(Kind.CARRIER, NORTH)
MOBILE = Range(Kind.MOBILE, NORTH)
OTHER = Range(Kind.CARRIER, SOUTH)

#: case: the person's address, the device's, what is judged
CASES: dict[str, tuple[Seen, Seen, Verdict]] = {
    # one house
    "one IPv4 address": (Seen("203.0.113.7"), Seen("203.0.113.7"), Verdict.SAME),
    "neighbours in one IPv4 network": (
        Seen("203.0.113.7"), Seen("203.0.113.8"), Verdict.DIFFERENT),
    "one IPv6 address": (Seen("2001:db8::7"), Seen("2001:db8::7"), Verdict.SAME),
    "two networks of one /56": (
        Seen("2001:db8:0:1::7"), Seen("2001:db8:0:ff::8"), Verdict.SAME),
    "the /56 next door": (
        Seen("2001:db8:0:ff::7"), Seen("2001:db8:0:100::7"), Verdict.DIFFERENT),
    "IPv6 with a zone": (Seen("2001:db8::7%eth0"), Seen("2001:db8::7"), Verdict.SAME),
    # IPv4 within IPv6
    "IPv4, and the same mapped into IPv6": (
        Seen("203.0.113.7"), Seen("::ffff:203.0.113.7"), Verdict.SAME),
    "both mapped": (Seen("::ffff:203.0.113.7"), Seen("::FFFF:203.0.113.7"), Verdict.SAME),
    "mapped, of two houses": (
        Seen("::ffff:203.0.113.7"), Seen("::ffff:203.0.113.8"), Verdict.DIFFERENT),
    "translated by NAT64": (
        Seen("64:ff9b::203.0.113.7"), Seen("203.0.113.7"), Verdict.SAME),
    # dual stack
    "the person by IPv6, the device by IPv4": (
        Seen("2001:db8::7"), Seen("203.0.113.7"), Verdict.FAMILIES),
    "the person by IPv4, the device by IPv6": (
        Seen("203.0.113.7"), Seen("2001:db8::7"), Verdict.FAMILIES),
    "both by both, and the same": (Seen("2001:db8::7"), Seen("2001:db8::8"), Verdict.SAME),
    # carriers' NAT
    "within the space between customers and NAT": (
        Seen("100.64.3.7"), Seen("100.127.9.1"), Verdict.CARRIER),
    "just outside of that space": (
        Seen("100.63.255.255"), Seen("100.128.0.0"), Verdict.DIFFERENT),
    "one in that space alone": (Seen("100.64.3.7"), Seen("203.0.113.7"), Verdict.DIFFERENT),
    "one carrier's NAT, two addresses": (
        Seen("203.0.113.7", NAT), Seen("203.0.113.9", NAT), Verdict.CARRIER),
    "one carrier's NAT, one address: strangers share it": (
        Seen("203.0.113.7", NAT), Seen("203.0.113.7", NAT), Verdict.CARRIER),
    "one carrier, spelled otherwise": (
        Seen("203.0.113.7", NAT), Seen("203.0.113.9", Range(Kind.CARRIER, "NORTH MOBILE")),
        Verdict.CARRIER),
    "a /56 of which the file has a part as a carrier's": (
        Seen("2001:db8:0:1::7"), Seen("2001:db8:0:2::7", NAT), Verdict.CARRIER),
    "two carriers": (
        Seen("203.0.113.7", NAT), Seen("198.51.100.9", OTHER), Verdict.DIFFERENT),
    "a carrier's NAT and a house": (
        Seen("203.0.113.7", NAT), Seen("198.51.100.9"), Verdict.DIFFERENT),
    "one carrier, IPv4 behind its NAT and IPv6": (
        Seen("203.0.113.7", NAT), Seen("2001:db8::9", NAT), Verdict.CARRIER),
    # mobile data
    "mobile data, the device at home": (
        Seen("203.0.113.7", MOBILE), Seen("198.51.100.9"), Verdict.DIFFERENT),
    "mobile data by IPv6, the device at home by IPv4": (
        Seen("2001:db8::7", MOBILE), Seen("198.51.100.9"), Verdict.FAMILIES),
    "both by one operator's mobile network": (
        Seen("203.0.113.7", MOBILE), Seen("203.0.113.9", MOBILE), Verdict.CARRIER),
    "both in one /56 of a mobile network: each phone has a /64": (
        Seen("2001:db8:0:1::7", MOBILE), Seen("2001:db8:0:2::7", MOBILE), Verdict.CARRIER),
    "an operator's mobile network and its NAT at home": (
        Seen("203.0.113.7", MOBILE), Seen("198.51.100.9", NAT), Verdict.CARRIER),
    # evidence of a VPN
    "the person's VPN": (Seen("203.0.113.7", VPN), Seen("198.51.100.9"), Verdict.VPN),
    "the person's VPN, and the device's": (
        Seen("203.0.113.7", VPN), Seen("203.0.113.7", VPN), Verdict.VPN),
    "a proxy": (
        Seen("203.0.113.7", Range(Kind.PROXY, "")), Seen("203.0.113.7"), Verdict.VPN),
    "a hosting company": (
        Seen("2001:db8::7", Range(Kind.HOSTING, "Host")), Seen("2001:db8::7"), Verdict.VPN),
    "a VPN within the house's own private network": (
        Seen("10.8.0.2", VPN), Seen("10.8.0.3"), Verdict.VPN),
    "the device's VPN alone": (
        Seen("198.51.100.9"), Seen("203.0.113.7", VPN), Verdict.DIFFERENT),
    "the device's VPN alone, one house": (
        Seen("203.0.113.7"), Seen("203.0.113.8", VPN), Verdict.DIFFERENT),
    # a VPN that no file knows
    "no evidence, other networks": (
        Seen("203.0.113.7"), Seen("198.51.100.9"), Verdict.DIFFERENT),
    # inside
    "both from a private network": (
        Seen("192.168.1.7"), Seen("192.168.1.7"), Verdict.PRIVATE),
    "one from a private network": (Seen("192.168.1.7"), Seen("203.0.113.7"), Verdict.PRIVATE),
    "unique local IPv6": (Seen("fd00::1"), Seen("fd00::1"), Verdict.PRIVATE),
    "link-local IPv6": (Seen("fe80::1%eth0"), Seen("2001:db8::1"), Verdict.PRIVATE),
    "this machine": (Seen("127.0.0.1"), Seen("::1"), Verdict.PRIVATE),
    "no address": (Seen(""), Seen("203.0.113.7"), Verdict.PRIVATE),
    "the device has none": (Seen("203.0.113.7"), Seen("unix"), Verdict.PRIVATE),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_judged(case: str) -> None:
    owner, device, verdict = CASES[case]
    judged = judge(owner, device)
    assert (judged.verdict, judged.owner, judged.device) == (verdict, owner.found, device.found)
    assert judged.near is (verdict is Verdict.SAME)


def test_one_address_with_two_ranges_of_the_file_is_not_near_where_the_device_hides() -> None:
    judged = judge(Seen("203.0.113.7"), Seen("203.0.113.7", VPN))
    assert judged.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("kind", Kind)
def test_what_hides(kind: Kind) -> None:
    assert hidden(Range(kind, "")) is (kind in HIDING)
    assert not hidden(None)


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
RANGES = st.one_of(st.none(), st.builds(Range, st.sampled_from(Kind), st.sampled_from("ab")))
SIGHTS = st.builds(Seen, st.one_of(ADDRESSES, st.just("")), RANGES)


@given(SIGHTS, SIGHTS)
def test_never_a_vpn_without_evidence_of_the_person_s_own(owner: Seen, device: Seen) -> None:
    judged = judge(owner, device)
    assert (judged.verdict is Verdict.VPN) is hidden(owner.found)


@given(SIGHTS, SIGHTS)
def test_near_means_one_house_that_no_stranger_shares(owner: Seen, device: Seen) -> None:
    if judge(owner, device).near:
        one, other = address(owner.ip), address(device.ip)
        assert one is not None
        assert other is not None
        assert house(one) == house(other)
        assert {owner.found, device.found} == {None}


@given(SIGHTS, SIGHTS)
def test_but_for_the_vpn_it_does_not_matter_who_is_who(owner: Seen, device: Seen) -> None:
    if not hidden(owner.found) and not hidden(device.found):
        assert judge(owner, device).verdict is judge(device, owner).verdict


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_within_ipv6_is_that_address(at: IPv4Address) -> None:
    mapped = IPv6Address(int(IPv6Address("::ffff:0:0")) | int(at))
    translated = IPv6Address(int(IPv6Address("64:ff9b::")) | int(at))
    assert {address(str(mapped)), address(str(translated)), address(str(at))} == {at}
