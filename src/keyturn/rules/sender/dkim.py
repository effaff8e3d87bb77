"""Published DKIM keys (RFC 6376 §3.6.1, RFC 8463): do they let receivers check what we sign?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyturn.rules.sender import tags
from keyturn.rules.sender.dns import Answer, Reply


@dataclass(frozen=True, slots=True)
class OurKey:
    """A key in use: where its public half belongs, and that half (base64)."""

    domain: str
    selector: str
    kind: str
    public: str

    @property
    def name(self) -> str:
        """Where the record stands."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The record that belongs there."""
        return f"v=DKIM1; k={self.kind}; p={self.public}"


def published(key: OurKey, answer: Answer) -> str:
    """How the published record fits the key in use.

    Returns: "right", "testing" (right, but marked t=y: receivers act as if there were no
    signature), "silent", "missing", "several", "syntax", "revoked" (an empty p=), "kind",
    "other" (another key), "hash" (h= leaves out sha256), "service" (s= leaves out mail).
    """
    if answer.reply is Reply.SILENT:
        return "silent"
    if not answer.records:
        return "missing"
    if len(answer.records) > 1:
        return "several"
    found = tags.parse(answer.records[0])
    if found is None or found.get("v", "DKIM1") != "DKIM1" or "p" not in found:
        return "syntax"
    return _fit(key, {name: re.sub(r"\s+", "", value) for name, value in found.items()})


def _fit(key: OurKey, found: dict[str, str]) -> str:
    if not found["p"]:
        return "revoked"
    if found.get("k", "rsa").lower() != key.kind:
        return "kind"
    if found["p"].rstrip("=") != key.public.rstrip("="):
        return "other"
    if "sha256" not in found.get("h", "sha256").lower().split(":"):
        return "hash"
    if not {"*", "email"} & set(found.get("s", "*").lower().split(":")):
        return "service"
    return "testing" if "y" in found.get("t", "").lower().split(":") else "right"
