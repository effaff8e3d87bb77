"""Who and what exists: tenants, users, clients, sessions, factors, cases.

Value types shared by rules, ports, steps and flows.  All times are integer
milliseconds since the epoch; 0 never stands for "no time": that is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class UserState(StrEnum):
    """Where an account stands. Only an active one can be signed in to."""

    UNVERIFIED = "unverified"
    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class Role(StrEnum):
    """What staff may do in a tenant (SPEC §1)."""

    OWNER = "owner"
    MANAGER = "manager"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"


class FactorKind(StrEnum):
    """A second step's kind."""

    TOTP = "totp"
    RECOVERY = "recovery"
    PASSKEY = "passkey"
    SMS = "sms"
    PUSH = "push"  # a question that the phone app answers


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach the tenant's support: label, address and hours, as people read them."""

    label: str
    value: str
    hours: str = ""


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """What a tenant decides.

    Attributes:
        signup: people may create accounts themselves.
        phone: a phone number is "off", "optional" or "required" at sign-up.
        phone_unique: a proved number is one user's of the "tenant", or of all tenants of its
            "provider" that say so too (rules.providers.ring); changed on the host alone.
        password_min: shortest password accepted, 8 to 64.
        lockout_scope: "client" (a lane for each known client) or "account" (one lane).
        region: ISO 3166 country in which a number without +country is read.
        voice: the SMS gateway can call a landline and read the code out.
        sms_second: a code by text to a proved number is a second step (never for staff).
        sms_countries: ISO 3166 countries that texts go to; () for all of them.
        directory_domains: mail domains whose mailboxes open with the password of a
            connected directory: mail there cannot bring that very password back.
        directory_signin: ids of the directories whose passwords sign their people in, on a page
            of its own; () for none.
        activation_again: people may ask for another activation link by themselves.
        language: of mails to people who chose none, and of pages for browsers that ask for
            none of ours; see rules.languages.
    """

    signup: bool = True
    phone: str = "optional"
    password_min: int = 8
    lockout_scope: str = "client"
    region: str = "GB"
    voice: bool = False
    sms_second: bool = False
    sms_countries: tuple[str, ...] = ()
    directory_domains: tuple[str, ...] = ()
    directory_signin: tuple[str, ...] = ()
    activation_again: bool = True
    language: str = "en"
    phone_unique: str = "tenant"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer account: the wall that no data crosses.

    Attributes:
        id, slug, name: the name in links (/t/slug) and the one people read.
        host: a host name of its own, or None.
        sender: the one address its mail comes from.
        accent: CSS colour of the tenant, "#rrggbb".
        timezone: IANA zone for texts that no person's own zone is known for.
        context: words that its passwords may not be built from (company, product).
        support: ways to reach a human, in order.
    """

    id: str
    slug: str
    name: str
    host: str | None
    sender: str
    accent: str
    timezone: str
    context: tuple[str, ...]
    support: tuple[Contact, ...]
    policy: TenantPolicy
    created_at: int


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account in a tenant.

    Attributes:
        password_hash: argon2id in PHC format, or None for an account without one.
        epoch: counts the events that end all sessions (reset, disable, "this wasn't
            me"); a session is alive only while it carries the same number.
        frozen_at: since when changes are frozen ("this wasn't me"), or None.
        erase_at: when the account is erased, if its owner asked for it and does not change
            their mind until then; or None.
        language: that the person chose for mails and texts; "": none.
    """

    id: str
    tenant_id: str
    state: UserState
    name: str
    username: str | None
    email: str
    phone: str | None
    phone_verified_at: int | None
    password_hash: str | None
    password_set_at: int | None
    epoch: int
    frozen_at: int | None
    timezone: str | None
    created_at: int
    erase_at: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A browser or app that completed a full sign-in to one account.

    Its cookie carries id and token; the digests of the current and of the previous
    token are kept, so that a reply lost on the way does not make it unknown.
    """

    id: str
    tenant_id: str
    user_id: str
    digest: str
    previous: str | None
    name: str
    ip: str
    created_at: int
    seen_at: int
    trusted: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `digest` is of the token that only the browser holds.

    Attributes:
        level: 1 password, 2 password and a second step.
        epoch: the user's at sign-in.
        expires_at: absolute end; an idle end comes from `seen_at`.
    """

    digest: str
    tenant_id: str
    user_id: str
    client_id: str | None
    level: int
    epoch: int
    ip: str
    client_name: str
    created_at: int
    seen_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Factor:
    """A second step somebody enrolled.

    Attributes:
        secret: TOTP: the sealed secret. Recovery code: its digest.
        used: TOTP: the last time step accepted. Recovery code: when it was used.
    """

    id: str
    tenant_id: str
    user_id: str
    kind: FactorKind
    secret: str
    used: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential of a user (W3C Web Authentication Level 2).

    Attributes:
        credential_id: as the authenticator names it, base64url; unique in the tenant.
        public_key: COSE key, base64url.
        sign_count: the authenticator's counter as last seen; 0 where it has none.
        aaguid: the authenticator's model, as hexadecimal with dashes.
        transports: how a browser reaches it, e.g. "internal hybrid".
        synced: it may be on several devices (backup eligible).
        cloned_at: when a counter went backwards: from then on it is refused; or None.
    """

    id: str
    tenant_id: str
    user_id: str
    credential_id: str
    public_key: str
    sign_count: int
    name: str
    aaguid: str
    transports: str
    synced: bool
    created_at: int
    used_at: int | None
    cloned_at: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Something a browser has begun and not finished; at most one of a kind is open.

    Attributes:
        browser: digest of the browser's own token.
        kind: "signup", "signin", "recovery", "phone", "totp".
        step: what is pending, e.g. "code", "second", "password", "done".
        user_id: None where the name typed belongs to nobody; the pages look the same.
        data: small strings and numbers the kind needs; never a secret in clear.
        closed_at: when it ended, or None while it is open.
    """

    id: str
    tenant_id: str
    browser: str
    kind: str
    step: str
    user_id: str | None
    data: Mapping[str, str | int | bool | None]
    created_at: int
    expires_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """One person's problem, as opened from a refused flow.

    Attributes:
        ref: what the person reads out on the phone, e.g. "KT-7F3K-2M".
        identifier: what was typed, as typed; user_id only when somebody has that name.
        facts: the diagnosis' facts when it was opened.
    """

    id: str
    ref: str
    tenant_id: str
    user_id: str | None
    identifier: str
    state: str
    contact: str
    note: str
    facts: Mapping[str, object] = field(default_factory=dict)
    created_at: int = 0
    closed_at: int | None = None
