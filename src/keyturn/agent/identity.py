"""The directory's identity key: made by the first agent, inherited by the others.

Of two first agents that come at once each makes one, writes it down and offers it (Found); the
server's store takes one. The other hears which, throws its own away and waits for approval.
An agent that dies in between offers the same key again. Whoever has the key that counts, say
from the owner's safe, needs nobody's approval: the key is the approval.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.agent import keys as keyring
from keyturn.agent.keys import Keys
from keyturn.agent.ports import Link
from keyturn.agent.state import State
from keyturn.agent.who import CERTIFICATE, Who
from keyturn.rules.directories.things import AgentRole
from keyturn.wire import certificates
from keyturn.wire.certificates import LIFE_MS, RENEW_AFTER_MS, Certificate, Uncertified
from keyturn.wire.messages import Applicant, Approve, Begun, Found, Renew, Taken
from keyturn.wire.seals import Unsealable, bequeath, inherit


class Mistrusted(Exception):
    """What the server says of the directory's identity cannot be.

    Attributes:
        why: "identity" (another one than was pinned), "certificate" (it does not vouch for us),
            "bequest" (it does not open, or is another key).
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def public(key: Ed25519PrivateKey) -> bytes:
    """The public half, 32 bytes."""
    return key.public_key().public_bytes_raw()


async def found(link: Link, state: State, keys: Keys, who: Who, begun: Begun, now: int) -> Begun:
    """Offer an identity where one is wanted, or show that we have the one that counts.

    Args:
        begun: what the server said last; it comes back unchanged if there is nothing to offer.
        now: ms since the epoch.

    Raises LinkDown, LinkDenied.
    """
    if begun.approved or who.role is not AgentRole.CANDIDATE:
        return begun
    key = keyring.identity(state)
    if key is None and begun.identity is None:
        key = Ed25519PrivateKey.generate()
        keyring.keep_identity(state, key)  # on the disk before anybody hears of it
    if key is None:
        return begun
    if begun.identity not in {None, public(key)}:
        state.remove(keyring.IDENTITY)  # another agent was first
        return begun
    certificate = certified(key, keys.sealing_public, who.directory_id, who.agent_id, 1, now)
    return await link.call(Found(public(key), certificate), Begun)


def certified(
    key: Ed25519PrivateKey, sealing: bytes, directory_id: str, agent_id: str, serial: int, now: int
) -> bytes:
    """A certificate that is good for 90 days from `now` (ms since the epoch)."""
    said = Certificate(directory_id, agent_id, sealing, serial, now + LIFE_MS)
    return certificates.sign(key, said)


def admitted(state: State, keys: Keys, who: Who, begun: Begun, now: int) -> Who:
    """Check and keep what an approval left: certificate, identity, and a candidate's key.

    Raises Mistrusted.
    """
    identity = begun.identity
    if identity is None or who.identity not in {None, identity}:
        raise Mistrusted("identity")
    _keep_certificate(state, keys, who, begun, identity, now)
    if who.role is AgentRole.CANDIDATE:
        _keep_identity(state, keys, who, begun, identity)
    return who if who.identity else who.pinned(state, identity)


def _keep_certificate(
    state: State, keys: Keys, who: Who, begun: Begun, identity: bytes, now: int
) -> None:
    data = begun.certificate or b""
    try:
        certificates.verify(
            identity, data, who.directory_id, who.agent_id, keys.sealing_public, now
        )
    except Uncertified as wrong:
        # One that has expired is ours all the same, and is renewed.
        if wrong.why != "expired":
            raise Mistrusted("certificate") from wrong
    if state.read(CERTIFICATE) != data:
        state.write(CERTIFICATE, data)


def _keep_identity(state: State, keys: Keys, who: Who, begun: Begun, identity: bytes) -> None:
    key = keyring.identity(state)
    if key is not None and public(key) == identity:
        return
    try:
        raw = inherit(keys.sealing, who.directory_id, who.agent_id, begun.bequest or b"")
        key = Ed25519PrivateKey.from_private_bytes(raw)
    except (Unsealable, ValueError):
        raise Mistrusted("bequest") from None
    if public(key) != identity:
        raise Mistrusted("bequest")
    keyring.keep_identity(state, key)


def certificate_end(state: State) -> int | None:
    """When the certificate in the folder ends, ms since the epoch; None if there is none."""
    data = state.read(CERTIFICATE)
    try:
        return certificates.read(data).not_after if data else None
    except Uncertified:
        return None


async def renew_if_due(link: Link, state: State, keys: Keys, who: Who, now: int) -> bool:
    """Renew the certificate from two thirds of its life on; whether that was done.

    A listener has no identity key and needs no certificate: nothing is sealed to it.

    Raises LinkDown, LinkDenied.
    """
    key, data = keyring.identity(state), state.read(CERTIFICATE)
    if key is None or data is None:
        return False
    was = certificates.read(data)
    if now < was.not_after - (LIFE_MS - RENEW_AFTER_MS):
        return False
    fresh = certified(key, keys.sealing_public, who.directory_id, who.agent_id, was.serial + 1, now)
    await link.call(Renew(keys.sealing_public, fresh), Taken)
    state.write(CERTIFICATE, fresh)
    return True


async def approve(
    link: Link, key: Ed25519PrivateKey, directory_id: str, applicant: Applicant, now: int
) -> None:
    """Vouch for a newcomer whose fingerprint somebody has compared.

    Raises LinkDown, LinkDenied, Unsealable (its sealing key is none).
    """
    agent_id, sealing = applicant.agent_id, applicant.sealing_key
    certificate = certified(key, sealing, directory_id, agent_id, 1, now)
    bequest = None
    if applicant.role is AgentRole.CANDIDATE:
        bequest = bequeath(sealing, directory_id, agent_id, key.private_bytes_raw())
    await link.call(Approve(agent_id, certificate, bequest), Taken)
