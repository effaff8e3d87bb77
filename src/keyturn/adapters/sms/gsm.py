"""The default alphabet of texts (3GPP TS 23.038 §6.2.1)."""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: These take two places each.
EXTENSION = frozenset("^{}\\[~]|€\f")


def fits(text: str) -> bool:
    """Whether `text` can be sent in the default alphabet; else it goes as UCS-2."""
    return set(text) <= BASIC | EXTENSION
