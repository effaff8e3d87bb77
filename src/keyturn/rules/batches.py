"""People with whom one thing is done together: invited, unlocked, disabled …, or taken from a file.

Whatever the people come from, they become a *batch*: a row each, with what it means for them.
Nothing is done before a person has seen that and says so; then rows are done one by one, each once,
judged anew, by whichever server has time.

    state     what happens                 becomes
    --------  ---------------------------  ---------
    draft     somebody begins it           sending
              nobody does, for a day       (stale: it cannot be begun any more)
    sending   no row waits any more        over
              somebody stops it            stopped
              whoever began it may not     stopped
              invite people any more
              a backup is restored         stopped

    row       it is done                   becomes
    --------  ---------------------------  ---------
    waiting   the link is on its way       sent
              it must not be any more      left
    left      nothing is sent: its reason stands there

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.access import Action
from keyturn.rules.activation import Invitation
from keyturn.rules.identifiers import (
    DISPLAY_MAX,
    NAME_MAX,
    EmailProblem,
    NameProblem,
    display_name,
    parse_email,
)
from keyturn.rules.lockout import DAY
from keyturn.rules.people_csv import MOST_ROWS

#: people of one batch
MOST: Final = MOST_ROWS
#: how long a draft can be begun
FRESH_MS: Final = DAY
#: longest name of what the people come from, and longest phone number
LABEL_MOST: Final = 200
PHONE_MOST: Final = 16
#: longest name of a directory account (a UPN)
ACCOUNT_MOST: Final = 254


class Act(StrEnum):
    """What is done with the people."""

    INVITE = "invite"
    UNLOCK = "unlock"
    SESSIONS = "sessions"  # signed out everywhere
    DISABLE = "disable"
    ENABLE = "enable"
    IMPORT = "import"  # made, or changed, as a file has them


#: what whoever begins it must be allowed to do, at each row anew
NEEDS: Final[Mapping[Act, Action]] = {
    Act.INVITE: Action.INVITE, Act.UNLOCK: Action.UNLOCK, Act.SESSIONS: Action.END_SESSIONS,
    Act.DISABLE: Action.DISABLE, Act.ENABLE: Action.ENABLE, Act.IMPORT: Action.CREATE_USER,
}  # fmt: skip


class Source(StrEnum):
    """What the people come from."""

    FILE = "file"
    UNIT = "unit"
    GROUP = "group"
    SEARCH = "search"
    PICKED = "picked"  # one by one, from a list


class BatchState(StrEnum):
    """See the table above."""

    DRAFT = "draft"
    SENDING = "sending"
    OVER = "over"
    STOPPED = "stopped"


class Stop(StrEnum):
    """Why a batch was stopped."""

    STAFF = "staff"  # somebody did
    RIGHTS = "rights"  # whoever began it may not invite people any more
    RESTORED = "restored"  # a backup is older than what was sent since


class RowState(StrEnum):
    """See the table above."""

    WAITING = "waiting"
    SENT = "sent"
    LEFT = "left"


class Means(StrEnum):
    """What an invitation means for a row, besides activation.Invitation, invitations.Bar and
    access.Why: those name the rest.
    """

    NEW = "new"  # an account is made, and invited
    NAME = "name"  # no name of a person; `about`: which fault
    EMAIL = "email"  # no address; `about`: which fault
    NUMBER = "number"  # no phone number
    TWICE = "twice"  # also stands in the line `about`
    NUMBER_HELD = "number-held"  # the number is somebody else's; `about`: whose
    ADDRESS_HELD = "address-held"  # the address is; `about`: whose
    ADDRESS_OTHER = "address-other"  # the account has another address than the row
    NO_ACCOUNT = "no-account"  # no directory that is read has such an account
    UNCLEAR = "unclear"  # it has, and nobody knows whose it is
    # of other acts than invitations
    DO = "do"
    STAFF = "staff"  # somebody with a role: each by themselves, on their page
    NOT_LOCKED = "not-locked"
    DISABLED = "disabled"
    ENABLED = "enabled"
    CHANGED = "changed"  # `about`: what the file says otherwise
    SAME = "same"
    FOLLOWED = "followed"  # a directory says what this user is called
    USERNAME = "username"  # no user name; `about`: which fault
    USERNAME_HELD = "username-held"  # `about`: by whom


#: for whom something is done: a link is sent, …
WELCOME: Final = frozenset(
    map(str, (Means.NEW, Invitation.FIRST, Invitation.AGAIN, Invitation.PHONE, Means.DO,
              Means.CHANGED))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """People with whom one thing is done.

    Attributes:
        label: the file's name, the OU or group, the words of the search.
        directory_id: of the OU or group.
        people: rows.
        made_by, begun_by: ids of staff; "" for a command on the host; None: not begun yet.
        expires_at: from when a draft cannot be begun, and what is over may go; None: it goes on.
    """

    id: str
    tenant_id: str
    source: Source
    label: str
    directory_id: str | None
    state: BatchState
    people: int
    made_by: str
    made_at: int
    begun_by: str | None = None
    begun_at: int | None = None
    ended_at: int | None = None
    stop: Stop | None = None
    expires_at: int | None = None
    act: Act = Act.INVITE

    @property
    def needs(self) -> Action:
        """What whoever begins it must be allowed to do."""
        return NEEDS[self.act]


@dataclass(frozen=True, slots=True)
class Row:
    """One person of a batch.

    Attributes:
        number: the line of the file, else the place in the list; from 1.
        account: the name of their directory account, "" for none named.
        user_id: who it is; None: nobody yet.
        means, about: what an invitation means; see Means.
        done_at: when it was sent, or found that it must not be.
    """

    batch_id: str
    tenant_id: str
    number: int
    name: str
    email: str
    phone: str = ""
    account: str = ""
    user_id: str | None = None
    means: str = ""
    about: str = ""
    state: RowState = RowState.LEFT
    done_at: int | None = None


def draft(
    batch_id: str, tenant_id: str, source: Source, label: str, made_by: str, now: int,
    act: Act = Act.INVITE,
) -> Batch:  # fmt: skip
    """A batch without people yet."""
    return Batch(
        batch_id, tenant_id, source, one_line(label)[:LABEL_MOST], None, BatchState.DRAFT, 0,
        made_by, now, expires_at=now + FRESH_MS, act=act,
    )  # fmt: skip


def one_line(text: str) -> str:
    """What somebody else named, as it can be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def fresh(batch: Batch, now: int) -> bool:
    """Whether a draft can still be begun."""
    return batch.state is BatchState.DRAFT and now < (batch.expires_at or now)


