"""A person at a browser, through every flow; each page is looked at as it comes.

The real server (`served`), real mails and texts, a real Chromium (`looking`).  Every test
ends with: nothing on any of its pages was wrong.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from keyturn.flows import owner
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.lockout import MINUTE
from keyturn.rules.sessions import CONSOLE_IDLE_MS
from tests.lab.looking import PHONE, Eye, Person, opened
from tests.lab.served import PASSWORD, Served, eventually

NEW = "seven lamps by the river"
PEOPLE = (
    "Ann Lindqvist", "Bartholomew Featherstonehaugh-Cavendish", "Chiara Rossi", "Dilnoza Karimova",
    "Émile Dubois", "Fatima al-Sayed", "Grzegorz Wiśniewski", "Hanna Mäkelä",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server, with a small company in it."""
    with Served(tmp_path_factory.mktemp("installation")) as running:
        for number, name in enumerate(PEOPLE):
            first = name.split()[0].lower()
            running.user(name, f"person{number}@people.test", names=[f"{first}{number}"])
        yield running


@pytest.fixture(scope="module")
def seeing(served: Served) -> Iterator[Eye]:
    """One browser for all tests."""
    with opened(served.origin) as eye:
        yield eye


def apart(work: object) -> str:
    """Run a coroutine in a thread of its own: the browser's driver holds this one's loop."""
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(work)))  # type: ignore[arg-type]
    thread.start()
    thread.join()
    return found[0]


def staff_desk(served: Served, eye: Eye, role: Role, email: str) -> tuple[Person, User]:
    """Somebody of the staff, at their desk, in the console."""
    user = served.user(f"{role.title()} Okafor", email, role=role)
    secret = served.authenticator(user)
    desk = eye.person().sign_in(email, PASSWORD)
    desk.type(code=served.shown(secret)).press("Go on")
    return desk, user


def lock(person: Person, name: str) -> Person:
    """Five wrong passwords."""
    for _ in range(5):
        person.sign_in(name, "not the password")
    return person


def test_signing_up_with_a_mailed_code_and_a_phone_number(served: Served, eye: Eye) -> None:
    ada = eye.person()
    ada.go("/").press("Create an account").see("signup")
    ada.type(name="Ada", email="ada@people", password="password").press("Create account")
    ada.see("signup-problems")
    ada.type(name="Ada Lovelace", email="ada@people.test", password=f"{PASSWORD} ")
    ada.press("Create account").see("signup-space")
    ada.type(password=PASSWORD).press("Create account").see("signup-code")
    assert ada.heading.startswith("A code went to ada@people.test at")
    ada.type(code="000000").press("Go on").see("signup-code-wrong")
    assert "4 tries left" in ada.heading
    ada.type(code=served.mailed("ada@people.test").code).press("Go on").see("signup-phone")
    ada.type(number="020 7946 0018").press("Send the text").see("signup-phone-landline")
    assert "looks like a landline" in ada.heading
    assert not served.peers.gateway.texts
    ada.type(number="not a number").press("Send the text").see("signup-phone-bad")
    ada.type(number="07400 123 459").press("Send the text")
    served.texted("+447400123459")
    eventually(lambda: ada.go("/account/phone/code").reads("could not be delivered") or None)
    ada.see("phone-code-bounced")
    ada.press("Use another number")
    ada.type(number="07400 123 450").press("Send the text").see("phone-code")
    ada.type(code="000000").press("Go on").see("phone-code-wrong")
    ada.type(code=served.texted("+447400123450").code).press("Go on").see("welcome")
    ada.press("Go to my account").see("account-bare")
    assert ada.reads("+447400123450")
    ada.leave()


