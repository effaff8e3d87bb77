"""The head of a request has an end.

httptools reads an address and headers of any length, and keeps them; nothing that uvicorn
could be told bounds it.  A stranger must not fill the memory of a server that stands without
a proxy in front, so that what is longer than real browsers' heads ever are is refused (400)
while it comes in, and the connection is closed.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX = 64 * 1024
"""Longest address and headers together, in octets; each header costs 32 besides its own (as in
RFC 9113 §10.5.1), so that many small ones are bounded, too."""

_EACH = 32
_REFUSED = "Request head too long."


class TooLong(Exception):
    """The head of this request is longer than HEAD_MAX."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol for httptools with an end to heads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0  # octets of this request's head, as far as it was parsed
        self._waiting = 0  # octets that came in since, without completing it
        self._complete = False
        self._requests = 0

    def data_received(self, data: bytes) -> None:
        """What came in. A header that does not end is known to us by its octets alone; of those
        in which a request began we do not know how many are its own.
        """
        before = self._requests
        super().data_received(data)
        if self._complete or self._requests != before or self.transport.is_closing():
            return
        self._waiting += len(data)
        if self._waiting > HEAD_MAX:
            self.send_400_response(_REFUSED)

    def on_message_begin(self) -> None:
        """See httptools: another request begins."""
        super().on_message_begin()
        self._head, self._waiting, self._complete = 0, 0, False
        self._requests += 1

    def on_url(self, url: bytes) -> None:
        """See httptools. Raises TooLong, which it turns into an error of its own."""
        self._take(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools. Raises TooLong, which it turns into an error of its own."""
        self._take(len(name) + len(value) + _EACH)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._complete = True
        super().on_headers_complete()

    def _take(self, octets: int) -> None:
        self._head += octets
        if self._head > HEAD_MAX:
            raise TooLong
