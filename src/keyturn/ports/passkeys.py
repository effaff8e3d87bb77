"""What a passkey signed, judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from keyturn.rules.passkeys import Assertion, Attestation, Party


class Unacceptable(Exception):
    """What the browser sent does not prove anything.

    Attributes:
        why: for an administrator's eyes; nothing of it is repeated to the caller.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Attested:
    """A new credential.

    Attributes:
        credential_id, public_key: base64url; the key in COSE form (RFC 9052).
        aaguid: the authenticator's model, as hexadecimal with dashes.
        synced: it may be on several devices (backup eligible).
    """

    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str
    synced: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """A right signature. Whether its counter is right, `rules.passkeys.went_back` says."""

    sign_count: int


class PasskeyJudge(Protocol):
    """Verification after WebAuthn Level 2, §7.1 and §7.2; no I/O, well under a millisecond."""

    async def ready(self) -> None:
        """Load what the judging needs; the first call of a process takes a while."""
        ...

    def attested(
        self, party: Party, challenge: str, given: Attestation, *, verified: bool = False
    ) -> Attested:
        """The credential made in answer to `challenge` (base64url). Raises Unacceptable.

        Args:
            verified: the authenticator must have made sure who the person is.
        """
        ...

    def asserted(
        self, party: Party, challenge: str, given: Assertion, public_key: str, *, verified: bool
    ) -> Asserted:
        """The answer to `challenge`, signed with `public_key`. Raises Unacceptable.

        Args:
            verified: the authenticator must have made sure who the person is.
        """
        ...
