"""What a reply may name as the pending step: what the person has to do next.

Times are integer milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from keyturn.rules.messages import MessageState
from keyturn.steps.codes import Sent

Method = Literal["totp", "recovery", "passkey", "sms", "push"]
Ms = Annotated[int, Field(description="Milliseconds since the epoch, UTC.")]


class Out(BaseModel):
    """Part of a reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Out):
    """Nothing is asked for."""

    step: Literal["none"] = "none"


class GivePassword(Out):
    """Name and password (POST /signin). `works_from`: a new password works from then on,
    because a lock runs until then.
    """

    step: Literal["password"] = "password"
    works_from: Ms | None = None


class SecondFactor(Out):
    """A second step (POST /signin/second)."""

    step: Literal["second_factor"] = "second_factor"
    methods: list[Method]
    expires_at: Ms


class Mailed(Out):
    """A code is on its way by mail.

    `sender`: the one address it comes from. `link_only`: the mail carries a long link
    instead of a code. `withheld_until`: nothing more is sent before.
    """

    sender: str
    sent_at: Ms | None
    expires_at: Ms | None
    resend_at: Ms | None
    link_only: bool
    withheld_until: Ms | None


class VerifyEmail(Mailed):
    """The code mailed to a new account's address (POST /signup/code).

    `mail`: what became of the mail; "sent" means that nothing is known of it since.
    """

    step: Literal["verify_email"] = "verify_email"
    email: str
    mail: MessageState | None = None


class RecoveryCode(Mailed):
    """The code mailed to the stored address, if there is one (POST /recovery/code).

    `mail`: what became of the mail; told only to a client that is known to the account
    (Keyturn-Client), because it tells that there is an account.
    """

    step: Literal["recovery_code"] = "recovery_code"
    typed: str
    mail: MessageState | None = None


class RecoverySecond(Out):
    """A second proof (POST /recovery/second)."""

    step: Literal["recovery_second"] = "recovery_second"
    methods: list[Method]


class FirstDay(Out):
    """Setting up the account, which was never activated: a browser goes on at `path`, where the
    phone is set up; there is no password yet.
    """

    step: Literal["first_day"] = "first_day"
    path: Literal["/recover/first"] = "/recover/first"


class NewPassword(Out):
    """A new password (POST /recovery/password) of at least `minimum` characters."""

    step: Literal["new_password"] = "new_password"
    minimum: int


class PhoneNumber(Out):
    """A phone number, which the tenant requires (POST /account/phone)."""

    step: Literal["phone_number"] = "phone_number"


class PhoneCode(Out):
    """The code in a text to `number` (POST /account/phone/code).

    `text`: what became of it; "sent" means that the network took it and no report came back.
    """

    step: Literal["phone_code"] = "phone_code"
    number: str
    sent_at: Ms | None
    expires_at: Ms | None
    resend_at: Ms | None
    text: MessageState | None


class Proof(Out):
    """Showing once more whose session this is (POST /account/proof/code, or /password).

    Then what was refused can be asked for again.
    """

    step: Literal["proof"] = "proof"
    methods: list[Method | Literal["password"]]


class AddressCode(Out):
    """The code mailed to `email`, which is to be the account's (POST /account/email/code).

    `mail`: what became of the mail; "sent" means that nothing is known of it since.
    """

    step: Literal["address_code"] = "address_code"
    email: str
    mail: MessageState | None = None
    sender: str
    sent_at: Ms | None
    expires_at: Ms | None
    resend_at: Ms | None


class TotpCode(Out):
    """What the new authenticator shows (POST /account/totp/confirm)."""

    step: Literal["totp_code"] = "totp_code"


class DirectoryAnswer(Out):
    """The directory is asked how the account stands (GET /directory/looks/{look}); no answer
    comes after `until`.
    """

    step: Literal["directory_answer"] = "directory_answer"
    look: str
    until: Ms


class DirectoryPassword(Out):
    """A new directory password, sealed in the app (POST /directory/jobs/{job}/submit); until
    `until` it may be chosen.
    """

    step: Literal["directory_password"] = "directory_password"
    job: str
    until: Ms


class DirectoryJob(Out):
    """A job goes on by itself: watch it (GET /directory/jobs/{job})."""

    step: Literal["directory_job"] = "directory_job"
    job: str


class DirectoryTry(Out):
    """A directory password is sealed and handed in (POST /signin/attempts/{attempt}), then the
    directory is asked (POST /signin/attempts/{attempt}/answer).
    """

    step: Literal["directory_try"] = "directory_try"
    attempt: str


class PhoneAnswer(Out):
    """A phone is asked whether it is its owner who calls (GET /verifications/{verification});
    until `until`.
    """

    step: Literal["phone_answer"] = "phone_answer"
    verification: str
    until: Ms


Pending = Annotated[
    Nothing
    | GivePassword
    | SecondFactor
    | VerifyEmail
    | RecoveryCode
    | RecoverySecond
    | FirstDay
    | NewPassword
    | PhoneNumber
    | PhoneCode
    | AddressCode
    | Proof
    | TotpCode
    | DirectoryAnswer
    | DirectoryPassword
    | DirectoryJob
    | DirectoryTry
    | PhoneAnswer,
    Field(discriminator="step"),
]


def mailed(sent: Sent | None, sender: str) -> dict[str, Any]:
    """The fields of Mailed."""
    if sent is None:
        return {"sender": sender, "sent_at": None, "expires_at": None, "resend_at": None,
                "link_only": False, "withheld_until": None}  # fmt: skip
    return {
        "sender": sender,
        "sent_at": sent.sent_at,
        "expires_at": sent.expires_at,
        "resend_at": sent.resend_at,
        "link_only": sent.link_only,
        "withheld_until": sent.withheld_until,
    }
