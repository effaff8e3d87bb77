"""The operator's range file: which addresses belong to VPNs, proxies, hosting, carriers.

As text, a range a line, whose most specific one counts:

    # CIDR             kind      name
    203.0.113.0/24     vpn       Example VPN
    2001:db8:7::/48    hosting   Example Hosting
    198.51.100.0/22    carrier   Example Mobile

Or an MMDB file, whose records say `kind` and `name` likewise, or what commercial files of anonymous
networks say (`is_anonymous_vpn`, `is_hosting_provider`, …, with the operator's name beside it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Final

from keyturn.rules.networks import Kind, Network, Range

#: longest name that is kept: it stands in a sentence
NAME_MAX: Final = 80
#: fields of commercial files, the telling ones first
_FLAGS: Final = (
    ("is_anonymous_vpn", Kind.VPN),
    ("is_tor_exit_node", Kind.PROXY),
    ("is_public_proxy", Kind.PROXY),
    ("is_residential_proxy", Kind.PROXY),
    ("is_hosting_provider", Kind.HOSTING),
)
_NAMES: Final = ("name", "isp", "organization", "autonomous_system_organization")


class BadLine(Exception):
    """A line that is none.

    Attributes:
        number: counted from 1.
        text: its beginning.
        why: "network", "kind", or "twice": the same range came before.
    """

    def __init__(self, number: int, text: str, why: str) -> None:
        super().__init__(number, text, why)
        self.number = number
        self.text = text
        self.why = why


def read(lines: Iterable[str]) -> Mapping[Network, Range]:
    """The ranges of a text. Raises BadLine for the first line that is wrong."""
    found: dict[Network, Range] = {}
    for number, line in enumerate(lines, 1):
        plain = line.partition("#")[0].split(maxsplit=2)
        if not plain:
            continue
        network = _network(plain[0])
        kind = plain[1] if len(plain) > 1 else ""
        why = "network" if network is None else "" if kind in set(Kind) else "kind"
        if network in found:
            why = "twice"
        if why or network is None:
            raise BadLine(number, line.strip()[:NAME_MAX], why)
        found[network] = Range(Kind(kind), _named(plain[2]) if len(plain) > 2 else "")  # noqa: PLR2004
    return found


def _network(text: str) -> Network | None:
    """A network; one of everybody, or with bits beyond its length, is a slip."""
    try:
        found = ip_network(text)
    except ValueError:
        return None
    return found if found.prefixlen else None


def of_record(record: object) -> Range | None:
    """What a record of an MMDB file says; None: nothing that counts."""
    if not isinstance(record, Mapping):
        return None
    kind = record.get("kind")
    flags = (known for flag, known in _FLAGS if record.get(flag) is True)
    told = isinstance(kind, str) and kind in set(Kind)
    found = Kind(str(kind)) if told else next(flags, None)
    names = (record.get(field) for field in _NAMES)
    name = next((text for text in names if isinstance(text, str) and text.strip()), "")
    return None if found is None else Range(found, _named(name))


def _named(text: str) -> str:
    """A name as it is shown: on one line, printable, not too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain[:NAME_MAX].strip()
