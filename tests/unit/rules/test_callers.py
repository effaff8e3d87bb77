"""Networks whose tries are counted together."""

from __future__ import annotations

import pytest

from keyturn.rules.callers import network_of


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.0", "192.0.2.0/24"),
        ("192.0.2.255", "192.0.2.0/24"),
        ("192.0.3.0", "192.0.3.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("fe80::1%eth1", "fe80::/64"),
        ("", "local"),
    ],
)
def test_addresses_of_one_network_have_one_name(ip: str, network: str) -> None:
    assert network_of(ip) == network


@pytest.mark.parametrize("ip", ["192.0.2.256", "localhost", "192.0.2.1, 192.0.2.2", "\0"])
def test_what_is_no_address_is_refused(ip: str) -> None:
    with pytest.raises(ValueError, match="address"):
        network_of(ip)
