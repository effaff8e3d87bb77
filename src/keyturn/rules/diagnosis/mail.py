"""The mail does not arrive: judged by what the far side has reported.

    state of the message          what may be said
    ----------------------------  ---------------------------------------------
    queued, never tried           it is about to be sent
    queued, tried                 our mail server asked us to come back later
    sent, no report               not known
    deferred                      the far side put it off; tried again by itself
    relayed                       their mail system took it and tells no more
    delivered                     it arrived: look in spam and blocked senders
    bounced, rejected             it came back, and why: see mail_back
    expired                       it could not be delivered in time

A mail that is older than a day explains nothing of today.
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import (
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
from keyturn.rules.diagnosis.mail_back import MAIL, NEEDS, is_full, recent
from keyturn.rules.lockout import MINUTE

_STUCK_MS = 2 * MINUTE


def _is(state: str, strength: int, *because: str) -> Test:
    return when(
        lambda f, now: f.word("mail.state") == state and recent(f, now),
        strength,
        "mail.state",
        *because,
    )


def _has_room(state: str, strength: int) -> Test:
    """It is in that state, and not because the mailbox is full."""
    return when(
        lambda f, now: f.word("mail.state") == state and recent(f, now) and not is_full(f),
        strength,
        "mail.state",
        "mail.detail",
    )


def _waiting(facts: Facts, now: int) -> str:
    """The sort of waiting: "new" before the first try ended, "later" after a failed one,
    "stuck" while nobody takes due messages, else "".
    """
    state = facts.word("mail.state")
    if state not in {"queued", "sending"} or not recent(facts, now):
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
        symptoms=MAIL,
        needs=(*NEEDS, "mail.attempts"),
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
        symptoms=MAIL,
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
        title="The next mail server asked to come back later",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.attempts", "mail.detail", "mail.next_at"),
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
        id="mail.put-off",
        title="Put off by the mailbox's side",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail", "mail.updated_at"),
        test=_has_room("deferred", STRONG),
        person=Say(
            "The mail has left us. The mail system behind {mail.address} does not take it yet, as "
            "we heard at {mail.updated_at:time}. It is offered again and again by itself.",
            "Wait some minutes. If it arrives after its code has ended, ask for a new one.",
        ),
        help_desk=Say(
            "Put off by the far side, known since {mail.updated_at:time}. Its words: {mail.detail}",
            "Asking again sends another mail behind the first. If it lasts, offer another address "
            "in a case.",
        ),
        administrator=Say(
            "Delay notification at {mail.updated_at:time}: {mail.detail}",
            "The relay's queue holds the mail. If many domains defer, check its reputation, DNS "
            "and DKIM.",
        ),
        unseen="When the far side will take it is known to it alone.",
    ),
    Cause(
        id="mail.no-report",
        title="Handed over, nothing further known",
        symptoms=MAIL,
        needs=NEEDS,
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
            "Follow the Message-ID in the relay's log. Reports are read only where mail.bounces is "
            "set.",
        ),
        unseen="What happens behind the next mail system cannot be seen without its report.",
    ),
    Cause(
        id="mail.relayed",
        title="Taken by a mail system that tells no more",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.updated_at"),
        test=_is("relayed", LIKELY),
        person=Say(
            "The mail system behind {mail.address} took the mail at {mail.updated_at:time}. It "
            "gives no receipts, so the rest is not known.",
            "Look in the spam folder and among blocked senders for {tenant.sender}, and mark it "
            "as trusted.",
        ),
        help_desk=Say(
            "Handed over to the mail system behind {mail.address} at {mail.updated_at:time}; that "
            "system gives no receipts.",
            "Spam folder, blocked senders, rules that move mail, a quarantine of the person's "
            "organisation.",
        ),
        administrator=Say(
            "Relayed at {mail.updated_at:time} to a system without delivery notifications "
            "(RFC 3461); no bounce since.",
            "Have {tenant.sender} put on the allow list of the person's organisation.",
        ),
        unseen="Whether it was filed, quarantined or thrown away behind that system is not known.",
    ),
    Cause(
        id="mail.delivered",
        title="Delivered, but not found",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.updated_at"),
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
        id="mail.too-late",
        title="Not delivered in time",
        symptoms=MAIL,
        needs=(*NEEDS, "mail.detail"),
        test=_has_room("expired", STRONG),
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
