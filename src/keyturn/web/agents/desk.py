"""What the doors for agents share: keys, whose signature it is, how much one network may ask.

Whoever is not known, or signs with another key, walks the same way as an agent: the row is
looked for, the signature compared (with a key that nobody has), and the same answer signed.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.rules.directories.things import Agent
from keyturn.steps.agents import Said
from keyturn.web import parsing
from keyturn.web.agents.beats import Beats
from keyturn.web.agents.hub import Hub
from keyturn.web.agents.keys import SigningNotary
from keyturn.web.site import Site
from keyturn.web.strikes import Strikes
from keyturn.wire.signatures import Sender


class Desk:
    """One process's side of the channel.

    Attributes:
        site, parts: as everywhere.
        notary: keys; `notary.key` signs.
        hub: who is connected.
        beats: what takes beats.
    """

    def __init__(self, site: Site, notary: SigningNotary) -> None:
        self.site = site
        self.parts = site.parts
        self.notary = notary
        self.beats = Beats(site.parts)
        self.hub = Hub(site.parts)
        self._nobody = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        self._strikes = Strikes(site.parts.clock)

    async def key_of(self, agent_id: str) -> tuple[Agent | None, bytes]:
        """The agent, if there is one, and the key that its signature must be by."""
        agent = await self.parts.store.read(lambda tx: tx.agents.by_id(agent_id))
        return agent, agent.signing_key if agent is not None else self._nobody

    def ip(self, scope: Any) -> str:
        """Where a request comes from. Raises Refusal 429 for a network that forges too much."""
        ip = parsing.address(scope, self.site.trusted)
        self._strikes.check(ip)
        return ip

    def forged(self, ip: str) -> None:
        """A signature from there was wrong."""
        self._strikes.add(ip)


def said_by(sender: Sender, ip: str) -> Said:
    """What a verified signature says, for a flow."""
    return Said(sender.agent_id, sender.run_id, sender.lane.value, sender.sequence, ip)
