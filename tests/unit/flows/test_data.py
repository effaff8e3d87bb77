"""One's own data in a file; an account deleted, kept after all, and erased."""

from __future__ import annotations

import json

import pytest

from keyturn.flows import account, data, erasing, objection, staff
from keyturn.flows.data import (
    Asked,
    Exported,
    Frozen,
    Kept,
    LastOwner,
    NotAllowed,
    NotFound,
    NothingOpen,
    ProofNeeded,
    Signed,
    SignedOut,
)
from keyturn.flows.signin import SignedIn
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.codes import Expired
from keyturn.rules.directories.known import Known
from keyturn.rules.directories.resets import JobState
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import DAY
from keyturn.steps.dossier import moment
from keyturn.steps.erasure import WAIT_MS
from keyturn.steps.stepup import FRESH_MS
from keyturn.steps.views import UserPage
from tests.unit.adapters.test_directories_contract import make_job
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run
from tests.unit.web.corp import Corp


@pytest.fixture
def ada(house: House) -> User:
    return house.user(EMAIL, PASSWORD)


def signed(browser: Browser) -> Signed:
    """Somebody who has just signed in there."""
    assert isinstance(browser.sign_in(), SignedIn)
    found = run(account.authenticate(browser.house.parts, browser.caller, browser.session or ""))
    assert found is not None
    return found


def asked(house: House, browser: Browser) -> str:
    """Ask for the deletion; the token of the link that keeps the account."""
    answer = run(data.ask_deletion(house.parts, browser.caller, signed(browser)))
    assert answer == Asked(house.clock.now() + WAIT_MS)
    return house.last("erase_asked").token


def now_of(house: House, user: User) -> User | None:
    found: User | None = house.write(lambda tx: tx.users.get(user.tenant_id, user.id))
    return found


def erase(house: House) -> None:
    """Go on until nothing is left to be erased."""
    for _ in range(100):
        if not run(erasing.erase_due(house.parts)):
            return
    raise AssertionError


# -- export


def test_an_export_holds_what_is_stored_and_nothing_secret(house: House, ada: User) -> None:
    secret, codes = house.totp(ada), house.saved_codes(ada)
    browser = house.browser(ip="192.0.2.77")
    browser.fail(2)
    browser.sign_in()
    browser.second_step(house.code_of(secret), trust=True)
    me = run(account.authenticate(house.parts, browser.caller, browser.session or ""))
    assert me is not None
    answer = run(data.export(house.parts, browser.caller, me))
    assert isinstance(answer, Exported)
    text = json.dumps(answer.document)
    for told in (EMAIL, "192.0.2.77", "signin.failed", "Firefox on Windows", "totp", "recovery"):
        assert told in text
    hidden = [secret, *codes, browser.session or "", ada.password_hash or "", "sealed", "digest"]
    assert [word for word in hidden if word in text] == []
    assert house.dump("codes", "factors", "sessions", "clients").count("'") > 0
    for table in ("codes", "factors", "sessions", "clients"):
        for cell in house.dump(table).split("'"):
            assert len(cell) < 40 or cell not in text


def test_an_export_needs_a_proof_of_just_now_and_is_told(house: House, ada: User) -> None:
    browser = house.browser()
    me = signed(browser)
    house.clock.move(FRESH_MS - 1)
    assert isinstance(run(data.export(house.parts, browser.caller, me)), Exported)
    assert house.last("data_exported").message.address == EMAIL
    assert house.events(ada)[-1] == Event.DATA_EXPORTED
    house.clock.move(1)
    assert isinstance(run(data.export(house.parts, browser.caller, me)), ProofNeeded)
    assert len(house.outbox("data_exported")) == 1


def test_an_export_says_nothing_of_staff_but_that_they_acted(house: House, ada: User) -> None:
    owner = house.user("olga@northwind.test", PASSWORD, role=Role.OWNER)
    office = house.browser(ip="198.51.100.9")
    chief = Staff(caller=office.caller, user=owner, role=Role.OWNER, level=2, fresh=True)
    run(staff.unlock(house.parts, chief, ada.id))
    answer = run(data.export_for(house.parts, chief, ada.id))
    assert isinstance(answer, Exported)
    text = json.dumps(answer.document)
    assert "user.unlocked" in text
    assert '"by": "staff"' in text
    assert "198.51.100.9" not in text
    assert owner.id not in text


