"""Lines of Samba's audit log, as Samba 4.17 writes them, and lines that nobody should write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.logons import samba
from keyturn.rules.directories.logons.logon import LONGEST, BadLogon, Way, Why

HOST = "dc1.corp.example.test"
AT = 1_489_091_939_166


def line(head: str = "", **changes: Any) -> str:
    """A simple bind with a wrong password, from ada's phone."""
    fields: dict[str, Any] = {
        "version": {"major": 1, "minor": 2}, "eventId": 4625, "logonId": "0", "logonType": 8,
        "status": "NT_STATUS_WRONG_PASSWORD", "localAddress": "ipv4:192.0.2.10:636",
        "remoteAddress": "ipv4:192.0.2.77:50222", "serviceDescription": "LDAP",
        "authDescription": "simple bind/TLS", "clientDomain": "CORP",
        "clientAccount": "CN=Ada,DC=corp,DC=example,DC=test", "workstation": "DC1",
        "becameAccount": None, "mappedAccount": "ada", "mappedDomain": "CORP",
        "passwordType": "Plaintext", "duration": 3333,
    }  # fmt: skip
    told = {
        "timestamp": "2017-03-10T09:38:59.166134+1300", "type": "Authentication",
        "Authentication": fields | changes,
    }  # fmt: skip
    return f"{head}{json.dumps(told)}"


def test_a_bind_with_a_wrong_password() -> None:
    assert samba.read(line(), HOST) == BadLogon(
        at=AT, account="ada", controller=HOST, way=Way.LDAP, why=Why.WRONG, address="192.0.2.77",
        workstation="", service="LDAP", code="NT_STATUS_WRONG_PASSWORD", logon_type=8,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({"serviceDescription": "Kerberos KDC", "authDescription": "ENC-TS Pre-authentication"},
         Way.KERBEROS),
        ({"serviceDescription": "SMB2", "authDescription": "NTLMSSP", "passwordType": "NTLMv2"},
         Way.NTLM),
        ({"serviceDescription": "SMB", "authDescription": "bare-NTLM"}, Way.NTLM),
        ({"serviceDescription": "SamLogon", "authDescription": "network", "passwordType": "NTLMv2"},
         Way.NTLM),
        ({"serviceDescription": "SamLogon", "authDescription": "interactive",
          "passwordType": "SupplementalCredentials"}, Way.OTHER),
        ({"authDescription": "NTLMSSP"}, Way.NTLM),  # a SASL bind
        ({"serviceDescription": None, "authDescription": 7, "passwordType": None}, Way.OTHER),
    ],
)  # fmt: skip
def test_the_way_it_was_tried(changes: dict[str, Any], way: Way) -> None:
    found = samba.read(line(**changes), HOST)
    assert found is not None
    assert found.way is way


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("NT_STATUS_WRONG_PASSWORD", Why.WRONG), ("NT_STATUS_LOGON_FAILURE", Why.WRONG),
        ("NT_STATUS_ACCOUNT_LOCKED_OUT", Why.LOCKED), ("NT_STATUS_NO_SUCH_USER", Why.NOBODY),
    ],
)  # fmt: skip
def test_why_it_was_refused(status: str, why: Why) -> None:
    found = samba.read(line(status=status), HOST)
    assert found is not None
    assert found.why is why


@pytest.mark.parametrize(
    "other",
    [
        line(status="NT_STATUS_OK"),
        line(status="NT_STATUS_ACCOUNT_DISABLED"),  # the password was right
        line(mappedAccount="", clientAccount=None),
        line().replace("Authentication", "KDC Authorization"),
        line().replace('"timestamp"', '"moment"'),
        line().replace("+1300", ""),
        line().replace("2017-03-10T", "9999-99-99T"),
        line().replace("2017-03-10T09:38:59.166134+1300", "0001-01-01T00:00:00+1400"),
        line(workstation="x" * samba.LINE_MAX),
        line()[:-1],
        '{"Authentication": []}', '["Authentication", {}]', '{"Authentication"' + "[" * 9_000,
        '{"Authentication": ' + "9" * 5_000 + "}",
        "", "{", "Authentication",
    ],
)  # fmt: skip
def test_every_other_line_is_none(other: str) -> None:
    assert samba.read(other, HOST) is None


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("ipv4:192.0.2.7:1", "192.0.2.7"), ("ipv6:2001:DB8::7:50222", "2001:db8::7"),
        ("ipv6:::ffff:192.0.2.7:1", "192.0.2.7"), ("ipv4:0.0.0.0:0", ""), ("unix:", ""),
        ("local:/run/x", ""), ("ipv4:", ""), (None, ""), (5, ""), ("ipv4:host:1", ""),
    ],
)  # fmt: skip
def test_where_it_came_from(told: object, shown: str) -> None:
    found = samba.read(line(remoteAddress=told), HOST)
    assert found is not None
    assert found.address == shown


def test_it_may_stand_behind_a_header_of_syslog() -> None:
    assert samba.read(line("Nov 22 13:52:08 dc1 samba[412]:   "), HOST) is not None


@pytest.mark.parametrize(
    ("text", "at"),
    [(line(status="NT_STATUS_OK"), AT), ("no time", None), ('"timestamp": "soon"', None)],
)
def test_every_line_tells_when_it_was_written(text: str, at: int | None) -> None:
    assert samba.stamp(text) == at


def test_names_are_made_plain() -> None:
    found = samba.read(
        line(mappedAccount=None, clientAccount="CORP\\Ada\x1b[2J", workstation="\\\\PC-14\n",
             logonType=True, authDescription="NTLMSSP"),
        HOST,
    )  # fmt: skip
    assert found is not None
    assert (found.account, found.workstation, found.logon_type) == ("ada[2j", "pc-14", None)


@given(st.text() | st.text().map(lambda t: line() + t))
def test_no_line_is_too_strange(text: str) -> None:
    samba.read(text, HOST)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("clientAccount", "mappedAccount", "workstation", "remoteAddress", "serviceDescription",
          "authDescription", "passwordType", "logonType")  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_whatever_a_client_sends_stays_plain_and_short(changes: dict[str, Any]) -> None:
    found = samba.read(line(**changes), HOST)
    if found is not None:
        texts = (found.account, found.workstation, found.address, found.service, found.code)
        assert all(text.isprintable() and len(text) <= LONGEST for text in texts)
        assert found.account
