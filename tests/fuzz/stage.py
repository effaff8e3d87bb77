"""Somebody in the middle of everything, whatever happens to them.

    stage = Stage(house)
    stage.ready()                       before each request
    stage.ready(Scene(recovery="code"))

Random input seldom brings a flow to its last step, and soon ends the session that it came
with.  So before each request Ada is put back: signed in, a sign-in at its second step, a
sign-up, a recovery (at each of its steps in turn), a phone number and an authenticator begun;
and a minute passes, so that no lock or budget hides what is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

from keyturn.flows import support
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Client, Flow, Session, User, UserState
from keyturn.rules.codes import Code
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.steps import codes, sessions
from tests.unit.flows.house import House, run
from tests.unit.flows.programs import make_key

STEPS = {"signin": "second", "signup": "code", "recovery": "", "phone": "code", "totp": "code"}
RECOVERY = ("code", "second", "password", "done")


@dataclass(frozen=True, slots=True)
class Scene:
    """Where Ada stands.

    Attributes:
        recovery: the step of her recovery; "" for nothing begun at all.
    """

    recovery: str


SCENES = (Scene(""), *map(Scene, RECOVERY))


class Stage:
    """See the module.

    Attributes:
        browser, session: the tokens that Ada's browser shows.
        key: a ticket system's.
    """

    def __init__(self, house: House, **fields: Any) -> None:
        self.house = house
        self.ada: User = house.user(phone="+447400999888", phone_verified_at=1, **fields)
        self._secret = house.totp(self.ada)
        house.saved_codes(self.ada)
        self._factors = house.write(lambda tx: tx.factors.of_user(self.ada.tenant_id, self.ada.id))
        self.browser = house.random.token()
        self.session = house.random.token()
        self.key = make_key(house).key
        self._elsewhere = house.random.token()
        self._digest = house.sealer.digest("browser", self.browser)
        self._scenes = cycle(SCENES[1:])
        house.user("bob@northwind.test", state=UserState.DISABLED)
        house.user("eve@northwind.test", frozen_at=house.clock.now())
        # somebody else's: nobody works on a case of their own
        run(support.open_case(house.parts, house.browser().caller, "eve@northwind.test", "", ""))

    def ready(self, scene: Scene | None = None) -> None:
        """Put everything back, in this scene or the next one; a minute passes."""
        self.house.clock.move(MINUTE)
        wanted = scene or next(self._scenes)
        self.house.write(lambda tx: self._restore(tx, wanted))

    def changes(self) -> int:
        """How many rows were ever written, changed or removed."""

        def step(tx: Any) -> int:
            return int(tx.connection.connection.dbapi_connection.total_changes)

        return self.house.write(step)

    def _restore(self, tx: Tx, scene: Scene) -> None:
        now = self.house.clock.now()
        if tx.users.get(self.ada.tenant_id, self.ada.id) != self.ada:
            tx.users.save(self.ada)
        if tx.factors.of_user(self.ada.tenant_id, self.ada.id) != self._factors:
            for factor in {f.kind for f in self._factors}:
                tx.factors.remove(self.ada.tenant_id, self.ada.id, factor)
            for each in self._factors:
                tx.factors.add(each)
        if not tx.clients.of_user(self.ada.tenant_id, self.ada.id):
            tx.clients.add(self._client(now))
        for token in (self.session, self._elsewhere):
            self._sign_in(tx, token, now)
        for kind in STEPS:
            self._begin(tx, kind, scene, now)

    def _client(self, now: int) -> Client:
        digest = self.house.sealer.digest("client", self.house.random.token())
        return Client(
            id=self.house.random.id(now), tenant_id=self.ada.tenant_id, user_id=self.ada.id,
            digest=digest, previous=None, name="Firefox", ip="198.51.100.7", created_at=now,
            seen_at=now, trusted=True,
        )  # fmt: skip

    def _sign_in(self, tx: Tx, token: str, now: int) -> None:
        digest = sessions.digest(self.house.parts, token)
        tx.sessions.end(self.ada.tenant_id, self.ada.id, digest)
        session = Session(
            digest=digest, tenant_id=self.ada.tenant_id, user_id=self.ada.id, client_id=None,
            level=2, epoch=self.ada.epoch, ip="198.51.100.7", client_name="Firefox",
            created_at=now, seen_at=now, expires_at=now + DAY,
        )  # fmt: skip
        tx.sessions.add(session)

    def _begin(self, tx: Tx, kind: str, scene: Scene, now: int) -> None:
        begun = tx.flows.open(self.ada.tenant_id, self._digest, kind, now)
        step = (STEPS[kind] or scene.recovery) if scene.recovery else ""
        if begun is not None and begun.step == step and begun.expires_at > now + MINUTE:
            return
        if begun is not None:
            tx.flows.save(replace(begun, closed_at=now))
        if not step:
            return
        flow = self._flow(kind, step, now)
        tx.flows.add(flow)
        if step == "code" and kind != "totp":
            tx.codes.add(self._code(flow, now))

    def _flow(self, kind: str, step: str, now: int) -> Flow:
        flow_id = self.house.random.id(now)
        seal = self.house.sealer.seal
        data: dict[str, dict[str, str | int | bool | None]] = {
            "signin": {"epoch": self.ada.epoch, "client": None},
            "signup": {"email": "new@elsewhere.test"},
            "recovery": {"typed": self.ada.email, "lane": f"u:{self.ada.id}", "link_only": False,
                         "epoch": self.ada.epoch},
            "phone": {"phone": "+447400123456", "line": "mobile"},
            "totp": {"secret": seal(self._secret.encode(), f"enrolment|{flow_id}")},
        }  # fmt: skip
        return Flow(
            id=flow_id, tenant_id=self.ada.tenant_id, browser=self._digest, kind=kind, step=step,
            user_id=None if kind == "signup" else self.ada.id, data=data[kind], created_at=now,
            expires_at=now + HOUR, closed_at=None,
        )  # fmt: skip

    def _code(self, flow: Flow, now: int) -> Code:
        code_id = self.house.random.id(now)
        digest = self.house.sealer.digest(codes.PURPOSE, f"{code_id}|935172")
        return Code(
            id=code_id, tenant_id=flow.tenant_id, flow_id=flow.id, channel="mail", digest=digest,
            link=None, tries=0, sent_at=now, expires_at=now + 10 * MINUTE, used_at=None,
            replaced_at=None,
        )  # fmt: skip
