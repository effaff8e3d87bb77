"""Cases by API, for a help desk's own tool: the console's flows and limits, no shortcut; and how a
person's own case stands.
"""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import api_keys, desk_tool, proving
from keyturn.flows.staff import on_the_host
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.api_keys import Scope
from keyturn.rules.lockout import DAY
from keyturn.rules.presence import ASKED
from keyturn.rules.proofs import CASE_CODES, WRONG
from keyturn.rules.recoveries import WAIT_MS
from keyturn.steps import sessions
from keyturn.steps.acts import begin
from tests.unit.flows.cameras import Shelf
from tests.unit.flows.helpdesk import HelpDesk, me
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.flows.programs import make_key
from tests.unit.web.api.calling import Answer, App


class Tool(HelpDesk):
    """As HelpDesk; and Tom works with a tool of the tenant's."""

    def __init__(self, house: House, app: App) -> None:
        super().__init__(house)
        self.app = app
        self.made = make_key(house, name="Desk", scope=Scope.CASES)
        self.tom = self.staff("tom")
        self.app.desk, self.app.technician = self.made.key, me(self.tom).email
        self.otp = ""

    def opens(self, **fields: str) -> Answer:
        """Ada calls."""
        plain = {"user": EMAIL, "contact": "", "note": "", "idempotency_key": "r1"}
        answer = self.app.call("POST", "/cases", **{**plain, **fields})
        self.house.clock.move(1)
        return answer

    def at(self, place: str = "", verb: str = "POST", **fields: str) -> Answer:
        """Something in her case."""
        return self.app.call(verb, f"/cases/{self.ref}{place}", **fields)

    def called(self) -> Tool:
        """… which is open."""
        self.ref = str(of(self.opens())["ref"])
        return self

    def sees(self) -> dict[str, Any]:
        """How it stands."""
        return of(self.at(verb="GET"))

    def asks(self, method: str, about: str = "") -> Answer:  # type: ignore[override]
        """For a proof."""
        return self.at("/proofs", method=method, about=about)

    def reads(self, method: str, code: str) -> Answer:  # type: ignore[override]
        """What she reads out."""
        return self.at("/proofs/code", method=method, code=code)

    def by_mail(self) -> Answer:
        """She has her mailbox."""
        assert self.asks("mail").status == 200
        return self.reads("mail", self.house.last("case_code").code)

    def grants(self, deed: str, proof: str | None = None) -> Answer:
        """What the proofs permit is done. `proof`: Tom's second step."""
        return self.at("/grants", deed=deed, **({} if proof is None else {"proof": proof}))

    def code(self) -> str:
        """What Tom's authenticator shows next."""
        self.otp = self.otp or self.house.totp(me(self.tom))
        self.house.clock.move(30_000)
        return self.house.code_of(self.otp)

    def by_phone(self) -> None:
        """Ada approves in her app."""
        assert self.asks("push").status == 200
        self.pocket.approves()


