"""The published hashes of what seals a password in the browser (docs/scripts.md).

Sealing protects from a stolen database, logs and relays; a server that serves another script
can read what is typed.  Whoever wants to know fetches these files from the server and compares.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
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
#: what the phone app runs on, and what each is for
APP: Final = {
    "app/main.js": "the beginning",
    "app/worker.js": "the service worker: keeps the app for when there is no network; messages",
    "app/address.js": "what a code to scan carries, and the fingerprints in it",
    "app/signed.js": "signs requests, checks the signatures of answers",
    "app/door.js": "one signed request at a time; nothing believed that is not signed",
    "app/store.js": "what the phone keeps; its key",
    "app/pin.js": "the PIN, which never leaves the phone",
    "app/statement.js": "the bytes of an approval",
    "app/totp.js": "the offline code",
    "app/typed.js": "what people type: digits and letters",
    "app/checks.js": "Check my phone: the checks",
    "app/platforms.js": "Check my phone: which system and browser that is",
    "app/look.js": "Check my phone: what is tried",
    "app/checking.js": "Check my phone: what is told",
    "app/camera.js": "looking for a code with the camera",
    "app/enrol.js": "from a code to a phone that is bound",
    "app/messages.js": "the phone's address for messages, the test message",
    "app/lock.js": "choosing the PIN, asking for it",
    "app/home.js": "the account at a glance",
    "app/question.js": "answering whoever asks",
    "app/account.js": "sessions, what happened, this phone",
    "app/offline.js": "showing offline codes",
    "app/screens.js": "showing screens",
    "app/times.js": "times in words",
    "app/ways.js": "ways between screens; what did not go on",
    "app/bytes.js": "bytes and text",
    "vendor/sealing.js": "HPKE and Ed25519 (vendor/vendor.json says whose)",
    "vendor/scanning.js": "reads codes where the browser does not (vendor/vendor.json says whose)",
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
_APP = """
# The phone app

The app's key is made on the phone and cannot be read, not even by these scripts; a server that
serves others could use it while the app is open. The app is loaded from `/app/r/RELEASE/`, from
the same files; `/app/files.json` lists them with their hashes as the server has them.

| file under /static | what it is for | SHA-384 |
|---|---|---|
"""


def digest(name: str) -> str:
    """SHA-384 of a script, base64."""
    content = files("keyturn.web").joinpath("static", name).read_bytes()
    return base64.b64encode(hashlib.sha384(content).digest()).decode()


def as_markdown() -> str:
    """The text of docs/scripts.md."""
    return _HEAD + _rows(SCRIPTS) + _APP + _rows(APP)


def _rows(scripts: Mapping[str, str]) -> str:
    return "".join(f"| {name} | {what} | `{digest(name)}` |\n" for name, what in scripts.items())
