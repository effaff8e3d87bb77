"""Passkeys in a real Chromium, with the authenticator that its DevTools can pretend to be.

The key, its signatures and its counter are the browser's own; nothing of ours imitates it.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, expect

from keyturn.rules.accounts import Passkey, Role, User
from keyturn.steps.stepup import FRESH_MS
from tests.lab.looking import Eye, Person
from tests.lab.served import PASSWORD, Served, eventually

ADA, BEN, CLEO, DORA = (f"{name}@people.test" for name in ("ada", "ben", "cleo", "dora"))
BUILT_IN: dict[str, Any] = {
    "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
    "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip
#: a plain key on the desk: no PIN, nothing to find people by
PLAIN_KEY = {
    **BUILT_IN, "transport": "usb", "hasResidentKey": False, "hasUserVerification": False,
    "isUserVerified": False,
}  # fmt: skip


#: the pretended person takes at once whatever the name's field suggests
NO_SUGGESTIONS = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


class Token:
    """The authenticator of one browser. `suggested`: its passkeys are among the suggestions
    of the name's field, else behind the button alone.
    """

    def __init__(
        self, person: Person, options: dict[str, Any] | None = None, *, suggested: bool = False
    ) -> None:
        if not suggested:
            person.page.context.add_init_script(NO_SUGGESTIONS)
        self._tools: CDPSession = person.page.context.new_cdp_session(person.page)
        self._tools.send("WebAuthn.enable", {"enableUI": False})
        made = self._tools.send(
            "WebAuthn.addVirtualAuthenticator", {"options": options or BUILT_IN}
        )
        self.id = made["authenticatorId"]

    @property
    def credentials(self) -> list[dict[str, Any]]:
        """What it holds."""
        found = self._tools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])

    def take(self, credential: dict[str, Any], **changed: Any) -> None:
        """Hold another's credential too, as a copy does."""
        name = credential["credentialId"]
        if any(held["credentialId"] == name for held in self.credentials):
            wanted = {"authenticatorId": self.id, "credentialId": name}
            self._tools.send("WebAuthn.removeCredential", wanted)
        copy = {"authenticatorId": self.id, "credential": {**credential, **changed}}
        self._tools.send("WebAuthn.addCredential", copy)

    def recognises(self, *, owner: bool) -> None:
        """Whether the finger on it is its owner's."""
        self._tools.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": owner}
        )


def kept(served: Served, user: User) -> list[Passkey]:
    """A user's passkeys as stored."""
    return list(served.write(lambda tx: tx.passkeys.of_user(user.tenant_id, user.id)))


def make(person: Person, email: str) -> None:
    """Sign in by password and make a passkey."""
    person.sign_in(email, PASSWORD)
    person.press("Add a passkey").press("Make a passkey")
    person.press("I have saved them")


def arrive(person: Person, path: str) -> None:
    """Wait until the browser is there."""
    eventually(lambda: True if person.path == path else person.page.wait_for_timeout(20))


def test_a_passkey_from_its_making_to_its_end(served: Served, eye: Eye) -> None:
    ada = served.user("Ada Byron", ADA)
    person = eye.person()
    token = Token(person)
    person.sign_in(ADA, PASSWORD)
    person.press("Add a passkey").see("passkey-new")
    person.press("Make a passkey")
    expect(person.page.locator("#codes")).to_be_visible()
    person.see("passkey-recovery-codes")
    assert len(person.page.locator("#codes li").all()) == 10
    assert "A passkey was added" in served.mailed(ADA, "A passkey was added").subject
    person.press("I have saved them").see("passkeys")
    (made,) = kept(served, ada)
    held = token.credentials[0]
    assert (held["isResidentCredential"], held["rpId"]) == (True, "localhost")
    assert held["userName"] == ADA

    person.page.get_by_role("button", name="Sign out").click()
    person.press("Sign in with a passkey")
    arrive(person, "/account")
    assert kept(served, ada)[0].sign_count > made.sign_count
    assert served.write(lambda tx: tx.audit.of_user(ada.tenant_id, ada.id, 1))[0].facts == {
        "level": 2, "new_client": False, "by": "passkey",
    }  # fmt: skip

    renamed_and_removed(served, person, ada)
    person.press("Sign in with a passkey")
    expect(person.page.get_by_role("heading", level=1)).to_have_text(
        "That passkey does not open an account here."
    )
    person.see("signin-passkey-refused")
    person.leave()


def renamed_and_removed(served: Served, person: Person, user: User) -> None:
    """Give the passkey another name, take it away, sign out."""
    person.press("Rename").see("passkey-rename")
    person.type(name="Blue <key>").press("Rename")
    assert person.reads("Blue <key>")
    person.press("Remove").see("passkey-remove")
    person.press("Remove the passkey")
    assert kept(served, user) == []
    served.mailed(user.email, "A passkey was removed")
    person.page.get_by_role("button", name="Sign out").click()


