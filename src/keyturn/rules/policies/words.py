"""The sentences of a preview, for one person and for many.

`{n}` is how many, `{was}` and `{to}` the value as it is written before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence: with n == 1, and with every other number. Without a number both are one."""

    one: str
    many: str = ""

    def __post_init__(self) -> None:
        if not self.many:
            object.__setattr__(self, "many", self.one)


SIGNUP_OFF = Say("From then on nobody begins to make an account by themselves.")
SIGNUP_OPEN = Say(
    "{n} person who has signed up and not entered the code yet can still finish.",
    "{n} people who have signed up and not entered the code yet can still finish.",
)
SIGNUP_INVITED = Say(
    "The invitation of {n} person goes on working.",
    "The invitations of {n} people go on working.",
)
SIGNUP_ON = Say(
    "Anybody who finds the page can make an account here, once they have proved an address. "
    "Strangers will stand among your users."
)
PHONE_OWING = Say(
    "{n} user has neither a number nor an authenticator, and is asked for one at the next "
    "sign-in, before going on.",
    "{n} users have neither a number nor an authenticator, and are asked for one at the next "
    "sign-in, before going on.",
)
PHONE_INVITED = Say(
    "{n} invited person cannot finish the activation without proving a number.",
    "{n} invited people cannot finish the activation without proving a number.",
)
PHONE_REQUIRED = Say("From then on nobody goes on without a number or an authenticator.")
PHONE_OPTIONAL = Say("From then on people are offered it and may leave it out.")
PHONE_OFF = Say("From then on no number can be added or replaced.")
PHONE_KEPT = Say(
    "{n} user keeps a proved number, and it goes on counting.",
    "{n} users keep a proved number, and it goes on counting.",
)
PHONE_LESS = Say(
    "From then on there may be accounts with no number and no authenticator: your help desk has "
    "one way less to know their owners by."
)
AGAIN_OFF = Say("From then on the page of a dead link says whom to ask.")
AGAIN_OFF_INVITED = Say(
    "{n} person is invited and has not come: if the link dies, they ask your support.",
    "{n} people are invited and have not come: if their links die, they ask your support.",
)
AGAIN_ON = Say(
    "From then on whoever reads the mailbox on file gets another activation link without asking "
    "anybody."
)
AGAIN_ON_INVITED = Say(
    "{n} person is invited and has not come: they can help themselves.",
    "{n} people are invited and have not come: they can help themselves.",
)
PASSWORD_SHORTER = Say("From then on shorter passwords are taken, which are easier to guess.")
PASSWORD_LONGER = Say("Passwords that are set from then on have at least {to} characters.")
PASSWORD_KEPT = Say(
    "{n} user keeps the password of today until the next change of it.",
    "{n} users keep the password of today until their next change of it.",
)
PASSWORD_NOBODY = Say("Nobody is locked out by this, and nobody has to change anything now.")
SCOPE_ACCOUNT = Say(
    "From then on strangers can lock people out: whoever knows a name and types five wrong "
    "passwords closes that account for ten minutes, in its owner’s own browsers too, as often as "
    "they like."
)
SCOPE_WHOLLY = Say(
    "{n} account is locked for unknown browsers now; it would be locked wholly, until that lock "
    "ends.",
    "{n} accounts are locked for unknown browsers now; they would be locked wholly, until those "
    "locks end.",
)
SCOPE_BROWSERS = Say(
    "{n} account is locked in a known browser alone now; that lock would not count any more.",
    "{n} accounts are locked in a known browser alone now; those locks would not count any more.",
)
SCOPE_CLIENT = Say(
    "From then on a stranger’s wrong passwords lock nobody out of browsers that they have signed "
    "in with before."
)
SCOPE_OPENS = Say(
    "{n} account that is locked now opens for its known browsers at once; for others the lock "
    "ends when it ends.",
    "{n} accounts that are locked now open for their known browsers at once; for others the "
    "locks end when they end.",
)
DOMAINS_MORE = Say(
    "Whoever has an address there is told that a mail cannot bring the directory’s password back."
)
DOMAINS_THERE = Say(
    "{n} user has an address at a domain that is added.",
    "{n} users have an address at a domain that is added.",
)
DOMAINS_STUCK = Say(
    "{n} of these has proved no number: without another way they need your help desk.",
    "{n} of these have proved no number: without another way they need your help desk.",
)
DOMAINS_LESS = Say("People at a domain that is taken off are not told any more.")
DOMAINS_FREED = Say(
    "{n} user has an address there. If that mailbox opens with the directory’s password after "
    "all, a code sent there helps nobody who has lost it.",
    "{n} users have an address there. If those mailboxes open with the directory’s password after "
    "all, a code sent there helps nobody who has lost it.",
)
SMS_LEFT_WITH_NONE = Say(
    "{n} user has no other second step: from then on the password alone lets them in, and the "
    "mailbox alone brings a forgotten one back. Let them set up the phone app or a passkey first.",
    "{n} users have no other second step: from then on the password alone lets them in, and the "
    "mailbox alone brings a forgotten one back. Let them set up the phone app or a passkey first.",
)
SMS_OTHERS = Say(
    "{n} user with a proved number has a better second step, which stays.",
    "{n} users with a proved number have a better second step, which stays.",
)
SMS_SESSIONS = Say("Nobody is signed out by this.")
SMS_GAINED = Say(
    "{n} user has only a password today, and is asked for a text besides it in a new browser.",
    "{n} users have only a password today, and are asked for a text besides it in a new browser.",
)
SMS_WEAKER = Say(
    "{n} user has a better second step today: from then on a text will do in its place.",
    "{n} users have a better second step today: from then on a text will do in its place.",
)
SMS_TAKEN_OVER = Say("Whoever takes over a number, at a shop or in the network, reads its texts.")
VOICE_ON = Say(
    "From then on who has only a landline is offered a call. If the gateway cannot call, no code "
    "comes."
)
VOICE_OFF = Say(
    "From then on who has only a landline is told before anything is sent, with the other ways."
)
REGION = Say("Numbers that are typed without + are read as numbers of {to} from then on.")
REGION_KEPT = Say(
    "{n} number that is proved stays as it is.", "{n} numbers that are proved stay as they are."
)
COUNTRIES_MORE = Say(
    "From then on texts go to more countries. Look at the messages in the next days: strangers "
    "who earn by texts look for that."
)
COUNTRIES_LESS = Say("From then on no new number of another country is taken.")
COUNTRIES_KEPT = Say(
    "{n} number that is proved stays, wherever it is from, and goes on getting its texts.",
    "{n} numbers that are proved stay, wherever they are from, and go on getting their texts.",
)
SENDER = Say(
    "Mails come from {to} from then on, those too that wait to be sent. Whoever has marked {was} "
    "as trusted has to do it again."
)
SENDER_PEOPLE = Say("{n} person gets mail from it.", "{n} people get mail from it.")
SENDER_HEALTH = Say(
    "Whether it arrives is decided by SPF, DKIM and DMARC of its domain: look at “Health” right "
    "after."
)
SUPPORT_NONE = Say("Nobody would be named: whoever meets a dead end finds no way to reach you.")
SUPPORT_SHOWN = Say("Every page that ends somewhere shows these ways from then on.")
SUPPORT_CARDS = Say("Whoever saved you as a contact keeps the old ways until they save it again.")
LANGUAGE_PEOPLE = Say(
    "{n} user chose no language: from then on their mails are in this one.",
    "{n} users chose no language: from then on their mails are in this one.",
)
LANGUAGE_PAGES = Say("Pages stay in the language that each browser asks for, where it is ours.")
ZONE_PEOPLE = Say(
    "{n} user has no zone of their own: times in their mails are said in {to}.",
    "{n} users have no zone of their own: times in their mails are said in {to}.",
)
ZONE_FIGURES = Say("Days of figures and reports begin at midnight there from then on.")
NAME = Say(
    "Pages and mails have it at once. Authenticators that are set up go on showing the old name."
)
ACCENT = Say("Pages and mails have it at once.")


def every() -> Iterator[str]:
    """Every sentence, each once, for translators."""
    said = [one for one in globals().values() if isinstance(one, Say)]
    yield from dict.fromkeys(text for one in said for text in (one.one, one.many))
