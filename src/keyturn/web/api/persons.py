"""A person, and their new session, as replies show them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keyturn.rules.accounts import User
from keyturn.steps.sessions import SignedIn
from keyturn.web.api.call import Call, Reply
from keyturn.web.api.pending import Out

Level = Annotated[int, Field(description="1 password, 2 password and a second step.")]
Session = Annotated[str, Field(description="For `Authorization: Bearer …`, from now on.")]


class Me(Out):
    """Oneself."""

    id: str
    name: str
    username: str | None
    email: str
    phone: str | None
    timezone: str | None


class Entered(Out):
    """A new session."""

    session: Session
    client: Annotated[str, Field(description="For the header Keyturn-Client, from now on.")]
    level: Level


class SigninReply(Reply):
    """Signed in, or what is pending."""

    signed_in: Entered | None


def me(user: User) -> Me:
    """Whose session this is."""
    return Me(
        id=user.id, name=user.name, username=user.username, email=user.email, phone=user.phone,
        timezone=user.timezone,
    )  # fmt: skip


def entered(call: Call, answer: SignedIn) -> Entered:
    """A flow's new session; the client's token is signed and joins those already known."""
    client = call.known_client(answer.client)
    return Entered(session=answer.session, client=client, level=answer.level)
