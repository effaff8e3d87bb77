"""An app that speaks the JSON API: it carries its three tokens itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered."""

    status: int
    body: dict[str, Any]

    @property
    def step(self) -> str:
        """The pending step that every reply names."""
        return str(self.body.get("pending", {}).get("step", ""))

    @property
    def code(self) -> str:
        """The name of a problem (RFC 9457), or ""."""
        return str(self.body.get("code", ""))


class App:
    """One installation of an app; see the module."""

    def __init__(self, origin: str, agent: str) -> None:
        self._http = httpx.Client(
            base_url=origin + PREFIX, headers={"user-agent": agent}, timeout=30
        )

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def call(self, method: str, path: str, **fields: object) -> Reply:
        """One request; tokens of the reply are kept for the next."""
        answer = self._http.request(method, path, json=fields or None)
        body: dict[str, Any] = answer.json()
        if "browser" in body:
            self._http.headers["keyturn-browser"] = body["browser"]
        entered = body.get("signed_in")
        if entered:
            self._http.headers["keyturn-client"] = entered["client"]
            self._http.headers["authorization"] = f"Bearer {entered['session']}"
        return Reply(answer.status_code, body)

    def sign_in(self, name: str, password: str) -> Reply:
        """Try a name and a password."""
        return self.call("POST", "/signin", identifier=name, password=password)
