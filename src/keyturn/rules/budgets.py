"""Budgets: how often something may happen within a window.

Fixed windows, counted in the store: the first event opens a window, all events
until its end count against the limit.  Time is in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.rules.lockout import DAY, HOUR


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit` events named `name` within `window_ms`."""

    name: str
    limit: int
    window_ms: int

    def allows(self, spending: Spending) -> bool:
        """Whether what was just spent is within the limit."""
        return spending.count <= self.limit


@dataclass(frozen=True, slots=True)
class Spending:
    """A window as stored: when it began and what was spent in it."""

    start: int
    count: int


def exhausted(spending: Spending | None, now: int, budget: Budget) -> bool:
    """Whether the next event would go over the limit."""
    if spending is None or now >= spending.start + budget.window_ms:
        return False
    return spending.count >= budget.limit


def row_key(name: str, subject: str) -> str:
    """How one subject's budget is called in the store."""
    return f"{name}|{subject}"


#: name of the budget of failed tries per network; its limit is a setting
NETWORK = "network"
CODE_MAILS = Budget("code-mails", 3, HOUR)
LINK_MAILS = Budget("link-mails", 3, HOUR)
CODE_TRIES = Budget("code-tries", 20, DAY)
SMS_PER_NUMBER = Budget("sms-number", 5, DAY)
SMS_PER_USER = Budget("sms-user", 5, HOUR)
#: mails with a code to an address that somebody wants for their account
ADDRESS_MAILS = Budget("address-mails", 5, HOUR)
#: texts to one destination, and codes of such texts that were entered: counted, not capped
SMS_ASKED = Budget("sms-asked", 1_000_000, DAY)
SMS_ENTERED = Budget("sms-entered", 1_000_000, DAY)
#: mails with codes and links that one name can be sent by strangers, over all they can ask
MAILBOX = Budget("mailbox", 10, HOUR)
LOCK_NOTICES = Budget("lock-notices", 3, DAY)
#: cases that one network opens, and mails about cases to one name
CASES = Budget("cases", 10, HOUR)
CASE_MAILS = Budget("case-mails", 3, DAY)
#: wrong enrolment tokens from one network, over all tenants
ENROLMENTS = Budget("enrolments", 20, HOUR)
#: requests of an agent whose number was not new: what a network delivers late is forgiven
SLIPS = Budget("agent-slips", 2, HOUR)
#: codes of labels that one person types
DEVICE_LABELS = Budget("device-labels", 10, HOUR)
#: requests of a device whose number was not new, as of agents
DEVICE_SLIPS = Budget("device-slips", 2, HOUR)
#: jobs on one directory account, whoever starts them
DIRECTORY_JOBS = Budget("directory-jobs", 10, HOUR)
#: mails about one account that Keyturn tries no more, because its directory would lock it
SPENT_NOTICES = Budget("directory-spent", 3, DAY)
#: rows of the audit trail for tries that one account's directory does not bear
SPENT_ROWS = Budget("directory-refused", 20, HOUR)
#: name of the budget of tries of directory passwords that one network begins
TRIES = "directory-tries"
#: looks at one directory account
DIRECTORY_LOOKS = Budget("directory-looks", 60, HOUR)
