"""A network of namespaces: controllers, places beside them, and links that can be cut.

Every node has two addresses on one link.  Its **home** address is the same in every lab, so
that what a domain's DNS says stays true in each copy of it; bridges keep labs apart.  Its
**reach** address is of this instance alone: by it the host and the nodes reach each other.
198.18.0.0/15 is set aside for tests of networks (RFC 2544) and is routed nowhere.

A link is cut by a permanent neighbour entry with an address that nobody has: what is sent
there is lost in silence, both ways, as on a broken line.  It needs no firewall.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keyturn.lab.commands import attempt, run
from keyturn.lab.instances import NAMED, Instance
from keyturn.lab.processes import pids

HOST = "host"
NOBODY = "02:00:00:00:00:fe"
HOMES = {
    "dc1": "198.18.0.11", "dc2": "198.18.0.12", "dc3": "198.18.1.13",
    "by-dc1": "198.18.0.111", "by-dc2": "198.18.0.112", "by-dc3": "198.18.1.113",
}  # fmt: skip
"""Home addresses. 198.18.0.0/24 is the site Main, 198.18.1.0/24 the site Branch."""
HOME_BITS = 23
SWITCHES = (
    # Samba asks its partners in turn: what one that is cut off costs the others is bounded
    "net.ipv4.tcp_syn_retries=1",  # given up after 3 s
    "net.ipv4.tcp_retries2=4",  # an open line that is dead: after about 6 s
    "net.ipv6.conf.all.disable_ipv6=1",  # nothing passes by but what can be cut
)


@dataclass(frozen=True, slots=True)
class Node:
    """One end of the network.

    Attributes:
        space: its namespace; "" for the host. link: its interface there.
        home: the same in every lab; "" for the host. reach: of this lab.
    """

    name: str
    space: str
    link: str
    home: str
    reach: str

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that it has."""
        return tuple(filter(None, (self.home, self.reach)))


class Namespaces:
    """The network of one instance. Nodes are added; all of them end with the instance.

    Attributes:
        host: the address at which nodes reach a server on the host.
    """

    interfaces = "lo eth0"
    """What a controller's configuration listens on."""

    def __init__(self, instance: Instance, domain: str) -> None:
        self._instance = instance
        self._domain = domain
        self._net = f"198.18.{2 + instance.number}"
        self.host = f"{self._net}.1"
        bridge = instance.tag
        run("ip", "link", "add", bridge, "type", "bridge")
        run("ip", "addr", "add", f"{self.host}/24", "dev", bridge)
        run("ip", "link", "set", bridge, "up")
        self.nodes = {HOST: Node(HOST, "", bridge, "", self.host)}

    def add(self, name: str, resolvers: Sequence[str]) -> Node:
        """A namespace on the bridge. `resolvers`: names of nodes whose DNS it asks, in order."""
        if name in self.nodes:
            return self.nodes[name]
        space, home = f"{self._instance.tag}-{name}", HOMES[name]
        node = Node(name, space, "eth0", home, f"{self._net}.{home.rpartition('.')[2]}")
        run("ip", "netns", "add", space)
        run("ip", "link", "add", space, "type", "veth", "peer", "name", "eth0", "netns", space)
        run("ip", "link", "set", space, "master", self._instance.tag, "up")
        run(*self._exec(space), "sysctl", "-qew", *SWITCHES)
        lines = [
            "link set lo up",
            f"addr add {home}/{HOME_BITS} dev eth0",
            f"addr add {node.reach}/24 dev eth0",
            "link set eth0 up",
        ]
        run("ip", "-n", space, "-batch", "-", given="\n".join(lines))
        self._name(node, resolvers)
        self.nodes[name] = node
        return node

    def _name(self, node: Node, resolvers: Sequence[str]) -> None:
        """What stands in its /etc: `ip netns exec` puts these files over the host's."""
        etc = NAMED / node.space
        etc.mkdir(parents=True, exist_ok=True)
        asked = "".join(f"nameserver {HOMES[each]}\n" for each in resolvers)
        options = "options timeout:1 attempts:1\n"
        (etc / "resolv.conf").write_text(f"search {self._domain}\n{asked}{options}")
        hosts = f"127.0.0.1 localhost\n{node.home} {node.name}.{self._domain} {node.name}\n"
        (etc / "hosts").write_text(hosts)
        # a machine of its own to whoever asks, where the host has such a name at all
        (etc / "machine-id").write_text(f"{uuid.uuid5(uuid.NAMESPACE_DNS, node.space).hex}\n")

    def home(self, name: str) -> str:
        """A node's address in every lab: what DNS says."""
        return HOMES[name]

    def reach(self, name: str) -> str:
        """A node's address as the host sees it."""
        return self.nodes[name].reach

    def prefix(self, name: str) -> tuple[str, ...]:
        """Put before a command, it runs at that node."""
        return self._exec(self.nodes[name].space)

    def _exec(self, space: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", space) if space else ()

    def pids(self, name: str) -> list[int]:
        """The processes that run at a node."""
        return pids(self.nodes[name].space)

    # --- links

    def cut(self, one: str, others: Iterable[str]) -> None:
        """Nothing passes between `one` and each of `others`, either way, in silence."""
        for other in others:
            self._between(one, other, "replace", "lladdr", NOBODY, "nud", "permanent")

    def heal(self, one: str, others: Iterable[str]) -> None:
        """Everything passes again."""
        for other in others:
            self._between(one, other, "del")

    def _between(self, one: str, other: str, verb: str, *words: str) -> None:
        ends = self.nodes[one], self.nodes[other]
        for near, far in (ends, ends[::-1]):
            inside = ("-n", near.space) if near.space else ()
            for address in far.addresses:
                attempt("ip", *inside, "neigh", verb, address, *words, "dev", near.link)

    def plug(self, name: str, *, in_: bool) -> None:
        """Pull a node's cable, or put it back: nobody reaches it, itself excepted."""
        run("ip", "link", "set", self.nodes[name].space, "up" if in_ else "down")

    def slow(self, name: str, bits_per_s: int) -> None:
        """Let so much pass to a node and from it, each way; 0 for all there is.

        What is sent waits its turn (a token bucket, tc-tbf(8)); after a silence the first 1,600
        bytes pass at once.
        """
        node = self.nodes[name]
        for inside, link in (((), node.space), (("-n", node.space), node.link)):
            attempt("tc", *inside, "qdisc", "del", "dev", link, "root")
            if bits_per_s:
                limits = ("rate", f"{bits_per_s}bit", "burst", "1600", "latency", "30s")
                run("tc", *inside, "qdisc", "add", "dev", link, "root", "tbf", *limits)

    def shut(self, name: str, port: int, *, open_: bool) -> None:
        """Nothing comes back from a TCP port of a node, as behind a firewall that drops; or it
        does again. By a rule of routing (ip-rule(8)): it takes no firewall.
        """
        verb = "del" if open_ else "add"
        rule = ("pref", str(100 + port), "ipproto", "tcp", "sport", str(port), "blackhole")
        run("ip", "-n", self.nodes[name].space, "rule", verb, *rule)

    def close(self) -> None:
        """End all processes of all nodes, and remove them."""
        self._instance.close()
