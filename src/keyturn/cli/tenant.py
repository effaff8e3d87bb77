"""`keyturn tenant`: list, add, set, webhook, link, key."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any
from zoneinfo import available_timezones

import typer
from rich.table import Table
from rich.text import Text

from keyturn.cli import tenant_key, tenant_link, tenant_preview, tenant_webhook
from keyturn.cli import tenant_options as options
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import caller, desk, opened
from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import OUT, as_json, iso
from keyturn.flows import policies, tenants
from keyturn.flows.policies import Changed, InUse, NumbersHeld, Preview, Unfit, Unsure
from keyturn.rules.accounts import Contact, Tenant
from keyturn.rules.languages import LANGUAGES
from keyturn.rules.policies.spelling import Unreadable, contact

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Tenants: the customers whose people sign in here.",
)  # fmt: skip
app.command("webhook")(tenant_webhook.webhook)
for _command in (tenant_link.link, tenant_link.unlink, tenant_link.links, tenant_link.member):
    app.command()(_command)
app.add_typer(tenant_key.app, name="key")

SLUG = Annotated[str, typer.Argument(help="Its name in links, /t/SLUG.")]
_ALLOWED = {
    "slug": "lower-case letters, digits and dashes, at most 40",
    "name": "1 to 100 printable characters",
    "host": "a host name, with its port if it is not the usual one",
    "sender": "a mail address",
    "accent": "#rrggbb",
    "timezone": "an IANA time zone such as Europe/London",
    "support": "at most eight lines of printable text",
    "policy.phone": "off, optional or required",
    "policy.phone_unique": "tenant or provider",
    "policy.password_min": "8 to 64",
    "policy.lockout_scope": "client or account",
    "policy.region": "an ISO 3166 country such as GB",
    "policy.directory_domains": "at most 100 mail domains such as corp.example",
    "policy.language": " or ".join(LANGUAGES),
    "policy.sms_countries": "ISO 3166 countries such as GB,IE",
}


@app.command("list")
def list_tenants(config: CONFIG = None, json: JSON = False) -> None:
    """Every tenant, with what it has set."""
    with opened(config) as house:
        found = asyncio.run(tenants.everyone(house.parts))
    if not found and not json:
        OUT.print("There is no tenant yet. `keyturn tenant add` makes one.")
    for tenant in found:
        as_json(document(tenant)) if json else _show(tenant)


@app.command()
def add(
    slug: SLUG,
    name: Annotated[str, typer.Option("--name", help="The name that people read.")],
    sender: Annotated[str, typer.Option("--sender", help="The address its mail comes from.")],
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Make a tenant; `set` changes the rest."""
    with opened(config) as house:
        fresh = tenants.new_tenant(house.parts, slug, name, sender)
        answer = asyncio.run(tenants.add(house.parts, caller(fresh)))
    _tell(answer, json=json)


