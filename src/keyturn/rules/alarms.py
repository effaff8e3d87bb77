"""What the owners of a tenant are told at once, and not only when they look."""

from __future__ import annotations

from enum import StrEnum

from keyturn.rules.budgets import Budget
from keyturn.rules.lockout import HOUR


class Alarm(StrEnum):
    """A kind of alarm. Its words: letters/alarm.txt and console/words.html."""

    SMS_TENANT = "sms-tenant"  # the tenant's texts of the hour or the day are used up
    SMS_NETWORK = "sms-network"  # one network asks for many texts
    SMS_RANGE = "sms-range"  # many texts to one range of numbers
    SMS_COUNTRY = "sms-country"  # many texts to one foreign country
    SMS_PUMPING = "sms-pumping"  # of many codes texted, hardly any was entered
    MAIL_TENANT = "mail-tenant"  # strangers cause more mails than the tenant's cap
    DIRECTORY_HEALTH = "directory-health"  # something is wrong in a directory, or over
    AGENT_COPIED = "agent-copied"  # an agent's key is used in two places: both are stopped
    ACCOUNTS_GONE = "accounts-gone"  # so many of a directory are gone that a person should look
    AGENT_TWICE = "agent-twice"  # another machine wants to be an agent that is there already
    POLICY_WEAKER = "policy-weaker"  # a policy guards less than before
    PHONE_DENIED = "phone-denied"  # somebody said no on their phone twice within an hour


#: one mail, and one row of the audit trail, for each kind
ONCE = Budget("alarm", 1, HOUR)
