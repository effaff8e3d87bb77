"""Sign-up: the account cannot be made, or is made and does not open."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    LIKELY,
    STRONG,
    Cause,
    Say,
    Symptom,
    Test,
    when,
)
from keyturn.rules.diagnosis.facts import Facts

_UNVERIFIED = (Symptom.SIGNIN, Symptom.SIGNUP, Symptom.RECOVERY, Symptom.MAIL)
_STATE, _CODE, _MAIL = "account.state", "code.state", "mail.state"
_LOST = frozenset({"bounced", "rejected"})


def _waiting(facts: Facts, now: int) -> str:
    """Why an unverified account is still unverified; "" if it is not."""
    if facts.word(_STATE) != "unverified":
        return ""
    if facts.word(_MAIL) in _LOST:
        return "undelivered"
    live = facts.word(_CODE) == "live"
    return "live" if live and facts.ahead("code.expires_at", now) else "ended"


def _is(kind: str, *because: str) -> Test:
    return when(lambda facts, now: _waiting(facts, now) == kind, CERTAIN, _STATE, *because)


CAUSES = (
    Cause(
        id="signup.code-not-entered",
        title="The code has not been entered yet",
        symptoms=_UNVERIFIED,
        needs=(_STATE, _CODE, "code.sent_at", "code.expires_at"),
        uses=(_MAIL,),
        test=_is("live", _CODE),
        person=Say(
            "Your account is not active yet: the code mailed at {code.sent_at:time} has "
            "not been entered.",
            "Type the code from the mail by {code.expires_at:time}, in the browser you "
            "signed up with. Look in the spam folder too.",
        ),
        help_desk=Say(
            "The account is unverified. A code was made at {code.sent_at:time} and is "
            "good until {code.expires_at:time}.",
            "Let the person find that mail and type the code. Nobody else should read it.",
        ),
        administrator=Say(
            "account.state = unverified; code live until {code.expires_at:time}.",
            "Nothing to mend; see the state of the mail.",
        ),
        unseen="Whether the mail was read cannot be seen.",
    ),
    Cause(
        id="signup.code-ended",
        title="The sign-up code has ended",
        symptoms=_UNVERIFIED,
        needs=(_STATE, _CODE),
        uses=(_MAIL, "code.expires_at"),
        test=_is("ended", _CODE),
        person=Say(
            "Your account is not active yet, and the code that was mailed is no longer good.",
            "Sign in with your password once more: a new code is offered. It is good for ten "
            "minutes.",
        ),
        help_desk=Say(
            "The account is unverified and its last code has ended.",
            "Let the person sign in with the right password and ask for a new code.",
        ),
        administrator=Say(
            "account.state = unverified; newest code: {code.state}.",
            "Nothing to mend. Signing up again with the same address also works.",
        ),
        unseen="Why the code was not used in time cannot be seen.",
    ),
    Cause(
        id="signup.mail-lost",
        title="The mail with the sign-up code came back",
        symptoms=_UNVERIFIED,
        needs=(_STATE, _MAIL, "mail.detail", "mail.address"),
        uses=(_CODE, "code.expires_at"),
        test=_is("undelivered", _MAIL, "mail.detail"),
        person=Say(
            "Your account is not active yet, because the mail with the code to {mail.address} "
            "came back.",
            "Sign up again and check the address letter by letter, or use another one.",
        ),
        help_desk=Say(
            "The account is unverified because its mail to {mail.address} came back: {mail.detail}",
            "Probably a slip in the address. Let the person sign up again.",
        ),
        administrator=Say(
            "account.state = unverified; mail {mail.state}: {mail.detail}",
            "An unverified account gives way to a new sign-up.",
        ),
        unseen="Which address was meant cannot be seen.",
    ),
    Cause(
        id="signup.closed",
        title="Sign-up is by invitation only",
        symptoms=(Symptom.SIGNUP,),
        needs=("tenant.signup",),
        test=when(lambda f, _: f.value("tenant.signup") is False, CERTAIN, "tenant.signup"),
        person=Say(
            "People cannot sign up here by themselves.",
            "Ask the organisation for an invitation, by the contacts on this page.",
        ),
        help_desk=Say(
            "This organisation takes new people by invitation only.",
            "Pass the wish on to whoever invites people.",
        ),
        administrator=Say(
            "The tenant's policy has sign-up switched off.",
            "Invite the person, or allow sign-up in the tenant's policy.",
        ),
        unseen="Whether somebody means to invite this person is not known.",
    ),
    Cause(
        id="signup.has-account",
        title="There is an account with this address already",
        symptoms=(Symptom.SIGNUP,),
        needs=(_STATE, "signup.repeated_at"),
        test=when(
            lambda f, _: f.word(_STATE) == "active" and f.time("signup.repeated_at") is not None,
            STRONG,
            "signup.repeated_at",
        ),
        person=Say(
            "You have an account with this address already. That is what the mail sent at "
            "{signup.repeated_at:time} says.",
            "Sign in, or choose Forgot password. There is no need for a second account.",
        ),
        help_desk=Say(
            "Somebody signed up again with this address at {signup.repeated_at:time}; the "
            "account exists and is active.",
            "Guide the person to sign-in or Forgot password.",
        ),
        administrator=Say(
            "signup.repeated at {signup.repeated_at:time}; the page answered as for a new "
            "address, the mail told the owner.",
            "Nothing to mend.",
        ),
        unseen="Whether the owner or somebody else signed up again cannot be seen.",
    ),
    Cause(
        id="signup.phone-wanted",
        title="A proved phone number is still missing",
        symptoms=(Symptom.SIGNUP, Symptom.PHONE),
        needs=("tenant.phone", _STATE, "phone.verified_at"),
        test=when(
            lambda f, _: (
                f.word("tenant.phone") == "required"
                and f.word(_STATE) in {"active", "unverified"}
                and f.time("phone.verified_at") is None
            ),
            LIKELY,
            "tenant.phone",
            "phone.verified_at",
        ),
        person=Say(
            "This organisation asks for a phone number, and yours is not proved yet.",
            "Enter a mobile number and type the code sent to it.",
        ),
        help_desk=Say(
            "A proved phone number is required here and is missing.",
            "Let the person finish that step. If they have no mobile phone, ask an administrator.",
        ),
        administrator=Say(
            'tenant.phone = "required"; phone.verified_at is empty.',
            'Set the policy to "optional" if people without a mobile phone are expected.',
        ),
        unseen="Whether the person has a mobile phone is not known.",
    ),
)
