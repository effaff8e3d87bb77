"""A pretend controller: what it holds, what it counts, how it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keyturn.agent.directories.memory.accounts import (
    CONTROL,
    LAST_SET,
    LOCKED,
    PASSWORD,
    Held,
)
from keyturn.agent.directories.memory.faults import Fault
from keyturn.agent.ports import AccountView, Change, NotFound, Refused
from keyturn.rules.directories.answers import Refusal, Tried
from keyturn.rules.directories.policies import Complaint, judge
from keyturn.rules.directories.policies import Fault as PolicyFault
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.topology import Controller


class MemoryController:
    """One of a domain's controllers.

    Attributes:
        entry: how the directory lists it.
        fault: what it does instead of its work, or None. Tests set it.
        held: what it holds, by guid.
        changes: every change it has made through the driver (guid, change), oldest first.
        bad: wrong passwords by guid: how many, and when the last one; never replicated.
        wrote: called after each write.
    """

    def __init__(self, entry: Controller) -> None:
        self.entry = entry
        self.fault: Fault | None = None
        self.held: dict[str, Held] = {}
        self.changes: list[tuple[str, Change]] = []
        self.bad: dict[str, tuple[int, int]] = {}
        self.wrote: Callable[[], None] = lambda: None
        self._usn = 1000

    def get(self, guid: str) -> Held:
        """Raises NotFound."""
        if guid not in self.held:
            raise NotFound(guid)
        return self.held[guid]

    def write(self, guid: str, values: Mapping[str, Any], now: int) -> None:
        """One originating write; all its attributes share one sequence number."""
        self._usn += 1
        account = self.get(guid)
        self.held[guid] = account.written(values, self.entry.invocation, now, self._usn)
        self.wrote()

    def receive(self, account: Held) -> None:
        """What another controller holds arrives."""
        mine = self.held.get(account.guid)
        self.held[account.guid] = mine.merged(account) if mine else account
        self.wrote()

    def change(self, guid: str, change: Change, now: int) -> None:
        """Make a change as a whole. Raises NotFound, Refused."""
        account = self.get(guid)
        if refusal := self._refusal(account, change):
            raise Refused(refusal)
        values: dict[str, Any] = {}
        if change.password is not None:
            values |= {PASSWORD: change.password, LAST_SET: now}
        if change.unlock:
            values[LOCKED] = 0
            self.bad.pop(guid, None)
        if change.must_change:
            values[LAST_SET] = 0
        self.write(guid, values, now)
        self.changes.append((guid, change))

    def _refusal(self, account: Held, change: Change) -> Refusal | None:
        if account.protected:
            return Refusal("protected", {"why": account.protected})
        if self.entry.read_only:
            return Refusal("read_only")
        if change == Change() or change.password == "":
            return Refusal("malformed")
        if change.password is None or account.policy is None:
            return None
        complaints = judge(account.policy, change.password, account.name, account.display)
        return _as_refusal(complaints[0]) if complaints else None

    def tried(self, guid: str, password: str, now: int) -> Tried:
        """One bind. Raises NotFound."""
        account = self.get(guid)
        if not password:
            return Tried(Bind.WRONG, "wrong")
        if self._locked_until(account, now) is not None:
            return Tried(Bind.SILENT, "locked")
        if account.values[PASSWORD] == password:
            self.bad.pop(guid, None)
            return Tried(Bind.RIGHT, self._in_the_way(account))
        self._count(account, now)
        return Tried(Bind.WRONG, "wrong")

    def _in_the_way(self, account: Held) -> str:
        """Why a right password does not let the account in, or ""."""
        control = account.values[CONTROL]
        if "disabled" in control:
            return "disabled"
        if "expired" in control:
            return "account_expired"
        return "" if account.values[LAST_SET] else "must_change"

    def _count(self, account: Held, now: int) -> None:
        count, last = self.bad.get(account.guid, (0, now))
        policy = account.policy
        if policy and now - last > policy.observation_ms:
            count = 0
        self.bad[account.guid] = (count + 1, now)
        if policy and 0 < policy.lockout_threshold <= count + 1:
            self.write(account.guid, {LOCKED: now}, now)

    def _locked_until(self, account: Held, now: int) -> int | None:
        since, policy = account.values[LOCKED], account.policy
        if not since or policy is None:
            return None
        until = since + policy.lockout_ms
        return 0 if not policy.lockout_ms else until if until > now else None

    def view(self, guid: str, now: int) -> AccountView:
        """What a look shows. Raises NotFound."""
        account = self.get(guid)
        values, policy = account.values, account.policy
        set_at: int = values[LAST_SET]
        count, last = self.bad.get(guid, (0, None))
        expires = bool(set_at and policy and policy.max_age_ms)
        return AccountView(
            guid=guid,
            name=account.name,
            upn=account.upn,
            display=account.display,
            dn=account.dn,
            locked_until=self._locked_until(account, now),
            disabled="disabled" in values[CONTROL],
            expired_account="expired" in values[CONTROL],
            must_change=set_at == 0,
            password_expires_at=set_at + policy.max_age_ms if policy and expires else None,
            password_set_at=set_at or None,
            bad_count=count,
            bad_at=last,
            policy=policy,
            protected=account.protected,
            must_change_binds=account.must_change_binds,
            password_stamp=account.stamp(PASSWORD),
            lockout_stamp=account.stamp(LOCKED),
        )


def _as_refusal(complaint: Complaint) -> Refusal:
    """As a controller puts it."""
    if complaint.fault is PolicyFault.TOO_SHORT:
        return Refusal("too_short", {"minimum": complaint.limit}, "0000052D: too short")
    if complaint.fault in {PolicyFault.TOO_SIMPLE, PolicyFault.HAS_NAME}:
        return Refusal("too_simple", {}, "0000052D: complexity")
    return Refusal("malformed" if complaint.fault is PolicyFault.NOT_TEXT else "policy")
