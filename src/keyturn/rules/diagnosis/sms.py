"""The text message does not arrive, or the phone number is not accepted."""

from __future__ import annotations

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
from keyturn.rules.diagnosis.sms_back import came_back, why
from keyturn.rules.lockout import DAY
from keyturn.rules.texts import Reason

_TEXT = (Symptom.TEXT, Symptom.PHONE)
_NEEDS = ("sms.state", "sms.at", "sms.address")


def _recent(facts: Facts, now: int) -> bool:
    at = facts.time("sms.at")
    return at is not None and now - at < DAY


def _is(state: str, strength: int, *because: str) -> Test:
    return when(
        lambda f, now: f.word("sms.state") == state and _recent(f, now),
        strength,
        "sms.state",
        *because,
    )


def _unexplained(state: str, strength: int) -> Test:
    """It came back so, and the gateway gave no reason that has a cause of its own."""
    return when(
        lambda f, now: came_back(f, now) and f.word("sms.state") == state and why(f) is None,
        strength,
        "sms.state",
        "sms.detail",
    )


def _unreachable(facts: Facts, now: int) -> bool:
    """Whether the phone was out of reach: given up without a reason, or for just that one."""
    reason = why(facts)
    gave_up = facts.word("sms.state") == "expired" and reason is None
    return came_back(facts, now) and (gave_up or reason is Reason.UNREACHABLE)


def _waiting(facts: Facts, now: int) -> str:
    """The sort of waiting: "new" before the first try, "later" after a failed one, else ""."""
    state = facts.word("sms.state")
    if state not in {"queued", "sending"} or not _recent(facts, now):
        return ""
    return "later" if facts.count("sms.attempts") > (state == "sending") else "new"


def _unproved(facts: Facts) -> bool:
    return facts.flag("phone.given") and facts.time("phone.verified_at") is None


