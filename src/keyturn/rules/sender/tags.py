"""Tag lists, "v=DKIM1; k=rsa; p=…" (RFC 6376 §3.2), as DKIM and DMARC records are written."""

from __future__ import annotations

import re

LONGEST = 16_384
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def parse(text: str) -> dict[str, str] | None:
    """The tags, names in lower case; None where the text is no tag list, or names one twice."""
    if len(text) > LONGEST:
        return None
    tags: dict[str, str] = {}
    parts = text.split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not _NAME.fullmatch(name) or name in tags:
            return None
        tags[name] = value.strip()
    return tags
