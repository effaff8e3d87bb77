"""What a tenant's fields may be."""

from __future__ import annotations

import re

from keyturn.rules.accounts import Tenant, TenantPolicy
from keyturn.rules.circular import is_domain
from keyturn.rules.identifiers import EmailProblem, NameProblem, display_name, parse_email
from keyturn.rules.languages import LANGUAGES

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?")
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_ACCENT = re.compile(r"#[0-9a-f]{6}")
#: the shape only: which zones there are, the host knows
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_REGION = re.compile(r"[A-Z]{2}")
HOST_MAX, SUPPORT_MAX, LABEL_MAX = 253, 8, 200
SHORTEST, LONGEST = 8, 64
DOMAINS_MAX = 100


def unfit(tenant: Tenant) -> tuple[str, ...]:
    """The names of the fields that are not as they must be, e.g. ("slug", "policy.phone")."""
    fits = {
        "slug": bool(_SLUG.fullmatch(tenant.slug)),
        "name": not isinstance(display_name(tenant.name), NameProblem),
        "host": tenant.host is None or _is_host(tenant.host),
        "sender": not isinstance(parse_email(tenant.sender), EmailProblem),
        "accent": bool(_ACCENT.fullmatch(tenant.accent)),
        "timezone": bool(_ZONE.fullmatch(tenant.timezone)),
        "support": len(tenant.support) <= SUPPORT_MAX and all(
            _is_line(text) for c in tenant.support for text in (c.label, c.value, c.hours)
        ),
    }  # fmt: skip
    wrong = [name for name, good in fits.items() if not good]
    return (*wrong, *_unfit_policy(tenant.policy))


def _unfit_policy(policy: TenantPolicy) -> list[str]:
    fits = {
        "phone": policy.phone in {"off", "optional", "required"},
        "phone_unique": policy.phone_unique in {"tenant", "provider"},
        "password_min": SHORTEST <= policy.password_min <= LONGEST,
        "lockout_scope": policy.lockout_scope in {"client", "account"},
        "region": bool(_REGION.fullmatch(policy.region)),
        "directory_domains": len(policy.directory_domains) <= DOMAINS_MAX
        and all(map(is_domain, policy.directory_domains)),
        "language": policy.language in LANGUAGES,
        "sms_countries": all(_REGION.fullmatch(code) for code in policy.sms_countries),
    }
    return [f"policy.{name}" for name, good in fits.items() if not good]


def _is_host(text: str) -> bool:
    return len(text) <= HOST_MAX and bool(_HOST.fullmatch(text))


def _is_line(text: str) -> bool:
    return len(text) <= LABEL_MAX and text.isprintable()
