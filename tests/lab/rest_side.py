"""The far side of a Twilio-style gateway: takes texts by POST, reports by signed callbacks.

Written from the gateway's documentation and not from our driver: the signature, too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "the-accounts-auth-token"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a text.

    Attributes:
        http, code: how the POST is answered; code is the gateway's own.
        status, error: what is reported in the end; status "" for no report.
        hang: no answer to the POST within the time that anybody waits.
    """

    http: int = 201
    code: int = 0
    status: str = "delivered"
    error: str = ""
    hang: bool = False


class RestSide:
    """Listens on loopback.

    Attributes:
        texts: the forms that were posted; `reports`: how we answered each callback.
    """

    def __init__(self, fate: Callable[[str], Fate]) -> None:
        self.texts: list[dict[str, str]] = []
        self.logins: list[str] = []
        self.reports: list[int] = []
        self.ended = threading.Event()
        self._threads: list[threading.Thread] = []
        side = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                form = dict(parse_qsl(self.rfile.read(length).decode()))
                side.texts.append(form)
                side.logins.append(self.headers.get("authorization", ""))
                what = fate(form["To"])
                if what.hang:
                    side.ended.wait(5)
                    return
                right = self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
                self._answer(what if right else Fate(http=404, code=20404))
                if right and what.http in {200, 201} and what.status:
                    side.later(form["StatusCallback"], what)

            def _answer(self, what: Fate) -> None:
                taken = {"sid": f"SM{len(side.texts):032x}", "status": "queued", "error_code": None}
                refused = {"code": what.code, "message": "Refused", "status": what.http}
                body = json.dumps(taken if what.http < 300 else refused).encode()
                self.send_response(what.http)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/2010-04-01"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in (self._thread, *self._threads):
            thread.join()

    def later(self, url: str, what: Fate) -> None:
        """Report "sent", then what became of it."""
        thread = threading.Thread(target=self._report, args=(url, what))
        self._threads.append(thread)
        thread.start()

    def _report(self, url: str, what: Fate) -> None:
        self.ended.wait(0.1)
        for status, error in (("sent", ""), (what.status, what.error)):
            form = {
                "MessageSid": "SM1", "SmsSid": "SM1", "MessageStatus": status, "SmsStatus": status,
                "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "RawDlrDoneDate": "2611220914",
            }  # fmt: skip
            if error:
                form["ErrorCode"] = error
            self.reports.append(self.call(url, form, signed(TOKEN, url, form)))

    @staticmethod
    def call(url: str, form: dict[str, str], signature: str) -> int:
        """POST a report; the status it was answered with."""
        asked = urllib.request.Request(
            url, urlencode(form).encode(), {"X-Twilio-Signature": signature}
        )
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)


def signed(token: str, url: str, form: dict[str, str]) -> str:
    """As the gateway signs."""
    text = url
    for name in sorted(form):
        text += name + form[name]
    mac = hmac.new(token.encode("utf-8"), text.encode("utf-8"), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode("utf-8").strip()
