"""Every policy of a tenant: what it is, what its values mean for people, who may change it.

    policy             who changes it    form
    -----------------  ----------------  ---------------------------------
    signup             owners            on, off
    phone              owners            off, optional, required
    activation_again   owners            on, off
    password_min       owners            8 to 64
    lockout_scope      owners            client, account
    directory_domains  owners            mail domains, one a line
    sms_second         owners            on, off
    voice              owners            on, off
    region             owners            a country
    sms_countries      owners            countries, one a line
    sender             owners            a mail address
    support            owners            LABEL|ADDRESS|HOURS, one a line
    name               owners, managers  a line
    accent             owners, managers  #rrggbb
    language           owners, managers  one of ours
    timezone           owners, managers  an IANA zone

Where people are sent for help, and whose mail they trust, decides whom they believe: these two
are the owners', like what guards the accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from keyturn.rules.access import Action
from keyturn.rules.languages import LANGUAGES


class Form(StrEnum):
    """How a value is written."""

    CHOICE = "choice"  # one of `Policy.values`
    NUMBER = "number"
    LINE = "line"
    LINES = "lines"  # one thing a line


@dataclass(frozen=True, slots=True)
class Meaning:
    """A value that may be chosen: its name, and what it means for people."""

    label: str
    means: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One thing that a tenant decides.

    Attributes:
        key: its name, in addresses and on the command line.
        title: a few words; `what`: one sentence.
        values: where one of few is chosen: by how it is written, in order. Else empty.
        allowed: where it is typed: what may stand there. Else "".
        nothing: what it means where nothing is written.
    """

    key: str
    form: Form
    action: Action
    title: str
    what: str
    values: Mapping[str, Meaning] = field(default_factory=dict)
    allowed: str = ""
    nothing: str = "none"


ON, OFF = "on", "off"
#: where a policy stands on the page: a heading to its policies
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Coming in": ("signup", "phone", "activation_again"),
    "Passwords and locks": ("password_min", "lockout_scope", "directory_domains"),
    "Texts and calls": ("sms_second", "voice", "region", "sms_countries"),
    "How people see you": ("name", "accent", "sender", "support", "language", "timezone"),
}
_EVERY: Final = (
    Policy(
        "signup", Form.CHOICE, Action.POLICIES, "Signing up",
        "Whether people may make accounts by themselves.",
        {
            ON: Meaning("People sign up themselves", "Anybody who finds the page can make an "
                        "account, once they have proved an address."),
            OFF: Meaning("Only staff make accounts", "People come in by an invitation, a file or "
                         "a directory. The page says so."),
        },
    ),
    Policy(
        "phone", Form.CHOICE, Action.POLICIES, "Phone number",
        "Whether people are asked for a phone number, which they prove by a text.",
        {
            "required": Meaning("Required", "Nobody goes on without a proved number or an "
                                "authenticator."),
            "optional": Meaning("Optional", "People are offered it and may leave it out."),
            OFF: Meaning("Not asked for", "No number can be added. Those that are proved stay."),
        },
    ),
    Policy(
        "activation_again", Form.CHOICE, Action.POLICIES, "New activation link",
        "Whether somebody whose activation link is dead may have another one sent by themselves.",
        {
            ON: Meaning("By themselves", "One tap sends it, to the address on file and to no "
                        "other."),
            OFF: Meaning("By staff alone", "The page says whom to ask."),
        },
    ),
    Policy(
        "password_min", Form.NUMBER, Action.POLICIES, "Shortest password",
        "How many characters a new password has at least.",
        allowed="8 to 64. Where nobody has a second step, 15 are advised.",
    ),
    Policy(
        "lockout_scope", Form.CHOICE, Action.POLICIES, "What a lock closes",
        "Five wrong passwords in a row lock for ten minutes: this says what they lock.",
        {
            "client": Meaning("Each known browser by itself", "A stranger’s tries lock strangers "
                              "out. Browsers in which somebody has signed in before go on."),
            "account": Meaning("The whole account", "Whoever knows a name can keep its owner out, "
                               "for ten minutes at a time, as often as they like."),
        },
    ),
    Policy(
        "directory_domains", Form.LINES, Action.POLICIES, "Mailboxes behind the directory",
        "Mail domains whose mailboxes open with the very password that is lost. People there are "
        "told to name another way back.",
        allowed="Mail domains such as corp.example, one a line; their subdomains belong to them.",
    ),
    Policy(
        "sms_second", Form.CHOICE, Action.POLICIES, "Texts as a second step",
        "Whether a code by text counts as a second step, for whoever proved a number. Never for "
        "staff.",
        {
            OFF: Meaning("They do not count", "Second steps are the phone app, passkeys and "
                         "authenticators."),
            ON: Meaning("They count", "Better than a password alone, and weaker than every other "
                        "second step: whoever takes over a number reads its texts."),
        },
    ),
    Policy(
        "voice", Form.CHOICE, Action.POLICIES, "Calls to landlines",
        "Whether the gateway can call a number and read the code out.",
        {
            ON: Meaning("It can call", "Whoever has only a landline is offered a call."),
            OFF: Meaning("It cannot", "Whoever has only a landline is told before anything is "
                         "sent, with the other ways."),
        },
    ),
    Policy(
        "region", Form.LINE, Action.POLICIES, "Country of numbers",
        "In which country a number is read that is typed without + and country.",
        allowed="An ISO 3166 country such as GB.",
    ),
    Policy(
        "sms_countries", Form.LINES, Action.POLICIES, "Countries that texts go to",
        "Whose numbers are taken. Strangers who earn by each text use numbers far away.",
        allowed="ISO 3166 countries such as GB and IE, one a line; none for all countries.",
        nothing="all countries",
    ),
    Policy(
        "name", Form.LINE, Action.APPEARANCE, "Name",
        "What people read on pages, in mails and in their phone app.",
        allowed="1 to 100 characters that can be read.",
    ),
    Policy(
        "accent", Form.LINE, Action.APPEARANCE, "Colour",
        "The one colour of buttons and links.",
        allowed="#rrggbb; where it could not be read it is made darker or lighter by itself.",
    ),
    Policy(
        "sender", Form.LINE, Action.POLICIES, "Sender of mails",
        "The one address that all mails come from. Every page that promises a mail shows it.",
        allowed="A mail address.",
    ),
    Policy(
        "support", Form.LINES, Action.POLICIES, "Ways to reach you, with hours",
        "Where people are sent at every dead end.",
        allowed="LABEL|ADDRESS|HOURS, one a line, at most eight; the hours may be left out.",
    ),
    Policy(
        "language", Form.CHOICE, Action.APPEARANCE, "Language",
        "Of mails to people who chose none, and of pages for browsers that ask for none of ours.",
        {code: Meaning(name, "") for code, name in LANGUAGES.items()},
    ),
    Policy(
        "timezone", Form.LINE, Action.APPEARANCE, "Time zone",
        "In which times are said to people whose own zone is not known.",
        allowed="An IANA time zone such as Europe/London.",
    ),
)  # fmt: skip
POLICIES: Final[Mapping[str, Policy]] = {one.key: one for one in _EVERY}


def label(key: str, written: str) -> str:
    """A value as people read it: of few its name, else as it is written, in one line."""
    policy = POLICIES[key]
    meaning = policy.values.get(written)
    if meaning:
        return meaning.label
    return "; ".join(written.splitlines()).replace("|", ", ") or policy.nothing
