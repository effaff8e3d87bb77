"""The mail came back, and why: read from the far side's status code (RFC 3463).

status                    reason     what it means
------------------------  ---------  ------------------------------------------
x.1.2, x.1.10, x.4.4      domain     no mail system behind the domain
x.1.7, x.1.8, x.7.x       policy     refused: our address, reputation, content
x.1.x otherwise           mailbox    nobody has that mailbox
x.2.1                     closed     the mailbox is switched off
x.2.2                     full       no room; also while it is still being tried
x.2.3, x.3.4              big        the mail is too big for it
none, or any other        other      only its own words tell
"""

from __future__ import annotations

import re

from keyturn.rules.diagnosis.cause import CERTAIN, Cause, Say, Symptom, Test, when
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY

MAIL = (Symptom.MAIL, Symptom.CODE, Symptom.SIGNUP, Symptom.RECOVERY)
NEEDS = ("mail.state", "mail.at", "mail.address", "tenant.sender")
_STATUS = re.compile(r"\b[45]\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)
_REASONS = {
    (1, 2): "domain", (1, 10): "domain", (4, 4): "domain", (1, 7): "policy", (1, 8): "policy",
    (2, 1): "closed", (2, 2): "full", (2, 3): "big", (3, 4): "big",
}  # fmt: skip
_SUBJECTS = {1: "mailbox", 7: "policy"}
_LOST = frozenset({"bounced", "rejected"})
_LATE = frozenset({"deferred", "expired"})


def recent(facts: Facts, now: int) -> bool:
    """Whether the newest mail can still explain what happens today."""
    at = facts.time("mail.at")
    return at is not None and now - at < DAY


def is_full(facts: Facts) -> bool:
    """Whether the far side says that the mailbox has no room."""
    return _why(facts.word("mail.detail")) == "full"


def _why(detail: str) -> str:
    """What a far side's last words mean: a reason of the table above. Mail systems put a
    status that says nothing ("5.0.0") before one that does.
    """
    for subject, code in _STATUS.findall(detail):
        known = _REASONS.get((int(subject), int(code))) or _SUBJECTS.get(int(subject))
        if known is not None:
            return known
    return "other"


def _back(why: str) -> Test:
    """It came back, and the far side said why in its status code."""

    def holds(facts: Facts, now: int) -> bool:
        states = _LOST | _LATE if why == "full" else _LOST
        known = facts.word("mail.state") in states and recent(facts, now)
        return known and _why(facts.word("mail.detail")) == why

    return when(holds, CERTAIN - 1, "mail.state", "mail.detail")


CAUSES = (
    Cause(
        id="mail.no-mailbox",
        title="No such mailbox",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("mailbox"),
        person=Say(
            "The mail to {mail.address} came back: no such mailbox exists.",
            "Check the address letter by letter. If you no longer have that mailbox, open a case.",
        ),
        help_desk=Say(
            "No such mailbox: {mail.detail}",
            "The stored address is wrong or gone. It may be changed after two proofs in a case.",
        ),
        administrator=Say(
            "{mail.state}, status x.1.x (address): {mail.detail}",
            "Codes to this address can never arrive; correct it in a case.",
        ),
        unseen="Which address the person has now is not known.",
    ),
    Cause(
        id="mail.no-domain",
        title="No such mail domain",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("domain"),
        person=Say(
            "The mail to {mail.address} came back: there is no mail system behind the part after "
            "the @.",
            "Check that part letter by letter. If the address is right, use another one or open a "
            "case.",
        ),
        help_desk=Say(
            "The address's domain takes no mail: {mail.detail}",
            "Usually a slip of the keyboard in the domain. The stored address may be changed after "
            "two proofs in a case.",
        ),
        administrator=Say(
            "{mail.state}, domain unknown or without mail (x.1.2, x.1.10, x.4.4): {mail.detail}",
            "If several domains fail so, check the relay's own DNS resolver.",
        ),
        unseen="Whether the domain is down for good or for a while cannot be seen.",
    ),
    Cause(
        id="mail.closed",
        title="The mailbox is switched off",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("closed"),
        person=Say(
            "The mail to {mail.address} came back: that mailbox is switched off.",
            "Ask whoever runs it, or open a case to use another address.",
        ),
        help_desk=Say(
            "The mailbox exists and takes no mail: {mail.detail}",
            "The person may have left that provider or organisation. The address may be changed "
            "after two proofs in a case.",
        ),
        administrator=Say(
            "{mail.state}, status x.2.1 (mailbox disabled): {mail.detail}",
            "Nothing to mend here.",
        ),
        unseen="Why the mailbox was switched off is known to its provider.",
    ),
    Cause(
        id="mail.too-big",
        title="Refused as too big",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("big"),
        person=Say(
            "The mail system behind {mail.address} refused our mail as too big.",
            "Use another address, or open a case: our mails are small, so it is not your doing.",
        ),
        help_desk=Say(
            "Refused as too big: {mail.detail}",
            "Our mails are a few kilobytes. Tell the administrators; offer another address.",
        ),
        administrator=Say(
            "{mail.state}, status x.2.3 or x.3.4 (message too big): {mail.detail}",
            "Look at what the relay adds (disclaimers, banners) and at the far side's limit.",
        ),
        unseen="The far side's limit is only in its own words.",
    ),
    Cause(
        id="mail.full",
        title="The mailbox is full",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("full"),
        person=Say(
            "The mail to {mail.address} cannot be delivered: the mailbox is full.",
            "Delete something there, then ask for a new code.",
        ),
        help_desk=Say(
            "The mailbox is full: {mail.detail}",
            "Let the person make room and ask for a new code.",
        ),
        administrator=Say(
            "{mail.state}, status x.2.2 (mailbox full): {mail.detail}",
            "Nothing to mend here.",
        ),
        unseen="Whether room was made since is not known.",
    ),
    Cause(
        id="mail.blocked",
        title="Refused as unwanted",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("policy"),
        person=Say(
            "The mail system behind {mail.address} refused our mail as unwanted.",
            "Ask whoever runs that mailbox to allow {tenant.sender}, or use another address.",
        ),
        help_desk=Say(
            "Refused by the far side's policy: {mail.detail}",
            "The person's organisation must allow {tenant.sender}. Tell the administrators if "
            "it happens to several people.",
        ),
        administrator=Say(
            "{mail.state}, status x.7.x (policy): {mail.detail}",
            "Check SPF, DKIM and DMARC of {tenant.sender} and the relay's reputation.",
        ),
        unseen="The far side's rules cannot be seen.",
    ),
    Cause(
        id="mail.came-back",
        title="The mail came back",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_back("other"),
        person=Say(
            "The mail to {mail.address} came back.",
            "Check the address, or use another one. If that is not possible, open a case.",
        ),
        help_desk=Say(
            "The mail was refused for good. The far side's words: {mail.detail}",
            "Let the person check with whoever runs their mailbox.",
        ),
        administrator=Say(
            "{mail.state}: {mail.detail}",
            "The answer has no status code that Keyturn understands; see the relay's log.",
        ),
        unseen="What exactly the far side disliked is only in its own words.",
    ),
)
