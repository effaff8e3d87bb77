"""Made-up contexts for every template: what preview_pages.py renders.

`PAGES` maps a page's name to (template, context).  A context holds exactly what
docs/design/02-pages.md lists for the template, so a name that only a preview knows
shows up as an error in the preview and not in front of a person.
"""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from types import SimpleNamespace as Row
from typing import Any

import preview_asking as asking  # type: ignore[import-not-found]
import preview_cases as casework  # type: ignore[import-not-found]
import preview_devices as devices  # type: ignore[import-not-found]
import segno
from preview_agents import JOBS, LINKED, agent_pages  # type: ignore[import-not-found]
from preview_approvals import approval_pages  # type: ignore[import-not-found]
from preview_batches import batch_pages  # type: ignore[import-not-found]
from preview_directory import directory_pages  # type: ignore[import-not-found]
from preview_enrolled import enrolled_pages, no_phone  # type: ignore[import-not-found]
from preview_figures import figure_pages  # type: ignore[import-not-found]
from preview_keys import key_pages  # type: ignore[import-not-found]
from preview_phone import (  # type: ignore[import-not-found]
    activation_pages,
    clash_pages,
    own_pages,
)
from preview_policies import policy_pages  # type: ignore[import-not-found]
from preview_providers import provider_pages  # type: ignore[import-not-found]

from keyturn.rules.accounts import Case, Contact, Tenant, TenantPolicy, User, UserState
from keyturn.rules.diagnosis import Words
from keyturn.rules.events import Entry, Event
from keyturn.rules.health.catalogue import CATALOGUE
from keyturn.rules.health.judge_sender import zone_line
from keyturn.rules.health.report import arrange
from keyturn.rules.health.verdicts import Finding
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.rules.passwords import PasswordFault, PasswordProblem, SpaceWarning
from keyturn.rules.phones import ABROAD, advice
from keyturn.rules.recoveries import State
from keyturn.rules.user_lists import Enrolment, Filter, Sort
from keyturn.steps.proving import Bar, Way
from keyturn.web.console.health import spoken
from keyturn.words.speech import ENGLISH

NOW = 1_767_965_460_000  # 9 January 2026, 13:31 UTC
SENDER = "no-reply@northwind.test"
PHONE = "/account/phone"

TENANT = Tenant(
    id="t1",
    slug="northwind",
    name="Northwind Cameras",
    host=None,
    sender=SENDER,
    accent="#1f6f5c",
    timezone="Europe/London",
    context=("northwind",),
    support=(
        Contact("Customer care", "+44 20 7946 0018", "Every day, 7:00 to 22:00"),
        Contact("By mail, answered within a day", "help@northwind.test"),
        Contact("In the shop", "12 Quay Street, Bristol", "Monday to Saturday"),
    ),
    policy=TenantPolicy(),
    created_at=NOW - 90 * DAY,
)


def user(number: int, name: str, **changes: Any) -> User:
    """A user whose fields nobody has to spell out."""
    first = name.split(maxsplit=1)[0].lower()
    fields: dict[str, Any] = {
        "id": f"01K{number:04}",
        "tenant_id": "t1",
        "state": UserState.ACTIVE,
        "name": name,
        "username": first,
        "email": f"{first}@example.com",
        "phone": f"+44770090{number:04}",
        "phone_verified_at": NOW - DAY,
        "password_hash": "x",
        "password_set_at": NOW - 40 * DAY,
        "epoch": 0,
        "frozen_at": None,
        "timezone": None,
        "created_at": NOW - 80 * DAY,
    }
    return User(**fields | changes)


ANN = user(1, "Ann Lindqvist")
STAFF = user(9, "Tomas Okafor", timezone="Europe/London")


def always(me: User | None = None, **context: Any) -> dict[str, Any]:
    """What every template gets, and `context`."""
    return {"tenant": TENANT, "csrf": "c5rf", "base": "", "now": NOW, "me": me} | context


WELL = (
    Finding("dns.ok", "", NOW),
    Finding("settings.ok", "", NOW),
    Finding("database.ok", "", NOW, {"kind": "PostgreSQL", "version": "16.3"}),
)


def health_page(*findings: Finding) -> dict[str, Any]:
    """The page “Health”, with something of each sort unless `findings` say what."""
    name, domain = "kt1._domainkey.northwind.test", {"domain": "northwind.test"}
    public = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 10
    line = zone_line(name, f"v=DKIM1; k=rsa; p={public}")
    record = {**domain, "suggested": "v=spf1 ip4:203.0.113.7 -all", "record": "v=spf1 mx -all"}
    found = findings or (
        Finding("dkim.missing", name, NOW, {"name": name, "zone_line": line, "kind": "rsa"}),
        Finding("dmarc.unaligned", "northwind.test", NOW, {**domain, "applied": "reject"}),
        Finding("spf.not-listed", "northwind.test", NOW,
                {**record, "address": "203.0.113.7", "result": "fail", "lookups": 3}),
        Finding("smtp-name.absent", "", NOW, {"host": "mial.northwind.test"}),
        Finding("smtp-connection.unreached", "", NOW),
        Finding("smtp-login.unreached", "", NOW),
        Finding("mail-waiting.stuck", "", NOW, {"late": 12, "age": 40 * MINUTE}),
        Finding("backup.old", "", NOW, {"age": 3 * DAY, "last": NOW - 3 * DAY}),
        Finding("sms-login.unclear", "", NOW, {"said": "HTTP 302: moved"}),
        *WELL,
    )  # fmt: skip
    visit: Any = Row(person=STAFF, now=NOW, tenant=TENANT, words=lambda _: (str, ENGLISH))
    report = spoken(visit, arrange(CATALOGUE, found, NOW - 3 * MINUTE))
    return always(STAFF, oversees=True, report=report, since=None, whole=True)


