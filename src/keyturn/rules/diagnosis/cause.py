"""What a cause is: a row of the catalogue.

A cause names the refusals it can explain, the facts it needs, a pure test over them and
its words.  Words are templates: `{signin.last_success_at:time}` stands for a fact that
the cause needs, or for a value its test worked out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from keyturn.rules.diagnosis.facts import Facts, Value
from keyturn.rules.diagnosis.vocabulary import VOCABULARY, Audience


class Symptom(StrEnum):
    """What the person runs into."""

    SIGNIN = "signin"  # name and password are not accepted
    SECOND = "second"  # the second step is not accepted, or is asked for unexpectedly
    SIGNUP = "signup"  # an account cannot be made or finished
    CODE = "code"  # a code or link that arrived is not accepted
    MAIL = "mail"  # the mail does not arrive
    TEXT = "text"  # the text message does not arrive
    PHONE = "phone"  # the phone number is not accepted
    RECOVERY = "recovery"  # a forgotten password cannot be replaced
    SESSION = "session"  # signed out unexpectedly
    PAGE = "page"  # a page or form is refused
    DIRECTORY = "directory"  # the directory password cannot be set, or does not work
    DEVICE = "device"  # a device cannot be set up, or is silent
    APP = "app"  # the phone app cannot be set up, or does not answer


class Voice(StrEnum):
    """To whom words are spoken."""

    STRANGER = "stranger"
    PERSON = "person"
    HELP_DESK = "help-desk"
    ADMINISTRATOR = "administrator"


#: Strength of evidence, 0 to 100.
CERTAIN: Final = 95  #: a stored state that refuses by itself
STRONG: Final = 80  #: a state that refuses unless something newer was missed
LIKELY: Final = 60  #: fits all that is known
POSSIBLE: Final = 40  #: fits, as other causes would
HINT: Final = 20  #: nothing speaks against it


@dataclass(frozen=True, slots=True)
class Say:
    """Words of one voice, as templates: what is the case, and what to do."""

    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a cause is held to be true.

    Attributes:
        strength: 0 to 100.
        because: names of the facts that convinced.
        derived: values that the test worked out, for the words.
    """

    strength: int
    because: tuple[str, ...]
    derived: Mapping[str, Value] = field(default_factory=dict)


Test = Callable[[Facts, int], Evidence | None]


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of the catalogue.

    Attributes:
        id: "topic.cause", stable: it stands in cases and audit entries.
        title: a short line for lists and headings; tells no values.
        symptoms: what it can explain.
        needs: facts that must have been looked at before it can be judged; the words
            may use their values.
        uses: facts that sharpen the judgement where they are known.
        test: pure; sees exactly `needs` and `uses`.
        person, help_desk, administrator: the words, by voice.
        unseen: what Keyturn cannot see in this matter.
        strangers: told to strangers only, because people with proof and staff get a
            fuller cause in its place.
    """

    id: str
    title: str
    symptoms: tuple[Symptom, ...]
    needs: tuple[str, ...]
    test: Test
    person: Say
    help_desk: Say
    administrator: Say
    unseen: str
    uses: tuple[str, ...] = ()
    strangers: bool = False

    @property
    def public(self) -> bool:
        """Whether nothing in it depends on an account."""
        names = (*self.needs, *self.uses)
        return all(VOCABULARY[name].audience is Audience.PUBLIC for name in names)

    def say(self, voice: Voice) -> Say:
        """The words for a voice; a stranger's are the person's, for public causes only."""
        if voice is Voice.HELP_DESK:
            return self.help_desk
        return self.administrator if voice is Voice.ADMINISTRATOR else self.person


def when(check: Callable[[Facts, int], bool], strength: int, *because: str) -> Test:
    """A test that is true while `check` is, with fixed strength and evidence."""

    def test(facts: Facts, now: int) -> Evidence | None:
        return Evidence(strength, because) if check(facts, now) else None

    return test
