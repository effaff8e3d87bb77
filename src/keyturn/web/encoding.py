"""Bytes as text: base64url (RFC 4648 §5), unpadded, as scripts and programs send them."""

from __future__ import annotations

import base64
import binascii


def encoded(data: bytes) -> str:
    """As text."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The same backwards; b"" for what is none: no key and no envelope is empty."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