CAUSES = (
    Cause(
        id="sms.landline",
        title="The number is a landline",
        symptoms=_TEXT,
        needs=("phone.line", "phone.verified_at"),
        uses=("tenant.voice",),
        test=when(
            lambda f, _: f.word("phone.line") == "landline" and f.time("phone.verified_at") is None,
            STRONG + 2,
            "phone.line",
        ),
        person=Say(
            "By the numbering plan this is a landline, and landlines cannot take text messages.",
            "Enter a mobile number, or use an authenticator app. Where a call is offered, it "
            "reads the code out. If it is a mobile number after all, insist once.",
        ),
        help_desk=Say(
            "The number is a landline by the numbering plan.",
            "Offer another number or an authenticator. Numbers can be ported, so the person may "
            "insist once.",
        ),
        administrator=Say(
            "phone.line = landline (numbering plan; a hint, since numbers are ported).",
            "A gateway that can call would offer the voice call: set the tenant's policy for it.",
        ),
        unseen="Whether the number was moved to a mobile phone cannot be seen.",
    ),
    Cause(
        id="sms.internet-number",
        title="An internet or special number",
        symptoms=_TEXT,
        needs=("phone.line", "phone.verified_at"),
        test=when(
            lambda f, _: (
                f.word("phone.line") in {"voip", "other"} and f.time("phone.verified_at") is None
            ),
            POSSIBLE,
            "phone.line",
        ),
        person=Say(
            "This looks like an internet or special number; many of them take no text messages "
            "with codes.",
            "Enter the number of a mobile phone, or use an authenticator app.",
        ),
        help_desk=Say(
            "The numbering plan knows the number as: {phone.line}.",
            "Offer a mobile number or an authenticator.",
        ),
        administrator=Say(
            "phone.line = {phone.line}.",
            "Ask the gateway whether it serves such numbers.",
        ),
        unseen="Whether the number takes texts is known to its operator.",
    ),
    Cause(
        id="sms.queued",
        title="The text is about to be sent",
        symptoms=(Symptom.TEXT,),
        needs=(*_NEEDS, "sms.attempts"),
        test=when(lambda f, now: _waiting(f, now) == "new", LIKELY, "sms.state"),
        person=Say(
            "The text asked for at {sms.at:time} is just being sent to {sms.address}.",
            "Give it a minute.",
        ),
        help_desk=Say(
            "The text of {sms.at:time} has not left yet.",
            "Wait a minute and look again.",
        ),
        administrator=Say(
            "Message {sms.state} since {sms.at:time}, tries so far: {sms.attempts}.",
            "Nothing to mend, unless it stays so.",
        ),
        unseen="How long the phone network will take is not known.",
    ),
    Cause(
        id="sms.deferred",
        title="The gateway does not take it now",
        symptoms=(Symptom.TEXT,),
        needs=(*_NEEDS, "sms.attempts", "sms.detail", "sms.next_at"),
        test=when(
            lambda f, now: _waiting(f, now) == "later",
            STRONG,
            "sms.state",
            "sms.attempts",
            "sms.detail",
        ),
        person=Say(
            "The text could not be handed over yet. The next try is at {sms.next_at:time}.",
            "Wait, or use another way that the page offers.",
        ),
        help_desk=Say(
            "The gateway does not take the text now: {sms.detail}. Next try at {sms.next_at:time}.",
            "Tell the administrators if this concerns several people.",
        ),
        administrator=Say(
            "Gateway refused for now: {sms.detail}; attempt {sms.attempts}, next at "
            "{sms.next_at:time}.",
            "Check the gateway, its credit and its connection.",
        ),
        unseen="When the gateway recovers is not known.",
    ),
    Cause(
        id="sms.no-report",
        title="Handed over, nothing further known",
        symptoms=(Symptom.TEXT,),
        needs=_NEEDS,
        test=_is("sent", POSSIBLE),
        person=Say(
            "The text was handed over at {sms.at:time} for {sms.address}. Whether it arrived is "
            "not known.",
            "Check reception and that the number is right. After a minute you can ask again.",
        ),
        help_desk=Say(
            "The gateway accepted the text of {sms.at:time}; no delivery report has come.",
            "Neither arrived nor lost is proved. Read the masked number back to the person.",
        ),
        administrator=Say(
            "Accepted by the gateway, no delivery report since {sms.at:time}.",
            "Check that delivery reports reach Keyturn's address, and that this route gives any.",
        ),
        unseen="Accepted is not delivered: only a report would tell.",
    ),
    Cause(
        id="sms.delivered",
        title="Delivered, but not seen",
        symptoms=(Symptom.TEXT,),
        needs=(*_NEEDS, "sms.updated_at"),
        test=_is("delivered", LIKELY),
        person=Say(
            "The phone {sms.address} received the text at {sms.updated_at:time}.",
            "Look among blocked senders, unknown senders and spam in the messages app, and on "
            "the other SIM's inbox.",
        ),
        help_desk=Say(
            "Delivered to {sms.address} at {sms.updated_at:time}, by the network's report.",
            "Blocked or filtered senders, a second SIM, or a number that is somebody else's now.",
        ),
        administrator=Say(
            "Delivery report: delivered at {sms.updated_at:time}.",
            "Nothing to mend. Some networks report too early; compare with other people there.",
        ),
        unseen="Whether the message was seen cannot be seen.",
    ),
    Cause(
        id="sms.undeliverable",
        title="The phone network could not deliver it",
        symptoms=_TEXT,
        needs=(*_NEEDS, "sms.detail"),
        test=_unexplained("bounced", CERTAIN - 1),
        person=Say(
            "The phone network could not deliver the text to {sms.address}.",
            "Check the number, switch the phone on, or use another number.",
        ),
        help_desk=Say(
            "Undeliverable: {sms.detail}",
            "The number may be wrong, no longer in use, or barred from texts.",
        ),
        administrator=Say(
            "Delivery report: undeliverable. {sms.detail}",
            "Nothing to mend for one number; for many, ask the gateway about the route.",
        ),
        unseen="Why the network gave it up is only in its own words.",
    ),
    Cause(
        id="sms.rejected",
        title="Refused by gateway or network",
        symptoms=_TEXT,
        needs=(*_NEEDS, "sms.detail"),
        test=_unexplained("rejected", CERTAIN - 1),
        person=Say(
            "The text to {sms.address} was refused before it reached the phone.",
            "Use another number or an authenticator app.",
        ),
        help_desk=Say(
            "Refused by gateway or network: {sms.detail}",
            "Offer another way; tell the administrators if it happens to several people.",
        ),
        administrator=Say(
            "Rejected: {sms.detail}",
            "Check credit, the sender's registration and the countries that the gateway serves.",
        ),
        unseen="The network's rules cannot be seen.",
    ),
    Cause(
        id="sms.phone-off",
        title="The phone was off or out of reach",
        symptoms=(Symptom.TEXT,),
        needs=(*_NEEDS, "sms.detail"),
        test=when(_unreachable, STRONG, "sms.state", "sms.detail"),
        person=Say(
            "The phone {sms.address} could not be reached while the code was good.",
            "Switch it on, check reception, and ask for a new code.",
        ),
        help_desk=Say(
            "Given up: the phone was off or out of reach. {sms.detail}",
            "Let the person check reception and ask again.",
        ),
        administrator=Say(
            "Expired undelivered: {sms.detail}",
            "If many expire, look at the gateway's route.",
        ),
        unseen="Off, out of reach or abroad look alike.",
    ),
    Cause(
        id="sms.too-many",
        title="Too many texts to this number",
        symptoms=_TEXT,
        needs=("budget.sms.until",),
        test=when(lambda f, now: f.ahead("budget.sms.until", now), CERTAIN, "budget.sms.until"),
        person=Say(
            "So many texts went to this number that no further one is sent before "
            "{budget.sms.until:time}.",
            "Use the newest code you have, or another way that the page offers.",
        ),
        help_desk=Say(
            "The cap on texts for this person or number is reached until {budget.sms.until:time}.",
            "Offer an authenticator. Perhaps the earlier texts lie in a spam folder.",
        ),
        administrator=Say(
            "Budget sms-user or sms-number spent until {budget.sms.until:time}.",
            "It guards against pumping; it cannot be lifted for one number.",
        ),
        unseen="Whether the earlier texts were read cannot be seen.",
    ),
    Cause(
        id="sms.organisation-cap",
        title="The organisation's cap on texts is reached",
        symptoms=_TEXT,
        needs=("budget.sms_tenant.until",),
        test=when(
            lambda f, now: f.ahead("budget.sms_tenant.until", now),
            CERTAIN + 1,
            "budget.sms_tenant.until",
        ),
        person=Say(
            "No text messages are sent for the time being.",
            "Use an authenticator app, or try again tomorrow. The organisation has been told.",
        ),
        help_desk=Say(
            "The organisation's cap on texts is reached until {budget.sms_tenant.until:time}.",
            "Tell the administrators; offer an authenticator meanwhile.",
        ),
        administrator=Say(
            "Texts per tenant and day are used up until {budget.sms_tenant.until:time}.",
            "Look for pumping in the list of messages before you raise the setting.",
        ),
        unseen="Whether the texts were honest use must be judged by a human.",
    ),
    Cause(
        id="sms.none",
        title="The account has no phone number",
        symptoms=(Symptom.TEXT,),
        needs=("phone.given", "sms.at"),
        test=when(
            lambda f, _: f.value("phone.given") is False and f.time("sms.at") is None,
            LIKELY,
            "phone.given",
            "sms.at",
        ),
        person=Say(
            "This account has no phone number, so no text was sent.",
            "Codes for this account come by mail. You can add a number after signing in.",
        ),
        help_desk=Say(
            "No number is stored and no text was sent.",
            "Let the person look for the mail.",
        ),
        administrator=Say(
            "No phone number and no text on record.",
            "Nothing to mend.",
        ),
        unseen="Texts older than the retention time are no longer on record.",
    ),
    Cause(
        id="phone.in-use",
        title="The number cannot be used here",
        symptoms=(Symptom.PHONE, Symptom.SIGNUP),
        needs=("phone.in_use", "phone.holder_state"),
        test=when(
            lambda f, _: f.flag("phone.in_use"), CERTAIN + 1, "phone.in_use", "phone.holder_state"
        ),
        person=Say(
            "This number cannot be used here.",
            "Use another number or an authenticator app, or open a case.",
        ),
        help_desk=Say(
            "Another account has proved this number; that account is {phone.holder_state}.",
            "Search for the number to see who. From a disabled account it may be released; from "
            "an active one only by its own proof or in a case. At another customer, only the "
            "staff there can see and release it.",
        ),
        administrator=Say(
            "Phone numbers are unique among active and disabled users; the holder is "
            "{phone.holder_state}.",
            "Never enter false numbers to get around it. `keyturn tenant set --phone-unique` says "
            "among whose.",
        ),
        unseen="Whether both accounts belong to one person must be proved, not guessed.",
    ),
    Cause(
        id="phone.code-not-entered",
        title="The number is not proved yet",
        symptoms=_TEXT,
        needs=("phone.given", "phone.verified_at"),
        test=when(lambda f, _: _unproved(f), POSSIBLE - 2, "phone.given", "phone.verified_at"),
        person=Say(
            "The phone number is not proved yet: the code from the text has not been entered.",
            "Type the code from the newest text, or ask for a new one.",
        ),
        help_desk=Say(
            "A number was entered and its code was not.",
            "See what became of the text.",
        ),
        administrator=Say(
            "phone.given without phone.verified_at.",
            "Nothing to mend.",
        ),
        unseen="Whether the text was read cannot be seen.",
    ),
)
