"""Where on the server agents knock. The rest of an address is the agent's setting `server`."""

from __future__ import annotations

from typing import Final

#: POST: one signed message, one signed answer
MESSAGES: Final = "/agents/v1/messages"
#: GET, upgraded to a WebSocket: beats and rings as signed frames (signatures.py)
BELL: Final = "/agents/v1/bell"
