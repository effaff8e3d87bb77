"""TOTP (RFC 6238): six digits, 30 seconds, SHA-1, one step of tolerance each way."""

from __future__ import annotations

import hmac

import pyotp

_STEP_MS = 30_000
_DIGITS = 6
_TOLERANCE = (-1, 0, 1)


class Totp:
    """The codes of authenticator apps."""

    def new_secret(self) -> str:
        """A fresh 160-bit secret in base32."""
        return pyotp.random_base32(32)

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """The otpauth:// address an authenticator scans."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)

    def verify(self, secret: str, code: str, now: int, after: int | None) -> int | None:
        """The time step of a right and unused `code`, else None.

        All three steps are always computed and compared, so that time does not tell which
        of them was right. A stored secret that is none answers like a wrong code.
        """
        given = code.encode("utf-8", "surrogatepass")
        possible = len(given) == _DIGITS and given.isdigit()
        found: int | None = None
        for step in (now // _STEP_MS + shift for shift in _TOLERANCE):
            right = hmac.compare_digest(_code(secret, step), given)
            if right and possible and step >= 0 and (after is None or step > after):
                found = step
        return found


def _code(secret: str, step: int) -> bytes:
    """What an authenticator shows during `step`; no digits at all for a bad secret."""
    try:
        return pyotp.TOTP(secret, digits=_DIGITS).generate_otp(max(step, 0)).encode("ascii")
    except ValueError:  # no base32, or too short
        return b"\0" * _DIGITS
