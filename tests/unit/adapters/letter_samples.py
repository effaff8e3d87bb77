"""A tenant, and one sample of values for each mail and text."""

from __future__ import annotations

from keyturn.rules.accounts import Contact, Tenant, TenantPolicy

SINCE = 1_783_083_420_000  # Friday 3 July 2026, 12:57 UTC: 13:57 in London
UNTIL = SINCE + 600_000
LINK = "https://id.northwind.test/t/northwind/recover#" + "Zk3v" * 10
NOT_ME = "https://id.northwind.test/t/northwind/not-me#" + "q8Lw" * 10

TENANT = Tenant(
    id="01k0000000000000000000tnnt",
    slug="northwind",
    name="Northwind",
    host=None,
    sender="account@northwind.test",
    accent="#1f7a5c",
    timezone="Europe/London",
    context=("northwind",),
    support=(
        Contact("Phone", "+44 20 7946 0100", "Monday to Friday, 8:00 to 18:00"),
        Contact("Mail", "help@northwind.test"),
    ),
    policy=TenantPolicy(),
    created_at=SINCE,
)

ORIGIN = {"client": "Firefox on Windows", "ip": "203.0.113.24"}
CHANGE = {"at": SINCE, "notme": NOT_ME, **ORIGIN}
COUNTERSIGN = {
    "action": "roles", "role": "manager", "subject": "Ann Lindqvist", "asker": "Tom Reed",
    "link": LINK,
}  # fmt: skip
LOST = {"at": SINCE, "due": UNTIL, "ref": "KT-7F3K-2M", "notme": NOT_ME}

MAILS: dict[str, dict[str, object]] = {
    "verify_email": {"code": "042917", "link": LINK, "minutes": 10},
    "verify_link": {"link": LINK, "minutes": 10},
    "already_registered": {"link": "https://id.northwind.test/t/northwind/signin"},
    "lock_notice": {"until": UNTIL, "since": SINCE, "attempts": 5, **ORIGIN},
    "lock_digest": {"locks": 7, "since": SINCE},
    "recovery_code": {"code": "042917", "link": LINK, "minutes": 10, **ORIGIN},
    "first_code": {"code": "042917", "link": LINK, "minutes": 10, **ORIGIN},
    "first_link": {"link": LINK, "minutes": 10, **ORIGIN},
    "number_wanted": {"ending": "456", "at": 1_767_965_460_000, "link": LINK},
    "recovery_link": {"link": LINK, "minutes": 10, **ORIGIN},
    "password_changed": CHANGE,
    "new_client": CHANGE,
    "factor_changed": {"what": "totp.added", **CHANGE},
    "directory_changed": {
        "what": "reset",
        "state": "done",
        "directory": "corp.example.test",
        "account": "ada",
        "at": SINCE,
        "notme": NOT_ME,
    },
    "directory_started": {
        "directory": "corp.example.test",
        "account": "ada",
        "at": SINCE,
        "notme": NOT_ME,
    },
    "directory_spent": {"directory": "corp.example.test", "until": UNTIL, **ORIGIN},
    "password_ends": {
        "directory": "corp.example.test",
        "account": "ada@corp.example.test",
        "ends": UNTIL,
        "days": 7,
    },
    "passkey_cloned": {"passkey": "Blue key", **CHANGE},
    "approvals_denied": {
        "asker": "Firefox on Windows",
        "place": "203.0.113.24",
        "staff": False,
        "at": SINCE,
        "notme": NOT_ME,
    },
    "app_changed": {"what": "bound", "phone": "Chrome on Android (Pixel 8)", **CHANGE},
    "device_changed": {"what": "paired", "device": "Camera C2 (C2-0042)", **CHANGE},
    "phone_changed": {"what": "added", "ending": "123", **CHANGE},
    "verify_address": {"code": "042917", "minutes": 10},
    "address_taken": {},
    "email_changed": {"address": "a•••@n•••.test", "old": True, **CHANGE},
    "not_me_done": {"at": SINCE, "ref": "KT-7F3K-2M"},
    "alarm": {
        "alarm": "sms-range",
        "subject": "+4474001····",
        "limit": 20,
        "until": UNTIL,
        "at": SINCE,
        "link": "https://id.northwind.test/t/northwind/console/messages",
    },
    "erase_asked": {"erase_at": UNTIL, "link": LINK, **CHANGE},
    "data_exported": CHANGE,
    "break_glass": {"made": "new@northwind.test", "at": SINCE, "link": LINK, **ORIGIN},
    "activation": {"link": LINK, "ends": UNTIL, "oneself": True, **ORIGIN},
    "activation_soon": {"ends": UNTIL, "sent": SINCE, "hours": 4},
    "activation_reset": {"link": LINK, "ends": UNTIL},
    "case_opened": {"at": SINCE, "ref": "KT-7F3K-2M"},
    "case_code": {"code": "042917", "minutes": 10, "ref": "KT-7F3K-2M"},
    "case_approval": {"asker": "Tom Reed", "link": LINK, "until": UNTIL, "ref": "KT-7F3K-2M"},
    "countersign_asked": {**COUNTERSIGN, "until": UNTIL},
    "countersign_done": {**COUNTERSIGN, "second": "Bea Ito", "agreed": True, "at": SINCE},
    "phone_lost": {"wait": True, **LOST},
    "phone_lost_stopped": {"why": "person", "at": SINCE, "ref": "KT-7F3K-2M"},
}
TEXTS: dict[str, dict[str, object]] = {
    "verify_phone": {"code": "042917", "minutes": 10},
    "second_code": {"code": "042917", "minutes": 10},
    "phone_gone": {},
    "case_code": {"code": "042917", "minutes": 10, "ref": "KT-7F3K-2M"},
    "phone_lost": {"wait": True, **LOST},
}


def link(_tenant: Tenant, path: str) -> str:
    """Addresses on the tenant's configured origin."""
    return f"https://id.northwind.test:8443/t/northwind{path}"
