"""What Firefox speaks with its push service: Mozilla's protocol over a WebSocket (autopush).

    browser                                   service
    hello {uaid?}                          ->
                                           <- hello {uaid, use_webpush}
    register {channelID, key}              ->
                                           <- register {channelID, pushEndpoint}
                                           <- notification {channelID, version, data, headers}
    ack {updates: [{channelID, version}]}  ->

It is the half of a push service that faces browsers; the one that faces senders is push_side.py,
which takes this one in place of the memory twin's browsers: what Firefox is given it opens itself.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from websockets import ConnectionClosed, Subprotocol
from websockets.sync.server import ServerConnection, serve

from keyturn.rules.pushing import Push
from keyturn.web.encoding import encoded
from tests.lab.push_side import PushSide

PROTOCOL = Subprotocol("push-notification")


@dataclass(slots=True)
class Channel:
    """One subscription. Attributes: `key`: of the one sender who may use it (RFC 8292 §4);
    `acked`: versions that the browser has opened.
    """

    name: str
    key: str
    link: ServerConnection = field(repr=False)
    acked: list[str] = field(default_factory=list)


class Autopush:
    """Listens on 127.0.0.1. Attributes: `url`; `channels`, by endpoint; `said`: kinds of messages
    that came.

    Args:
        side: where senders come to; it gives what they bring to this one.
    """

    def __init__(self, side: PushSide) -> None:
        #: push_side.py asks here how a browser of the memory twin fares: none of these is one
        self.browsers: dict[str, Any] = {}
        self.channels: dict[str, Channel] = {}
        self.said: list[str] = []
        self._base = f"{side.origin}/wpush/v2/"
        self._server = serve(self._browser, "127.0.0.1", 0, subprotocols=[PROTOCOL])
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        side.service = self  # type: ignore[assignment]  # takes what the twin takes

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()

    def _browser(self, link: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            self._heard(link)

    def _heard(self, link: ServerConnection) -> None:
        for text in link:
            told = json.loads(text)
            kind = told.get("messageType", "ping")
            self.said.append(kind)
            answer = getattr(self, f"_{kind}", None)
            if answer is not None:
                link.send(json.dumps({"messageType": kind, **answer(told, link)}))
            for update in told.get("updates", ()) if kind == "ack" else ():
                self._named(update["channelID"]).acked.append(update["version"])

    def _hello(self, told: dict[str, Any], _link: ServerConnection) -> dict[str, Any]:
        uaid = told.get("uaid") or uuid4().hex
        return {"status": 200, "uaid": uaid, "use_webpush": True, "broadcasts": {}}

    def _register(self, told: dict[str, Any], link: ServerConnection) -> dict[str, Any]:
        endpoint = f"{self._base}{uuid4().hex}"
        key = told.get("key", "").rstrip("=")
        self.channels[endpoint] = Channel(told["channelID"], key, link)
        return {"status": 200, "channelID": told["channelID"], "pushEndpoint": endpoint}

    def _unregister(self, told: dict[str, Any], _link: ServerConnection) -> dict[str, Any]:
        gone = [at for at, one in self.channels.items() if one.name == told["channelID"]]
        for endpoint in gone:
            del self.channels[endpoint]
        return {"status": 200, "channelID": told["channelID"]}

    def _named(self, name: str) -> Channel:
        return next(one for one in self.channels.values() if one.name == name)

    # -- what push_side.py asks

    def take(self, endpoint: str, key: str, body: bytes, _about: Push) -> tuple[int, str]:
        """As MemoryPushService.take: hand a message on, unopened."""
        channel = self.channels.get(endpoint)
        if channel is None:
            return 410, ""
        if channel.key != key:
            return 403, ""
        message = {
            "messageType": "notification", "channelID": channel.name, "version": uuid4().hex,
            "data": encoded(body), "headers": {"encoding": "aes128gcm"},
        }  # fmt: skip
        channel.link.send(json.dumps(message))
        return 201, ""
