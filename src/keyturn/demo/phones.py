"""What a phone's browser is given by a demo: its push service, in the place of the maker's."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.demo.pushes import Pushed
from keyturn.web.app_shell import page
from keyturn.web.app_shell.files import WORKER, content
from keyturn.web.door import door
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

SCRIPT: Final = "text/javascript"
_NAME: Final = re.compile(r"[\w-]{22}", re.ASCII)
#: messages of one subscription that a demo will ever see
DIGITS: Final = 6


class PhonePages:
    """Answers for the phone app in a demo.

    Args:
        service: what the addresses of its push service begin with.
        own: it comes first; else where the browser's own cannot be had.
    """

    def __init__(self, pushed: Pushed, service: str, *, own: bool) -> None:
        self._pushed = pushed
        self._service = service
        self._own = own

    def routes(self, site: Site) -> list[BaseRoute]:
        """Before the product's own: the worker is its, and a little more."""
        return [
            door(site, "/app/worker.js", get=self.worker),
            door(site, "/demo/push.js", get=self.script),
            door(site, "/demo/push/{name}", get=self.box),
        ]

    async def worker(self, _visit: Visit) -> Response:
        """The app's service worker, which hears the demo's messages as well."""
        whole = content(WORKER) + _own("push_worker.js")
        return Response(whole, headers=page.HEADERS, media_type=SCRIPT)

    async def script(self, visit: Visit) -> Response:
        """What stands between the app and the browser's push service."""
        told = {"SERVICE": self._service, "OWN": self._own, "BOX": f"{visit.base}/demo/push/"}
        head = f"globalThis.KEYTURN_DEMO = {json.dumps(told)};\n".encode()
        return Response(
            head + _own("push.js"), headers={"cache-control": "no-cache"}, media_type=SCRIPT
        )

    async def box(self, visit: Visit) -> Response:
        """The messages for whoever has drawn a name, but those that were read."""
        name, read = visit.path["name"], visit.query(after=DIGITS)["after"]
        if not _NAME.fullmatch(name) or not (read.isascii() and read.isdigit()):
            raise Refusal(404, "no-such-page")
        return visit.told({"bodies": self._pushed.after(name, int(read))})


def _own(name: str) -> bytes:
    return files("keyturn.demo").joinpath(name).read_bytes()