def qr() -> str:
    """A TOTP QR code as inline SVG."""
    out = io.BytesIO()
    segno.make("otpauth://totp/Northwind:ann?secret=JBSWY3DPEHPK3PXP&issuer=Northwind").save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        svgclass=None,
        lineclass=None,
        scale=4,
        border=1,
        omitsize=True,
    )
    return out.getvalue().decode()


SENT: dict[str, Any] = {
    "sent_at": NOW - MINUTE,
    "expires_at": NOW + 9 * MINUTE,
    "resend_at": NOW + 42 * SECOND,
}
SESSIONS = [
    Row(handle="h1", client_name="Firefox on Windows", ip="203.0.113.7", seen_at=NOW, current=True),
    Row(
        handle="h2",
        client_name="Safari on iPhone",
        ip="198.51.100.23",
        seen_at=NOW - 5 * HOUR,
        current=False,
    ),
]
CLIENTS = [
    Row(id="c1", name="Firefox on Windows", ip="203.0.113.7", seen_at=NOW, trusted=True),
    Row(
        id="c2", name="Chrome on Android", ip="198.51.100.80", seen_at=NOW - 12 * DAY, trusted=False
    ),
]
PASSKEYS = [
    Row(id="p1", name="iCloud Keychain", synced=True, created_at=NOW - 40 * DAY,
        used_at=NOW - 2 * HOUR, cloned_at=None),
    Row(id="p2", name="Blue key with the long name that somebody gave it", synced=False,
        created_at=NOW - 3 * DAY, used_at=None, cloned_at=None),
    Row(id="p3", name="Old key", synced=False, created_at=NOW - 200 * DAY,
        used_at=NOW - 9 * DAY, cloned_at=NOW - DAY),
]  # fmt: skip
LANES = [
    Row(
        key="u:1",
        kind="unknown",
        client="",
        failed=0,
        locked_until=NOW + 6 * MINUTE,
        closed=False,
        total=5,
    ),
    Row(
        key="c:1",
        kind="client",
        client="Firefox on Windows",
        failed=1,
        locked_until=None,
        closed=False,
        total=1,
    ),
]


def message(kind: str, state: str, channel: str = "mail", detail: str = "") -> Row:
    """A message as staff see it."""
    to = "+44 77•• •••001" if channel == "sms" else "an•@example.com"
    return Row(
        kind=kind,
        channel=channel,
        state=state,
        detail=detail,
        at=NOW - 7 * MINUTE,
        address_masked=to,
        attempt=1,
        user_id="01K0001",
    )


MESSAGES = [
    message("lock_notice", "delivered"),
    message("recovery_code", "sent"),
    message("verify_phone", "bounced", "sms", "absent subscriber"),
    message("verify_email", "queued"),
    message("verify_email", "deferred", detail="450 4.7.1 greylisted, try again later"),
    message("recovery_code", "relayed", detail="2.0.0 250 2.0.0 OK"),
]


TEXTS_SENT = [
    message("verify_phone", "delivered", "sms", "DELIVRD err:000"),
    message("verify_phone", "bounced", "sms", "unknown-number: 30005 unknown destination handset"),
    message(
        "verify_phone", "rejected", "sms", "filtered: 30007 carrier violation: message filtered"
    ),
    message("verify_phone", "expired", "sms", "EXPIRED err:027"),
    message("verify_phone", "sent", "sms", "taken as 1f"),
    message("verify_phone", "queued", "sms", "submit_sm: 0x00000058 THROTTLED"),
]
ALARMS = (
    Row(
        kind="sms-range", at=NOW - 4 * MINUTE,
        facts={"subject": "+4474001····", "limit": 20, "until": NOW + 41 * MINUTE},
    ),
    Row(
        kind="sms-pumping", at=NOW - 9 * MINUTE,
        facts={"subject": "+4474001····", "asked": 18, "entered": 0},
    ),
)  # fmt: skip


def entry(number: int, event: Event, **facts: object) -> Entry:
    """A row of the audit trail."""
    return Entry(
        id=f"e{number}",
        tenant_id="t1",
        at=NOW - number * 95 * SECOND,
        event=event,
        user_id="01K0001",
        actor_id="01K0009" if event is Event.USER_UNLOCKED else None,
        ip="203.0.113.7",
        client="Firefox on Windows",
        facts=facts,
    )


