"""The operator's file of networks: read strictly, every slip with its line."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.networks import Kind, Range
from keyturn.rules.range_file import NAME_MAX, BadLine, of_record, read

FILE = """
# what the operator knows
203.0.113.0/24   vpn      Example VPN   # with a remark
2001:db8:7::/48\thosting\tExample   Hosting
198.51.100.0/22  carrier
192.0.2.7        proxy    One Address
"""


def test_a_line_is_a_network_a_kind_and_a_name() -> None:
    assert read(FILE.splitlines()) == {
        ip_network("203.0.113.0/24"): Range(Kind.VPN, "Example VPN"),
        ip_network("2001:db8:7::/48"): Range(Kind.HOSTING, "Example Hosting"),
        ip_network("198.51.100.0/22"): Range(Kind.CARRIER, ""),
        ip_network("192.0.2.7/32"): Range(Kind.PROXY, "One Address"),
    }


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("vpn 203.0.113.0/24", "network"),
        ("203.0.113.1/24 vpn bits beyond the length", "network"),
        ("0.0.0.0/0 vpn everybody", "network"),
        ("::/0 vpn everybody", "network"),
        ("203.0.113.0/24", "kind"),
        ("203.0.113.0/24 VPN", "kind"),
        ("203.0.113.0/24 home x", "kind"),
        ("192.0.2.0/24 hosting again", "twice"),
    ],
)
def test_a_wrong_line_is_named(line: str, why: str) -> None:
    with pytest.raises(BadLine) as found:
        read(["192.0.2.0/24 vpn x", "", line])
    assert (found.value.number, found.value.text, found.value.why) == (3, line, why)


@given(st.text())
def test_whatever_it_says_it_is_read_or_named(text: str) -> None:
    lines = text.splitlines()
    try:
        found = read(lines)
    except BadLine as error:
        number = error.number
    else:
        number = 1 if all(one.name.isprintable() for one in found.values()) else 0
    assert 1 <= number <= max(len(lines), 1)


def test_a_name_fits_a_sentence() -> None:
    (found,) = read([f"192.0.2.0/24 vpn {'x' * 200}"]).values()
    assert found.name == "x" * NAME_MAX


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"kind": "vpn", "name": "Example"}, Range(Kind.VPN, "Example")),
        ({"kind": "carrier"}, Range(Kind.CARRIER, "")),
        ({"is_anonymous": True, "is_anonymous_vpn": True, "is_hosting_provider": True,
          "isp": "Example\n VPN"}, Range(Kind.VPN, "Example VPN")),
        ({"is_hosting_provider": True, "autonomous_system_organization": "Host"},
         Range(Kind.HOSTING, "Host")),
        ({"is_tor_exit_node": True}, Range(Kind.PROXY, "")),
        ({"is_public_proxy": True}, Range(Kind.PROXY, "")),
        ({"is_residential_proxy": True}, Range(Kind.PROXY, "")),
        ({"is_anonymous_vpn": "true"}, None),
        ({"kind": "home"}, None),
        ({"kind": ["vpn"]}, None),
        ({}, None),
        (None, None),
        ("vpn", None),
    ],
)  # fmt: skip
def test_a_record_of_an_mmdb_file(record: object, found: Range | None) -> None:
    assert of_record(record) == found
