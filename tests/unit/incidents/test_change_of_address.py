"""A change of address that is under way takes nobody's account."""

from __future__ import annotations

from keyturn.flows import account, address, recovery
from tests.unit.flows.house import EMAIL, PASSWORD, House, run


def test_a_change_of_address_begun_before_a_recovery_ends_with_it(house: House) -> None:
    """Account pre-hijacking (2022), unexpired change of address: the attacker begins a change
    to their own address, and confirms it after the victim has recovered the account.
    """
    user = house.user()
    thief, victim = house.browser(), house.browser()
    thief.sign_in()
    signed = run(account.authenticate(house.parts, thief.caller, str(thief.session)))
    assert signed is not None
    offered = run(address.offer(house.parts, thief.caller, signed, "eve@evil.test"))
    assert isinstance(offered, address.Open)
    run(recovery.start(house.parts, victim.caller, EMAIL))
    run(recovery.enter_code(house.parts, victim.caller, house.last("recovery_code").code))
    done = run(
        recovery.set_password(house.parts, victim.caller, "another long one", spaces_meant=False)
    )
    assert isinstance(done, recovery.Open)
    code = house.last("verify_address").code
    answer = run(address.enter_code(house.parts, thief.caller, signed.user, code))
    assert isinstance(answer, address.SignedOut)
    assert house.again(user).email == EMAIL


def test_an_address_is_never_changed_without_a_code_from_the_new_one(house: House) -> None:
    """Account pre-hijacking (2022), unverified address: what was typed took effect at once."""
    user = house.user()
    owner = house.browser()
    owner.sign_in()
    signed = run(account.authenticate(house.parts, owner.caller, str(owner.session)))
    assert signed is not None
    run(address.offer(house.parts, owner.caller, signed, "new@elsewhere.test"))
    for digits in ("000000", "", "0" * 64):
        run(address.enter_code(house.parts, owner.caller, signed.user, digits))
    assert house.again(user).email == EMAIL
    assert house.browser().sign_in("new@elsewhere.test", PASSWORD) == house.browser().sign_in(
        "nobody@elsewhere.test", PASSWORD
    )