def test_everything_of_a_passkey_but_its_keys_is_in_it(house: House, ada: User) -> None:
    from keyturn.rules.accounts import Passkey

    now = house.clock.now()
    key = Passkey(
        id=house.random.id(now), tenant_id=ada.tenant_id, user_id=ada.id, credential_id="CRED",
        public_key="PUBLIC", sign_count=3, name="Blue key", aaguid="x", transports="usb",
        synced=False, created_at=now, used_at=None, cloned_at=None,
    )  # fmt: skip
    house.write(lambda tx: tx.passkeys.add(key))
    chief = staff.on_the_host(house.browser().caller)
    answer = run(data.export_for(house.parts, chief, ada.id))
    assert isinstance(answer, Exported)
    text = json.dumps(answer.document)
    assert "Blue key" in text
    assert "CRED" not in text
    assert "PUBLIC" not in text


# -- deletion


def test_who_asks_is_out_at_once_and_gets_a_link(house: House, ada: User) -> None:
    browser = house.browser()
    asked(house, browser)
    after = now_of(house, ada)
    assert after is not None
    assert (after.state, after.erase_at) == (UserState.DISABLED, house.clock.now() + WAIT_MS)
    assert run(account.authenticate(house.parts, browser.caller, browser.session or "")) is None
    assert not isinstance(house.browser().sign_in(), SignedIn)
    assert [e for e in house.events(ada) if e.startswith("erase")] == [Event.ERASE_ASKED]


def test_a_deletion_needs_a_proof_of_just_now(house: House, ada: User) -> None:
    browser = house.browser()
    me = signed(browser)
    assert isinstance(run(data.check(house.parts, browser.caller, me)), User)
    house.clock.move(FRESH_MS)
    for flow in (data.check, data.ask_deletion):
        assert isinstance(run(flow(house.parts, browser.caller, me)), ProofNeeded)
    assert now_of(house, ada) == ada


def test_nothing_is_deleted_while_changes_are_frozen_or_the_session_is_over(
    house: House, ada: User
) -> None:
    browser = house.browser()
    me = signed(browser)
    run(account.sign_out(house.parts, browser.caller, browser.session or ""))
    assert run(data.ask_deletion(house.parts, browser.caller, me)) == SignedOut()
    me = signed(browser)
    house.change(ada, frozen_at=1)
    assert run(data.ask_deletion(house.parts, browser.caller, me)) == Frozen(1)
    assert run(data.export(house.parts, browser.caller, me)) == Frozen(1)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_the_link_keeps_the_account_until_its_last_moment(
    house: House, ada: User, late: int
) -> None:
    token = asked(house, house.browser())
    house.clock.move(WAIT_MS + late)
    caller = house.browser().caller
    state = run(data.look(house.parts, caller, token))
    answer = run(data.keep(house.parts, caller, token))
    if late < 0:
        assert state.verdict is None
        assert answer == Kept()
        assert isinstance(house.browser().sign_in(), SignedIn)
    else:
        assert isinstance(answer, Expired)
    erase(house)
    assert (now_of(house, ada) is None) is (late >= 0)


def test_keeping_twice_says_the_same_and_unknown_links_nothing(house: House, ada: User) -> None:
    token = asked(house, house.browser())
    caller = house.browser().caller
    assert [run(data.keep(house.parts, caller, token)) for _ in range(2)] == [Kept(), Kept()]
    assert [e for e in house.events(ada) if e.startswith("erase")] == [
        Event.ERASE_ASKED, Event.ERASE_UNDONE,
    ]  # fmt: skip
    assert run(data.keep(house.parts, caller, "x" * 43)) == NothingOpen()
    assert not run(data.look(house.parts, caller, "x" * 43)).known


def test_opening_the_link_changes_nothing(house: House, ada: User) -> None:
    token = asked(house, house.browser())
    before = house.dump("users", "codes", "flows", "audit")
    run(data.look(house.parts, house.browser().caller, token))
    assert house.dump("users", "codes", "flows", "audit") == before


def test_a_link_of_another_tenant_opens_nothing(house: House, ada: User) -> None:
    token = asked(house, house.browser())
    other = house.add_tenant("fabrikam")
    stranger = house.browser(tenant=other).caller
    assert run(data.keep(house.parts, stranger, token)) == NothingOpen()


def test_this_was_not_me_keeps_the_account_too(house: House, ada: User) -> None:
    asked(house, house.browser())
    notme = str(house.last("erase_asked").values["notme"]).rpartition("/")[2]
    run(objection.confirm(house.parts, house.browser().caller, notme))
    after = now_of(house, ada)
    assert after is not None
    assert (after.state, after.erase_at, after.password_hash) == (UserState.ACTIVE, None, None)
    house.clock.move(WAIT_MS)
    erase(house)
    assert now_of(house, ada) is not None


