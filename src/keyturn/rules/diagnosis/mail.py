"""The mail does not arrive: judged by what the far side has reported.

    state of the message          what may be said
    ----------------------------  ---------------------------------------------
    queued, never tried           it is about to be sent
    queued, tried                 the far side asked us to come back later
    sent, no report               not known
    delivered                     it arrived: look in spam and blocked senders
    bounced, rejected             it came back, and why (RFC 3463 where it says so)
    expired                       it could not be delivered in time

A mail that is older than a day explains nothing of today.
"""

from __future__ import annotations

import re

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    STRONG,
    Cause,
    Say,
    Symptom,
    Test,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY, MINUTE

_MAIL = (Symptom.MAIL, Symptom.CODE, Symptom.SIGNUP, Symptom.RECOVERY)
_NEEDS = ("mail.state", "mail.at", "mail.address", "tenant.sender")
_STUCK_MS = 2 * MINUTE
#: enhanced status codes of mail systems (RFC 3463): class.subject.detail
_STATUS = re.compile(r"\b[45]\.(\d{1,3})\.(\d{1,3})\b")


def _recent(facts: Facts, now: int) -> bool:
    at = facts.time("mail.at")
    return at is not None and now - at < DAY


def _is(state: str, strength: int, *because: str) -> Test:
    return when(
        lambda f, now: f.word("mail.state") == state and _recent(f, now),
        strength,
        "mail.state",
        *because,
    )


def _why(detail: str) -> str:
    """What a far side's last words mean: "mailbox", "full", "policy" or "other"."""
    found = _STATUS.search(detail)
    subject, code = (int(found[1]), int(found[2])) if found else (0, 0)
    if (subject, code) == (2, 2):
        return "full"
    return {1: "mailbox", 7: "policy"}.get(subject, "other")


def _back(why: str) -> Test:
    """It came back, and the far side said why in its status code."""
    return when(
        lambda f, now: (
            f.word("mail.state") in {"bounced", "rejected"}
            and _recent(f, now)
            and _why(f.word("mail.detail")) == why
        ),
        CERTAIN - 1,
        "mail.state",
        "mail.detail",
    )


def _waiting(facts: Facts, now: int) -> str:
    """The sort of waiting: "new" before the first try ended, "later" after a failed one,
    "stuck" while nobody takes due messages, else "".
    """
    state = facts.word("mail.state")
    if state not in {"queued", "sending"} or not _recent(facts, now):
        return ""
    if _stuck(facts, now):
        return "stuck"
    return "later" if facts.count("mail.attempts") > (state == "sending") else "new"


def _stuck(facts: Facts, now: int) -> bool:
    """A message has been due for so long that no worker can be looking."""
    due = facts.time("outbox.due_at")
    return due is not None and now - due > _STUCK_MS and facts.word("mail.state") == "queued"


