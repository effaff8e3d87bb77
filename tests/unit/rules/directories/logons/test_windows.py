"""Events of Windows' security log, written after the lists of fields that Microsoft publishes."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.directories.logons import windows
from keyturn.rules.directories.logons.logon import LONGEST, BadLogon, Way, Why

HOST = "dc1.corp.example.test"
AT = 1_440_194_768_576


def event(number: str, data: dict[str, str], moment: str = "2015-08-21T22:06:08.576887500Z") -> str:
    """As `wevtutil qe Security /f:xml` prints it."""
    fields = "".join(f"<Data Name={quoteattr(n)}>{escape(v)}</Data>" for n, v in data.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Microsoft-Windows-Security-Auditing' "
        "Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/>"
        f"<EventID>{number}</EventID><Version>0</Version><TimeCreated SystemTime='{moment}'/>"
        f"<Computer>DC01.contoso.local</Computer></System><EventData>{fields}</EventData></Event>"
    )


LOCKED = {
    "TargetUserName": "Ada", "TargetDomainName": "WIN81", "TargetSid": "S-1-5-21-1-2-3-2104",
    "SubjectUserSid": "S-1-5-18", "SubjectUserName": "DC01$", "SubjectDomainName": "CORP",
    "SubjectLogonId": "0x3e7",
}  # fmt: skip
KERBEROS = {
    "TargetUserName": "ada", "TargetSid": "S-1-5-21-1-2-3-2104", "ServiceName": "krbtgt/CORP",
    "TicketOptions": "0x40810010", "Status": "0x18", "PreAuthType": "2",
    "IpAddress": "::ffff:192.0.2.77", "IpPort": "50950", "CertIssuerName": "",
}  # fmt: skip
NTLM = {
    "PackageName": "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", "TargetUserName": "ada",
    "Workstation": "\\\\PC-14", "Status": "0xc000006a",
}  # fmt: skip
LOGON = {
    "SubjectUserName": "-", "TargetUserName": "ada", "TargetDomainName": "CORP",
    "Status": "0xc000006d", "FailureReason": "%%2313", "SubStatus": "0xc000006a", "LogonType": "3",
    "LogonProcessName": "NtLmSsp", "AuthenticationPackageName": "NTLM", "WorkstationName": "PC-14",
    "ProcessName": "-", "IpAddress": "192.0.2.14", "IpPort": "49152",
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "data", "seen"),
    [
        ("4740", LOCKED, BadLogon(AT, "ada", HOST, Way.OTHER, Why.LOCKOUT, workstation="win81")),
        ("4771", KERBEROS,
         BadLogon(AT, "ada", HOST, Way.KERBEROS, Why.WRONG, "192.0.2.77", service="krbtgt/CORP",
                  code="0x18")),
        ("4771", KERBEROS | {"Status": "0x12"},
         BadLogon(AT, "ada", HOST, Way.KERBEROS, Why.LOCKED, "192.0.2.77", service="krbtgt/CORP",
                  code="0x12")),
        ("4776", NTLM, BadLogon(AT, "ada", HOST, Way.NTLM, Why.WRONG, workstation="pc-14",
                                code="0xc000006a")),
        ("4776", NTLM | {"Status": "0xC0000234"},
         BadLogon(AT, "ada", HOST, Way.NTLM, Why.LOCKED, workstation="pc-14", code="0xC0000234")),
        ("4625", LOGON,
         BadLogon(AT, "ada", HOST, Way.NTLM, Why.WRONG, "192.0.2.14", "pc-14", "", "0xc000006a",
                  3)),
        ("4625", LOGON | {"AuthenticationPackageName": "Kerberos", "SubStatus": "0x0",
                          "LogonType": "5", "ProcessName": "C:\\Windows\\System32\\services.exe"},
         BadLogon(AT, "ada", HOST, Way.KERBEROS, Why.WRONG, "192.0.2.14", "pc-14",
                  "C:\\Windows\\System32\\services.exe", "0xc000006d", 5)),
        ("4625", LOGON | {"AuthenticationPackageName": "Negotiate", "SubStatus": "0xc0000064",
                          "LogonType": "x"},
         BadLogon(AT, "ada", HOST, Way.OTHER, Why.NOBODY, "192.0.2.14", "pc-14", "", "0xc0000064")),
    ],
)  # fmt: skip
def test_an_event_tells_of_a_bad_logon(number: str, data: dict[str, str], seen: BadLogon) -> None:
    assert windows.read(event(number, data), HOST) == seen


@pytest.mark.parametrize(
    "other",
    [
        event("4624", LOGON), event("4771", KERBEROS | {"Status": "0x17"}),  # expired: it was right
        event("4771", KERBEROS | {"Status": "none"}), event("4776", NTLM | {"Status": "0x0"}),
        event("4625", LOGON | {"SubStatus": "0xc0000072"}), event("4776", {}),
        event("4776", NTLM, "yesterday"), event("4776", NTLM).replace("TimeCreated", "Created"),
        event("4776", NTLM).replace("win/2004", "win/2005"),
        event("4776", NTLM).replace("<Event ", "<!DOCTYPE x [<!ENTITY a 'b'>]><Event "),
        event("4776", NTLM | {"Workstation": "x" * windows.EVENT_MAX}),
        event("4776", NTLM)[:-1], "", "<", "\0", "\ud800", "<Event/>",
    ],
)  # fmt: skip
def test_every_other_text_is_none(other: str) -> None:
    assert windows.read(other, HOST) is None


@given(st.text() | st.tuples(st.integers(0, 900), st.text()).map(
    lambda cut: event("4625", LOGON)[: cut[0]] + cut[1] + event("4625", LOGON)[cut[0] :]
))  # fmt: skip
def test_no_text_is_too_strange(text: str) -> None:
    windows.read(text, HOST)


@given(st.sampled_from(["4740", "4771", "4776", "4625"]),
       st.dictionaries(st.sampled_from([*LOGON, *NTLM]), st.text(max_size=300)))  # fmt: skip
def test_whatever_a_client_sends_stays_plain_and_short(
    number: str, changes: dict[str, str]
) -> None:
    found = windows.fields(number, LOGON | changes, AT, HOST)
    if found is not None:
        texts = (found.account, found.workstation, found.address, found.service, found.code)
        assert all(text.isprintable() and len(text) <= LONGEST for text in texts)