def test_staff_enabling_the_account_keeps_it(house: House, ada: User) -> None:
    token = asked(house, house.browser())
    chief = staff.on_the_host(house.browser().caller)
    run(staff.enable(house.parts, chief, ada.id))
    after = now_of(house, ada)
    assert after is not None
    assert (after.state, after.erase_at) == (UserState.ACTIVE, None)
    assert run(data.keep(house.parts, house.browser().caller, token)) == Kept()


# -- owners


def test_the_last_owner_cannot_go(house: House) -> None:
    house.user(EMAIL, PASSWORD, role=Role.OWNER)
    browser = house.browser()
    me = signed(browser)
    assert run(data.check(house.parts, browser.caller, me)) == LastOwner()
    assert run(data.ask_deletion(house.parts, browser.caller, me)) == LastOwner()
    other = house.user("bob@northwind.test", PASSWORD, role=Role.OWNER)
    house.change(other, state=UserState.DISABLED)
    assert run(data.ask_deletion(house.parts, browser.caller, me)) == LastOwner()
    house.change(other, state=UserState.ACTIVE)
    assert isinstance(run(data.ask_deletion(house.parts, browser.caller, me)), Asked)


def test_an_owner_from_another_tenant_is_an_owner(house: House) -> None:
    house.user(EMAIL, PASSWORD, role=Role.OWNER)
    other = house.add_tenant("provider")
    guest = house.user("eve@provider.test", PASSWORD, tenant=other)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, guest.id, Role.OWNER))
    browser = house.browser()
    answer = run(data.ask_deletion(house.parts, browser.caller, signed(browser)))
    assert isinstance(answer, Asked)


# -- staff


def test_staff_delete_and_export_as_their_role_allows(house: House, ada: User) -> None:
    office = house.browser()
    for role, may in ((Role.MANAGER, True), (Role.TECHNICIAN, False), (Role.AUDITOR, False)):
        who = house.user(f"{role}@northwind.test", PASSWORD, role=role)
        desk = Staff(caller=office.caller, user=who, role=role, level=2, fresh=True)
        exported = run(data.export_for(house.parts, desk, ada.id))
        deleted = run(data.delete_for(house.parts, desk, ada.id))
        if not may:
            assert exported == deleted == NotAllowed(Why.NO_ROLE)
            continue
        assert isinstance(exported, Exported)
        assert isinstance(deleted, Asked)
        again = run(data.delete_for(house.parts, desk, ada.id))
        assert again == deleted
        page = run(staff.user(house.parts, desk, ada.id))
        assert isinstance(page, UserPage)
        assert Action.ERASE not in page.can
        assert run(data.delete_for(house.parts, desk, who.id)) == NotAllowed(Why.SELF)
    chief = staff.on_the_host(office.caller)
    for nobody in ("x", house.tenant.id, "0" * 26):
        assert run(data.export_for(house.parts, chief, nobody)) == NotFound()


# -- erasing


def test_erased_is_erased_and_the_names_are_free_again(house: House, ada: User) -> None:
    house.totp(ada)
    browser = house.browser(ip="192.0.2.77")
    browser.sign_in()
    chief = staff.on_the_host(house.browser().caller)
    run(data.delete_for(house.parts, chief, ada.id))
    house.clock.move(WAIT_MS)
    erase(house)
    assert now_of(house, ada) is None
    everything = house.dump(
        *(
            t
            for t in (
                "users",
                "identifiers",
                "clients",
                "sessions",
                "factors",
                "messages",
                "flows",
                "codes",
                "lanes",
                "audit",
            )
        )
    )
    for personal in (EMAIL, ada.name, "192.0.2.77", "Firefox"):
        assert personal not in everything
    assert house.user(EMAIL, PASSWORD).id != ada.id


def test_the_trail_of_an_erased_account_stays(house: House, ada: User) -> None:
    browser = house.browser(ip="192.0.2.77")
    browser.fail(3)
    asked(house, browser)
    before = house.events(ada)
    house.clock.move(WAIT_MS)
    erase(house)
    assert house.events(ada) == [*before, Event.USER_ERASED]
    addresses = {e.ip for e in house.trail(ada) if e.event is Event.SIGNIN_FAILED}
    [address] = addresses
    assert address.startswith("~")


