"""The phone app as a browser loads it: one page, its manifest, its service worker, its files.

The page is the same for everybody of a tenant, in the visitor's language, so that it may go out
compressed.  It sets no cookie and reads none: what the app may do hangs on its key
(docs/design/14-signed-door.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.diagnosis.phone_app import cause_id
from keyturn.rules.diagnosis.phone_app_mends import MENDS
from keyturn.rules.directories.causes import ENDS
from keyturn.web import colours
from keyturn.web.app import CSP
from keyturn.web.app_shell import files
from keyturn.web.app_shell.icons import SIZES, icon
from keyturn.web.door import door
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.squeezing import squeezed
from keyturn.web.visit import HTML, Visit

#: the app may look at a code, and has a service worker of its own
HEADERS: Final = {
    "content-security-policy": f"{CSP}; worker-src 'self'",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cache-control": "no-cache",
    "vary": "Accept-Language, Cookie",
}
#: the page's ground in each theme, as in app.css (--paper)
PAPER: Final = {"light": "#f4f5f7", "dark": "#10161c"}
FOR_A_DAY: Final = "public, max-age=86400"


def routes(site: Site) -> list[BaseRoute]:
    """The app's page and files."""
    return [
        door(site, "/app", get=_to),
        door(site, "/app/", get=_shell),
        door(site, "/app/manifest.webmanifest", get=_manifest),
        door(site, "/app/worker.js", get=_worker),
        door(site, "/app/files.json", get=_files),
        door(site, "/app/icon-{size:int}.png", get=_icon),
        door(site, "/app/r/{release}/{name:path}", get=_file),
    ]


async def _to(visit: Visit) -> Response:
    return Response(status_code=308, headers={"location": f"{visit.base}/app/"})


async def _shell(visit: Visit) -> Response:
    text = visit.piece(
        "app/shell.html", release=files.release(), causes=causes, remedies=remedies,
        paper=PAPER,
    )  # fmt: skip
    return squeezed(visit.scope, Response(text, headers=HEADERS, media_type=HTML))


def causes(say: Callable[[str], str]) -> list[dict[str, Any]]:
    """What may keep the app from working, and what to do about it, on each system, in the
    language of `say`.
    """
    return [
        {
            "id": cause_id(mend), "check": mend.check, "cause": mend.cause, "system": mend.system,
            "title": say(mend.title), "what": say(mend.what), "do": say(mend.do),
        }
        for mend in MENDS
    ]  # fmt: skip


def remedies(say: Callable[[str], str]) -> dict[str, str]:
    """What to do about how a change in a directory ended, by cause, in the language of `say`."""
    return {name: say(BY_ID[name].person.do) for name in sorted(ENDS)}


async def _manifest(visit: Visit) -> Response:
    """W3C Web Application Manifest. Chrome wants name, start_url, display and icons of 192 and
    512; iOS takes the name and colours, and its icon from the page.
    """
    home = f"{visit.base}/app/"
    accent = colours.shades(colours.parse(visit.tenant.accent), "light")["accent"]
    found = {
        "id": home, "start_url": home, "scope": home, "name": visit.tenant.name,
        "short_name": visit.tenant.name, "display": "standalone",
        "background_color": PAPER["light"], "theme_color": "#{:02x}{:02x}{:02x}".format(*accent),
        "icons": [
            {
                "src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png",
                "purpose": purpose,
            }
            for size in SIZES[1:]
            for purpose in ("any", "maskable")
        ],
    }  # fmt: skip
    return _json(visit, found, "application/manifest+json")


async def _worker(visit: Visit) -> Response:
    """At an address under which everything is its own; never kept, so that a new one is found."""
    worker = files.content(files.WORKER)
    return squeezed(visit.scope, Response(worker, headers=HEADERS, media_type="text/javascript"))


async def _files(visit: Visit) -> Response:
    return _json(visit, files.listed(visit.tenant.accent), "application/json")


async def _icon(visit: Visit) -> Response:
    size = int(visit.path["size"])
    if size not in SIZES:
        raise Refusal(404, "no-such-page")
    picture = icon(size, visit.tenant.accent)
    return Response(picture, headers={"cache-control": FOR_A_DAY}, media_type="image/png")


async def _file(visit: Visit) -> Response:
    return squeezed(visit.scope, files.served(visit.path["release"], visit.path["name"]))


def _json(visit: Visit, found: Mapping[str, Any], kind: str) -> Response:
    headers = {"cache-control": "no-cache"}
    return squeezed(visit.scope, Response(json.dumps(found), headers=headers, media_type=kind))
