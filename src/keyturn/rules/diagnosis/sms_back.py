"""The text message came back with a reason, or a cap holds further ones back.

    reason at the head of the detail     cause
    -----------------------------------  --------------------------
    unknown-number                       sms.number-unknown
    landline                             sms.reported-landline
    filtered                             sms.filtered
    barred                               sms.barred
    no-route                             sms.not-served
    our-account                          sms.gateway-account
    too-slow                             sms.gateway-slow
    unreachable, or expired without one  sms.phone-off (in sms.py)
    none                                 sms.undeliverable, sms.rejected (in sms.py)

A reason is only there where the gateway gave one (rules.texts).
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import CERTAIN, STRONG, Cause, Say, Symptom, Test, when
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY
from keyturn.rules.texts import Reason, reason_of

_TEXT = (Symptom.TEXT, Symptom.PHONE)
_NEEDS = ("sms.state", "sms.at", "sms.address", "sms.detail")
_BACK = frozenset({"bounced", "rejected", "expired"})


def came_back(facts: Facts, now: int) -> bool:
    """Whether the newest text is one of the last day that did not arrive."""
    at = facts.time("sms.at")
    return at is not None and now - at < DAY and facts.word("sms.state") in _BACK


def why(facts: Facts) -> Reason | None:
    """The reason that the gateway gave, or None."""
    return reason_of(facts.word("sms.detail"))


def _because(reason: Reason) -> Test:
    return when(
        lambda f, now: came_back(f, now) and why(f) is reason,
        CERTAIN,
        "sms.state",
        "sms.detail",
    )


def _cap(fact: str) -> Test:
    return when(lambda f, now: f.ahead(fact, now), CERTAIN, fact)


CAUSES = (
    Cause(
        id="sms.number-unknown",
        title="Nobody has the number",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.UNKNOWN),
        person=Say(
            "The phone network knows no phone with the number {sms.address}.",
            "Check each digit and the country. If the number is yours no more, use your new one.",
        ),
        help_desk=Say(
            "The network says that nobody has this number: {sms.detail}",
            "Read the masked number back to the person; it is mistyped or was given up.",
        ),
        administrator=Say(
            "Delivery report: unknown subscriber. {sms.detail}",
            "Nothing to mend for one number; many in one range are pumping.",
        ),
        unseen="Whether the number was mistyped or given up cannot be seen.",
    ),
    Cause(
        id="sms.reported-landline",
        title="The network says it is a landline",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.LANDLINE),
        person=Say(
            "The network says that {sms.address} is a line that takes no text messages.",
            "Enter a mobile number, or use an authenticator app.",
        ),
        help_desk=Say(
            "Landline, or a line without texts, by the network's word: {sms.detail}",
            "Offer another number or an authenticator. Insisting will not help.",
        ),
        administrator=Say(
            "Delivery report: landline or unreachable carrier. {sms.detail}",
            "If the numbering plan called it mobile, it was ported; nothing to mend.",
        ),
        unseen="A sender that this network does not serve can look the same.",
    ),
    Cause(
        id="sms.filtered",
        title="Held back as unwanted",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.FILTERED),
        person=Say(
            "A filter on the way held the text back as unwanted; it was not your doing.",
            "Use an authenticator app or another number for now.",
        ),
        help_desk=Say(
            "Filtered by carrier or gateway: {sms.detail}",
            "Offer another way; tell the administrators, since it will happen to others.",
        ),
        administrator=Say(
            "Filtered as spam: {sms.detail}",
            "Register the sender and its texts with the gateway for that country.",
        ),
        unseen="Which rule of the filter it was is not told.",
    ),
    Cause(
        id="sms.barred",
        title="The phone refuses texts of this sender",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.BARRED),
        person=Say(
            "The phone {sms.address} or its contract refuses texts of this sender.",
            "If you once answered STOP, answer START. Else allow service texts in your contract.",
        ),
        help_desk=Say(
            "Blocked or unsubscribed: {sms.detail}",
            "Somebody with that phone answered STOP, or the contract bars such texts.",
        ),
        administrator=Say(
            "Recipient opted out or barred: {sms.detail}",
            "The gateway keeps the list; only the recipient can take the number off it.",
        ),
        unseen="Who barred it, and when, is known to network and gateway.",
    ),
    Cause(
        id="sms.not-served",
        title="The gateway does not serve that network",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.NO_ROUTE),
        person=Say(
            "No texts can be sent to the network or country of {sms.address} from here.",
            "Use a number of another country, or an authenticator app.",
        ),
        help_desk=Say(
            "No route to that network or country: {sms.detail}",
            "Offer an authenticator; tell the administrators if such people are expected.",
        ),
        administrator=Say(
            "No route or no permission for that region: {sms.detail}",
            "Allow the region at the gateway, or leave it out of the tenant's countries.",
        ),
        unseen="What the gateway could serve at another price cannot be seen.",
    ),
    Cause(
        id="sms.gateway-account",
        title="The gateway refuses our account or sender",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.OURS),
        person=Say(
            "No texts can be sent at the moment; it is not about your number.",
            "Use an authenticator app, or try again later.",
        ),
        help_desk=Say(
            "The gateway refuses the organisation's own account or sender: {sms.detail}",
            "Tell the administrators at once: nobody gets texts.",
        ),
        administrator=Say(
            "Account, credit or sender at the gateway: {sms.detail}",
            "Check credit, the sender's registration and the settings under [sms].",
        ),
        unseen="The gateway's books cannot be seen.",
    ),
    Cause(
        id="sms.gateway-slow",
        title="It waited at the gateway for too long",
        symptoms=_TEXT,
        needs=_NEEDS,
        test=_because(Reason.SLOW),
        person=Say(
            "The text waited so long to be sent that its code had ended.",
            "Ask for a new code. If that takes as long, use an authenticator app.",
        ),
        help_desk=Say(
            "The gateway's queue was longer than the code's life: {sms.detail}",
            "Let the person ask again; tell the administrators if it goes on.",
        ),
        administrator=Say(
            "Validity expired in the gateway's queue: {sms.detail}",
            "Ask the gateway for more texts per second for your sender.",
        ),
        unseen="How long the gateway's queue is now cannot be seen.",
    ),
    Cause(
        id="sms.country-closed",
        title="The organisation does not text to that country",
        symptoms=_TEXT,
        needs=("phone.served",),
        test=when(lambda f, _: f.value("phone.served") is False, STRONG + 4, "phone.served"),
        person=Say(
            "This organisation sends no texts to numbers of that country.",
            "Enter a number of a country it serves, or use an authenticator app.",
        ),
        help_desk=Say(
            "The number belongs to a country that the tenant does not text to.",
            "Offer an authenticator. Administrators decide which countries are served.",
        ),
        administrator=Say(
            "phone.served = no: the country is not among the policy's sms_countries, or the "
            "number belongs to no country.",
            "keyturn tenant set SLUG --sms-countries, if people there are expected.",
        ),
        unseen="Whether the person lives there or travels cannot be seen.",
    ),
    Cause(
        id="sms.range-cap",
        title="Too many texts to numbers like this one",
        symptoms=_TEXT,
        needs=("budget.sms_range.until",),
        test=_cap("budget.sms_range.until"),
        person=Say(
            "So many texts went to numbers like yours that no further one is sent before "
            "{budget.sms_range.until:time}.",
            "Use an authenticator app, or ask again then. The organisation has been told.",
        ),
        help_desk=Say(
            "The cap on this range of numbers or country is reached until "
            "{budget.sms_range.until:time}.",
            "Offer an authenticator. Somebody may be pumping texts; the owners were mailed.",
        ),
        administrator=Say(
            "Budget sms-range or sms-country spent until {budget.sms_range.until:time}.",
            "Look for pumping among the messages before you raise limits.sms_per_range or "
            "limits.sms_per_country.",
        ),
        unseen="Whether the other texts were honest use must be judged by a human.",
    ),
    Cause(
        id="sms.network-cap",
        title="Too many texts were asked for from this network",
        symptoms=_TEXT,
        needs=("budget.sms_network.until",),
        test=_cap("budget.sms_network.until"),
        person=Say(
            "So many texts were asked for from your network that no further one is sent "
            "before {budget.sms_network.until:time}.",
            "Use another network, such as your phone's, or an authenticator app.",
        ),
        help_desk=Say(
            "The cap on texts of the person's network is reached until "
            "{budget.sms_network.until:time}.",
            "In a large office many share one network; mobile data is another.",
        ),
        administrator=Say(
            "Budget sms-network spent until {budget.sms_network.until:time}.",
            "If many honest people share that network, raise limits.sms_per_network.",
        ),
        unseen="Who else asked from that network stands in the audit trail only.",
    ),
)
