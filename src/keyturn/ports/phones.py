"""What enrolment and approvals store: links, codes to scan, phones, questions.

Everything hangs on one user's row (rules/binding.py): whoever changes several of these, or
anything that another transaction relies on, holds that row by `held`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyturn.rules.activation import Link
from keyturn.rules.app_lock import LockKey
from keyturn.rules.approvals import Approval
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.phone_app import Phone, Push


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A phone's push subscription.

    Attributes:
        sealed: JSON of endpoint, p256dh and auth, under the phone's id.
    """

    phone_id: str
    sealed: str = field(repr=False)
    push: Push


@dataclass(frozen=True, slots=True)
class Kept:
    """What a phone has besides its key; it dies with the phone's row.

    Attributes:
        pin: digest of the app lock's secret; "": the app has no lock here.
        offline: the TOTP secret of the phone's own, sealed under the phone's id; "": none yet.
        used: the last time step of it that was accepted.
        key: the phone's own lock, which opens the app lock too; None: the PIN alone does.
    """

    pin: str = field(default="", repr=False)
    offline: str = field(default="", repr=False)
    used: int | None = None
    key: LockKey | None = None


class Phones(Protocol):
    """Links, codes to scan, phones, questions. Every id is looked for in its tenant alone."""

    # -- all that hangs on one user

    def held(self, tenant_id: str, user_id: str, now: int) -> Rows | None:
        """The user's row, which nobody else changes until this transaction ends, and what
        hangs on it: every link; codes and questions that are not over, and questions that were
        asked or answered in the last approvals.HISTORY_MS in any state; the phones, none left
        out that is active. None: no such user.

        Whoever also calls `rise`, `told`, `keep`, `subscribe` or `pushed` in the same
        transaction holds first: they hold the phone's row alone.
        """
        ...

    def save(self, before: Rows, after: Rows) -> None:
        """Store the columns that differ, of the user the state and the epoch alone; what
        `before` has not is added.
        """
        ...

    # -- links

    def link(self, tenant_id: str, digest: str) -> Link | None:
        """The link whose token has this digest."""
        ...

    def links_of(self, tenant_id: str, user_id: str) -> Sequence[Link]:
        """All of a user's, by number."""
        ...

    def newest(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, Link]:
        """The newest link of each of these users who has one."""
        ...

    def to_remind(self, now: int, limit: int) -> Sequence[Link]:
        """Links of all tenants that are not used, withdrawn or expired, and of which a reminder
        (activation.remind_at) is due; those that die first come first. Held where the database
        can, and those that others hold are passed over.
        """
        ...

    def mark(self, link: Link) -> None:
        """Store `link.reminded`."""
        ...

    # -- codes to scan

    def code(self, tenant_id: str, code_id: str) -> ScanCode | None: ...
    def code_of_flow(self, tenant_id: str, flow_id: str) -> ScanCode | None:
        """The newest code that the page of this flow has shown."""
        ...

    def newest_code(self, tenant_id: str, user_id: str) -> ScanCode | None:
        """The newest code of a user, whatever became of it."""
        ...

    def codes_named(self, tenant_id: str, name: str, now: int) -> Sequence[ScanCode]:
        """The codes of these first letters that wait for a phone, and those of the last 15
        minutes that one has scanned: it may say the same again. Rarely more than one.
        """
        ...

    # -- phones

    def phone(self, tenant_id: str, phone_id: str) -> Phone | None: ...
    def of_user(self, tenant_id: str, user_id: str) -> Sequence[Phone]:
        """All of a user's, the newest first, those that are over too."""
        ...

    def active(self, tenant_id: str, user_ids: Sequence[str]) -> Mapping[str, Phone]:
        """The phone of each of these users who has one."""
        ...

    def rise(self, tenant_id: str, phone_id: str, sequence: int, now: int) -> bool:
        """Store the sequence number of a request, and that the phone was seen, if the number is
        higher than the phone's last one, which begins at 0; whether it was. For a phone in any
        state: one that is stale must not be able to replay either. One statement: of two
        requests of one number one is heard.
        """
        ...

    def seen_at(self, tenant_id: str, phone_id: str) -> int | None:
        """When it was last heard; None: never, or no such phone."""
        ...

    def told(self, tenant_id: str, phone_id: str, checks: Mapping[str, object], now: int) -> None:
        """Store what the phone's checks last said of it (JSON)."""
        ...

    def checks(self, tenant_id: str, phone_id: str) -> tuple[Mapping[str, object], int] | None:
        """What `told` has stored, and when."""
        ...

    def kept(self, tenant_id: str, phone_id: str) -> Kept | None:
        """None: no such phone. Held when writing."""
        ...

    def keep(self, tenant_id: str, phone_id: str, kept: Kept) -> None: ...

    # -- push

    def subscribe(self, tenant_id: str, subscribed: Subscribed) -> None:
        """Store a phone's subscription in place of the one before."""
        ...

    def pushed(
        self, tenant_id: str, phone_id: str, push: Push, *, forget: bool, was: str | None = None
    ) -> bool:
        """Store how push stands; `forget`: the subscription is taken away.

        Args:
            was: `Subscribed.sealed` of the subscription that this was learned of: if another
                has taken its place meanwhile, nothing is stored. None: of whichever it is.

        Returns: whether it was stored.
        """
        ...

    def subscription(self, tenant_id: str, phone_id: str) -> Subscribed | None: ...

    # -- questions

    def approval(self, tenant_id: str, approval_id: str) -> Approval | None: ...
    def approval_of(self, tenant_id: str, subject: str) -> Approval | None:
        """The newest question that `subject` has asked."""
        ...

    def history(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Approval]:
        """What a user was asked, the newest first."""
        ...

    def waiting(self, tenant_id: str, phone_id: str, now: int) -> Sequence[Approval]:
        """What this phone is to answer now, the newest first."""
        ...