ENTRIES = [
    entry(1, Event.SIGNIN_LOCKED, lane="unknown", failed=5),
    entry(2, Event.SIGNIN_FAILED, lane="unknown", known_client=False),
    entry(3, Event.USER_UNLOCKED),
    entry(4, Event.SIGNIN_PASSED, level=2),
]
NAMES = {"01K0001": "Ann Lindqvist", "01K0009": "Tomas Okafor"}


def fact(topic: str, meaning: str, value: object = None, *, time: bool = False) -> Row:
    """A fact as diagnosis speaks of it."""
    return Row(topic=topic, meaning=meaning, value=value, time=time)


FACTS = [
    fact("account", "where the account stands", "active"),
    fact("password", "when the password was last set", NOW - 40 * DAY, time=True),
    fact("signin", "wrong passwords since the last sign-in", 5),
]
DIAGNOSIS = Row(
    looked_at=FACTS,
    causes=[
        Row(
            title="A stranger is trying passwords",
            evidence=FACTS[2:],
            what="Locked for new clients until 13:37, by tries from elsewhere.",
            remedy="Let the person sign in from a known browser. Unlock if none is at hand.",
            voice="Somebody else typed wrong passwords. Your own phone can still sign in.",
        ),
        Row(
            title="The text was not delivered",
            evidence=[],
            what="The network did not deliver the text.",
            remedy="Ask whether the phone is switched on; offer the authenticator.",
            voice="The phone network could not deliver the text.",
        ),
    ],
    others=[
        Row(
            title="No mail was asked for",
            evidence=[],
            what="No code is on record.",
            remedy="Search the messages.",
            voice="No mail was asked for.",
        ),
    ],
    cannot_see={
        "not-looked-at": [fact("here", "what this browser was last shown")],
        "no-receipts": [fact("mail", "when its state last changed")],
    },
)
CASE = Case(
    id="k1",
    ref="KT-7F3K-2M",
    tenant_id="t1",
    user_id="01K0001",
    identifier="ann",
    state="open",
    contact="+44 7700 900111, after five",
    note="I set a new password and it still says no.\nI tried the laptop and the phone.",
    facts={"lane.unknown.total": 5, "mail.state": "sent"},
    created_at=NOW - 20 * MINUTE,
)
FINDINGS = [
    Words(
        "Five wrong passwords have locked the account until {until:time}.",
        "It opens by itself. You need do nothing.",
        "Who typed them cannot be seen.",
        {"until": NOW + 6 * MINUTE},
    ),
    Words(
        "A mail with a code is on its way.",
        "Look in the junk folder for {sender}.",
        "",
        {"sender": SENDER},
    ),
]
TOLD = Words(
    "The text was handed over at {at:time}. Whether it arrived is not known.",
    "Check reception and that the number is right. After a minute you can ask again.",
    "Accepted is not delivered: only a report would tell.",
    {"at": NOW - 2 * MINUTE},
)
LOCKED = {"code": "locked", "until": NOW + 6 * MINUTE}


STATES = {4: "disabled", 5: "unverified", 6: "invited"}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105  made up


def people() -> list[Row]:
    """Rows of the users page."""
    names = (
        "Ann Lindqvist",
        "Bartholomew Featherstonehaugh-Cavendish",
        "Chiara Rossi",
        "Dilnoza Karimova",
        "Émile Dubois",
        "Fatima al-Sayed",
    )
    rows = []
    for number, name in enumerate(names, 1):
        u = user(number, name)
        rows.append(
            Row(
                id=u.id,
                name=u.name,
                username=u.username,
                email=u.email,
                phone=u.phone,
                state=STATES.get(number, "active"),
                frozen_at=None,
                locked_until=NOW + 6 * MINUTE if number == 1 else None,
                second=number % 2 == 0 or number in STATES,
                app=number == 1,
                role={3: "technician"}.get(number),
                last_signin_at=None if number in STATES else NOW - number * 7 * HOUR,
            )
        )
    return rows


def users_page(**changes: Any) -> dict[str, Any]:
    """Context of the users page."""
    return (
        always(
            STAFF,
            query="",
            asked=Filter(),
            fields={},
            sent={"q": "", "state": ""},
            found=6,
            directories={},
            users=people(),
            after="01K0006",
            total=6,
            locked=1,
            most=10_000,
            unfiled=False,
            can={"unlock", "disable", "enable", "end_sessions", "invite", "reset_user"}
            | {"export_users", "create_user"},
        )
        | changes
    )


OFFICE = "01k3q8v5w6x7y8z9a0b1c2d3e4"


def filtered(**changes: Any) -> dict[str, Any]:
    """Context of the users page with every filter set."""
    asked = Filter("", None, True, Enrolment.NO_APP, OFFICE, "any", Sort.LOCK, True)
    fields = {"lock": "locked", "enrolled": "no-app", "directory": OFFICE, "role": "any",
              "sort": "-lock"}  # fmt: skip
    here = {OFFICE: "corp.northwind.test", OFFICE[:-1] + "5": "mill.northwind.test"}
    return users_page(
        asked=asked, fields=fields, found=1, users=people()[:1], after=None, directories=here,
        **changes,
    )  # fmt: skip