def begun(batch: Batch, by: str, now: int) -> Batch:
    """The draft is being sent."""
    return replace(
        batch, state=BatchState.SENDING, begun_by=by, begun_at=now, expires_at=None
    )  # fmt: skip


def ended(batch: Batch, now: int, stop: Stop | None = None) -> Batch:
    """No row waits any more, or none is sent any more and why."""
    state = BatchState.STOPPED if stop else BatchState.OVER
    return replace(batch, state=state, stop=stop, ended_at=now, expires_at=now)


def judged(row: Row, means: str, about: str = "") -> Row:
    """The row with what an invitation means."""
    state = RowState.WAITING if means in WELCOME else RowState.LEFT
    return replace(row, means=means, about=about, state=state)


def unfit(row: Row) -> Row | None:
    """The row judged, where its own cells say enough: no name, no address. None: they do not."""
    address, name = parse_email(row.email), display_name(row.name)
    if isinstance(address, EmailProblem):
        return judged(row, Means.EMAIL, str(address.fault))
    if isinstance(name, NameProblem):
        return judged(row, Means.NAME, str(name.fault))
    return None


def kept(row: Row) -> Row:
    """The row as it is stored and shown: cells that nobody could read are readable, and not
    longer than they may be.
    """
    return replace(
        row, name=one_line(row.name)[:DISPLAY_MAX], email=one_line(row.email)[:NAME_MAX],
        phone=one_line(row.phone)[:PHONE_MOST], account=one_line(row.account)[:ACCOUNT_MOST],
    )  # fmt: skip
