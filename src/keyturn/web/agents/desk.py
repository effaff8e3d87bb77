"""What the doors for agents share: keys, whose signature it is, how much one network may ask.

Whoever is not known, or signs with another key, walks the same way as an agent: the row is
looked for, the signature compared (with a key that nobody has), and the same answer signed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.rules.callers import network_of
from keyturn.rules.directories.things import Agent
from keyturn.rules.lockout import MINUTE
from keyturn.steps.agents import Said
from keyturn.web import parsing
from keyturn.web.agents.beats import Beats
from keyturn.web.agents.hub import Hub
from keyturn.web.agents.keys import SigningNotary
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.wire.signatures import Sender

#: requests with a wrong signature that one network may send within a minute
FORGED_MOST: Final = 600
#: networks that are remembered; beyond that the oldest is forgotten
NETWORKS: Final = 10_000


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
        self._forged: OrderedDict[str, tuple[int, int]] = OrderedDict()

    async def key_of(self, agent_id: str) -> tuple[Agent | None, bytes]:
        """The agent, if there is one, and the key that its signature must be by."""
        agent = await self.parts.store.read(lambda tx: tx.agents.by_id(agent_id))
        return agent, agent.signing_key if agent is not None else self._nobody

    def ip(self, scope: Any) -> str:
        """Where a request comes from. Raises Refusal 429 for a network that forges too much."""
        ip = parsing.address(scope, self.site.trusted)
        start, count = self._forged.get(network_of(ip), (0, 0))
        left = start + MINUTE - self.parts.clock.now()
        if count >= FORGED_MOST and left > 0:
            raise Refusal(429, "too-many", headers={"retry-after": str(-(-left // 1000))})
        return ip

    def forged(self, ip: str) -> None:
        """A signature from there was wrong."""
        network, now = network_of(ip), self.parts.clock.now()
        start, count = self._forged.pop(network, (now, 0))
        if now - start >= MINUTE:
            start, count = now, 0
        self._forged[network] = (start, count + 1)
        while len(self._forged) > NETWORKS:
            self._forged.popitem(last=False)


def headers_of(scope: Any) -> Mapping[str, str]:
    """A request's headers; one that is there twice is joined, and so never what was signed."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def said_by(sender: Sender, ip: str) -> Said:
    """What a verified signature says, for a flow."""
    return Said(sender.agent_id, sender.run_id, sender.lane.value, sender.sequence, ip)