CAUSES = (
    Cause(
        id="mail.queued",
        title="The mail is about to be sent",
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.attempts"),
        uses=("outbox.due_at",),
        test=when(lambda f, now: _waiting(f, now) == "new", LIKELY, "mail.state"),
        person=Say(
            "The mail asked for at {mail.at:time} is just being sent to {mail.address}.",
            "Give it a minute. It comes from {tenant.sender}.",
        ),
        help_desk=Say(
            "The mail of {mail.at:time} has not left yet; it is in the queue.",
            "Wait a minute and look again.",
        ),
        administrator=Say(
            "Message {mail.state} since {mail.at:time}, tries so far: {mail.attempts}.",
            "Nothing to mend, unless it stays so.",
        ),
        unseen="How long the far side will take is not known.",
    ),
    Cause(
        id="mail.queue-stuck",
        title="Delivery stands still",
        symptoms=_MAIL,
        needs=("mail.state", "mail.at", "outbox.due_at"),
        uses=("mail.attempts",),
        test=when(
            lambda f, now: _waiting(f, now) == "stuck", STRONG + 1, "outbox.due_at", "mail.state"
        ),
        person=Say(
            "Mails leave late at the moment; yours, asked for at {mail.at:time}, is kept and "
            "will be sent.",
            "Wait some minutes. Asking again does not make it faster.",
        ),
        help_desk=Say(
            "Messages have been waiting since {outbox.due_at:time}: delivery stands still.",
            "Tell the administrators; nothing is lost meanwhile.",
        ),
        administrator=Say(
            "The oldest message is due since {outbox.due_at:time} and nobody takes it.",
            "Check that a server with delivery runs and reaches its mail relay.",
        ),
        unseen="Why delivery stands still is in the servers' logs, not in the store.",
    ),
    Cause(
        id="mail.deferred",
        title="The other side asked to come back later",
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.attempts", "mail.detail", "mail.next_at"),
        uses=("outbox.due_at",),
        test=when(
            lambda f, now: _waiting(f, now) == "later",
            STRONG,
            "mail.state",
            "mail.attempts",
            "mail.detail",
        ),
        person=Say(
            "The mail system behind {mail.address} asked us to come back later. The next try is "
            "at {mail.next_at:time}.",
            "Wait; if it arrives after its code has ended, ask for a new one.",
        ),
        help_desk=Say(
            "Deferred by the far side after {mail.attempts} tries: {mail.detail}. Next try at "
            "{mail.next_at:time}.",
            "Greylisting passes within minutes. If it lasts, offer another address in a case.",
        ),
        administrator=Say(
            "Temporary refusal (4xx): {mail.detail}; attempt {mail.attempts}, next at "
            "{mail.next_at:time}.",
            "If many domains defer, check the relay's reputation, DNS and DKIM.",
        ),
        unseen="When the far side will take it is known to it alone.",
    ),
    Cause(
        id="mail.no-report",
        title="Handed over, nothing further known",
        symptoms=_MAIL,
        needs=_NEEDS,
        test=_is("sent", POSSIBLE),
        person=Say(
            "The mail was handed over at {mail.at:time} for {mail.address}. Whether it arrived "
            "is not known.",
            "Look for mail from {tenant.sender}, in the spam folder too, and mark it as trusted.",
        ),
        help_desk=Say(
            "The mail of {mail.at:time} was accepted by the next mail system; no report has come "
            "back.",
            "Neither arrived nor lost is proved. Let the person search for {tenant.sender} in "
            "all folders.",
        ),
        administrator=Say(
            "Accepted by the relay, no bounce or delivery report since {mail.at:time}.",
            "Follow the Message-ID in the relay's log.",
        ),
        unseen="What happens behind the next mail system cannot be seen without its report.",
    ),
    Cause(
        id="mail.delivered",
        title="Delivered, but not found",
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.updated_at"),
        test=_is("delivered", LIKELY),
        person=Say(
            "The mail was delivered to {mail.address} at {mail.updated_at:time}.",
            "Look in the spam folder and among blocked senders for {tenant.sender}, and mark it "
            "as trusted.",
        ),
        help_desk=Say(
            "The far side confirmed delivery to {mail.address} at {mail.updated_at:time}.",
            "Spam folder, blocked senders, rules that move mail, or another mailbox of the same "
            "person.",
        ),
        administrator=Say(
            "Delivered at {mail.updated_at:time} by the far side's report.",
            "Have {tenant.sender} put on the allow list of the person's organisation.",
        ),
        unseen="In which folder it lies, and whether it was read, cannot be seen.",
    ),
    Cause(
        id="mail.no-mailbox",
        title="No such mailbox",
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.detail"),
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
        id="mail.full",
        title="The mailbox is full",
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.detail"),
        test=_back("full"),
        person=Say(
            "The mail to {mail.address} came back: the mailbox is full.",
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
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.detail"),
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
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.detail"),
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
    Cause(
        id="mail.too-late",
        title="Not delivered in time",
        symptoms=_MAIL,
        needs=(*_NEEDS, "mail.detail"),
        test=_is("expired", STRONG, "mail.detail"),
        person=Say(
            "The mail asked for at {mail.at:time} could not be delivered while its code was "
            "good, so it was given up.",
            "Ask for a new one. If that fails too, open a case.",
        ),
        help_desk=Say(
            "Given up after its life was over; the last words were: {mail.detail}",
            "Let the person ask again; look whether mail leaves at all.",
        ),
        administrator=Say(
            "Message expired undelivered: {mail.detail}",
            "Check the relay and the messages around {mail.at:time}.",
        ),
        unseen="Whether the next mail fares better is not known.",
    ),
    Cause(
        id="mail.none",
        title="No mail was asked for",
        symptoms=(Symptom.MAIL,),
        needs=("account.exists", "mail.at"),
        test=when(
            lambda f, _: f.flag("account.exists") and f.time("mail.at") is None, LIKELY, "mail.at"
        ),
        person=Say(
            "No mail with a code has been asked for in this account.",
            "Begin again, and check the name: the code goes to the account that was named.",
        ),
        help_desk=Say(
            "No code or link mail is on record for this account.",
            "The person probably named another account, or has not asked yet.",
        ),
        administrator=Say(
            "No message of this account within the retention time.",
            "Search messages for the time in question.",
        ),
        unseen="Mails older than the retention time are no longer on record.",
    ),
)
