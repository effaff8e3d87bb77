"""Every mail and text that the flows queue has words, and all the values they need."""

from __future__ import annotations

from dataclasses import replace

from keyturn.adapters.letters import FOLDER, JinjaLetters
from keyturn.flows import (
    account,
    address,
    objection,
    passkeys,
    phone,
    recovery,
    signin,
    signup,
    texting,
)
from keyturn.rules.accounts import User
from tests.unit.flows import hands
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, Letter, run

LETTERS = JinjaLetters(lambda tenant, path: f"https://id.test/t/{tenant.slug}{path}")
#: queued by support, deletion, break-glass, alarms, directories, invitations, the help desk's cases
#: and devices, which have tests of their own
ELSEWHERE = {
    "alarm", "case_opened", "erase_asked", "data_exported", "break_glass", "directory_changed",
    "directory_spent", "directory_started", "password_ends", "activation", "activation_reset",
    "activation_soon", "app_changed", "approvals_denied", "case_approval", "case_code",
    "countersign_asked", "countersign_done", "device_changed", "first_code", "first_link",
    "number_wanted", "phone_lost",
    "phone_lost_stopped",
}  # fmt: skip


def words(house: House, letter: Letter, language: str = "") -> str:
    """The message as delivery would word it, to somebody who chose `language`."""
    about = {
        "id": letter.message.id, "name": "Ada", "timezone": None, "locks": 4, "language": language,
    }  # fmt: skip
    to, values = letter.message.address or "x@y.test", {**about, **letter.values}
    if letter.message.channel == "mail":
        return LETTERS.mail(letter.kind, house.tenant, to, values).text
    return LETTERS.text(letter.kind, house.tenant, to, values).text


def live(house: House) -> None:
    """Somebody's whole life here, with all that can be mailed."""
    parts, browser = house.parts, house.browser()
    for _ in range(4):
        run(signup.start(parts, browser.caller, "Ada", EMAIL, PASSWORD, spaces_meant=False))
    token = house.last("verify_link").token
    browser.keep(run(signup.follow_link(parts, browser.caller, token)))
    house.clock.move(3_600_000)
    again = house.browser()
    run(signup.start(parts, again.caller, "Eve", EMAIL, PASSWORD, spaces_meant=False))
    again.sign_in()
    _change(house)
    _copied(house, again)
    stranger = house.browser()
    for _ in range(4):
        stranger.fail(5)
        run(recovery.start(parts, house.browser().caller, EMAIL))
        house.clock.move(600_000)
    run(recovery.start(parts, browser.caller, EMAIL))
    _recover(house)
    run(objection.confirm(parts, browser.caller, house.last("password_changed").token))


def _change(house: House) -> None:
    """Set up an authenticator and a phone, and take both away again."""
    parts, browser = house.parts, house.browser()
    browser.sign_in()
    me = run(account.authenticate(parts, browser.caller, browser.session or ""))
    assert me is not None
    begun = run(account.begin_totp(parts, browser.caller, me))
    assert isinstance(begun, account.Enrolment)
    code = house.code_of(begun.secret)
    done = browser.keep(run(account.confirm_totp(parts, browser.caller, me, code)))
    assert isinstance(done, account.Enrolled)
    me = run(account.authenticate(parts, browser.caller, browser.session or ""))
    assert me is not None
    run(phone.offer(parts, browser.caller, me, "+447400123456", insisted=False))
    digits = house.last("verify_phone").code
    run(phone.enter_code(parts, browser.caller, me.user, digits))
    run(phone.remove(parts, browser.caller, me))
    run(account.trust_client(parts, browser.caller, me))
    assert isinstance(run(account.new_recovery_codes(parts, browser.caller, me)), account.Codes)
    run(account.remove_totp(parts, browser.caller, me))
    _rename(house, browser, me)
    _by_text(house, me.user)


def _rename(house: House, browser: Browser, me: account.Signed) -> None:
    """Another address, which one that is taken cannot be, and the first one again."""
    parts = house.parts
    house.user("bob@northwind.test")
    run(address.offer(parts, browser.caller, me, "bob@northwind.test"))
    for wanted in ("ada@new.test", EMAIL):
        run(address.offer(parts, browser.caller, me, wanted))
        code = house.last("verify_address").code
        assert isinstance(
            run(address.enter_code(parts, browser.caller, me.user, code)), address.Changed
        )


def _by_text(house: House, user: User) -> None:
    """Sign in with a text as the second step, where the tenant takes it."""
    house.change(user, phone="+447400123499", phone_verified_at=house.clock.now())
    browser = house.browser()
    policy = replace(house.tenant.policy, sms_second=True)
    browser.tenant = replace(house.tenant, policy=policy)
    browser.sign_in()
    assert isinstance(run(texting.for_flow(house.parts, browser.caller, "signin")), texting.Texted)


def _copied(house: House, browser: Browser) -> None:
    """A passkey is made, found copied and taken away."""
    parts, me = house.parts, hands.me(browser)
    held, added = hands.enrolled(house, me.user)
    hands.sign_in(house.browser(), held)
    held.held[0].count = 0
    hands.sign_in(house.browser(), held)
    other = house.browser()
    other.sign_in()
    code = run(signin.second_step(parts, other.caller, added.codes[0], trust=False))
    other.keep(code)
    removed = passkeys.remove(parts, other.caller, hands.me(other), added.passkey.id)
    assert isinstance(run(removed), passkeys.Removed)


def _recover(house: House) -> None:
    parts, browser = house.parts, house.browser()
    house.clock.move(3_600_000)
    run(recovery.start(parts, browser.caller, EMAIL))
    run(recovery.enter_code(parts, browser.caller, house.last("recovery_code").code))
    done = recovery.set_password(parts, browser.caller, "a wholly new one", spaces_meant=False)
    assert isinstance(run(done), recovery.Open)


def test_every_message_that_is_queued_has_its_words(house: House) -> None:
    live(house)
    for letter in house.outbox():
        assert words(house, letter).strip()


def test_every_letter_there_is_is_queued_by_some_flow(house: House) -> None:
    live(house)
    written = {path.stem for path in FOLDER.iterdir() if path.suffix in {".txt", ".sms"}}
    assert {letter.kind for letter in house.outbox()} == written - ELSEWHERE


def test_every_change_of_a_second_step_or_phone_is_told(house: House) -> None:
    live(house)
    told = [letter.values["what"] for letter in house.outbox() if "what" in letter.values]
    assert told == [
        "totp.added", "added", "removed", "client.trusted", "recovery.added", "totp.removed",
        "passkey.added", "recovery.used", "passkey.removed",
    ]  # fmt: skip