def test_a_lock_with_its_countdown_and_recovery_meanwhile(served: Served, eye: Eye) -> None:
    served.user("Ben Musterman", "ben@people.test", names=["ben"])
    ben = eye.person(size=PHONE)
    ben.go("/signin").see("signin")
    ben.sign_in("ben", "not the password").see("signin-wrong")
    lock(ben, "BEN@people.test").see("signin-locked")
    assert ben.heading.startswith("Your account is locked until")
    assert "That is 10 minutes." in ben.heading
    assert "locked until" in served.mailed("ben@people.test", "locked").subject
    ben.press("Set a new password").see("recover")
    ben.type(identifier="ben").press("Send").see("recover-code")
    ben.type(code="000000").press("Go on").see("recover-code-wrong")
    mail = served.mailed("ben@people.test", "code for a new")
    ben.go(mail.link("/link/").removeprefix(served.origin)).see("link-live")
    ben.go("/recover/code").type(code=mail.code).press("Go on").see("recover-password")
    ben.type(password="northwind").press("Set the new password").see("recover-password-problem")
    ben.type(password=f" {NEW}").press("Set the new password").see("recover-password-space")
    ben.type(password=NEW).press("Set the new password").see("recover-done-waits")
    assert ben.heading.startswith("Your new password works from")
    ben.go(mail.link("/link/").removeprefix(served.origin)).see("link-used")
    served.clock.move(10 * MINUTE)
    ben.go("/recover/done").see("recover-done")
    assert ben.heading == "Your new password works now."
    assert ben.press("Sign in").type(identifier="ben", password=NEW).press("Sign in").path == (
        "/account"
    )
    ben.leave()


def test_the_page_of_a_lock_opens_by_itself_when_it_is_over(served: Served, eye: Eye) -> None:
    """The countdown runs on the browser's clock, so that one is moved."""
    served.user("Cleo Vance", "cleo@people.test")
    cleo = eye.person()
    cleo.page.clock.install()
    lock(cleo, "cleo@people.test")
    expect(cleo.page.locator("[data-digits]")).to_contain_text("9:5")
    cleo.page.clock.fast_forward(10 * MINUTE)
    expect(cleo.page.locator("h1:visible")).to_have_text("The lock is over. You can sign in again.")
    served.clock.move(10 * MINUTE)
    cleo.see("signin-open-again")
    cleo.type(identifier="cleo@people.test", password=PASSWORD).press("Sign in")
    assert cleo.path == "/account"
    cleo.leave()


def test_an_authenticator_is_set_up_and_asked_for(served: Served, eye: Eye) -> None:
    served.user("Dora Quist", "dora@people.test")
    dora = eye.person().sign_in("dora@people.test", PASSWORD)
    dora.press("Add a second step").see("totp")
    secret = dora.page.locator("#secret").get_attribute("data-plain") or ""
    expect(dora.page.locator(".qr svg")).to_be_visible()
    dora.type(code="000000").press("Switch it on").see("totp-wrong")
    dora.type(code=served.shown(secret)).press("Switch it on").see("recovery-codes")
    codes = dora.page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    dora.press("I have saved them").see("account")
    second(served, eye, secret, codes)
    served.clock.move(10 * MINUTE)
    dora.go("/account/recovery-codes").see("proof-code")
    dora.type(code="000000").press("Go on").see("proof-wrong")
    dora.type(code=served.shown(secret)).press("Go on").see("sure-codes")
    dora.go("/account/totp/remove").see("sure-remove")
    dora.go("/account/totp").see("totp-replace")
    dora.leave()
    forgotten(served, eye, codes[1])


def second(served: Served, eye: Eye, secret: str, codes: list[str]) -> None:
    """The second step in browsers that nobody knows."""
    new = eye.person().sign_in("dora@people.test", PASSWORD)
    new.see("second")
    new.type(code="000000").press("Go on").see("second-wrong")
    new.type(code=codes[0]).press("Go on")
    assert new.path == "/account"
    new.go("/signin").press("Sign in")
    new.leave()
    third = eye.person().sign_in("dora@people.test", PASSWORD)
    for _ in range(5):
        third.type(code="000000").press("Go on")
    third.see("second-locked")
    served.clock.move(10 * MINUTE)
    third.go("/signin/second")
    if third.path == "/signin":
        third.sign_in("dora@people.test", PASSWORD)
    third.type(code=served.shown(secret)).press("Go on")
    assert third.path == "/account"
    third.leave()


def forgotten(served: Served, eye: Eye, saved: str) -> None:
    """A forgotten password where there is a second step: it is asked for as well."""
    new = eye.person(size=PHONE)
    new.go("/recover").type(identifier="dora@people.test").press("Send")
    new.type(code=served.mailed("dora@people.test", "code for a new").code).press("Go on")
    new.see("recover-second")
    new.type(code="000000").press("Go on").see("recover-second-wrong")
    new.type(code=saved).press("Go on")
    assert new.heading == "Choose your new password."
    new.leave()


