"""What a passkey is asked and what it answers, in the JSON forms of WebAuthn Level 3.

Both travel as text: that is how platforms take and give them, and nothing between a program
and its authenticator has to understand them.
"""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from keyturn.rules.passkeys import Assertion, Attestation, assertion, attestation
from keyturn.web.api.call import Reply
from keyturn.web.api.fields import Fields, Text
from keyturn.web.strict_json import invalid

CREDENTIAL_MAX = 32_768
ANSWERS = "Stands five minutes and takes one answer."


class Answer(Fields):
    """What a passkey answered."""

    credential: Annotated[
        Text,
        Field(
            min_length=1, max_length=CREDENTIAL_MAX,
            description="AuthenticationResponseJSON as text: the credential's toJSON().",
        ),
    ]  # fmt: skip


class SecondAnswer(Answer):
    """What a passkey answered as the second step."""

    trust: Annotated[bool, Field(description="This client need not do it again.")] = False


class Made(Fields):
    """A passkey that was made."""

    credential: Annotated[
        Text,
        Field(
            min_length=1, max_length=CREDENTIAL_MAX,
            description="RegistrationResponseJSON as text: the credential's toJSON().",
        ),
    ]  # fmt: skip


class RequestReply(Reply):
    """A question."""

    options: Annotated[
        str,
        Field(
            description="PublicKeyCredentialRequestOptionsJSON as text, for "
            "navigator.credentials.get() (parseRequestOptionsFromJSON)."
        ),
    ]


class CreationReply(Reply):
    """A question for a new passkey."""

    options: Annotated[
        str,
        Field(
            description="PublicKeyCredentialCreationOptionsJSON as text, for "
            "navigator.credentials.create() (parseCreationOptionsFromJSON)."
        ),
    ]


def _read(text: str) -> object:
    """What the text says; None if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def used(given: Answer) -> Assertion:
    """What was used. Raises Refusal 422."""
    found = assertion(_read(given.credential))
    if found is None:
        raise invalid("/credential", "unfit")
    return found


def made(given: Made) -> Attestation:
    """What was made. Raises Refusal 422."""
    found = attestation(_read(given.credential))
    if found is None:
        raise invalid("/credential", "unfit")
    return found
