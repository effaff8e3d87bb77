"""Passkeys: signing in without a name, as second step, in recovery; one's own list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.demo.play.authenticator import EDDSA, PRESENT, RS256, VERIFIED, encode
from keyturn.flows import objection, passkeys, recovery, signin, staff
from keyturn.flows.passkeys import (
    Added,
    Frozen,
    Full,
    Known,
    NotAName,
    NotFound,
    ProofNeeded,
    Proved,
    Refused,
    Removed,
    Renamed,
    SignedIn,
    SignedOut,
    TooMany,
)
from keyturn.flows.signin import NothingPending, SecondPending, Wrong
from keyturn.ports.store import Tx
from keyturn.rules.access import Action
from keyturn.rules.accounts import FactorKind, User, UserState
from keyturn.rules.diagnosis import Facts, diagnose
from keyturn.rules.lockout import HOUR, MINUTE, Lane, Locked
from keyturn.rules.passkeys import ASKED, LIFE_MS, MOST, SPARE_MS
from keyturn.steps.acts import begin
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.hands import enrolled, kept, made, me, sign_in, token, used
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run, together


def second(browser: Browser, held: object, *, trust: bool = False) -> object:
    """Use a passkey as the second step of the sign-in pending here."""
    parts = browser.house.parts
    options = run(signin.ask_passkey(parts, browser.caller))
    given = used(held, options)  # type: ignore[arg-type]
    return browser.keep(run(signin.second_step(parts, browser.caller, given, trust=trust)))


def recovering(house: House) -> Browser:
    """A browser whose recovery waits for a second proof."""
    browser = house.browser()
    run(recovery.start(house.parts, browser.caller, EMAIL))
    code = house.last("recovery_code").code
    opened = run(recovery.enter_code(house.parts, browser.caller, code))
    assert isinstance(opened, recovery.Open)
    assert opened.step == "second"
    return browser


# -- adding


def test_the_first_passkey_gives_recovery_codes_a_new_session_and_a_notice(house: House) -> None:
    ada = house.user()
    browser, held = house.browser(), token()
    browser.sign_in()
    before = browser.session
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    added = run(passkeys.add(house.parts, browser.caller, me(browser), made(held, options)))
    assert isinstance(added, Added)
    assert len(added.codes) == 10
    assert added.session != before
    browser.keep(added)
    assert me(browser).session.level == 2
    (passkey,) = kept(house, ada)
    assert passkey == added.passkey
    assert (passkey.name, passkey.transports) == ("Firefox on Windows", "hybrid internal")
    letter = house.last("factor_changed")
    assert letter.values["what"] == "passkey.added"
    assert letter.values["passkey"] == "Firefox on Windows"
    assert "factor.added" in house.events(ada)


def test_a_second_passkey_brings_no_new_codes_and_has_a_name_of_its_own(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    browser = house.browser()
    sign_in(browser, held)
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    assert [e["id"] for e in options["excludeCredentials"]] == [held.held[0].id]  # type: ignore[index, union-attr]
    given = made(held, options)
    added = run(passkeys.add(house.parts, browser.caller, me(browser), given))
    assert isinstance(added, Added)
    assert added.codes == ()
    assert [p.name for p in kept(house, ada)] == ["Firefox on Windows", "Firefox on Windows 2"]


def test_what_authenticators_are_told_holds_nothing_of_the_person_but_the_name_they_chose(
    house: House,
) -> None:
    ada = house.user(username="ada")
    browser = house.browser()
    browser.sign_in()
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    assert isinstance(options, dict)
    assert options["user"]["name"] == "ada"
    assert ada.id not in str(options)
    assert EMAIL not in str(options)
    assert options["rp"] == {"id": "id.test", "name": "Northwind"}


def test_a_question_is_stored_without_its_challenge(house: House) -> None:
    house.user()
    browser = house.browser()
    browser.sign_in()
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    assert str(options["challenge"]) not in house.dump("flows")  # type: ignore[index]


def test_a_passkey_is_added_only_by_a_session_that_proved_itself_just_now(house: House) -> None:
    house.user()
    browser = house.browser()
    browser.sign_in()
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    given = made(token(), options)
    house.clock.move(FRESH_MS)
    for answer in (
        run(passkeys.ask_new(house.parts, browser.caller, me(browser))),
        run(passkeys.add(house.parts, browser.caller, me(browser), given)),
    ):
        assert answer == ProofNeeded(methods=("password",))


def test_nothing_is_added_while_changes_are_frozen_or_after_the_session_ended(
    house: House,
) -> None:
    ada = house.user()
    browser = house.browser()
    browser.sign_in()
    signed = me(browser)
    house.change(ada, frozen_at=house.clock.now())
    assert isinstance(run(passkeys.ask_new(house.parts, browser.caller, signed)), Frozen)
    house.write(lambda tx: tx.sessions.end(ada.tenant_id, ada.id, None))
    assert isinstance(run(passkeys.ask_new(house.parts, browser.caller, signed)), SignedOut)


def test_an_answer_nobody_asked_for_adds_nothing(house: House) -> None:
    ada = house.user()
    browser, other = house.browser(), house.browser()
    browser.sign_in()
    other.sign_in()
    options = run(passkeys.ask_new(house.parts, other.caller, me(other)))
    answer = run(passkeys.add(house.parts, browser.caller, me(browser), made(token(), options)))
    assert answer == Refused()
    assert kept(house, ada) == []


def test_a_wrong_answer_uses_the_question_up(house: House) -> None:
    house.user()
    browser, held = house.browser(), token()
    browser.sign_in()
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    right = made(held, options)
    wrong = replace(right, client_data=made(held, {**options, "challenge": "AAAA"}).client_data)  # type: ignore[dict-item]
    assert run(passkeys.add(house.parts, browser.caller, me(browser), wrong)) == Refused()
    assert run(passkeys.add(house.parts, browser.caller, me(browser), right)) == Refused()


def test_a_question_asked_of_one_person_is_not_answered_by_another(house: House) -> None:
    house.user()
    house.user("eve@northwind.test")
    browser = house.browser()
    browser.sign_in()
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    browser.sign_in("eve@northwind.test")
    answer = run(passkeys.add(house.parts, browser.caller, me(browser), made(token(), options)))
    assert answer == Refused()


def test_a_passkey_belongs_to_one_account(house: House) -> None:
    ada = house.user()
    eve = house.user("eve@northwind.test")
    _, added = enrolled(house, ada)
    browser = house.browser()
    browser.sign_in("eve@northwind.test")
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    given = made(token(), options)
    twin = replace(added.passkey, id=house.random.id(1), credential_id=given.id)
    house.write(lambda tx: tx.passkeys.add(twin))
    assert run(passkeys.add(house.parts, browser.caller, me(browser), given)) == Known()
    assert kept(house, eve) == []


def test_an_account_has_so_many_passkeys_and_no_more(house: House) -> None:
    ada = house.user()
    held, added = enrolled(house, ada)
    browser = house.browser()
    sign_in(browser, held)
    options = run(passkeys.ask_new(house.parts, browser.caller, me(browser)))
    given = made(held, options)
    for number in range(MOST - 1):
        more = replace(added.passkey, id=house.random.id(1), credential_id=f"c{number}")
        house.write(lambda tx, more=more: tx.passkeys.add(more))  # type: ignore[misc]
    for answer in (
        run(passkeys.ask_new(house.parts, browser.caller, me(browser))),
        run(passkeys.add(house.parts, browser.caller, me(browser), given)),
    ):
        assert answer == Full(most=MOST)


# -- signing in without a name


@pytest.mark.parametrize("algorithm", [EDDSA, RS256])
def test_a_passkey_alone_signs_in_with_both_steps_at_once(house: House, algorithm: int) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada, token(algorithm=algorithm))
    browser = house.browser()
    answer = sign_in(browser, held)
    assert isinstance(answer, SignedIn)
    assert (answer.user.id, answer.level) == (ada.id, 2)
    (passkey,) = kept(house, ada)
    assert (passkey.sign_count, passkey.used_at) == (1, house.clock.now())
    assert house.trail(ada)[-1].facts == {"level": 2, "new_client": True, "by": "passkey"}
    assert browser.clients
    assert sign_in(browser, held).client.split(".")[0] in browser.clients  # type: ignore[attr-defined]
    assert house.trail(ada)[-1].facts["new_client"] is False


def test_everybody_is_asked_the_same_and_nobody_learns_who_has_what(house: House) -> None:
    ada = house.user()
    enrolled(house, ada)
    options = run(passkeys.ask_signin(house.parts, house.browser().caller))
    assert isinstance(options, dict)
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
    assert options["rpId"] == "id.test"


def test_touch_alone_does_not_sign_in(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    assert sign_in(house.browser(), replace(held, flags=PRESENT)) == Refused()
    assert house.trail(ada)[-1].facts == {"why": "passkey"}


def test_who_does_not_say_whose_it_is_does_not_sign_in(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = house.browser()
    options = run(passkeys.ask_signin(house.parts, browser.caller))
    for told in (None, encode(b"eve")):
        given = replace(used(held, options), user_handle=told)
        assert run(passkeys.sign_in(house.parts, browser.caller, given)) == Refused()


@pytest.mark.parametrize("state", [UserState.DISABLED, UserState.UNVERIFIED, UserState.INVITED])
def test_an_account_that_cannot_be_signed_in_to_gives_the_neutral_answer(
    house: House, state: UserState
) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    house.change(ada, state=state)
    assert sign_in(house.browser(), held) == Refused()
    assert house.trail(ada)[-1].facts == {"why": str(state)}


def test_a_passkey_nobody_has_gives_the_neutral_answer(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    house.write(lambda tx: tx.passkeys.remove(ada.tenant_id, ada.id, None))
    assert sign_in(house.browser(), held) == Refused()
    entry = house.trail()[-1]
    assert (entry.event, entry.user_id, entry.facts) == (
        "passkey.refused", None, {"why": "passkey"},
    )  # fmt: skip


def test_another_tenants_passkey_is_nobodys(house: House) -> None:
    held, _ = enrolled(house, house.user())
    contoso = house.add_tenant("contoso")
    assert sign_in(house.browser(tenant=contoso), held) == Refused()


def test_a_signature_works_once(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = house.browser()
    options = run(passkeys.ask_signin(house.parts, browser.caller))
    given = used(held, options)
    assert isinstance(run(passkeys.sign_in(house.parts, browser.caller, given)), SignedIn)
    assert run(passkeys.sign_in(house.parts, browser.caller, given)) == Refused()


def test_a_signature_sent_twice_at_the_same_moment_works_once(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = house.browser()
    given = used(held, run(passkeys.ask_signin(house.parts, browser.caller)))
    tries = (passkeys.sign_in(house.parts, browser.caller, given) for _ in range(5))
    answers = together(*tries)
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert sum(answer == Refused() for answer in answers) == 4


def test_a_signature_works_in_the_browser_that_was_asked(house: House) -> None:
    held, _ = enrolled(house, house.user())
    victim, thief = house.browser(), house.browser()
    options = run(passkeys.ask_signin(house.parts, victim.caller))
    run(passkeys.ask_signin(house.parts, thief.caller))
    given = used(held, options)
    assert run(passkeys.sign_in(house.parts, thief.caller, given)) == Refused()


@pytest.mark.parametrize(("late", "enters"), [(-1, True), (0, False), (1, False)])
def test_a_question_stands_five_minutes(house: House, late: int, enters: bool) -> None:
    held, _ = enrolled(house, house.user())
    browser = house.browser()
    options = run(passkeys.ask_signin(house.parts, browser.caller))
    house.clock.move(LIFE_MS + late)
    answer = run(passkeys.sign_in(house.parts, browser.caller, used(held, options)))
    assert isinstance(answer, SignedIn) is enters


@pytest.mark.parametrize(("before_end", "same"), [(1, True), (0, False), (-1, False)])
def test_a_question_that_stands_is_asked_again_while_there_is_time_to_answer(
    house: House, before_end: int, same: bool
) -> None:
    browser = house.browser()
    first = run(passkeys.ask_signin(house.parts, browser.caller))
    house.clock.move(LIFE_MS - SPARE_MS - before_end)
    second_ = run(passkeys.ask_signin(house.parts, browser.caller))
    assert (first["challenge"] == second_["challenge"]) is same  # type: ignore[index]


def test_a_passkey_opens_the_account_while_a_lock_keeps_passwords_out(house: House) -> None:
    held, _ = enrolled(house, house.user())
    stranger = house.browser()
    assert isinstance(stranger.fail(5), Locked)
    assert isinstance(sign_in(stranger, held), SignedIn)


def test_a_passkey_that_a_thief_added_opens_nothing_after_the_objection(house: House) -> None:
    ada = house.user()
    thief, _ = enrolled(house, ada)
    assert isinstance(sign_in(house.browser(), thief), SignedIn)
    owner = house.browser()
    run(objection.confirm(house.parts, owner.caller, house.last("factor_changed").token))
    assert sign_in(house.browser(), thief) == Refused()
    assert house.trail(ada)[-1].facts == {"why": "frozen"}
    house.change(ada, frozen_at=None)
    assert isinstance(sign_in(house.browser(), thief), SignedIn)  # support takes it away first


def test_while_frozen_a_passkey_is_a_second_step_all_the_same(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    house.change(ada, frozen_at=house.clock.now())
    browser = house.browser()
    assert isinstance(browser.sign_in(), SecondPending)
    assert isinstance(second(browser, held), SignedIn)


def test_failures_are_paid_for_by_the_strangers_network_and_by_no_lane(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    house.limit(network_failures=10)
    ip = "198.51.100.9"
    bad = replace(held, flags=PRESENT)
    for _ in range(10):
        assert sign_in(house.browser(ip=ip), bad) == Refused()
    answer = sign_in(house.browser(ip=ip), held)
    assert answer == TooMany(until=house.clock.now() + HOUR)
    assert isinstance(house.browser(ip=ip).sign_in(EMAIL, "wrong"), signin.TooMany)
    assert house.lane("2:" + ada.id) == Lane()
    assert isinstance(sign_in(house.browser(), held), SignedIn)
    house.clock.move(HOUR)
    assert isinstance(sign_in(house.browser(ip=ip), held), SignedIn)


def test_a_known_client_is_not_kept_out_by_its_network_and_pays_nothing(house: House) -> None:
    held, _ = enrolled(house, house.user())
    house.limit(network_failures=10)
    browser = house.browser()
    sign_in(browser, held)
    for _ in range(12):
        assert sign_in(browser, replace(held, flags=PRESENT)) == Refused()
    assert isinstance(sign_in(browser, held), SignedIn)


def test_questions_to_nobody_in_particular_are_bounded_by_network(house: House) -> None:
    ip = "198.51.100.9"
    caller = house.browser(ip=ip).caller
    now = house.clock.now()

    def spend() -> None:
        for _ in range(ASKED.limit):
            house.write(lambda tx: tx.budgets.spend(house.tenant.id, "198.51.100.0/24", now, ASKED))

    run(passkeys.ask_signin(house.parts, caller))
    spend()
    assert isinstance(run(passkeys.ask_signin(house.parts, caller)), dict)
    fresh = house.browser(ip=ip).caller
    answer = run(passkeys.ask_signin(house.parts, fresh))
    assert answer == TooMany(until=now + HOUR)
    assert isinstance(run(passkeys.ask_signin(house.parts, house.browser().caller)), dict)


# -- a copy


def test_a_counter_that_went_back_is_refused_marked_and_told(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    sign_in(house.browser(), held)
    held.held[0].count = 0
    assert sign_in(house.browser(), held) == Refused()
    (passkey,) = kept(house, ada)
    assert passkey.cloned_at == house.clock.now()
    assert house.last("passkey_cloned").values["passkey"] == passkey.name
    assert house.last("passkey_cloned").values["notme"]
    assert house.events(ada)[-2:] == ["passkey.cloned", "passkey.refused"]
    assert house.trail(ada)[-1].facts == {"why": "passkey-cloned"}


def test_a_copied_passkey_stays_refused_whatever_its_counter_says(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    sign_in(house.browser(), held)
    held.held[0].count = 0
    sign_in(house.browser(), held)
    held.held[0].count = 99
    assert sign_in(house.browser(), held) == Refused()
    assert len(house.outbox("passkey_cloned")) == 1


def test_only_whoever_has_the_key_can_make_it_look_copied(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    sign_in(house.browser(), held)
    other = token()
    enrolled(house, house.user("eve@northwind.test"), other, typed="eve@northwind.test")
    forged = replace(held.held[0], key=other.held[0].key, count=0)
    assert sign_in(house.browser(), replace(held, held=[forged])) == Refused()
    assert kept(house, ada)[0].cloned_at is None


def test_a_copied_passkey_is_no_second_step_and_saved_codes_still_are(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    sign_in(house.browser(), held)
    held.held[0].count = 0
    sign_in(house.browser(), held)
    browser = house.browser()
    answer = browser.sign_in()
    assert isinstance(answer, SecondPending)
    assert answer.methods == (FactorKind.RECOVERY,)
    asked = run(signin.ask_passkey(house.parts, browser.caller))
    assert isinstance(asked, NothingPending)


# -- the second step


def test_after_the_password_a_passkey_is_the_second_step(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    browser = house.browser()
    pending = browser.sign_in()
    assert isinstance(pending, SecondPending)
    assert pending.methods == (FactorKind.PASSKEY, FactorKind.RECOVERY)
    options = run(signin.ask_passkey(house.parts, browser.caller))
    assert [e["id"] for e in options["allowCredentials"]] == [held.held[0].id]  # type: ignore[index, union-attr]
    assert options["userVerification"] == "preferred"  # type: ignore[index]
    answer = second(browser, replace(held, flags=PRESENT), trust=True)
    assert isinstance(answer, SignedIn)
    assert answer.level == 2
    assert isinstance(browser.sign_in(), SignedIn)


def test_the_list_of_passkeys_is_shown_only_after_the_right_password(house: House) -> None:
    enrolled(house, house.user())
    browser = house.browser()
    assert isinstance(run(signin.ask_passkey(house.parts, browser.caller)), NothingPending)
    browser.sign_in(EMAIL, "not the password")
    assert isinstance(run(signin.ask_passkey(house.parts, browser.caller)), NothingPending)


def test_somebody_elses_passkey_is_no_second_step(house: House) -> None:
    ada = house.user()
    eve = house.user("eve@northwind.test")
    enrolled(house, ada)
    evil, _ = enrolled(house, eve, typed="eve@northwind.test")
    browser = house.browser()
    browser.sign_in()
    options = run(signin.ask_passkey(house.parts, browser.caller))
    given = used(evil, {**options, "allowCredentials": []})  # type: ignore[dict-item]
    answer = run(signin.second_step(house.parts, browser.caller, given, trust=False))
    assert answer == Wrong()
    assert house.trail(ada)[-1].facts == {"why": "passkey"}


def test_a_question_of_an_earlier_sign_in_is_not_answered_by_the_next(house: House) -> None:
    ada = house.user()
    eve = house.user("eve@northwind.test")
    enrolled(house, ada)
    evil, _ = enrolled(house, eve, typed="eve@northwind.test")
    browser = house.browser()
    browser.sign_in()
    options = run(signin.ask_passkey(house.parts, browser.caller))
    browser.sign_in("eve@northwind.test")
    given = used(evil, {**options, "allowCredentials": []})  # type: ignore[dict-item]
    answer = run(signin.second_step(house.parts, browser.caller, given, trust=False))
    assert answer == Wrong()


def test_five_failures_lock_the_second_step_and_a_passkey_too(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    browser = house.browser()
    browser.sign_in()
    bad = replace(held, flags=VERIFIED)
    for _ in range(4):
        assert second(browser, bad) == Wrong()
    until = house.clock.now() + 10 * MINUTE
    assert second(browser, bad) == Locked(until=until)
    assert second(browser, held) == Locked(until=until)
    house.clock.move(10 * MINUTE)
    browser.sign_in()
    assert isinstance(second(browser, held), SignedIn)


def test_a_passkey_opens_the_second_step_that_a_hundred_guesses_have_closed(
    house: House,
) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    house.set_lane("2:" + ada.id, Lane(total=100, closed=True), ada)
    browser = house.browser()
    browser.sign_in()
    assert isinstance(second(browser, held), SignedIn)
    assert house.lane("2:" + ada.id) == Lane()


def test_a_copied_passkey_is_told_to_the_audit_trail_as_such(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    sign_in(house.browser(), held)
    held.held[0].count = 0
    browser = house.browser()
    browser.sign_in()
    assert second(browser, held) == Wrong()
    assert house.trail(ada)[-1].facts == {"why": "passkey-cloned"}


# -- recovery


def test_recovery_takes_a_passkey_as_second_proof(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = recovering(house)
    options = run(recovery.ask_passkey(house.parts, browser.caller))
    opened = run(recovery.second_proof(house.parts, browser.caller, used(held, options)))
    assert isinstance(opened, recovery.Open)
    assert opened.step == "password"


def test_recovery_refuses_a_passkey_of_nobody(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = recovering(house)
    options = run(recovery.ask_passkey(house.parts, browser.caller))
    bad = used(replace(held, flags=VERIFIED), options)
    assert run(recovery.second_proof(house.parts, browser.caller, bad)) is None


def test_recovery_asks_for_no_passkey_before_its_time_or_where_there_is_none(
    house: House,
) -> None:
    ada = house.user()
    asked = recovery.ask_passkey(house.parts, house.browser().caller)
    assert isinstance(run(asked), recovery.NothingOpen)
    house.totp(ada)
    browser = recovering(house)
    asked = recovery.ask_passkey(house.parts, browser.caller)
    assert isinstance(run(asked), recovery.NothingOpen)


# -- one's own list


def test_a_passkey_gets_another_name(house: House) -> None:
    ada = house.user()
    held, added = enrolled(house, ada)
    browser = house.browser()
    sign_in(browser, held)
    house.clock.move(FRESH_MS)
    rename = passkeys.rename(
        house.parts, browser.caller, me(browser), added.passkey.id, "  Blue   key "
    )
    assert run(rename) == Renamed("Blue key")
    assert kept(house, ada)[0].name == "Blue key"
    entry = house.trail(ada)[-1]
    assert entry.facts == {"before": "Firefox on Windows", "name": "Blue key"}


def test_a_name_that_cannot_be_read_is_refused(house: House) -> None:
    held, added = enrolled(house, house.user())
    browser = house.browser()
    sign_in(browser, held)
    rename = passkeys.rename(house.parts, browser.caller, me(browser), added.passkey.id, " ")
    assert run(rename) == NotAName()


def test_only_ones_own_passkeys_are_renamed_and_removed(house: House) -> None:
    ada = house.user()
    eve = house.user("eve@northwind.test")
    _, added = enrolled(house, ada)
    evil, _ = enrolled(house, eve, typed="eve@northwind.test")
    browser = house.browser()
    sign_in(browser, evil)
    parts, caller, theirs = house.parts, browser.caller, added.passkey.id
    assert run(passkeys.rename(parts, caller, me(browser), theirs, "Mine")) == NotFound()
    assert run(passkeys.remove(parts, caller, me(browser), theirs)) == NotFound()
    assert kept(house, ada) == [added.passkey]


def test_nothing_is_renamed_while_changes_are_frozen(house: House) -> None:
    ada = house.user()
    held, added = enrolled(house, ada)
    browser = house.browser()
    sign_in(browser, held)
    signed = me(browser)
    house.change(ada, frozen_at=house.clock.now())
    rename = passkeys.rename(house.parts, browser.caller, signed, added.passkey.id, "Mine")
    assert isinstance(run(rename), Frozen)


def test_the_last_passkey_takes_the_saved_codes_with_it_and_the_owner_hears_of_it(
    house: House,
) -> None:
    ada = house.user()
    held, added = enrolled(house, ada)
    browser = house.browser()
    sign_in(browser, held)
    remove = passkeys.remove(house.parts, browser.caller, me(browser), added.passkey.id)
    assert run(remove) == Removed("Firefox on Windows")
    assert kept(house, ada) == []
    assert house.last("factor_changed").values["what"] == "passkey.removed"
    assert sign_in(house.browser(), held) == Refused()
    assert isinstance(house.browser().sign_in(), SignedIn)


def test_saved_codes_stay_while_they_stand_in_for_an_authenticator(house: House) -> None:
    ada = house.user()
    held, added = enrolled(house, ada)
    house.totp(ada)
    browser = house.browser()
    sign_in(browser, held)
    run(passkeys.remove(house.parts, browser.caller, me(browser), added.passkey.id))
    pending = house.browser().sign_in()
    assert isinstance(pending, SecondPending)
    assert pending.methods == (FactorKind.RECOVERY, FactorKind.TOTP)


def test_a_passkey_is_removed_only_by_a_session_that_proved_itself_just_now(
    house: House,
) -> None:
    held, added = enrolled(house, house.user())
    browser = house.browser()
    sign_in(browser, held)
    house.clock.move(FRESH_MS)
    remove = passkeys.remove(house.parts, browser.caller, me(browser), added.passkey.id)
    assert run(remove) == ProofNeeded(methods=("passkey", "recovery"))


# -- proving oneself once more


def test_a_passkey_proves_whose_session_it_is(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = house.browser()
    sign_in(browser, held)
    house.clock.move(FRESH_MS)
    options = run(passkeys.ask_proof(house.parts, browser.caller, me(browser)))
    assert options["userVerification"] == "required"  # type: ignore[index]
    before = browser.session
    given = used(held, options)
    answer = browser.keep(run(passkeys.prove(house.parts, browser.caller, me(browser), given)))
    assert isinstance(answer, Proved)
    assert browser.session != before
    assert isinstance(run(passkeys.ask_new(house.parts, browser.caller, me(browser))), dict)


def test_whoever_finds_the_browser_open_proves_nothing_by_touch_alone(house: House) -> None:
    held, _ = enrolled(house, house.user())
    browser = house.browser()
    sign_in(browser, held)
    answers = []
    for _ in range(5):
        options = run(passkeys.ask_proof(house.parts, browser.caller, me(browser)))
        given = used(replace(held, flags=PRESENT), options)
        prove = passkeys.prove(house.parts, browser.caller, me(browser), given)
        answers.append(type(run(prove)))
    assert answers == [Refused] * 4 + [Locked]


def test_nobody_is_asked_for_a_passkey_they_do_not_have(house: House) -> None:
    house.user()
    browser = house.browser()
    browser.sign_in()
    asked = passkeys.ask_proof(house.parts, browser.caller, me(browser))
    assert run(asked) == NotFound()


def test_a_session_that_ended_proves_nothing(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    browser = house.browser()
    sign_in(browser, held)
    signed = me(browser)
    options = run(passkeys.ask_proof(house.parts, browser.caller, signed))
    house.write(lambda tx: tx.sessions.end(ada.tenant_id, ada.id, None))
    given = used(held, options)
    for answer in (
        run(passkeys.ask_proof(house.parts, browser.caller, signed)),
        run(passkeys.prove(house.parts, browser.caller, signed, given)),
        run(passkeys.rename(house.parts, browser.caller, signed, "x", "Mine")),
    ):
        assert answer == SignedOut()


# -- where the tenant is at home


def test_a_tenant_with_a_host_of_its_own_asks_under_that_host(house: House) -> None:
    house.parts = replace(house.parts, link=lambda _tenant, path: f"https://sso.test:8443{path}")
    ada = house.user()
    held, _ = enrolled(house, ada, replace(token(), origin="https://sso.test:8443"))
    options = run(passkeys.ask_signin(house.parts, house.browser().caller))
    assert options["rpId"] == "sso.test"  # type: ignore[index]
    assert isinstance(sign_in(house.browser(), held), SignedIn)
    assert sign_in(house.browser(), replace(held, origin="https://id.test")) == Refused()


def test_a_password_still_works_beside_it(house: House) -> None:
    enrolled(house, house.user())
    assert isinstance(house.browser().sign_in(EMAIL, PASSWORD), SecondPending)


# -- what diagnosis sees


def test_diagnosis_tells_of_a_copied_passkey_and_of_a_refused_one(house: House) -> None:
    ada = house.user()
    held, _ = enrolled(house, ada)
    sign_in(house.browser(), held)
    assert told(house, ada) == set()
    house.clock.move(MINUTE)
    assert sign_in(house.browser(), replace(held, flags=PRESENT)) == Refused()
    assert told(house, ada) == {"passkey.refused"}
    held.held[0].count = 0
    sign_in(house.browser(), held)
    assert told(house, ada) == {"passkey.refused", "passkey.copied"}


def told(house: House, user: User) -> set[str]:
    """The causes about passkeys that staff would be shown."""

    def step(tx: Tx) -> Facts:
        return collect(tx, begin(house.parts, house.browser().caller), Subject(user=user))

    found = diagnose(house.write(step), house.clock.now()).findings
    return {f.cause for f in found if f.cause and f.cause.startswith("passkey.")}


# -- staff


def test_staff_take_a_passkey_away_and_the_owner_hears_of_it(house: House) -> None:
    ada = house.user()
    _, added = enrolled(house, ada)
    me_ = staff.on_the_host(house.browser().caller)
    page = run(staff.user(house.parts, me_, ada.id))
    assert not isinstance(page, staff.NotFound)
    assert page.factors.passkeys == (added.passkey,)
    assert Action.REMOVE_PASSKEY in page.can
    gone = run(staff.remove_passkey(house.parts, me_, ada.id, added.passkey.id))
    assert isinstance(gone, staff.Done)
    assert kept(house, ada) == []
    assert house.last("factor_changed").values["what"] == "passkey.removed"
    again = run(staff.remove_passkey(house.parts, me_, ada.id, added.passkey.id))
    assert isinstance(again, staff.NotFound)