def test_an_address_and_a_password_are_changed_and_the_old_address_takes_it_back(
    served: Served, eye: Eye
) -> None:
    served.user("Gwen Ilk", "gwen@people.test")
    gwen = eye.person().sign_in("gwen@people.test", PASSWORD)
    served.clock.move(10 * MINUTE)
    gwen.go("/account/email").see("proof-password")
    gwen.type(password="not it").press("Go on").see("proof-password-wrong")
    gwen.type(password=PASSWORD).press("Go on").see("email")
    gwen.type(email="gwen@").page.locator("form").first.evaluate("f => f.noValidate = true")
    gwen.press("Send the code").see("email-bad")
    gwen.type(email="gwen@elsewhere.test").press("Send the code").see("email-code")
    gwen.type(code="000000").press("Change the address").see("email-code-wrong")
    gwen.type(code=served.mailed("gwen@elsewhere.test", "Confirm").code).press("Change the address")
    assert gwen.path == "/account"
    assert gwen.reads("gwen@elsewhere.test")
    gwen.go("/account/password").see("password")
    gwen.type(current="not it", password=NEW).press("Set the new password").see("password-wrong")
    gwen.type(current=PASSWORD, password=NEW).press("Set the new password").see("password-done")
    link = served.mailed("gwen@people.test", "was changed").link("/notme/")
    owner = eye.person()
    owner.go(link.removeprefix(served.origin)).press("It was not me: stop it")
    assert gwen.go("/account").path == "/signin"
    owner.go("/recover").type(identifier="gwen@people.test").press("Send")
    assert served.mailed("gwen@people.test", "code for a new").code
    owner.leave()
    gwen.leave()


def test_this_was_not_me(served: Served, eye: Eye) -> None:
    served.user("Eve Moss", "eve@people.test")
    eye.person().sign_in("eve@people.test", PASSWORD).leave()
    thief = eye.person().sign_in("eve@people.test", PASSWORD)
    assert thief.path == "/account"
    link = served.mailed("eve@people.test", "new browser").link("/notme/")
    eve = eye.person(size=PHONE)
    eve.go(link.removeprefix(served.origin)).see("notme")
    eve.press("It was not me: stop it").see("notme-done")
    eve.go(link.removeprefix(served.origin)).see("notme-used")
    assert thief.go("/account").path == "/signin"
    eve.go("/recover").type(identifier="eve@people.test").press("Send")
    eve.type(code=served.mailed("eve@people.test", "code for a new").code).press("Go on")
    eve.type(password=NEW).press("Set the new password")
    eve.sign_in("eve@people.test", NEW).see("account-frozen")
    assert eve.heading.startswith("Changes to your account have been frozen since")
    eve.leave()
    thief.leave()


def test_i_still_cannot_get_in(served: Served, eye: Eye) -> None:
    served.user("Finn Ode", "finn@people.test")
    finn = lock(eye.person(), "finn@people.test")
    finn.go("/help").see("help")
    finn.type(identifier="finn@people.test", note="my password is tulip77").press("Send it")
    finn.see("help-held-back")
    assert not finn.reads("tulip77")
    finn.type(note="It says locked, and I did nothing.").press("Send it").see("help-done")
    assert finn.page.locator("#ref").inner_text().startswith("KT-")
    finn.go("/contact").see("contact")
    finn.go("/nothing/here").see("refused-404")
    finn.go("/link/" + "x" * 43).see("link-unknown")
    finn.go("/recover").type(identifier="finn@people.test").press("Send")
    link = served.mailed("finn@people.test", "code for a new").link("/link/")
    served.clock.move(11 * MINUTE)
    finn.go(link.removeprefix(served.origin)).see("link-expired")
    finn.go("/recover/code").see("recover-code-late")
    assert finn.heading.startswith("That code ended at")
    known = eye.person().sign_in("person0@people.test", PASSWORD)
    known.go("/help").press("Send it").see("help-done-known")
    known.leave()
    finn.leave()