def of(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.data
    return dict(answer.data["case"])


def methods(case: dict[str, Any]) -> set[str]:
    return {one["method"] for one in case["proofs"]}


@pytest.fixture
def tool(house: House, app: App) -> Tool:
    return Tool(house, app)


# -- who comes in


@pytest.mark.parametrize("kind", ["none", "verify", "guessed", "revoked", "another tenant's"])
def test_only_a_key_that_opens_cases_here(house: House, tool: Tool, kind: str) -> None:
    tool.called()
    owner = on_the_host(house.browser().caller)
    if kind == "revoked":
        run(api_keys.revoke(house.parts, owner, tool.made.stored.id))
    south = make_key(house, house.add_tenant("south"), scope=Scope.CASES).key
    keys = {
        "none": None, "verify": make_key(house, name="Tickets").key, "guessed": "ktc_" + "x" * 43,
        "revoked": tool.made.key, "another tenant's": south,
    }  # fmt: skip
    tool.app.desk = keys[kind]
    before = house.dump("cases", "case_log")
    for answer in (tool.at(verb="GET"), tool.opens(idempotency_key="r2"), tool.grants("unlock")):
        assert (answer.status, answer.code) == (401, "unknown-key")
        assert answer.page.header("www-authenticate") == "Bearer"
    assert house.dump("cases", "case_log") == before


def test_a_key_that_is_revoked_between_two_looks(
    house: House, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(api_keys.revoke(house.parts, on_the_host(house.browser().caller), tool.made.stored.id))

    async def late(*_asked: object) -> Any:
        return tool.made.stored

    monkeypatch.setattr(api_keys, "authenticate", late)
    assert tool.opens().code == "unknown-key"


def test_a_key_for_cases_verifies_nobody(tool: Tool) -> None:
    tool.app.key = tool.made.key
    asked = tool.app.call(
        "POST", "/verifications", user=EMAIL, ticket="I-1", asker="T", idempotency_key="r"
    )
    assert asked.code == "unknown-key"


@pytest.mark.parametrize("who", ["nobody", "a user", "an auditor", "disabled", "frozen", "none"])
def test_whoever_is_at_the_tool_works_on_cases_here(house: House, tool: Tool, who: str) -> None:
    tool.staff("anna", Role.AUDITOR)
    for name, fields in (("disabled", {"state": UserState.DISABLED}), ("frozen", {"frozen_at": 1})):
        house.change(me(tool.staff(name)), **fields)
    names = {"nobody": "nobody", "a user": EMAIL, "an auditor": "anna@northwind.test", "none": None}
    tool.app.technician = names.get(who, f"{who}@northwind.test")
    answer = tool.opens()
    assert (answer.status, answer.code) == (403, "no-technician")
    assert house.count("cases") == 0


def test_one_technician_is_named_and_not_two(tool: Tool) -> None:
    tool.app.extra = [("keyturn-technician", "mia@northwind.test")]
    assert tool.opens().code == "repeated-header"
    tool.app.extra, tool.app.technician = [], "x" * 5000
    assert tool.opens().code == "no-technician"


def test_an_owner_at_the_tool_does_what_a_technician_may(house: House, tool: Tool) -> None:
    mona = tool.staff("mona", Role.MANAGER)
    tool.app.technician = me(tool.staff("olga", Role.OWNER)).email
    refused = tool.opens(user=me(mona).email)
    assert (refused.status, refused.code, refused.data["reason"]) == (403, "not-allowed", "rank")


def test_nobody_works_on_a_case_of_their_own(tool: Tool) -> None:
    refused = tool.opens(user=me(tool.tom).email)
    assert (refused.code, refused.data["reason"]) == ("not-allowed", "self")


# -- the case


def test_opened_once_for_one_request(house: House, tool: Tool) -> None:
    first = of(tool.opens())
    assert of(tool.opens())["ref"] == first["ref"]
    assert house.count("cases") == 1
    assert of(tool.opens(idempotency_key="r2"))["ref"] != first["ref"]
    assert (first["state"], first["mine"], first["holder"]) == ("open", True, "Tom")
    assert first["user"] == {"id": tool.ada.id, "name": "Ada Byron"}
    assert [one["kind"] for one in first["log"]] == ["opened", "taken"]
    assert tool.opens(user="nobody").code == "not-found"
    trail = house.trail(tool.ada)
    assert {e.client for e in trail if e.event.startswith("case.")} == {"Desk"}


def test_one_that_the_console_opened_is_another_case(house: House, tool: Tool) -> None:
    tool.case(tool.tom)
    assert of(tool.opens())["ref"] in {one.ref for one in _cases(house)}
    assert house.count("cases") == 2


def _cases(house: House) -> Any:
    return house.write(lambda tx: tx.cases.recent(house.tenant.id, None, 10))


def test_listed_taken_handed_noted_and_closed(house: House, tool: Tool) -> None:
    tool.called()
    listed = tool.app.call("GET", "/cases").data
    assert ([one["ref"] for one in listed["mine"]], listed["free"]) == ([tool.ref], [])
    mia = tool.staff("mia")
    tool.at("/notes", note="calls from a train", idempotency_key="n1")
    noted = of(tool.at("/notes", note="calls from a train", idempotency_key="n1"))
    assert [one["text"] for one in noted["log"] if one["kind"] == "note"] == ["calls from a train"]
    secret = tool.at("/notes", note="password: hunter2", idempotency_key="n2")
    assert (secret.status, secret.code, secret.data["field"]) == (422, "looks-secret", "note")
    assert tool.opens(note="pin: 1234", idempotency_key="r3").code == "looks-secret"
    assert {one["name"] for one in tool.sees()["colleagues"]} == {"Mia"}
    assert of(tool.at("/hand", colleague=me(mia).id))["holder"] == "Mia"
    refused = tool.at("/hand", colleague=me(mia).id)
    assert (refused.status, refused.code, refused.data["holder"]) == (409, "not-yours", "Mia")
    assert of(tool.at("/take"))["mine"] is True
    assert tool.at("/close", cause="no.such").errors == [("/cause", "unknown-value")]
    closed = of(tool.at("/close", cause=""))
    assert (closed["state"], closed["closed_at"]) == ("closed", house.clock.now())
    assert tool.at("/take").code == "case-closed"
    assert tool.asks("mail").code == "case-closed"


# -- proofs and grants


def test_a_new_phone_is_begun_and_stopped_here(house: House, tool: Tool) -> None:
    tool.called()
    assert methods(of(tool.by_mail())) == {"mail"}
    assert missing(tool.sees(), "lost-phone") == ["unrelayed"]
    nadia = tool.staff("nadia")
    assert tool.asks("approval", me(nadia).id).status == 200
    ref, me_ = tool.ref, nadia
    _vouched(tool, me_, ref)
    assert methods(tool.sees()) == {"mail", "approval"}
    assert missing(tool.sees(), "lost-phone") == []
    case = of(tool.grants("lost-phone", tool.code()))
    assert case["recovery"] == {"state": "waiting", "due_at": house.clock.now() + WAIT_MS}
    assert of(tool.at("/recovery", verb="DELETE"))["recovery"]["state"] == "stopped"


def missing(case: dict[str, Any], deed: str) -> list[str]:
    """What a deed still asks for."""
    return next(list(one["missing"]) for one in case["deeds"] if one["deed"] == deed)


def _vouched(tool: Tool, colleague: Any, ref: str) -> None:
    answer = run(proving.vouch(tool.house.parts, colleague, ref, known=True))
    assert isinstance(answer, proving.Proved)


def test_the_phone_is_asked_and_answers(tool: Tool) -> None:
    tool.called()
    asked = tool.asks("push")
    (shown,) = tool.pocket.waiting()
    assert asked.data["question"]["number"] == shown.one.number
    assert asked.data["question"]["words"] == shown.words
    assert [one["method"] for one in tool.sees()["running"]] == ["push"]
    tool.pocket.approves()
    assert methods(tool.sees()) == {"push"}
    for _ in range(4):
        tool.asks("push")
    often = tool.asks("push")
    assert (often.status, often.code) == (429, "budget")


def test_whoever_has_no_phone_has_no_such_way(house: House, tool: Tool) -> None:
    house.user("ben@northwind.test", name="Ben")
    tool.ref = str(of(tool.opens(user="ben@northwind.test"))["ref"])
    for method in ("push", "text"):
        refused = tool.asks(method)
        assert (refused.status, refused.code, refused.data["reason"]) == (409, "no-way", "none")
    assert tool.reads("text", "123456").data["reason"] == "none"
    assert tool.reads("push", "123456").code == "no-way"


def test_offline_codes_and_wrong_ones(house: House, tool: Tool) -> None:
    secret = tool.secret()
    tool.called()
    assert tool.asks("offline").status == 200
    assert methods(of(tool.reads("offline", house.code_of(secret)))) == {"offline"}
    assert tool.reads("mail", "123456").code == "nothing-pending"
    tool.asks("mail")
    soon = tool.asks("mail")
    assert (soon.status, soon.code) == (429, "too-soon")
    for left in range(WRONG - 1, -1, -1):
        wrong = tool.reads("mail", "x")
        assert (wrong.status, wrong.code) == (422, "not-proved")
        assert (wrong.data["outcome"], wrong.data["left"]) == ("wrong", left)
    assert tool.reads("mail", "x").data["reason"] == "spent"


def test_codes_are_capped(house: House, tool: Tool) -> None:
    tool.called()
    for _ in range(CASE_CODES.limit):
        assert tool.asks("mail").status == 200
        house.clock.move(61_000)
    assert tool.asks("mail").code == "budget"
    nadia = tool.staff("nadia")
    for _ in range(CASE_CODES.limit):
        assert tool.asks("approval", me(nadia).id).status == 200
    assert tool.asks("approval", me(nadia).id).code == "budget"
    assert tool.asks("approval", tool.ada.id).code == "not-found"


def test_a_device_is_pressed_and_read(house: House, tool: Tool) -> None:
    camera = Shelf(house).paired(tool.ada)
    tool.called()
    device = next(one["device"] for one in tool.sees()["ways"] if one["method"] == "presence")
    assert device == camera.pairing_id
    assert tool.reads("device", "123456").code == "nothing-pending"
    (asked,) = of(tool.asks("presence", device))["running"]
    camera.pressed(asked["question"])
    assert methods(tool.sees()) == {"presence"}
    tool.asks("device", device)
    wrong = tool.reads("device", "000000")
    assert (wrong.code, wrong.data["outcome"]) == ("not-proved", "wrong")
    assert methods(of(tool.reads("device", camera.code()))) == {"presence", "device"}
    assert missing(of(tool.by_mail()), "lost-phone") == []
    assert tool.asks("presence", "0" * 26).code == "not-found"
    assert [tool.asks("presence", device) for _ in range(ASKED)][-1].code == "budget"


def test_a_device_that_proves_nothing_yet(house: House, tool: Tool) -> None:
    camera = Shelf(house).paired(tool.ada, old=False)
    tool.called()
    refused = tool.asks("presence", camera.pairing_id)
    assert (refused.code, refused.data["reason"]) == ("no-way", "fresh")
    assert refused.data["until"] > house.clock.now()


def test_five_wrong_codes_of_a_device_lock_it(house: House, tool: Tool) -> None:
    camera = Shelf(house).paired(tool.ada)
    tool.called()
    tool.asks("device", camera.pairing_id)
    last = [tool.reads("device", "x00000") for _ in range(5)][-1]
    assert (last.code, last.data["reason"]) == ("no-way", "spent")
    assert tool.asks("device", camera.pairing_id).data["reason"] == "spent"


def test_what_harms_nobody_asks_for_nothing(house: House, tool: Tool) -> None:
    tool.called()
    browser = house.browser()
    house.signed(browser, tool.ada)
    assert house.count("sessions") > 0
    before = house.count("sessions")
    of(tool.grants("end-sessions"))
    assert house.count("sessions") < before
    of(tool.grants("unlock"))


def test_a_number_is_taken_off_with_two_proofs_and_the_technicians_own(
    house: House, tool: Tool
) -> None:
    tool.called()
    tool.by_mail()
    short = tool.grants("release-number", tool.code())
    assert short.code == "not-permitted"
    assert short.data["missing"] == missing(tool.sees(), "release-number") != []
    tool.by_phone()
    unshown = tool.grants("release-number")
    assert (unshown.code, unshown.data["reason"]) == ("not-allowed", "proof")
    assert house.again(tool.ada).phone is not None
    of(tool.grants("release-number", tool.code()))
    assert house.again(tool.ada).phone is None
    assert tool.grants("release-number", tool.code()).code == "not-found"
    assert [row.facts["key"] for row in house.trail(me(tool.tom)) if row.event == "second.passed"]


def test_a_lost_phone_needs_the_technicians_own_second_step(house: House, tool: Tool) -> None:
    tool.called()
    tool.by_mail()
    tool.by_phone()
    assert tool.grants("lost-phone").data["reason"] == "proof"
    code = tool.code()
    of(tool.grants("lost-phone", code))
    again = tool.grants("lost-phone", code)  # a code is good once
    assert (again.status, again.code, again.data["until"]) == (403, "technician-unproved", None)
    waits = tool.grants("lost-phone", tool.code())
    assert waits.code in {"not-done", "not-permitted"}


def test_one_that_waits_is_not_begun_again_and_frozen_accounts_are_left_alone(
    house: House, tool: Tool
) -> None:
    tool.called()
    tool.by_mail()
    nadia = tool.staff("nadia")
    tool.asks("approval", me(nadia).id)
    _vouched(tool, nadia, tool.ref)
    of(tool.grants("lost-phone", tool.code()))
    again = tool.grants("lost-phone", tool.code())
    assert (again.code, again.data["reason"]) == ("not-done", "waits")
    house.change(tool.ada, frozen_at=1)
    number = tool.grants("release-number", tool.code())
    assert (number.code, number.data["reason"]) == ("not-done", "frozen")
    tool.at("/recovery", verb="DELETE")
    phone = tool.grants("lost-phone", tool.code())
    assert (phone.code, phone.data["reason"]) == ("not-done", "frozen")


def test_wrong_codes_of_the_technician_lock_as_everywhere(house: House, tool: Tool) -> None:
    tool.called()
    tool.code()
    answers = [tool.grants("lost-phone", "000000") for _ in range(6)]
    assert {one.code for one in answers} == {"technician-unproved"}
    assert answers[0].data["until"] is None
    assert answers[5].data["until"] > house.clock.now()
    assert tool.grants("lost-phone", tool.code()).code == "technician-unproved"


def test_whoever_may_not_work_on_cases_any_more_proves_nothing(
    house: House, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool.called()
    late = tool.code()
    plain = desk_tool.technician

    async def and_then_disabled(*asked: Any) -> Any:
        found = await plain(*asked)
        house.change(me(tool.tom), state=UserState.DISABLED)
        return found

    monkeypatch.setattr(desk_tool, "technician", and_then_disabled)
    assert tool.grants("lost-phone", late).code == "no-technician"


def test_a_proof_does_not_tell_whether_a_case_is_there(house: House, tool: Tool) -> None:
    tool.code()
    tool.ref = "KT-ZZZZ-ZZ"
    before = house.dump("lanes")
    assert tool.grants("lost-phone", "000000").code == "not-found"
    assert house.dump("lanes") == before


def test_the_link_again(house: House, tool: Tool) -> None:
    house.user("ben@northwind.test", name="Ben")
    house.clock.move(DAY)
    tool.ref = str(of(tool.opens(user="ben@northwind.test"))["ref"])
    assert tool.grants("resend-link").code == "not-permitted"
    tool.by_mail()
    of(tool.grants("resend-link"))
    soon = tool.grants("resend-link")
    assert (soon.code, soon.data["reason"]) == ("not-done", "soon")


def test_no_case_is_like_one_of_nobody(house: House, tool: Tool) -> None:
    tool.ref = "KT-ZZZZ-ZZ"
    for answer in (
        tool.at(verb="GET"), tool.at("/take"), tool.asks("push"), tool.asks("offline"),
        tool.asks("mail"), tool.grants("unlock"), tool.grants("resend-link"),
        tool.at("/close", cause=""), tool.at("/recovery", verb="DELETE"),
    ):  # fmt: skip
        assert (answer.status, answer.code) == (404, "not-found")


# -- the person's own


def test_how_ones_own_case_stands(house: House, tool: Tool) -> None:
    tool.called()
    ada = App(tool.app.web)
    ada.session = signed_in(house, tool)
    path = f"/account/cases/{tool.ref}"
    found = of(ada.call("GET", path))
    assert (found["state"], found["taken"], found["recovery"]) == ("open", True, None)
    tool.by_mail()
    nadia = tool.staff("nadia")
    tool.asks("approval", me(nadia).id)
    _vouched(tool, nadia, tool.ref)
    of(tool.grants("lost-phone", tool.code()))
    assert of(ada.call("GET", path))["recovery"]["state"] == "waiting"
    tool.at("/recovery", verb="DELETE")
    assert of(ada.call("GET", path))["recovery"] is None
    ben = App(tool.app.web)
    house.user("ben@northwind.test", name="Ben")
    ben.call("POST", "/signin", identifier="ben@northwind.test", password=PASSWORD)
    for ref in (tool.ref, "KT-ZZZZ-ZZ"):
        assert ben.call("GET", f"/account/cases/{ref}").code == "not-found"
    assert App(tool.app.web).call("GET", path).code == "sign-in"


def signed_in(house: House, tool: Tool) -> str:
    """A session of Ada's."""
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: sessions.start(tx, act, tool.ada, None, 2))
