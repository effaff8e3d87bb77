"""Callers who cannot sign in, each for a cause of their own, in a served installation.

Everything is done to them by the flows that do it to people: the passwords are wrong, the mail
bounces, the text is refused.  What is long ago happened by a clock that is behind.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from keyturn.flows import phone, recovery, resetting
from keyturn.flows.recovery import Open
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.messages import MessageState
from keyturn.steps import invitations
from keyturn.steps.acts import begin
from tests.lab.inhabited import Inhabited
from tests.lab.served import PASSWORD, eventually, hashed
from tests.unit.flows.activations import rows_of
from tests.unit.flows.house import run
from tests.unit.web.corp import Corp

#: numbers that end like this are refused by the gateway, and mailboxes that begin like this
REFUSED_NUMBER, BOUNCING = "+447400123457", "nobody."


@dataclass(frozen=True, slots=True)
class Call:
    """A caller. says: the name they give; cause: of the catalogue, which is the true one."""

    name: str
    says: str
    cause: str


class Callers:
    """Makes them. Attribute: `calls`."""

    def __init__(self, house: Inhabited) -> None:
        self._house = house
        self._corp: Corp | None = None
        self.calls: list[Call] = []

    def all(self) -> list[Call]:
        """One of each kind."""
        kinds = (
            self._locked, self._absent, self._disabled, self._expired_code, self._bounced,
            self._refused_text, self._directory_locked, self._clock_off, self._dead_link,
            self._unverified,
        )  # fmt: skip
        for make in kinds:
            make()
        return self.calls

    def beat(self) -> None:
        """The agents of the directory are heard, as they are every 15 seconds; and it says anew
        how Dirk's account stands, for nobody keeps such an answer for long.
        """
        assert self._corp is not None
        self._corp.beat()
        # a thread of its own: the browser's driver holds this one's loop
        asking = threading.Thread(target=self._asked)
        asking.start()
        asking.join()
        self._corp.answer(name="dirk", locked_until=self._house.clock.now() + HOUR)

    def _user(self, name: str, cause: str, **fields: Any) -> User:
        first = name.partition(" ")[0].lower()
        now = self._house.clock.now()
        plain = {
            "email": f"{first}@people.test", "names": [first], "password": None,
            "password_hash": hashed(), "password_set_at": now - DAY, "created_at": now - 9 * DAY,
        }  # fmt: skip
        user = self._house.user(**{**plain, "name": name, "username": first, **fields})
        self.calls.append(Call(name, first, cause))
        return user

    def _earlier(self, ms: int) -> Any:
        """The server's parts, with a clock that is behind."""
        now = self._house.clock.now() - ms

        class Then:
            def now(self) -> int:
                return now

        return replace(self._house.parts, clock=Then())

    def _state(self, user: User, wanted: MessageState) -> None:
        """Wait until what became of their newest message is known."""

        def look() -> bool | None:
            found = self._house.write(lambda tx: tx.messages.of_user(user.tenant_id, user.id, 1))
            return (bool(found) and found[0].state is wanted) or None

        eventually(look)

    def _locked(self) -> None:
        self._user("Lou Abbott", "lock.now")
        self._house.browser().fail(5, "lou")

    def _absent(self) -> None:
        self._house.browser().fail(1, "mallroy")
        self.calls.append(Call("", "mallroy", "signin.unknown-name"))

    def _disabled(self) -> None:
        self._user("Dora Klein", "signin.disabled", state=UserState.DISABLED)
        self._house.browser().fail(1, "dora")

    def _expired_code(self) -> None:
        self._user("Erin Walsh", "code.expired")
        parts = self._earlier(11 * MINUTE)
        opened = run(recovery.start(parts, self._house.browser().caller, "erin"))
        assert isinstance(opened, Open), opened

    def _bounced(self) -> None:
        user = self._user("Ben Osei", "mail.no-mailbox", email=f"{BOUNCING}ben@people.test")
        opened = run(recovery.start(self._house.parts, self._house.browser().caller, "ben"))
        assert isinstance(opened, Open), opened
        self._state(user, MessageState.REJECTED)

    def _refused_text(self) -> None:
        user = self._user("Sam Iyer", "sms.rejected")
        browser = self._house.browser()
        signed = self._house.signed(browser, user)
        shown = run(phone.offer(self._house.parts, browser.caller, signed, REFUSED_NUMBER,
                                insisted=True))  # fmt: skip
        assert isinstance(shown, phone.Open), shown
        self._state(user, MessageState.REJECTED)

    def _directory_locked(self) -> None:
        house = self._house
        corp = self._corp = Corp(
            house.write, house.parts, house.tenant, domain="corp.northwind.test"
        )
        self._dirk = self._user("Dirk Jansen", "directory.locked")
        corp.link(self._dirk, "dirk")
        owner = house.user("olga@northwind.test", password=None)
        self._staff = Staff(house.browser().caller, owner, Role.OWNER, level=2)

    def _asked(self) -> None:
        assert self._corp is not None
        here = (self._dirk.id, self._corp.directory.id)
        asked = run(resetting.ask_look_for(self._house.parts, self._staff, *here))
        assert isinstance(asked, resetting.Asked), asked

    def _clock_off(self) -> None:
        user = self._user("Tina Roth", "second.clock")
        secret, browser = self._house.totp(user), self._house.browser()
        browser.sign_in("tina", PASSWORD)
        browser.second_step(self._house.code_of(secret, steps=6))

    def _dead_link(self) -> None:
        user = self._user(
            "Ivo Brandt", "app.link-expired", state=UserState.INVITED, password_hash=None
        )
        act = begin(self._earlier(2 * DAY + HOUR), self._house.browser().caller)

        def invite(tx: Tx) -> Any:
            return invitations.invite(tx, act, rows_of(tx, user, act.now))

        sent = self._house.write(invite)
        assert isinstance(sent, invitations.Sent), sent

    def _unverified(self) -> None:
        self._user("Una Petrov", "signup.code-ended", state=UserState.UNVERIFIED)