@app.command("set")
def set_tenant(
    slug: SLUG,
    name: options.NAME = None,
    host: options.HOST = None,
    sender: options.SENDER = None,
    accent: options.ACCENT = None,
    timezone: options.TIMEZONE = None,
    support: options.SUPPORT = None,
    signup: options.SIGNUP = None,
    voice: options.VOICE = None,
    sms_second: options.SMS_SECOND = None,
    phone: options.PHONE = None,
    phone_unique: options.PHONE_UNIQUE = None,
    password_min: options.PASSWORD_MIN = None,
    lockout_scope: options.LOCKOUT_SCOPE = None,
    region: options.REGION = None,
    sms_countries: options.SMS_COUNTRIES = None,
    language: options.LANGUAGE = None,
    directory_domain: options.DIRECTORY_DOMAIN = None,
    activation_again: options.ACTIVATION_AGAIN = None,
    dry_run: options.DRY_RUN = False,
    sure: options.SURE = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Change a tenant; what is not named stays. Running servers follow within seconds."""
    if timezone is not None and timezone not in available_timezones():
        raise WrongUse(f"This host knows no time zone `{timezone[:40]}`.", _ALLOWED["timezone"])
    wanted = _wanted(
        name=name, sender=sender, accent=accent, timezone=timezone, signup=signup, voice=voice,
        sms_second=sms_second, phone=phone, password_min=password_min,
        lockout_scope=lockout_scope, region=region, sms_countries=_codes(sms_countries),
        activation_again=activation_again, language=language, phone_unique=phone_unique,
        directory_domains=_lines(directory_domain),
        support=None if support is None else tuple(_contact(line) for line in support if line),
    )  # fmt: skip
    if host is not None:
        wanted["host"] = host or None
    with desk(config, slug) as at:
        flow: Coroutine[Any, Any, object] = (
            policies.preview(at.house.parts, at.staff, wanted)
            if dry_run
            else policies.change(at.house.parts, at.staff, wanted, sure=sure)
        )
        answer = at.run(flow)
    _tell(answer, json=json)


def _wanted(**values: Any) -> dict[str, Any]:
    """What was said; an option that was left out is None."""
    return {name: value for name, value in values.items() if value is not None}


def _lines(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(one.strip() for one in given if one.strip())


def _codes(listed: str | None) -> tuple[str, ...] | None:
    """Country codes between commas; () for "", None where nothing was said."""
    if listed is None:
        return None
    return tuple(code.strip().upper() for code in listed.split(",") if code.strip())


def _contact(line: str) -> Contact:
    """LABEL|ADDRESS or LABEL|ADDRESS|HOURS. Raises WrongUse."""
    try:
        return contact(line)
    except Unreadable as error:
        wrong = f"--support cannot be `{line[:60]}`."
        raise WrongUse(wrong, 'It is "LABEL|ADDRESS|HOURS".') from error


def _tell(answer: object, *, json: bool) -> None:
    match answer:
        case Unfit(fields=fields):
            lines = (f"{field}: {_ALLOWED[field]}" for field in fields)
            raise WrongUse("Nothing was stored. Allowed is for", "\n".join(lines))
        case InUse(what=what):
            raise NotDone(f"Another tenant has this {what}. Nothing was stored.")
        case NumbersHeld(numbers=count):
            raise NotDone(
                f"{count} of its phone numbers {'is' if count == 1 else 'are'} held at other "
                "customers of its provider. Nothing was stored.",
                "Whoever has such a number twice takes it off one account; staff release it from a "
                "disabled one.",
            )
        case Unsure(people=people):
            raise NotDone(
                f"{people} {'person has' if people == 1 else 'people have'} no other second step "
                "than texts, and would be left with the password alone. Nothing was stored.",
                "`--dry-run` shows it, `--sure` does it all the same.",
            )
        case Preview():
            tenant_preview.show(answer, json=json)
        case Changed(tenant=tenant):
            as_json(document(tenant)) if json else _show(tenant)


def document(tenant: Tenant) -> dict[str, object]:
    """A tenant for programs."""
    policy = tenant.policy
    return {
        "id": tenant.id, "slug": tenant.slug, "name": tenant.name, "host": tenant.host,
        "sender": tenant.sender, "accent": tenant.accent, "timezone": tenant.timezone,
        "support": [
            {"label": c.label, "value": c.value, "hours": c.hours} for c in tenant.support
        ],
        "policy": {name: getattr(policy, name) for name in policy.__slots__},
        "created_at": iso(tenant.created_at),
    }  # fmt: skip


def _spelled(value: object) -> str:
    return " ".join(value) or "none named" if isinstance(value, tuple) else str(value)


def _show(tenant: Tenant) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    policy = tenant.policy
    rows = {
        "mail from": tenant.sender, "host": tenant.host or "none of its own",
        "colour": tenant.accent, "time zone": tenant.timezone,
        "support": "\n".join(f"{c.label}: {c.value} {c.hours}".strip() for c in tenant.support)
        or "nobody named: people meet dead ends (--support)",
        "policy": ", ".join(f"{n} {_spelled(getattr(policy, n))}" for n in policy.__slots__),
    }  # fmt: skip
    for label, text in rows.items():
        table.add_row(f"  {label}", Text(str(text)))
    OUT.print(Text.assemble((tenant.name, "bold"), f"  /t/{tenant.slug}"))
    OUT.print(table)
    OUT.print()