def test_the_first_owner_comes_from_a_link_to_the_console(served: Served, eye: Eye) -> None:
    link = apart(owner.setup_link(served.house.parts, served.tenant, break_glass=False))
    olga = eye.person()
    path = "/setup/" + link.rpartition("/")[2]
    olga.go(path).see("owner-setup")
    olga.type(name="Olga Owner", email="olga@northwind.test", password="short")
    olga.page.locator("main form").evaluate("form => { form.noValidate = true }")
    olga.press("Become the owner").see("owner-setup-problems")
    olga.type(password=PASSWORD).press("Become the owner").see("owner-totp")
    secret = olga.page.locator("#secret").get_attribute("data-plain") or ""
    olga.go("/console").see("console-closed-enrol")
    olga.press("Set up an authenticator app")
    olga.type(code=served.shown(secret)).press("Switch it on").press("I have saved them")
    assert olga.path == "/console/users"
    assert olga.reads("Olga Owner")
    olga.go(path).see("owner-dead")
    served.clock.move(CONSOLE_IDLE_MS)
    olga.go("/console").see("console-closed-again")
    olga.press("Sign in with the second step").type(password=PASSWORD).press("Sign in")
    olga.type(code=served.shown(secret)).press("Go on")
    assert olga.path == "/console/users"
    olga.leave()


def test_staff_find_people_and_help_them(served: Served, eye: Eye) -> None:
    gina = served.user("Gina Torres", "gina@people.test", names=["gina"], phone="+447400123451")
    lock(eye.person(), "gina").leave()
    served.user("Ivan Unverified", "ivan@people.test", state=UserState.UNVERIFIED)
    desk, _ = staff_desk(served, eye, Role.MANAGER, "manager@northwind.test")
    assert desk.path == "/console/users"
    desk.see("console-users")
    desk.page.fill("#q", "torres")
    expect(desk.page.locator("#rows tbody tr")).to_have_count(1)
    expect(desk.page.locator("#rows time").first).not_to_contain_text("BST")
    assert "q=torres" in desk.page.url
    desk.page.get_by_label("Actions for Gina Torres").click()
    desk.see("console-users-menu")
    desk.page.get_by_role("link", name="Open").click()
    desk.see("console-user-locked")
    assert "is locked for browsers new to the account" in desk.heading
    desk.press("Unlock")
    assert desk.heading == "Gina Torres can sign in."
    menu(desk, "Gina Torres", "End sessions…").see("console-confirm-sessions")
    desk.press("End all sessions")
    menu(desk, "Gina Torres", "Disable…").see("console-confirm-disable")
    desk.press("Disable the account").see("console-user-disabled")
    desk.go("/console/users?q=nobody+at+all").see("console-users-none")
    desk.go("/console/users?state=disabled")
    assert desk.reads("Gina Torres")
    desk.go(f"/console/users/{gina.id}")
    menu(desk, "Gina Torres", "Enable…").see("console-confirm-enable")
    desk.press("Enable the account")
    assert desk.heading == "Gina Torres can sign in."
    desk.leave()


def menu(desk: Person, name: str, words: str) -> Person:
    """Choose from the ⋯ menu of a user's page."""
    desk.page.get_by_label(f"More actions for {name}").click()
    desk.page.get_by_role("link", name=words).click()
    return desk


def test_staff_read_messages_the_audit_trail_and_cases(served: Served, eye: Eye) -> None:
    served.user("Hugo Nkemelu", "nobody.hugo@people.test", names=["hugo"])
    hugo = lock(eye.person(), "hugo")
    hugo.go("/help").type(identifier="hugo", contact="+44 7400 123452, after five")
    hugo.type(note="I set a new password and it still says no.\nOn the laptop, too.")
    hugo.press("Send it")
    ref = hugo.page.locator("#ref").inner_text()
    hugo.leave()
    desk, _ = staff_desk(served, eye, Role.TECHNICIAN, "technician@northwind.test")
    eventually(lambda: desk.go("/console/messages?state=rejected").reads("Refused") or None)
    desk.go("/console/messages").see("console-messages")
    desk.go("/console/messages?channel=sms&state=rejected").see("console-messages-none")
    desk.go("/console/audit").see("console-audit")
    desk.type(q="hugo").press("Show")
    assert desk.reads("Hugo Nkemelu")
    assert not desk.reads("Gina Torres")
    desk.go("/console/cases").see("console-cases")
    desk.press(ref).see("console-case")
    assert desk.reads("Locked after five wrong passwords")
    desk.press("Close this case").see("console-case-closed")
    desk.go("/console/users?q=hugo").press("Hugo Nkemelu").see("console-user-bounced")
    desk.go("/console/users/" + "0" * 26).see("console-refused-404")
    desk.leave()
    auditor, me = staff_desk(served, eye, Role.AUDITOR, "auditor@northwind.test")
    auditor.go(f"/console/users/{me.id}").see("console-user-auditor")
    auditor.go(f"/console/users/{me.id}/disable").see("console-refused-role")
    auditor.leave()