def test_the_second_step_the_second_proof_and_the_proof_by_a_passkey(
    served: Served, eye: Eye
) -> None:
    served.user("Ben Okafor", BEN)
    person = eye.person()
    token = Token(person)
    make(person, BEN)
    served.clock.move(FRESH_MS)
    person.press("Add a passkey").see("passkey-proof")
    person.press("Use your passkey")
    arrive(person, "/account/passkeys/new")
    person.press("Make a passkey")
    expect(person.page.locator("[data-told='known']")).to_be_visible()
    person.see("passkey-known")
    held = token.credentials[0]
    person.leave()

    new = eye.person()
    Token(new).take(held, signCount=50)
    new.sign_in(BEN, PASSWORD).see("second-passkey")
    new.press("Use your passkey")
    arrive(new, "/account")
    new.leave()

    lost = eye.person()
    Token(lost).take(held, signCount=90)
    lost.go("/recover").type(identifier=BEN).press("Send")
    lost.type(code=served.mailed(BEN, "code for a new").code).press("Go on")
    lost.see("recover-second-passkey")
    lost.press("Use your passkey")
    arrive(lost, "/recover/password")
    lost.leave()


def test_a_copy_is_refused_told_and_shown(served: Served, eye: Eye) -> None:
    cleo = served.user("Cleo Marsh", CLEO)
    person = eye.person()
    token = Token(person)
    make(person, CLEO)
    person.page.get_by_role("button", name="Sign out").click()
    person.press("Sign in with a passkey")
    arrive(person, "/account")
    copied = token.credentials[0]

    thief = eye.person()
    Token(thief).take(copied, signCount=0)
    thief.go("/signin").press("Sign in with a passkey")
    expect(thief.page.get_by_role("heading", level=1)).to_have_text(
        "That passkey does not open an account here."
    )
    thief.leave()
    assert kept(served, cleo)[0].cloned_at is not None
    mail = served.mailed(CLEO, "was copied")
    assert "/notme/" in mail.link("/notme/")
    person.go("/account").see("passkey-copied")
    person.page.get_by_role("button", name="Sign out").click()
    person.press("Sign in with a passkey")
    expect(person.page.get_by_role("heading", level=1)).to_have_text(
        "That passkey does not open an account here."
    )
    person.leave()


def test_what_goes_wrong_is_told_in_words(served: Served, eye: Eye) -> None:
    served.user("Dora Quist", DORA)
    person = eye.person()
    token = Token(person)
    make(person, DORA)
    person.page.get_by_role("button", name="Sign out").click()
    token.recognises(owner=False)
    person.press("Sign in with a passkey")
    expect(person.page.locator("[data-told='cancelled']")).to_be_visible()
    person.see("signin-passkey-cancelled")
    token.recognises(owner=True)
    person.press("Sign in with a passkey")
    arrive(person, "/account")
    person.leave()


def test_a_plain_key_is_a_second_step_and_signs_nobody_in(served: Served, eye: Eye) -> None:
    served.user("Emil Brandt", "emil@people.test")
    person = eye.person()
    Token(person, PLAIN_KEY)
    make(person, "emil@people.test")
    person.page.get_by_role("button", name="Sign out").click()
    person.page.context.clear_cookies()
    person.sign_in("emil@people.test", PASSWORD)
    person.press("Use your passkey")
    arrive(person, "/account")
    person.leave()


def test_the_names_field_suggests_a_passkey(served: Served, eye: Eye) -> None:
    served.user("Gita Rao", "gita@people.test")
    maker, person = eye.person(), eye.person()
    token = Token(maker)
    make(maker, "gita@people.test")
    Token(person, suggested=True).take(token.credentials[0])
    person.go("/signin")
    arrive(person, "/account")
    maker.leave()
    person.leave()


def test_without_a_script_nothing_of_it_is_there_and_all_else_works(
    served: Served, eye: Eye
) -> None:
    served.user("Fay Holm", "fay@people.test")
    person = eye.person(script=False)
    person.go("/signin")
    assert not person.page.get_by_role("button", name="Sign in with a passkey").is_visible()
    person.sign_in("fay@people.test", PASSWORD)
    assert person.path == "/account"
    assert not person.page.get_by_role("link", name="Add a passkey").is_visible()
    person.leave()


def test_a_browser_that_knows_no_passkeys_shows_none(served: Served, eye: Eye) -> None:
    person = eye.person()
    person.page.add_init_script("delete window.PublicKeyCredential")
    person.go("/signin")
    assert not person.page.get_by_role("button", name="Sign in with a passkey").is_visible()
    person.leave()


def test_staff_come_into_the_console_by_a_passkey(served: Served, eye: Eye) -> None:
    served.user("Tomas Okafor", "tomas@people.test", role=Role.OWNER)
    person = eye.person()
    Token(person)
    make(person, "tomas@people.test")
    assert person.path.startswith("/console")
    person.page.context.clear_cookies()
    person.go("/signin").press("Sign in with a passkey")
    arrive(person, "/console/users")
    person.leave()