def user_page(**changes: Any) -> dict[str, Any]:
    """Context of one user's page."""
    return (
        always(
            STAFF,
            user=ANN,
            lanes=LANES,
            sessions=SESSIONS,
            clients=CLIENTS,
            factors=Row(totp=True, recovery_left=8, passkeys=PASSKEYS),
            messages=MESSAGES,
            entries=ENTRIES,
            names=NAMES,
            role=None,
            cases=[CASE],
            diagnosis=DIAGNOSIS,
            last_signin_at=NOW - 3 * HOUR,
            can={"unlock", "disable", "end_sessions", "remove_passkey"}
            | {"start_reset", "link_account", "verify"},
            held=asking.held(proved_until=NOW + 4 * MINUTE),
            accounts=(LINKED,),
            jobs=JOBS,
            clash=None,
            devices=[],
            present=[],
            releases=True,
            enrolled=no_phone(NOW),
        )
        | changes
    )


def case_page(**changes: Any) -> dict[str, Any]:
    """Context of a case's page."""
    causes = [Row(id="mail.late", title="The mail was late"), Row(id="x.y", title="Another one")]
    return (
        always(
            STAFF,
            case=CASE,
            user=ANN,
            diagnosis=DIAGNOSIS,
            likely=causes[:1],
            others=causes[1:],
            was=None,
            **casework.desk(NOW),
        )
        | changes
    )


MAIL_SENT = Words(
    "The mail was handed over at {mail.at:time} for {mail.address}. Whether it arrived is not "
    "known.",
    "Look for mail from {tenant.sender}, in the spam folder too, and mark it as trusted.",
    "What happens behind the next mail system cannot be seen without its report.",
    {"mail.at": NOW - MINUTE, "mail.address": "ann@example.com", "tenant.sender": SENDER},
)
MAIL_BACK = Words(
    "The mail to {mail.address} came back: no such mailbox exists.",
    "Check the address letter by letter. If you no longer have that mailbox, open a case.",
    "Which address the person has now is not known.",
    {"mail.address": "ann@example.com"},
)
MAIL_LATER = Words(
    "The mail has left us. The mail system behind {mail.address} does not take it yet, as we "
    "heard at {mail.updated_at:time}. It is offered again and again by itself.",
    "Wait some minutes. If it arrives after its code has ended, ask for a new one.",
    "When the far side will take it is known to it alone.",
    {"mail.updated_at": NOW - MINUTE, "mail.address": "ann@example.com"},
)


TEXTED = Row(
    ending="123",
    sent_at=NOW - MINUTE // 2,
    expires_at=NOW + 9 * MINUTE,
    resend_at=NOW + MINUTE // 2,
)
EMAIL_CODE: dict[str, Any] = {
    "email": "ann@elsewhere.example",
    "sent_at": NOW - MINUTE,
    "expires_at": NOW + 9 * MINUTE,
    "resend_at": NOW,
    "sender": "account@northwind.example",
    "circular": False,
    "message_state": "sent",
    "told_of": MAIL_SENT,
}


def proof(*methods: str, **changes: Any) -> dict[str, Any]:
    """Context of the page that asks whether it is still them."""
    plain: dict[str, Any] = {"texted": None, "then": "/account/email"}
    return always(ANN, methods=list(methods), **{**plain, **changes})


def account(**changes: Any) -> dict[str, Any]:
    """Context of "my account"."""
    return (
        always(
            ANN,
            sessions=SESSIONS,
            clients=CLIENTS,
            own_client="c1",
            second_step=True,
            totp=True,
            recovery_left=9,
            passkeys=[],
            directories=[],
            phone="+44 7700 900001",
            circular=False,
            lost=None,
            message_state="delivered",
            told_of=MAIL_SENT,
        )
        | changes
    )


def phone(**changes: Any) -> dict[str, Any]:
    """Context of the page that asks for a number, right after sign-up."""
    plain = {"required": True, "arriving": True, "onward": "/welcome", "number": "", "advice": None}
    return always(ANN, **plain | changes)


def code(template: str, problem: dict[str, Any] | None = None, **more: Any) -> tuple[str, Any]:
    """A page that waits for a code."""
    context = {
        "problem": problem,
        "email": "ann@example.com",
        "typed": "ann",
        "sender": SENDER,
        "number": "+44 7700 900001",
        "message_state": "sent",
        "told_of": TOLD,
        "link_only": False,
        "circular": False,
    }
    return template, always(**SENT | context | more)


def mailed(template: str, state: str | None, said: Words | None, **more: Any) -> tuple[str, Any]:
    """A page that waits for a mail of which something is known, or nothing at all."""
    return code(template, message_state=state, told_of=said, **more)


PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "signin": ("signin.html", always(identifier="")),
    "signin-wrong": ("signin.html", always(identifier="ann", problem={"code": "wrong"})),
    "signin-locked": ("signin.html", always(identifier="ann", problem=LOCKED)),
    "signin-busy": (
        "signin.html",
        always(identifier="ann", problem={"code": "busy", "retry_after": 3 * SECOND}),
    ),
    "signin-too-many": (
        "signin.html",
        always(identifier="ann", problem={"code": "too_many", "until": NOW + 25 * MINUTE}),
    ),
    "signin-form": ("signin.html", always(identifier="", problem={"code": "expired_form"})),
    "signin-bad": (
        "signin.html",
        always(identifier="", problem={"code": "bad_input", "field": "identifier"}),
    ),
    "signin-passkey": ("signin.html", always(identifier="", problem={"code": "passkey"})),
    "second-passkey": (
        "second.html",
        always(methods=["passkey", "recovery", "totp"], trust_offered=True),
    ),
    "second-passkey-refused": (
        "second.html",
        always(methods=["passkey"], trust_offered=True, problem={"code": "passkey"}),
    ),
    "second-saved-codes": ("second.html", always(methods=["recovery"], trust_offered=True)),
    "second": ("second.html", always(methods=["totp", "recovery"], trust_offered=True)),
    "second-wrong": (
        "second.html",
        always(methods=["totp"], trust_offered=False, problem={"code": "wrong", "left": 1}),
    ),
    "second-locked": (
        "second.html",
        always(methods=["totp", "recovery"], trust_offered=True, problem=LOCKED),
    ),
    "signup": ("signup.html", always(values=Row(name="", email=""), warnings=())),
    "signup-problems": (
        "signup.html",
        always(
            values=Row(name="Ann", email="ann@"),
            warnings=(),
            problems={
                "email": [{"code": "bad_email"}],
                "password": [{"code": "too-short", "limit": 8}, {"code": "common"}],
            },
        ),
    ),
    "signup-code": mailed("signup_code.html", "sent", MAIL_SENT),
    "signup-code-back": mailed("signup_code.html", "bounced", MAIL_BACK),
    "signup-code-put-off": mailed("signup_code.html", "deferred", MAIL_LATER),
    "signup-code-circular": mailed("signup_code.html", "relayed", MAIL_SENT, circular=True),
    "signup-code-wrong": code("signup_code.html", {"code": "wrong", "left": 3}),
    "signup-code-expired": code("signup_code.html", {"code": "expired", "at": NOW - MINUTE}),
    "signup-phone": ("signup_phone.html", phone(required=False)),
    "signup-phone-landline": (
        "signup_phone.html",
        phone(number="+44 117 496 0123", advice=advice("landline", insisted=False, voice=False)),
    ),
    "signup-phone-abroad": (
        "signup_phone.html",
        phone(number="+1 212 555 0123", advice=advice(ABROAD, insisted=False, voice=False)),
    ),
    "signup-phone-taken": (
        "signup_phone.html",
        phone(number="+44 7700 900001", problem={"code": "number_taken"}),
    ),
    "signup-phone-later": ("signup_phone.html", phone(arriving=False)),
    "signup-closed": ("signup_closed.html", always()),
    "phone-code": code("phone_code.html", root=PHONE),
    "phone-code-bounced": code("phone_code.html", root=PHONE, message_state="bounced"),
    "phone-code-none": code(
        "phone_code.html", {"code": "spent"}, root=PHONE, message_state=None, told_of=None
    ),
    "welcome": ("welcome.html", always(ANN)),
    "welcome-out": ("welcome.html", always()),
    "recover": ("recover.html", always(identifier="")),
    "recover-code": mailed("recover_code.html", None, None),
    "recover-code-known": mailed("recover_code.html", "bounced", MAIL_BACK),
    "recover-code-circular": mailed("recover_code.html", None, None, circular=True),
    "recover-code-link": mailed("recover_code.html", None, None, link_only=True),
    "recover-code-soon": code("recover_code.html", {"code": "too_soon", "at": NOW + MINUTE}),
    "recover-code-replaced": code("recover_code.html", {"code": "replaced"}),
    "recover-second-passkey": (
        "recover_second.html",
        always(methods=["passkey", "recovery"]),
    ),
    "recover-first": ("recover_first.html", always(typed="ann", problem=None)),
    "recover-first-late": (
        "recover_first.html",
        always(typed="ann", problem={"code": "too_soon", "at": NOW + MINUTE}),
    ),
    "recover-first-not": (
        "recover_first.html",
        always(typed="ann", problem={"code": "not_by_oneself"}),
    ),
    "recover-second": ("recover_second.html", always(methods=["totp", "recovery"])),
    "recover-password": ("recover_password.html", always(typed="ann", warnings=[], minimum=8)),
    "recover-password-problem": (
        "recover_password.html",
        always(
            typed="ann",
            warnings=[],
            minimum=8,
            problems=(
                PasswordProblem(PasswordFault.TOO_SHORT, limit=8),
                PasswordProblem(PasswordFault.CONTEXT, word="northwind"),
            ),
        ),
    ),
    "recover-password-space": (
        "recover_password.html",
        always(typed="ann", warnings=(SpaceWarning.ENDS, SpaceWarning.NO_BREAK), minimum=8),
    ),
    "recover-done": ("recover_done.html", always(works_from=None)),
    "recover-done-waits": ("recover_done.html", always(works_from=NOW + 6 * MINUTE)),
    "link-live": ("link.html", always(purpose="recovery", state=Row(kind="live"))),
    "link-expired": (
        "link.html",
        always(purpose="recovery", state=Row(kind="expired", at=NOW - 3 * HOUR)),
    ),
    "link-used": ("link.html", always(purpose="signup", state=Row(kind="used", at=NOW - DAY))),
    "link-replaced": (
        "link.html",
        always(purpose="recovery", state=Row(kind="replaced", at=NOW - MINUTE)),
    ),
    "link-elsewhere": ("link.html", always(purpose="signup", state=Row(kind="elsewhere"))),
    "link-unknown": ("link.html", always(purpose="signup", state=Row(kind="unknown"))),
    "account": ("account.html", account()),
    "account-directory": (
        "account.html",
        account(directories=[Row(name="corp.example.test", kind="active_directory")]),
    ),
    "account-passkeys": ("account.html", account(passkeys=PASSKEYS)),
    "passkey-new": ("passkey_new.html", always(ANN)),
    "passkey-new-full": (
        "passkey_new.html",
        always(ANN, problem={"code": "passkeys_full", "most": 20}),
    ),
    "passkey-rename": ("passkey_rename.html", always(ANN, passkey=PASSKEYS[1])),
    "passkey-remove": ("passkey_remove.html", always(ANN, passkey=PASSKEYS[0], last=True)),
    "account-bare": (
        "account.html",
        account(
            second_step=False,
            totp=False,
            recovery_left=0,
            phone=None,
            clients=[],
            sessions=SESSIONS[:1],
        ),
    ),
    "account-mail-back": (
        "account.html",
        account(message_state="bounced", told_of=MAIL_BACK),
    ),
    "account-circular": ("account.html", account(circular=True, phone=None)),
    "account-low": ("account.html", account(recovery_left=1)),
    "account-frozen": ("account.html", account(me=user(1, "Ann Lindqvist", frozen_at=NOW - DAY))),
    "totp": ("totp.html", always(ANN, svg=qr(), secret=SECRET, replaces=False)),
    "totp-wrong": (
        "totp.html",
        always(ANN, svg=qr(), secret=SECRET, replaces=True, problem={"code": "wrong", "old": True}),
    ),
    "recovery-codes": (
        "recovery_codes.html",
        always(ANN, codes=[f"7F3K-2MQX-{n}4RT-9WVH" for n in range(10)], onward="/account"),
    ),
    "sure-remove": ("sure.html", always(ANN, what="totp-remove")),
    "sure-codes": ("sure.html", always(ANN, what="recovery-codes")),
    "proof-password": ("proof.html", proof("password")),
    "proof-code": ("proof.html", proof("recovery", "totp", problem={"code": "wrong"})),
    "proof-text": ("proof.html", proof("sms", texted=TEXTED)),
    "proof-locked": ("proof.html", proof("password", problem=LOCKED)),
    "second-text": (
        "second.html",
        always(methods=["recovery", "sms"], texted=None, trust_offered=True),
    ),
    "second-texted": (
        "second.html",
        always(methods=["sms", "totp"], texted=TEXTED, trust_offered=True),
    ),
    "recover-second-text": ("recover_second.html", always(methods=["sms"], texted=TEXTED)),
    "password": ("password.html", always(ANN, minimum=8, problems={}, warnings=())),
    "password-wrong": (
        "password.html",
        always(ANN, minimum=8, problems={"current": [{"code": "wrong"}]}, warnings=()),
    ),
    "password-same": (
        "password.html",
        always(ANN, minimum=8, problems={"password": [{"code": "same"}]}, warnings=()),
    ),
    "password-done": ("password_done.html", always(ANN)),
    "email": ("email.html", always(ANN, email="", problems={})),
    "email-bad": (
        "email.html",
        always(ANN, email="ann@", problems={"email": [{"code": "bad_email"}]}),
    ),
    "email-code": ("email_code.html", always(ANN, **EMAIL_CODE)),
    "email-code-back": (
        "email_code.html",
        always(ANN, **EMAIL_CODE | {"message_state": "bounced", "told_of": MAIL_BACK}),
    ),
    "email-code-circular": ("email_code.html", always(ANN, **EMAIL_CODE | {"circular": True})),
    "email-code-wrong": (
        "email_code.html",
        always(ANN, **EMAIL_CODE, problem={"code": "wrong", "left": 3}),
    ),
    "notme": ("notme.html", always(state=Row(kind="live"))),
    "notme-used": ("notme.html", always(state=Row(kind="used", at=NOW - HOUR))),
    "data": ("data.html", always(ANN)),
    **directory_pages(partial(always, ANN)),
    "delete": ("delete.html", always(ANN, last_owner=False, erase_at=NOW + 7 * DAY)),
    "delete-last-owner": ("delete.html", always(ANN, last_owner=True, erase_at=None)),
    "delete-done": (
        "delete_done.html",
        always(erase_at=NOW + 7 * DAY, email="ann@northwind.example"),
    ),
    "keep": ("keep.html", always(state=Row(kind="live"))),
    "keep-late": ("keep.html", always(state=Row(kind="expired", at=NOW - HOUR))),
    "keep-done": ("keep_done.html", always()),
    "notme-done": ("notme_done.html", always(ref="KT-7F3K-2M")),
    "help": ("help.html", always(identifier="ann", contact="", note="", about="mail")),
    "help-held-back": (
        "help.html",
        always(
            identifier="ann",
            contact="",
            note="",
            about="signin",
            problem={"code": "looks_secret"},
            problems={"note": [{"code": "looks_secret"}]},
        ),
    ),
    "help-done": (
        "help_done.html",
        always(
            ref="KT-7F3K-2M",
            findings=FINDINGS,
            could_not_see=["Whether the mail was read"],
            neutral=False,
            contacts=TENANT.support,
        ),
    ),
    "help-done-neutral": (
        "help_done.html",
        always(
            ref="KT-7F3K-2M",
            findings=FINDINGS,
            could_not_see=[],
            neutral=True,
            contacts=TENANT.support,
        ),
    ),
    "contact": ("contact.html", always()),
    "owner-setup": (
        "owner_setup.html",
        always(
            values=Row(name="", email=""),
            minimum=8,
            warnings=(),
            break_glass=False,
            expires_at=NOW + HOUR,
        ),
    ),
    "owner-dead": ("owner_dead.html", always()),
    "message-404": (
        "message.html",
        always(
            title="There is no page here.",
            lead="The address may be cut off or out of date.",
            detail="",
            action=Row(href="/signin", label="Go to sign in"),
        ),
    ),
    "message-503": (
        "message.html",
        always(
            title="Nobody can sign in at this moment.",
            lead="The database does not answer. Nothing was changed; please try again in a minute.",
            detail="503, reference 01K9",
            action=None,
        ),
    ),
    "refused-404": ("refused.html", always(code="no-such-page", data={}, status=404)),
    "refused-422": (
        "refused.html",
        always(code="control-character", data={"field": "identifier"}, status=422),
    ),
    "refused-500": ("refused.html", always(code="internal", data={}, status=500)),
    "demo-desk": (
        "demo.html",
        always(
            offset=10 * MINUTE,
            steps=(MINUTE, 10 * MINUTE, HOUR),
            fresh_in=17,
            people=[
                Row(
                    name=name,
                    email=email,
                    state=state,
                    code="482913",
                    codes=codes,
                    staff=not codes,
                    password="amber lights over water",  # noqa: S106  in the demo it is printed on purpose
                )
                for name, email, state, codes in (
                    (
                        "Ben Okafor",
                        "ben@mail.test",
                        "with an authenticator",
                        ("X571-YMCQ-Z32G-YH05",),
                    ),
                    ("Nadia Castell", "nadia@northwind.test", "owner", ()),
                )
            ],
        ),
    ),
    "demo-inbox": (
        "demo_inbox.html",
        always(
            offset=10 * MINUTE,
            mails=[
                Row(
                    to="ann@example.com",
                    subject="Your code for a new Northwind password",
                    at=NOW - MINUTE,
                    dkim=True,
                    html_id="1",
                    text="Hello Ann,\n\nHere is the code:\n\n    482 913\n\nOr open this page:\n"
                    "http://localhost:8080/link/3mVt0cQwXh7yR2pLz8KdUeNfGj5sB1aT4vWqYx6oHkI\n",
                )
            ],
            texts=[
                Row(
                    to="+44 7700 900001",
                    at=NOW - HOUR,
                    state="delivered",
                    text="482913 is your Northwind code. Read it to nobody.",
                )
            ],
        ),
    ),
    "console-users": ("console/users.html", users_page()),
    "console-users-none": (
        "console/users.html",
        users_page(
            query="zzz",
            users=[],
            after=None,
            found=0,
            asked=Filter("zzz", UserState.ACTIVE),
            fields={"q": "zzz", "state": "active"},
        ),
    ),
    "console-users-filtered": ("console/users.html", filtered()),
    "console-passkey-remove": (
        "console/passkey_remove.html",
        always(STAFF, user=ANN, passkey=PASSKEYS[1]),
    ),
    "console-user-seen-as": ("console/user.html", user_page(sees_as="technician", can=set())),
    "console-see-as": (
        "console/see_as.html",
        always(STAFF, roles=["manager", "technician", "auditor"]),
    ),
    "console-user-glass": ("console/user.html", user_page(glass_at=NOW - HOUR)),
    "console-user-erasing": (
        "console/user.html",
        user_page(user=user(2, "Ben Okafor", state=UserState.DISABLED, erase_at=NOW + 6 * DAY)),
    ),
    "console-user": ("console/user.html", user_page()),
    "console-user-quiet": (
        "console/user.html",
        user_page(
            user=user(2, "Chiara Rossi", username=None),
            last_signin_at=None,
            lanes=[],
            sessions=[],
            clients=[],
            messages=[],
            entries=[],
            cases=[],
            can=set(),
            diagnosis=Row(looked_at=FACTS[:1], causes=[], others=[], cannot_see={}),
        ),
    ),
    **activation_pages(always, NOW),
    **own_pages(always, NOW, ANN),
    **devices.own_pages(always, NOW, ANN),
    **devices.console_pages(partial(always, STAFF), user_page, NOW, ANN),
    **clash_pages(user_page, NOW, user(2, "Ben Okafor")),
    "console-confirm-number": ("console/confirm.html", always(STAFF, ask="number", user=ANN)),
    **enrolled_pages(user_page, NOW, message),
    **batch_pages(always, STAFF),
    "console-confirm-invite": ("console/confirm.html", always(STAFF, ask="invite", user=ANN)),
    "console-confirm-reset": ("console/confirm.html", always(STAFF, ask="reset-user", user=ANN)),
    "console-confirm": ("console/confirm.html", always(STAFF, ask="disable", user=ANN)),
    "console-confirm-erase": ("console/confirm.html", always(STAFF, ask="erase", user=ANN)),
    "console-resume": (
        "console/resume.html",
        always(
            STAFF,
            deed="disable",
            asked=Row(path=f"/console/users/{ANN.id}/disable", fields={}, subject=ANN),
        ),
    ),
    "console-resume-typed": (
        "console/resume.html",
        always(
            STAFF,
            deed="keys",
            asked=Row(path="/console/keys", fields={"name": "Ticket desk"}, subject=None),
        ),
    ),
    "console-closed": ("console/closed.html", always(STAFF, why="enrol")),
    "console-again": ("console/closed.html", always(STAFF, why="again")),
    **agent_pages(partial(always, STAFF), ANN, user(2, "Bea Ito")),
    **key_pages(partial(always, STAFF)),
    **policy_pages(partial(always, STAFF), TENANT),
    **figure_pages(partial(always, STAFF), NOW),
    **provider_pages(partial(always, STAFF), TENANT, ANN, user(2, "Bea Ito"), user(3, "Cy Nowak")),
    **approval_pages(partial(always, STAFF), ANN, user(2, "Bea Ito"), user(3, "Cy Nowak")),
    "console-health": ("console/health.html", health_page()),
    "console-health-well": ("console/health.html", health_page(*WELL)),
    "console-health-first": (
        "console/health.html",
        always(STAFF, oversees=True, report=None, since=None, whole=True),
    ),
    "console-health-looking": (
        "console/health.html",
        always(STAFF, oversees=True, report=None, since=NOW - SECOND, whole=True),
    ),
    "console-messages": (
        "console/messages.html",
        always(STAFF, channel="", state="", messages=MESSAGES, before="m9", alarms=()),
    ),
    "console-messages-alarms": (
        "console/messages.html",
        always(STAFF, channel="sms", state="", messages=TEXTS_SENT, before=None, alarms=ALARMS),
    ),
    "console-audit": (
        "console/audit.html",
        always(
            STAFF,
            query="",
            event="",
            first="",
            last="",
            entries=ENTRIES,
            names=NAMES,
            most=100_000,
            can={"export_trail"},
            before="e9",
        ),
    ),
    **{
        f"console-cases{name}": ("console/cases.html", always(STAFF, **context))
        for name, context in casework.lists(CASE).items()
    },
    **{
        f"console-case-{name}": ("console/case.html", case_page(**context))
        for name, context in casework.kinds(NOW).items()
    },
    **{
        f"console-code-{name}": ("console/case_code.html", always(STAFF, **context))
        for name, context in casework.codes(ANN, NOW).items()
    },
    **{
        f"console-{page}-{name}": (f"console/case_{page}.html", case_page(**kinds))
        for page, names in (
            ("approve", ("asks-me", "other")),
            ("lost", ("permits", "day", "staff")),
            ("number", ("permits", "day")),
        )
        for name in names
        for kinds in (casework.kinds(NOW)[name],)
    },
    **{
        f"console-temporary{name}": ("console/case_temporary.html", always(STAFF, **context))
        for name, context in casework.temporary(ANN).items()
    },
    "account-lost": ("account.html", account(lost=casework.recovery(NOW, State.WAITING))),
    "account-lost-sent": ("account.html", account(lost=casework.recovery(NOW, State.SENT))),
    "console-case": ("console/case.html", case_page()),
    "console-case-absent": (
        "console/case.html",
        case_page(user=None, ways=tuple(Way(one.method, Bar.NONE) for one in casework.WAYS)),
    ),
    "console-case-closed": (
        "console/case.html",
        case_page(
            case=replace(CASE, state="closed", closed_at=NOW), was=Row(title="The mail was late")
        ),
    ),
    **{name: (page, always(**context)) for name, (page, context) in asking.PERSON.items()},
    "proof-push": ("proof.html", proof("push", "recovery")),
    **{
        name: ("console/verify.html", always(STAFF, user=ANN, ref=ref, **context))
        for name, context in asking.STAFF.items()
        for ref in (CASE.ref if name.endswith(("done", "denied")) else "",)
    },
    "console-user-phone-dead": (
        "console/user.html",
        user_page(held=asking.held(asking.PushState.DEAD)),
    ),
    "console-user-no-phone": (
        "console/user.html",
        user_page(held=asking.PhoneOf(None, None, None)),
    ),
}
