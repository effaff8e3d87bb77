"""Where on the server agents knock. The rest of an address is the agent's setting `server`."""

from __future__ import annotations

from typing import Final

#: POST: one signed message, one signed answer
MESSAGES: Final = "/agents/v1/messages"
#: GET, upgraded to a WebSocket: beats and rings as signed frames (signatures.py)
BELL: Final = "/agents/v1/bell"

#: why the server closes a bell (RFC 6455 §7.4). After the first two the agent comes back at
#: once, with jitter; after SILENT too, but something is slow; after STOPPED it asks by POST and
#: hears why; REPLACED was its own doing.
GOING: Final = 1012  # this server takes its leave; another, or its successor, is there
LATER: Final = 1013  # the database does not answer
TOO_LONG: Final = 1009  # of a frame
FORGED: Final = 4400  # a frame that is no beat of this agent
STOPPED: Final = 4403  # the agent was revoked, or its key is in two places
SILENT: Final = 4408  # no beat for as long as a lease lasts
REPLACED: Final = 4409  # the same agent has opened another bell
