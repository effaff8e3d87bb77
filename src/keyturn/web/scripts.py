"""The published hashes of what seals a password in the browser (docs/scripts.md).

Sealing protects from a stolen database, logs and relays; a server that serves another script
can read what is typed.  Whoever wants to know fetches these files from the server and compares.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Final

from keyturn import __version__

#: what the pages run on which a directory password is typed, and what each is for
SCRIPTS: Final = {
    "directory.js": "the page of a new password: what is typed, and what is sent",
    "asking.js": "the page that signs in: what is typed, and what is sent",
    "seal.js": "certificates, the pinned identity, the seal",
    "policies.js": "the directory's policy while typing",
    "passphrases.js": "pass-phrases",
    "watching.js": "what goes on elsewhere",
    "app.js": "times, Caps Lock; on every page",
    "vendor/sealing.js": "HPKE and Ed25519 (vendor/vendor.json says whose)",
    "vendor/words.js": "the words of pass-phrases",
}
_HEAD = f"""\
# Scripts that see a directory password

Made by `tools/write_docs.py`; of Keyturn {__version__}.

A directory password, a new one or one to sign in with, is sealed in the browser, to the
directory's agents and to nobody else.
The server never has it, its database and logs do not, nor does anybody on the way. This does
**not** help against a server that was taken over and serves another script: it could read what is
typed. So the scripts are published with their hashes, and anybody can see whether a server serves
these:

    curl -s https://ADDRESS/static/seal.js | openssl dgst -sha384 -binary | openssl base64 -A

They load nothing from elsewhere; the Content-Security-Policy forbids it.

| file under /static | what it is for | SHA-384 |
|---|---|---|
"""


def digest(name: str) -> str:
    """SHA-384 of a script, base64."""
    content = files("keyturn.web").joinpath("static", name).read_bytes()
    return base64.b64encode(hashlib.sha384(content).digest()).decode()


def as_markdown() -> str:
    """The text of docs/scripts.md."""
    rows = (f"| {name} | {what} | `{digest(name)}` |\n" for name, what in SCRIPTS.items())
    return _HEAD + "".join(rows)
