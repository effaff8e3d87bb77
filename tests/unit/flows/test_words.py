"""Every mail and text that the flows queue has words, and all the values they need."""

from __future__ import annotations

from keyturn.adapters.letters import FOLDER, JinjaLetters
from keyturn.flows import account, objection, phone, recovery, signup
from tests.unit.flows.house import EMAIL, PASSWORD, House, Letter, run

LETTERS = JinjaLetters(lambda tenant, path: f"https://id.test/t/{tenant.slug}{path}")
#: queued by support, which has tests of its own
ELSEWHERE = {"case_opened"}


def words(house: House, letter: Letter) -> str:
    """The message as delivery would word it."""
    about = {"id": letter.message.id, "name": "Ada", "timezone": None, "locks": 4}
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
    run(phone.offer(parts, browser.caller, me.user, "+447400123456", insisted=False))
    digits = house.last("verify_phone").code
    run(phone.enter_code(parts, browser.caller, me.user, digits))
    run(phone.remove(parts, browser.caller, me.user))
    me = run(account.authenticate(parts, browser.caller, browser.session or ""))
    assert me is not None
    fresh = run(account.new_recovery_codes(parts, browser.caller, me, done.codes[0]))
    assert isinstance(fresh, account.Codes)
    run(account.remove_totp(parts, browser.caller, me, fresh.codes[0]))


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
        "totp.added", "added", "removed", "recovery.used", "recovery.added", "recovery.used",
        "totp.removed",
    ]  # fmt: skip