@pytest.mark.parametrize("more", [-1, 0, 1, erasing.ROWS])
def test_erasing_goes_on_in_small_steps(house: House, ada: User, more: int) -> None:
    chief = staff.on_the_host(house.browser().caller)
    run(data.delete_for(house.parts, chief, ada.id))
    _trail(house, ada, erasing.ROWS + more - house.count("audit"))
    house.clock.move(WAIT_MS)
    steps = 0
    while run(erasing.erase_due(house.parts)):
        assert house.again(ada) is not None
        steps += 1
    assert steps == (erasing.ROWS + more) // erasing.ROWS
    assert now_of(house, ada) is None
    assert "192.0.2.9" not in house.dump("audit")


def _trail(house: House, user: User, count: int) -> None:
    now = house.clock.now()

    def fill(tx: Tx) -> None:
        for _ in range(count):
            tx.audit.add(Entry(house.random.id(now), user.tenant_id, now, Event.SIGNIN_FAILED,
                               user.id, None, "192.0.2.9", "Firefox", {}))  # fmt: skip

    house.write(fill)


def test_one_account_is_erased_to_the_end_where_nobody_wants_to_wait(
    house: House, ada: User
) -> None:
    _trail(house, ada, 2 * erasing.ROWS + 1)
    house.change(ada, erase_at=house.clock.now())
    run(erasing.erase_one(house.parts, ada.tenant_id, ada.id))
    assert now_of(house, ada) is None


def test_who_keeps_the_account_at_the_last_moment_keeps_it(house: House, ada: User) -> None:
    asked(house, house.browser())
    house.clock.move(WAIT_MS)
    run(erasing._erase(house.parts, "t" * 26, ada.id))
    house.change(ada, erase_at=None)
    run(erasing._erase(house.parts, ada.tenant_id, ada.id))
    house.change(ada, erase_at=house.clock.now() + DAY)
    run(erasing._erase(house.parts, ada.tenant_id, ada.id))
    assert now_of(house, ada) is not None


def test_several_accounts_are_erased_one_look_after_the_other(house: House) -> None:
    chief = staff.on_the_host(house.browser().caller)
    for n in range(erasing.LIMIT + 1):
        user = house.user(f"u{n}@northwind.test", PASSWORD)
        run(data.delete_for(house.parts, chief, user.id))
    house.clock.move(WAIT_MS)
    erase(house)
    assert house.events().count(Event.USER_ERASED) == erasing.LIMIT + 1


def test_an_export_has_directory_accounts_and_what_was_done_there(house: House, ada: User) -> None:
    corp = Corp(house.write, house.parts, house.tenant)
    account, now = corp.link(ada, "ada"), house.clock.now()
    for started_by in (None, "0" * 26):
        job = make_job(account, id=house.random.id(now), created_at=now, started_by=started_by,
                       state=JobState.NOT_DONE, reason="too_short", finished_at=now)  # fmt: skip
        house.write(lambda tx, one=job: tx.jobs.add(one))  # type: ignore[misc]
    browser = house.browser()
    answer = run(data.export(house.parts, browser.caller, signed(browser)))
    assert isinstance(answer, Exported)
    document = json.loads(json.dumps(answer.document))
    (linked,) = document["directory_accounts"]
    assert (linked["name"], linked["guid"]) == ("ada", account.guid)
    assert [job["by"] for job in document["directory_jobs"]] == ["staff", "you"]
    assert {job["reason"] for job in document["directory_jobs"]} == {"too_short"}
    assert "envelopes" not in json.dumps(document)


def test_what_was_read_of_a_directory_account_is_exported_and_erased_with_its_owner(
    house: House, ada: User
) -> None:
    corp = Corp(house.write, house.parts, house.tenant)
    account, now = corp.link(ada, "ada"), house.clock.now()
    place = (house.tenant.id, account.directory_id)
    theirs, other = (
        Known(make_entry(id_, mail="ada@corp.test", locked_at=now), now)
        for id_ in (account.guid, "0a")
    )
    house.write(lambda tx: tx.syncs.keep(*place, (theirs, other)))
    browser = house.browser()
    answer = run(data.export(house.parts, browser.caller, signed(browser)))
    assert isinstance(answer, Exported)
    (told,) = json.loads(json.dumps(answer.document))["directory_entries"]
    assert (told["mail"], told["groups"]) == ("ada@corp.test", ["CN=A", "CN=B"])
    assert told["locked_at"] == told["read_at"] == moment(now)
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, ada.id))
    left = house.write(lambda tx: tx.syncs.known(*place, (account.guid, "0a")))
    assert left == [other]