def test_the_main_flows_without_javascript(served: Served, eye: Eye) -> None:
    kai = eye.person(script=False, size=PHONE)
    kai.go("/signup").type(name="Kai Plain", email="kai@people.test", password=PASSWORD)
    kai.press("Create account").see("plain-signup-code")
    kai.type(code=served.mailed("kai@people.test").code).press("Go on").press("Not now")
    kai.page.get_by_role("button", name="Sign out").first.click()
    lock(kai, "kai@people.test").see("plain-signin-locked")
    kai.go("/recover").type(identifier="kai@people.test").press("Send")
    code = served.mailed("kai@people.test", "code for a new").code
    kai.type(code=code).press("Go on").type(password=NEW).press("Set the new password")
    kai.see("plain-recover-done-waits")
    served.clock.move(10 * MINUTE)
    kai.sign_in("kai@people.test", NEW).see("plain-account")
    kai.go("/help").type(note="No script here.").press("Send it")
    assert kai.page.locator("#ref").inner_text().startswith("KT-")
    kai.leave()
    plain_console(served, eye)


def plain_console(served: Served, eye: Eye) -> None:
    """Search and the ⋯ menu without a script."""
    boss = served.user("Petra Plain", "petra@northwind.test", role=Role.OWNER)
    secret = served.authenticator(boss)
    desk = eye.person(script=False).sign_in("petra@northwind.test", PASSWORD)
    desk.type(code=served.shown(secret)).press("Go on")
    desk.type(q="rossi").press("Show")
    assert desk.page.locator("#rows tbody tr").count() == 1
    desk.page.get_by_label("Actions for Chiara Rossi").click()
    desk.see("plain-console-menu")
    desk.page.get_by_role("button", name="Unlock").click()
    assert desk.heading == "Chiara Rossi can sign in."
    desk.leave()


def test_sign_in_and_the_menu_by_keyboard_alone(served: Served, eye: Eye) -> None:
    boss = served.user("Quinn Keys", "quinn@northwind.test", role=Role.OWNER)
    secret = served.authenticator(boss)
    quinn = eye.person().go("/signin")
    expect(quinn.page.locator("#identifier")).to_be_focused()
    quinn.page.keyboard.type("quinn@northwind.test")
    quinn.keys("Tab").page.keyboard.type(PASSWORD)
    quinn.keys("Enter")
    expect(quinn.page.locator("#code")).to_be_focused()
    quinn.page.keyboard.type(served.shown(secret))
    quinn.keys("Enter")
    quinn.page.wait_for_url("**/console/users")
    quinn.tab_to("Find a user").page.keyboard.type("lindqvist")
    expect(quinn.page.locator("#rows tbody tr")).to_have_count(1)
    quinn.tab_to("Actions for Ann Lindqvist").keys("Enter")
    quinn.tab_to("Open").see("keyboard-menu")
    quinn.keys("Escape")
    assert quinn.focused == "Actions for Ann Lindqvist"
    quinn.keys("Enter").tab_to("Unlock").keys("Enter")
    quinn.page.wait_for_url("**/console/users/*")
    assert quinn.heading == "Ann Lindqvist can sign in."
    quinn.leave()


def test_everything_was_seen(seeing: Eye, record_property: Callable[[str, object], None]) -> None:
    """Stays the last: what the tests above have looked at."""
    record_property("says", seeing.summary)
    assert seeing.screens == 4 * len(seeing.names)
    assert len(seeing.names) >= 60
