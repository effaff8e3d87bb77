"""One signed request, one answer that is believed: the device's side of its door."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from keyturn.device.folder import Folder
from keyturn.rules.lockout import SECOND
from keyturn.wire import devices, signatures
from keyturn.wire.door import NEW
from keyturn.wire.signatures import Forged

#: seconds that an answer may take beyond what was asked for
GRACE_S: Final = 15.0
_OK: Final = 200
#: what is signed once more: with the server's time, or with the next number
_AGAIN: Final = frozenset({"clock", "sequence"})


class Refused(Exception):
    """The server has heard it and refuses. code, data: see the contract."""

    def __init__(self, code: str, data: Mapping[str, Any]) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data


class Unheard(Exception):
    """Nothing that can be believed came back.

    Attributes:
        why: "unreachable", "status" (no signed answer), "forged" (not by the key that it pinned).
    """

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why, said)
        self.why = why
        self.said = said


class Link:
    """The way to one tenant's door.

    Args:
        clock: milliseconds, as this machine believes; what is off is learned of the server.
    """

    def __init__(self, folder: Folder, client: httpx.AsyncClient, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._client = client
        self._clock = clock
        self._offset = 0
        place = urlsplit(folder.kept.server)
        self._authority = signatures.authority(f"{place.scheme}://{place.netloc}")
        self._base = place.path.rstrip("/") + devices.PREFIX

    def now(self) -> int:
        """The server's time."""
        return self._clock() + self._offset

    async def new(self, operation: str, **body: object) -> dict[str, Any]:
        """A request of the key itself. Raises Refused, Unheard."""
        key = devices.spelled(self._folder.key.public_key())
        return await self._ask(NEW, operation, {"key": key, **body})

    async def paired(self, operation: str, **body: object) -> dict[str, Any]:
        """A request of the pairing. Raises Refused, Unheard."""
        return await self._ask(self._folder.kept.pairing, operation, body)

    async def _ask(self, keyid: str, operation: str, body: Mapping[str, object]) -> dict[str, Any]:
        said = await self._once(keyid, operation, body)
        if said.get("error", {}).get("code") in _AGAIN:
            said = await self._once(keyid, operation, body)
        if "error" in said:
            raise Refused(said["error"].pop("code"), said["error"])
        result: dict[str, Any] = said["result"]
        return result

    async def _once(self, keyid: str, operation: str, body: Mapping[str, object]) -> dict[str, Any]:
        raw = json.dumps(body).encode()
        number = self._folder.next_number()
        spoken = (keyid, number, self.now() // SECOND)
        path = self._base + operation
        head = devices.sign_request(self._folder.key, self._authority, path, spoken, raw)
        wait = body.get("wait")
        long = wait / SECOND if isinstance(wait, int) else 0.0
        try:
            answer = await self._client.post(
                path, content=raw, headers=head, timeout=long + GRACE_S
            )
        except httpx.TransportError as error:
            raise Unheard("unreachable", str(error)) from error
        return self._believed(head, answer)

    def _believed(self, head: Mapping[str, str], answer: httpx.Response) -> dict[str, Any]:
        """The answer, which must be the installation's, and to this request."""
        if answer.status_code != _OK:
            raise Unheard("status", str(answer.status_code))
        told = {name.lower(): value for name, value in answer.headers.items()}
        bound = signatures.claimed_signature(head)
        try:
            said: dict[str, Any] = json.loads(answer.content)
            pin = self._folder.kept.installation or said["result"]["installation"]
            signatures.verify_answer(
                _bytes(pin), _OK, told, answer.content, bound, devices.SCHEME.tag
            )
            self._offset = int(said["now"]) - self._clock()
        except (Forged, ValueError, KeyError, TypeError) as error:
            raise Unheard("forged") from error
        if not self._folder.kept.installation:
            self._folder.change(installation=pin)
        return said


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
