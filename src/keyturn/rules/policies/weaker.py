"""Which changes weaken security: the owners are told of them at once, by mail.

    policy             told when it
    -----------------  -----------------------------------------------------------------
    signup             is switched on: strangers make accounts
    phone              asks less than before: the help desk has one way less to know owners by
    activation_again   is switched on: a mailbox brings a link without staff
    password_min       is shorter than before
    lockout_scope      closes the whole account: strangers can lock people out
    directory_domains  loses a domain: people are no more told to name another way back
    sms_second         changes at all: on, a number that is taken over is enough besides the
                       password; off, whoever has nothing else is left with the password
    sms_countries      gains a country: strangers can earn by texts there
    sender             changes: it is what people trust mails by
    support            changes: it is whom people call, and believe

Of the rest none lets anybody in who was kept out before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from keyturn.rules.accounts import Tenant, TenantPolicy

#: how much is asked, from nothing on
_ASKED: Final = ("off", "optional", "required")
_Judge = Callable[[TenantPolicy, TenantPolicy], bool]


def _countries(before: TenantPolicy, after: TenantPolicy) -> bool:
    """() is every country."""
    if not before.sms_countries:
        return False
    return not after.sms_countries or not set(after.sms_countries) <= set(before.sms_countries)


_POLICIES: Final[Mapping[str, _Judge]] = {
    "signup": lambda before, after: after.signup and not before.signup,
    "phone": lambda before, after: _ASKED.index(after.phone) < _ASKED.index(before.phone),
    "activation_again": lambda before, after: (
        after.activation_again and not before.activation_again
    ),
    "password_min": lambda before, after: after.password_min < before.password_min,
    "lockout_scope": lambda before, after: after.lockout_scope == "account" != before.lockout_scope,
    "directory_domains": lambda before, after: (
        not set(before.directory_domains) <= set(after.directory_domains)
    ),
    "sms_second": lambda before, after: after.sms_second != before.sms_second,
    "sms_countries": _countries,
}


def weakened(before: Tenant, after: Tenant) -> tuple[str, ...]:
    """The keys of policies whose change weakens security."""
    by_policy = [key for key, judge in _POLICIES.items() if judge(before.policy, after.policy)]
    own = [key for key in ("sender", "support") if getattr(before, key) != getattr(after, key)]
    return (*by_policy, *own)
