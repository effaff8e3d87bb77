"""The signed door: who is heard, and that nobody else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyturn.rules import recoveries
from keyturn.rules.accounts import User
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.steps.acts import begin, record
from keyturn.web import strikes
from keyturn.web.app_door.operations import OPERATIONS
from keyturn.web.app_door.told import plain
from keyturn.wire import signatures
from tests.unit.flows.agency import Agency
from tests.unit.flows.hands import token
from tests.unit.flows.handsets import enters, show
from tests.unit.flows.house import House
from tests.unit.web.browsing import Web, open_web
from tests.unit.web.talking import CHROME, NOTARY, PUSH_KEY, Talker, open_door

PIN = "a" * 43
PROOF = {"pin": PIN}
#: a subscription whose key is none
GIVEN: dict[str, Any] = {
    "endpoint": "https://push.example.test/x", "keys": {"p256dh": "A" * 87, "auth": "A" * 22},
}  # fmt: skip
FORGED = {"error": {"code": "signature"}}


@pytest.fixture
def user(house: House) -> User:
    return house.user()


@pytest.fixture
def talker(web: Web) -> Talker:
    """A phone that is not bound."""
    return Talker(open_door(web))


@pytest.fixture
def phone(talker: Talker, user: User) -> Talker:
    """Ada's."""
    talker.bind(user)
    return talker


class TestBinding:
    def test_from_the_scan_to_the_phone(self, house: House, talker: Talker, user: User) -> None:
        agency = Agency(house)
        agency.first()
        identity = agency.again().identity
        assert identity is not None
        shown, now = show(house, user), house.clock.now()
        trusted = {
            "installation": plain(NOTARY.server_key),
            "directories": [
                {
                    "id": agency.directory.id, "name": agency.directory.name,
                    "identity": plain(identity),
                }
            ],
        }  # fmt: skip
        whose = {
            "tenant": {"id": house.tenant.id, "name": "Northwind", "accent": "#1f7a5c"},
            "account": {"name": "Ada Byron", "identifier": "ada@northwind.test"},
        }
        assert talker.scan(shown)["result"] == {
            "code": shown.code.id, "ends_at": now + 5 * MINUTE, "tries": 3, **whose, **trusted,
        }  # fmt: skip
        assert talker.say(shown)["result"] == {
            "phone": talker.id, "name": "Chrome on Android (Pixel 8)", "bound_at": now,
            "push": PUSH_KEY, **whose, **trusted,
        }  # fmt: skip
        assert talker.result("state")["phone"]["id"] == talker.id

    def test_typed_letters(self, house: House, talker: Talker, user: User) -> None:
        shown = show(house, user)
        body = {"key": talker.key, "letters": "7f3k-abc-def"}
        told = talker.ask("type", body, keyid="new")
        assert told["result"]["code"] == shown.code.id

    @pytest.mark.parametrize("model", ["", "x" * 41, "<b>", "Pixel\u202e8", " Pixel"])
    def test_a_model_that_reads_like_none_is_left_out(
        self, house: House, talker: Talker, user: User, model: str
    ) -> None:
        shown = show(house, user)
        talker.scan(shown)
        assert talker.say(shown, model=model)["result"]["name"] == "Chrome on Android"

    def test_a_code_is_for_the_key_that_scanned_it(
        self, house: House, web: Web, talker: Talker, user: User
    ) -> None:
        shown = show(house, user)
        talker.scan(shown)
        other = Talker(web)
        assert other.scan(shown) == {"error": {"code": "taken"}}
        assert other.say(shown) == FORGED

    def test_the_key_in_the_body_must_have_signed(
        self, house: House, web: Web, talker: Talker, user: User
    ) -> None:
        shown = show(house, user)
        assert talker.scan(shown, key=Talker(web).key) == FORGED
        assert talker.scan(shown, key="A" * 87) == FORGED
        body = {"key": 1, "code": shown.code.id, "secret": shown.secret}
        assert talker.ask("scan", body, keyid="new") == FORGED
        body["key"] = talker.key
        assert talker.ask("scan", body, keyid=shown.code.id) == FORGED

    def test_time_is_told_whatever_the_phone_thinks(self, talker: Talker) -> None:
        told = talker.ask("time", {"key": talker.key}, keyid="new", ahead_s=10**8)
        installation = plain(NOTARY.server_key)
        assert told == {"result": {"installation": installation, "push": PUSH_KEY}}


