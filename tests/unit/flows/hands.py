"""Passkeys in people's hands: an authenticator, and the browser that asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyturn.demo.play.authenticator import Authenticator
from keyturn.flows import account, passkeys
from keyturn.flows.passkeys import Added
from keyturn.rules.accounts import Passkey, User
from keyturn.rules.passkeys import Assertion, Attestation, assertion, attestation
from keyturn.steps.stepup import Signed
from tests.unit.flows.house import EMAIL, Browser, House, run

ORIGIN = "https://id.test"


def token(**fields: Any) -> Authenticator:
    """An authenticator on our page."""
    return Authenticator(ORIGIN, **fields)


def made(held: Authenticator, options: object) -> Attestation:
    """A new passkey as a door reads it."""
    assert isinstance(options, Mapping), options
    found = attestation(held.create(options))
    assert found is not None
    return found


def used(held: Authenticator, options: object) -> Assertion:
    """A use as a door reads it."""
    assert isinstance(options, Mapping), options
    found = assertion(held.get(options))
    assert found is not None
    return found


def me(browser: Browser) -> Signed:
    """Who is signed in there."""
    caller, session = browser.caller, browser.session or ""
    found = run(account.authenticate(browser.house.parts, caller, session))
    assert found is not None
    return found


def enrolled(
    house: House, user: User, held: Authenticator | None = None, typed: str = EMAIL
) -> tuple[Authenticator, Added]:
    """A browser signs in and makes a passkey."""
    browser, held = house.browser(), held or token()
    browser.sign_in(typed)
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    given = made(held, options)
    answer = run(passkeys.add(house.parts, browser.caller, me(browser), given))
    assert isinstance(answer, Added), answer
    assert answer.passkey.user_id == user.id
    return held, answer


def given(house: House, user: User, **fields: Any) -> Passkey:
    """A passkey that nobody holds, only stored."""
    now = house.clock.now()
    plain: dict[str, Any] = {
        "id": house.random.id(now), "tenant_id": user.tenant_id, "user_id": user.id,
        "credential_id": house.random.token(), "public_key": "a2V5", "sign_count": 0,
        "name": "Blue key", "aaguid": "", "transports": "usb", "synced": False,
        "created_at": now, "used_at": None, "cloned_at": None,
    }  # fmt: skip
    passkey = Passkey(**{**plain, **fields})
    house.write(lambda tx: tx.passkeys.add(passkey))
    return passkey


def kept(house: House, user: User) -> list[Passkey]:
    """A user's passkeys as stored."""
    return list(house.write(lambda tx: tx.passkeys.of_user(user.tenant_id, user.id)))


def sign_in(browser: Browser, held: Authenticator) -> object:
    """Sign in by a passkey alone."""
    parts = browser.house.parts
    options = run(passkeys.ask_signin(parts, browser.caller))
    return browser.keep(run(passkeys.sign_in(parts, browser.caller, used(held, options))))
