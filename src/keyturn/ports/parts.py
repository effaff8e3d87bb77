"""Everything a flow may use, in one bundle; `wiring.py` fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from keyturn.ports.delivery import NumberingPlan
from keyturn.ports.networks import Networks, NoNetworks
from keyturn.ports.passkeys import PasskeyJudge
from keyturn.ports.secrets import Hasher, OneTimePasswords, Sealer
from keyturn.ports.store import Store
from keyturn.ports.system import Clock, Random
from keyturn.ports.turns import Turns
from keyturn.rules.accounts import Tenant


@dataclass(frozen=True, slots=True)
class Limits:
    """What the installation's settings decide for all tenants.

    Attributes:
        network_failures: failed tries of unknown clients per network and hour, over all
            names; beyond it every name is answered 429 before look-up.
        session_ms, session_idle_ms: absolute and idle life of a session.
        sms_per_day, sms_per_hour: texts per tenant; beyond them none is sent and an alarm
            raised.
        sms_per_network: texts asked for from one network, per tenant and hour.
        sms_per_range: texts to 10,000 neighbouring numbers, per tenant and hour.
        sms_per_country: texts to one foreign country, per tenant and hour.
        mails_per_hour: mails with codes that strangers cause, per tenant and hour.
    """

    network_failures: int
    session_ms: int
    session_idle_ms: int
    sms_per_day: int
    sms_per_hour: int = 300
    sms_per_network: int = 20
    sms_per_range: int = 20
    sms_per_country: int = 60
    mails_per_hour: int = 2000


@dataclass(frozen=True, slots=True)
class Parts:
    """The adapters, as ports.

    Attributes:
        link: (tenant, path) to an absolute address on the configured origin; never built
            from a request's Host header.
        is_common: whether a password (case folded) is on the list of common or breached
            ones.
        networks: what the operator's range file knows of addresses.
    """

    clock: Clock
    random: Random
    store: Store
    hasher: Hasher
    sealer: Sealer
    otp: OneTimePasswords
    passkeys: PasskeyJudge
    plan: NumberingPlan
    turns: Turns
    limits: Limits
    link: Callable[[Tenant, str], str]
    is_common: Callable[[str], bool]
    networks: Networks = field(default_factory=NoNetworks)