class TestWhatIsTold:
    """Every operation, in the words of the contract."""

    def test_the_app_lock_and_what_it_stands_before(
        self, house: House, user: User, phone: Talker
    ) -> None:
        bare = {
            "code": "lock", "set": False, "until": None, "closed": False, "left": 5, "key": False,
        }  # fmt: skip
        assert phone.error("unlock") == bare
        assert phone.result("pin", pin=PIN) == {}
        wrong = {**bare, "set": True, "left": 4}
        assert phone.error("unlock", proof={"pin": "b" * 43}) == wrong
        house.browser().fail(5)
        assert phone.result("unlock", proof=PROOF) == {"count": 1}
        made = phone.result("offline", proof=PROOF)
        assert (made["digits"], made["period"]) == (6, 30)
        assert phone.result("state")["lock"] == {"set": True, "until": None, "key": False}
        assert phone.result("unbind", proof=PROOF) == {}
        now = house.clock.now()
        assert phone.error("state") == {"code": "unbound", "why": "revoked", "at": now}
        assert user.id

    def test_a_phone_that_is_said_to_be_lost(self, house: House, user: User, phone: Talker) -> None:
        phone.result("pin", pin=PIN)
        assert phone.result("state")["lost"] is None
        now = house.clock.now()
        one = recoveries.begun(
            house.random.id(now), user, (house.random.id(now), "KT-7"), user.id, now, bound=False
        )
        house.write(lambda tx: tx.recoveries.add(one))
        told = {"id": one.id, "ref": "KT-7", "asked_at": now, "due_at": now + DAY}
        assert phone.result("state")["lost"] == told
        assert phone.error("stop-lost", id=one.id)["code"] == "lock"
        assert phone.error("stop-lost", id="0" * 26, proof=PROOF) == {"code": "unknown"}
        assert phone.result("stop-lost", id=one.id, proof=PROOF) == {"stopped": True}
        assert phone.result("stop-lost", id=one.id, proof=PROOF) == {"stopped": False}
        assert phone.result("state")["lost"] is None

    def test_the_phones_own_lock(self, house: House, phone: Talker) -> None:
        held = token()
        phone.result("pin", pin=PIN)
        assert phone.result("lock-ask", does="unlock") == {"options": None}
        made = held.create(phone.result("lock-new")["options"])
        wrong = {**made, "response": {**made["response"], "attestationObject": "AAAA"}}
        assert phone.error("lock-key", made=wrong, proof=PROOF) == {"code": "key"}
        made = held.create(phone.result("lock-new")["options"])
        assert phone.result("lock-key", made=made, proof=PROOF) == {}
        assert phone.result("state")["lock"]["key"] is True
        asked = phone.result("lock-ask", does="unlock")["options"]
        house.browser().fail(5)
        given = held.get(asked)
        assert phone.result("unlock", proof={"key": given}) == {"count": 1}
        assert phone.error("unlock", proof={"key": given})["code"] == "lock"
        assert phone.result("lock-forget", proof=PROOF) == {}
        assert phone.result("state")["lock"]["key"] is False

    @pytest.mark.parametrize("made", [None, {}, [], {"type": "public-key", "id": "A"}])
    def test_what_no_platform_makes_is_not_read(self, phone: Talker, made: object) -> None:
        assert phone.error("lock-key", made=made, proof=PROOF) == {"code": "body", "field": "made"}

    @pytest.mark.parametrize("proof", [{"key": {}}, {"pin": PIN, "key": {}}, {"key": None}, {}])
    def test_what_opens_no_lock_is_not_read(self, phone: Talker, proof: object) -> None:
        assert phone.error("unlock", proof=proof) == {"code": "body", "field": "proof"}

    @pytest.mark.parametrize(
        ("body", "field"),
        [({"does": "sessions"}, "does"), ({}, "does"), ({"does": "unlock", "about": "x"}, "about")],
    )
    def test_a_question_is_for_what_the_lock_stands_before(
        self, phone: Talker, body: dict[str, str], field: str
    ) -> None:
        assert phone.error("lock-ask", **body) == {"code": "body", "field": field}

    def test_how_things_stand(self, house: House, user: User, phone: Talker) -> None:
        directory = Agency(house).directory
        account = LinkedAccount(
            user.tenant_id, directory.id, user.id, "0" * 32, "ada", "ada@corp.example.test", 1
        )
        house.write(lambda tx: tx.directories.link(account))
        house.browser().fail(5)
        until, now = house.clock.now() + 10 * MINUTE, house.clock.now()
        told = phone.result("state")
        assert told["lanes"] == [
            {"kind": "unknown", "client": "", "locked_until": until, "closed": False}
        ]
        assert told["locked_until"] == until
        assert told["push"] == {"state": "none", "since": now}
        assert told["push_key"] == PUSH_KEY
        assert told["directories"] == [
            {
                "id": directory.id, "name": directory.name, "identity": None,
                "kind": "active_directory", "account": "ada", "upn": "ada@corp.example.test",
                "known": None, "job": None,
            }
        ]  # fmt: skip
        assert {k: told[k] for k in ("offline", "waiting", "checked_at", "frozen_at")} == {
            "offline": False, "waiting": 0, "checked_at": None, "frozen_at": None,
        }  # fmt: skip

    def test_who_is_signed_in(self, house: House, user: User, phone: Talker) -> None:
        browser = enters(house, house.again(user))
        told, now = phone.result("sessions"), house.clock.now()
        [session], [client] = told["sessions"], told["clients"]
        assert session == {
            "id": session["id"], "client": browser.name, "ip": browser.ip, "created_at": now,
            "seen_at": now,
        }  # fmt: skip
        assert client == {
            "id": client["id"], "name": browser.name, "ip": browser.ip, "seen_at": now,
            "trusted": False,
        }  # fmt: skip
        assert phone.result("end-session", id=session["id"]) == {"ended": 1}
        assert phone.result("forget-client", id=client["id"]) == {"ended": 1}
        assert phone.result("end-sessions") == {"ended": 0}

    def test_what_happened_and_from_where_but_not_where_staff_are(
        self, house: House, user: User, phone: Talker
    ) -> None:
        staff, desk = house.user("tom@northwind.test"), house.browser()
        act = begin(house.parts, desk.caller, staff)
        house.write(lambda tx: record(tx, act, Event.USER_UNLOCKED, user))
        told = phone.result("happened")
        assert told["before"] is None
        first, second = told["entries"][:2]
        assert (first["event"], first["by"]) == ("user.unlocked", "staff")
        assert (first["ip"], first["client"]) == ("", "")
        assert (second["event"], second["by"]) == ("app.bound", "you")
        assert (second["ip"], second["client"]) == (phone.ip, "Chrome on Android")

    def test_push_there_and_back(self, web: Web, phone: Talker) -> None:
        assert phone.result("checks", seen={"permission": "granted"}) == {}
        assert web.site.pusher is not None
        pusher: Any = web.site.pusher()
        browser = pusher._service.subscribe(pusher.public_key)
        to = browser.subscription
        keys = {"auth": plain(to.auth), "p256dh": plain(to.p256dh)}
        given = {"endpoint": to.endpoint, "expirationTime": None, "keys": keys}
        now = phone.house.clock.now()
        works = {"push": {"state": "works", "since": now}}
        assert phone.result("subscribe", subscription=given) == works
        test = phone.result("test-push")["id"]
        assert phone.result("tested", id=test) == {"sent_at": now, "arrived_at": None}
        assert phone.result("arrived", id=test) == {}
        assert phone.result("tested", id=test) == {"sent_at": now, "arrived_at": now}
        off = {"push": {"state": "denied", "since": now}}
        assert phone.result("push", permission="denied") == off
        assert phone.error("test-push") == {"code": "push", "why": "none"}
        assert phone.error("tested", id="0" * 26) == {"code": "unknown"}


