"""Providers: another tenant's people at work in a customer's console.

    link        made by the customer's owner, or on the host        --> ended by the customer alone
    membership  which of the provider's people act there, as what   --> ended by the provider, with
                                                                        its link, with their role
    stay        the way of one of them into that console            --> ended with any of them, and
                                                                        with their session at home

A link gives the provider's people nothing but the customer's name: somebody acts only by a
membership, which never exceeds the link, and the link never makes an owner.  All three are read at
every request.  Nothing is handed on: a provider's people work in their own tenant's customers, and
not in the customers of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.rules.access import rank
from keyturn.rules.accounts import Role
from keyturn.rules.lockout import MINUTE, SECOND

#: what a provider's people may be at a customer's, the highest first: the house is not theirs
ROLES: Final = (Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR)
#: how many providers a tenant has at most
LINKS_MAX: Final = 8
#: between the press of the button and the way to the customer's host name
ENTER_MS: Final = 2 * MINUTE
#: how long what is handed over is good for
HANDOVER_MS: Final = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Link:
    """A customer lets a provider's people in.

    Attributes:
        tenant_id: the customer.
        role: the highest that any of the provider's people have there.
        made_by: whoever of the customer's owners made it; None: a command on the host.
        ended_by: the same of its end.
    """

    id: str
    provider_id: str
    tenant_id: str
    role: Role
    made_by: str | None
    made_at: int
    ended_at: int | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One of a provider's people acts in a customer's console.

    Attributes:
        tenant_id: the customer, as the link's.
        made_by, ended_by: who of the provider said so; None: a command on the host, or it ended
            with the link or with their role.
    """

    id: str
    link_id: str
    provider_id: str
    tenant_id: str
    user_id: str
    role: Role
    made_by: str | None
    made_at: int
    ended_at: int | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """The way of one of a provider's people into a customer's console, in one browser.

    Attributes:
        digest: of the token that only the browser holds.
        tenant_id: the customer.
        session: the digest of the session at home by which they came; what it is worth, the stay
            is worth.
        browser: the digest of the browser's own token in the customer's tenant.
    """

    digest: str
    tenant_id: str
    link_id: str
    provider_id: str
    user_id: str
    session: str
    browser: str
    made_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What needs attention at a customer.

    Attributes:
        cases: open ones; locked: users who are locked out.
        agents: those that may work; silent: those of them that were not heard of for a while.
        ill: directories of which something is reported as wrong.
    """

    cases: int = 0
    locked: int = 0
    agents: int = 0
    silent: int = 0
    ill: int = 0

    @property
    def quiet(self) -> bool:
        """Whether nothing waits for anybody."""
        return not (self.cases or self.locked or self.silent or self.ill)


def fits(link: Link, role: Role) -> bool:
    """Whether somebody may be `role` by this link."""
    return role in ROLES and rank(role) <= rank(link.role)
