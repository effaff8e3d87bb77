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
    "temporary.js": "the page of a case that makes a temporary password: what is shown, and sent",
    "asking.js": "the page that signs in: what is typed, and what is sent",
    "choosing.js": "what is typed as a new password",
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
    "app/changes.js": "Check my phone: what is changed meanwhile",
    "app/camera.js": "looking for a code with the camera",
    "app/enrol.js": "from a code to a phone that is bound",
    "app/messages.js": "the phone's address for messages, the test message",
    "app/lock.js": "choosing the PIN, asking for it or for the phone's own lock",
    "app/own.js": "the phone's own lock",
    "webauthn.js": "the phone's own lock: questions and answers as JSON",
    "app/home.js": "the account at a glance",
    "app/question.js": "answering whoever asks",
    "app/directory.js": "an account in a directory: how it stands, unlocking",
    "app/fresh.js": "a new directory password: typed, sealed, handed in",
    "app/progress.js": "a change in a directory, followed to its end",
    "choosing.js": "what is typed as a new password",
    "seal.js": "certificates, the seal",
    "policies.js": "the directory's policy while typing",
    "passphrases.js": "pass-phrases",
    "vendor/words.js": "the words of pass-phrases",
    "app/account.js": "sessions, what happened, this phone",
    "app/offline.js": "showing offline codes",
    "app/screens.js": "showing screens",
    "app/times.js": "times in words",
    "app/ways.js": "ways between screens; what did not go on",
    "app/bytes.js": "bytes and text",
    "vendor/sealing.js": "HPKE and Ed25519 (vendor/vendor.json says whose)",
    "vendor/scanning.js": "reads codes where the browser does not (vendor/vendor.json says whose)",
}
#: of these, what is loaded only when somebody goes to a directory account
LATER: Final = frozenset({
    "app/directory.js", "app/fresh.js", "app/progress.js", "choosing.js", "seal.js", "policies.js",
    "passphrases.js", "vendor/words.js",
})  # fmt: skip
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