class TestWhoIsHeard:
    def test_a_phone_of_another_tenant_is_nobody_here(
        self, house: House, web: Web, phone: Talker
    ) -> None:
        house.add_tenant("contoso")
        web.site.forget_tenants()
        assert phone.ask("state", base="/t/contoso") == FORGED

    def test_what_was_said_to_one_tenant_is_not_said_to_another(
        self, house: House, web: Web, phone: Talker
    ) -> None:
        house.add_tenant("contoso")
        web.site.forget_tenants()
        headers = phone.signed("state", b"{}")
        assert phone.heard(phone.post("state", headers, b"{}", base="/t/contoso")) == FORGED

    def test_who_has_the_row_and_not_the_key_is_nobody(self, web: Web, phone: Talker) -> None:
        thief = Talker(web)
        thief.id, thief.sequence = phone.id, 1000
        assert thief.ask("state") == FORGED
        assert "result" in phone.ask("state")

    def test_an_unknown_phone_and_a_wrong_key_are_told_alike(
        self, house: House, web: Web, phone: Talker
    ) -> None:
        thief = Talker(web)
        told = []
        for keyid in (phone.id, house.random.id(0), "new"):
            thief.id = keyid
            with house.statements() as seen:
                page = thief.send("state")
            headers = sorted((k, len(v)) for k, v in page.headers)
            told.append((page.status, len(page.body), headers, seen))
            assert thief.heard(page) == FORGED
        assert told[0] == told[1] == told[2]

    @pytest.mark.parametrize("what", ["body", "operation", "host", "sequence", "created", "digest"])
    def test_an_altered_request_is_not_heard(self, phone: Talker, what: str) -> None:
        headers, body = phone.signed("unlock", b'{"proof":{"pin":"x"}}'), b'{"proof":{"pin":"x"}}'
        operation = "unlock"
        match what:
            case "body":
                body = b'{"proof":{"pin":"y"}}'
            case "operation":
                operation = "unbind"
            case "host":
                headers = phone.signed("unlock", body, host="other.test")
            case "sequence":
                headers["keyturn-sequence"] = "999"
            case "created":
                headers["signature-input"] = headers["signature-input"].replace(
                    "created=1", "created=2"
                )
            case _:
                headers["content-digest"] = signatures.content_digest(b"{}")
        assert phone.heard(phone.post(operation, headers, body)) == FORGED

    def test_another_method_is_none_of_ours(self, web: Web, phone: Talker) -> None:
        page = web.request("GET", "/t/northwind/app/v1/state")
        assert (page.status, page.header("allow")) == (405, "POST")

    def test_said_once_it_is_not_said_again(self, phone: Talker) -> None:
        headers = phone.signed("state", b"{}")
        assert "result" in phone.heard(phone.post("state", headers, b"{}"))
        again = phone.heard(phone.post("state", headers, b"{}"))
        assert again == {"error": {"code": "sequence"}}

    def test_what_was_overtaken_is_not_heard(self, phone: Talker) -> None:
        first, second = (phone.signed("state", b"{}") for _ in range(2))
        assert "result" in phone.heard(phone.post("state", second, b"{}"))
        told = phone.heard(phone.post("state", first, b"{}"))
        assert told == {"error": {"code": "sequence"}}

    @pytest.mark.parametrize("ahead_s", [-61, 62])
    def test_a_wrong_clock_is_told_with_the_servers_time(self, phone: Talker, ahead_s: int) -> None:
        """What was kept back on its way is old by then."""
        told = phone.ask("state", ahead_s=ahead_s)
        created = phone.house.clock.now() // 1000 + ahead_s
        assert told == {"error": {"code": "clock", "created": created}}
        assert "result" in phone.ask("state")

    def test_an_answer_is_to_this_request_alone(self, phone: Talker) -> None:
        page = phone.send("state")
        phone.headers = phone.signed("state", b"{}")
        with pytest.raises(signatures.Forged):
            phone.heard(page)

    def test_an_operation_of_another_release(self, phone: Talker) -> None:
        assert phone.error("fly") == {"code": "operation"}

    def test_a_network_that_forges_without_end_waits(
        self, web: Web, phone: Talker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(strikes, "MOST", 2)
        thief = Talker(web)
        thief.id = phone.id
        for _ in range(2):
            assert thief.ask("state") == FORGED
        page = thief.send("state")
        assert (page.status, page.header("retry-after")) == (429, "60")

    def test_at_a_host_of_the_tenants_own(self, house: House) -> None:
        own = replace(house.tenant, host="phones.northwind.test")
        house.write(lambda tx: tx.tenants.update(own))
        talker = Talker(open_door(open_web(house)))
        there: dict[str, Any] = {"base": "", "host": "phones.northwind.test"}
        told = talker.ask("time", {"key": talker.key}, keyid="new", **there)
        assert "result" in told

    def test_where_nobody_can_sign_there_is_no_door(self, web: Web) -> None:
        page = web.request("POST", "/t/northwind/app/v1/time")
        assert (page.status, page.problem["code"]) == (404, "no-such-page")


class TestShape:
    def test_no_cookie_is_set_and_nothing_is_kept_or_shared(self, phone: Talker) -> None:
        page = phone.send("state")
        assert page.header("cache-control") == "no-store"
        assert page.header("content-type") == "application/json"
        names = {name for name, _ in page.headers}
        assert not names & {"set-cookie", "access-control-allow-origin"}

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, "not-json"),
            (b"[]", 422, "invalid"),
            (b'{"a":1,"a":2}', 422, "invalid"),
            (b'{"a":NaN}', 400, "not-json"),
            (b"\xff", 400, "not-utf-8"),
            (b"[" * 9000, 400, "not-json"),
            (b"1" * 9000, 400, "not-json"),
            (b"{}" + b" " * 16384, 413, "body-too-long"),
        ],
    )
    def test_what_is_no_object_is_refused_before_anybody_is_looked_for(
        self, house: House, phone: Talker, body: bytes, status: int, code: str
    ) -> None:
        headers = phone.signed("state", body)
        with house.statements() as seen:
            page = phone.post("state", headers, body)
        assert (page.status, page.problem["code"]) == (status, code)
        assert seen == []

    def test_neither_is_another_kind_of_body_or_a_query(self, web: Web, phone: Talker) -> None:
        headers = {**phone.signed("state", b"{}"), "content-type": "text/plain"}
        assert phone.post("state", headers, b"{}").status == 415
        every = list(phone.signed("state", b"{}").items())
        page = web.request(
            "POST", "/t/northwind/app/v1/state", headers=every, body=b"{}", query=b"a=1"
        )
        assert page.problem["code"] == "unexpected-query"

    def test_who_signs_nothing_is_told_so_unsigned(self, phone: Talker) -> None:
        page = phone.post("state", {"content-type": "application/json"}, b"{}")
        assert (page.status, page.problem["code"]) == (400, "not-signed")
        assert page.header("signature") is None

    def test_a_problem_is_one_whatever_is_accepted(self, web: Web, phone: Talker) -> None:
        headers = [("accept", "text/html"), ("user-agent", CHROME)]
        page = web.request("POST", "/t/northwind/app/v1/state", headers=headers)
        assert page.problem["code"] == "not-signed"

    @pytest.mark.parametrize(
        ("operation", "body", "field"),
        [
            ("state", {"more": 1}, "more"),
            ("state", {"\ud800": 1}, "?"),
            ("state", {"x" * 80: 1}, "x" * 40),
            ("unlock", {"proof": None}, "proof"),
            ("unlock", {"proof": {"pin": "short"}}, "proof"),
            ("unlock", {"proof": {"pin": "A" * 43, "more": 1}}, "proof"),
            ("unlock", {"proof": {"pin": ["A" * 43]}}, "proof"),
            ("pin", {}, "pin"),
            ("pin", {"pin": "A" * 44}, "pin"),
            ("pin", {"pin": "A" * 43 + "\n"}, "pin"),
            ("happened", {"before": "'; drop table audit"}, "before"),
            ("happened", {"before": None}, "before"),
            ("end-session", {"id": "\u0661" * 43}, "id"),
            ("forget-client", {"id": ""}, "id"),
            ("checks", {"seen": {"home": "yes"}}, "seen"),
            ("checks", {"seen": []}, "seen"),
            ("push", {"permission": "maybe"}, "permission"),
            ("subscribe", {"subscription": []}, "subscription"),
            ("subscribe", {"subscription": {**GIVEN, "more": 1}}, "subscription"),
            ("subscribe", {"subscription": {"endpoint": "x", "keys": 1}}, "subscription"),
            ("subscribe", {"subscription": {**GIVEN, "keys": {"auth": ""}}}, "subscription"),
            ("subscribe", {"subscription": {**GIVEN, "endpoint": None}}, "subscription"),
            ("subscribe", {"subscription": {**GIVEN, "endpoint": "ftp://x"}}, "subscription"),
            ("subscribe", {"subscription": GIVEN}, "subscription"),
        ],
    )
    def test_a_field_that_is_not_what_it_must_be_is_named(
        self, phone: Talker, operation: str, body: dict[str, Any], field: str
    ) -> None:
        assert phone.ask(operation, body) == {"error": {"code": "body", "field": field}}

    @pytest.mark.parametrize("letters", ["\ud800", "\x00" * 10, "x" * 101, 7, None, ["7"]])
    def test_letters_that_nobody_types(self, talker: Talker, letters: Any) -> None:
        told = talker.ask("type", {"key": talker.key, "letters": letters}, keyid="new")
        assert told == {"error": {"code": "body", "field": "letters"}}

    def test_a_refused_body_has_cost_no_number(self, phone: Talker) -> None:
        phone.ask("state", {"more": 1}, sequence=50)
        assert "result" in phone.ask("state", sequence=50)


def test_the_contract_names_every_operation() -> None:
    page = Path("docs/design/14-signed-door.md").read_text("utf-8")
    assert [name for name in OPERATIONS if f"| `{name}`" not in page] == []
