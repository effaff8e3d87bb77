"""What is known of a mail, as the page that waits for it says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from keyturn.rules.accounts import Tenant
from keyturn.rules.messages import MessageState
from keyturn.steps.fates import Fate

if TYPE_CHECKING:
    from keyturn.rules.diagnosis import Words


class Told(TypedDict):
    """For the template: the state as icon, word and colour, and the person's words."""

    message_state: MessageState | None
    told_of: Words | None


def of_mail(fate: Fate | None, address: str, tenant: Tenant, now: int) -> Told:
    """What the reports say of a mail to `address`, in the person's words of the catalogue."""
    if fate is None:
        return Told(message_state=None, told_of=None)
    from keyturn.rules.diagnosis import (  # noqa: PLC0415  a catalogue that a start need not load
        Facts,
        Symptom,
        Voice,
        diagnose,
        words,
    )

    facts = Facts(
        {
            "mail.state": fate.state.value,
            "mail.at": fate.asked_at,
            "mail.updated_at": fate.at,
            "mail.address": address,
            "mail.detail": fate.detail,
            "mail.attempts": 1 if fate.again_at else 0,
            "mail.next_at": fate.again_at,
            "tenant.sender": tenant.sender,
        }
    )
    findings = diagnose(facts, now, Symptom.MAIL).findings
    return Told(
        message_state=fate.state,
        told_of=words(findings[0], Voice.PERSON) if findings else None,
    )
