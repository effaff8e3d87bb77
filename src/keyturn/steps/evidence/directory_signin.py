"""What can be seen of tries to sign in with a person's directory password."""

from __future__ import annotations

from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.diagnosis import VOCABULARY
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.signins.answers import Way, way
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import DAY
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page

_TRIED, _SPENT = (Event.SIGNIN_DIRECTORY,), (Event.SIGNIN_SPENT,)
_WORDS: Final = {
    Way.PASS: "right", Way.CHANGE: "change", Way.BARRED: "barred", Way.TROUBLE: "trouble",
}  # fmt: skip


def directory_signin(page: Page, tx: Tx, act: Act, user: User) -> None:
    """Two looks at the audit trail, as far back as a day."""
    tried = _newest(tx, act, user, _TRIED)
    spent = _newest(tx, act, user, _SPENT)
    until = spent.facts.get("until") if spent else None
    page.note(
        "directory.",
        tried=_word(tried) if tried else None,
        tried_at=tried.at if tried else None,
        tries_until=until if isinstance(until, int) else None,
    )


def _newest(tx: Tx, act: Act, user: User, events: tuple[Event, ...]) -> Entry | None:
    found = tx.audit.search(act.tenant.id, events, user.id, None, 1)
    return found[0] if found and found[0].at > act.now - DAY else None


def _word(tried: Entry) -> str:
    """What came of it, "other" for a word of a newer agent."""
    bind, reason = str(tried.facts["bind"]), str(tried.facts["reason"])
    word = _WORDS.get(way(Bind(bind) if bind else None, reason))
    if word is not None:
        return word
    known = reason in VOCABULARY["directory.tried"].words
    return reason if known else "wrong" if bind == Bind.WRONG else "other"
