"""The app's files: which they are, their hashes, and where a release of them is.

The app is loaded from `{tenant}/app/r/RELEASE/…`, where RELEASE is a digest of all of them: a
script finds the others beside it, so that no two releases are ever mixed, and each may be kept for
ever.  `{tenant}/app/files.json` lists them with their hashes: the service worker keeps them by it
and refuses what differs, and anybody can compare them with docs/scripts.md.  What is `later` is no
part of the first load: the worker keeps it once it has taken over.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from starlette.responses import Response

from keyturn.web import scripts
from keyturn.web.files import FOR_EVER, TYPES
from keyturn.web.refusals import Refusal

#: what is loaded besides scripts
STYLES: Final = ("app.css", "app/app.css", "vendor/atkinson-latin.woff2")
#: what app.css asks for
BESIDE: Final = ("chevron.svg", "tick.svg", "tick-dark.svg", "vendor/atkinson-latin-ext.woff2")
#: what the shell shows or app/app.css names
LOADED: Final = (*scripts.APP, *STYLES)
#: served apart, at the address that its scope needs
WORKER: Final = "app/worker.js"


@lru_cache(maxsize=1)
def release() -> str:
    """A name for these very files."""
    whole = "".join(scripts.digest(name) for name in (*LOADED, *BESIDE))
    digest = hashlib.sha256(whole.encode()).digest()
    return base64.urlsafe_b64encode(digest)[:16].decode()


def listed(accent: str) -> dict[str, Any]:
    """The text of files.json; addresses are relative to the app's own.

    Args:
        accent: the tenant's colour, "#rrggbb": the one style that is not of the release.
    """
    root = f"r/{release()}"
    kept = [
        {
            "address": f"{root}/{name}", "integrity": f"sha384-{scripts.digest(name)}",
            "later": name in scripts.LATER,
        }
        for name in LOADED
        if name != WORKER
    ]  # fmt: skip
    colours = {"address": f"../tenant.css?v={accent.removeprefix('#')}"}
    return {"release": release(), "files": [*kept, colours]}


def content(name: str) -> bytes:
    """A file under static."""
    return files("keyturn.web").joinpath("static", *name.split("/")).read_bytes()


def served(asked: str, name: str) -> Response:
    """A file of the release `asked`. Raises Refusal 404 for a name that is none of the app's.

    Who asks for another release gets ours: an app from before an upgrade that has lost a file is
    mended by loading it anew, and until then by what fits most likely; but nobody may keep it.
    """
    if name not in (*LOADED, *BESIDE):
        raise Refusal(404, "no-such-page")
    kept = {"cache-control": FOR_EVER} if asked == release() else {}
    return Response(content(name), headers=kept, media_type=TYPES[name.rpartition(".")[2]])
