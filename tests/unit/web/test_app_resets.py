"""Directory passwords through the signed door, in the words of the contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from keyturn.rules.accounts import User
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import CHOOSE_MS, DEADLINE_MS
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.web.encoding import encoded
from tests.unit.flows.house import House
from tests.unit.web.browsing import Web
from tests.unit.web.corp import DOMAIN, POLICY, Corp, handed_in, host
from tests.unit.web.talking import Talker, open_door

PIN = "a" * 43
PROOF = {"pin": PIN}
NEW = "Velvet-Otter-42 l\u00e4uft!"
NOBODY = "0" * 26


@dataclass
class Ada:
    """Her phone, with a PIN, and the directory with her account."""

    phone: Talker
    corp: Corp
    user: User

    @property
    def there(self) -> str:
        """The directory's id."""
        return self.corp.directory.id

    def chooses(self) -> dict[str, Any]:
        """A new password is begun."""
        found: dict[str, Any] = self.phone.result("choose", directory=self.there, proof=PROOF)
        return found

    def submits(self, told: dict[str, Any], password: str = NEW) -> dict[str, Any]:
        """It is sealed and handed in."""
        made = json.loads(handed_in(told, password))
        said: dict[str, Any]
        said = self.phone.result("submit", id=told["job"], envelopes=made, proof=PROOF)
        return said


@pytest.fixture
def ada(house: House, web: Web) -> Ada:
    user = house.user()
    corp = Corp(house.write, house.parts, house.tenant)
    corp.link(user, "ada")
    phone = Talker(open_door(web))
    phone.bind(user)
    assert phone.result("pin", pin=PIN) == {}
    return Ada(phone, corp, user)


def test_a_look_there_and_back(house: House, ada: Ada) -> None:
    now = house.clock.now()
    asked = ada.phone.result("look", directory=ada.there)
    assert asked == {
        "look": asked["look"], "over": False, "directory": ada.there, "domain": DOMAIN,
        "kind": "active_directory", "name": "ada", "state": "asking", "until": None,
        "expires_at": None, "set_at": None, "bad_count": 0, "bad_at": None, "asked_at": now,
        "controller": "", "cause": "", "protected": "", "can": [], "job": "", "by": "",
        "policy": None, "names": {"name": "", "display": ""},
    }  # fmt: skip
    until = now + 20 * MINUTE
    assert ada.corp.answer(locked_until=until, bad_count=5, bad_at=now - SECOND) == 1
    told = ada.phone.result("looked", id=asked["look"])
    assert told == {
        **asked, "over": True, "state": "locked", "until": until, "expires_at": now + 12 * DAY,
        "set_at": now - 30 * DAY, "bad_count": 5, "bad_at": now - SECOND,
        "controller": host("dc1"), "can": ["unlock", "reset"], "policy": POLICY,
        "names": {"name": "ada", "display": "Ada B."},
    }  # fmt: skip
    (account,) = ada.phone.result("state")["directories"]
    assert account["known"] == {"state": "locked", "until": until, "asked_at": now}
    assert account["identity"] == encoded(ada.corp.identity.public_key().public_bytes_raw())


def test_a_directory_that_is_not_heard_is_told_so(house: House, ada: Ada) -> None:
    heard = house.clock.now()
    house.clock.move(MINUTE)
    told = ada.phone.result("look", directory=ada.there)
    assert (told["look"], told["over"], told["state"]) == ("", True, "silent")
    assert (told["cause"], told["until"], told["asked_at"]) == ("agent_silent", heard, None)
    refused = {"code": "directory", "why": "agent_silent", "until": heard}
    assert ada.phone.error("unlock-account", directory=ada.there, proof=PROOF) == refused
    assert ada.phone.error("choose", directory=ada.there, proof=PROOF) == refused


def test_an_unlock_from_the_tap_to_the_controllers(house: House, ada: Ada) -> None:
    now = house.clock.now()
    job = ada.phone.result("unlock-account", directory=ada.there, proof=PROOF)
    assert job == {
        "id": job["id"], "kind": "unlock", "state": "queued", "directory": ada.there,
        "domain": DOMAIN, "directory_kind": "active_directory", "account": "ada",
        "must_change": False, "unlocks": True, "by": "", "started_at": now,
        "choose_until": now + DEADLINE_MS, "finished_at": None, "reason": "", "data": {},
        "cause": None, "everywhere": False, "there": [], "arrived": [], "coming": [],
        "read_only": [], "soon": None, "proofs": [], "stopped": "", "unbound": False,
        "already": False, "old_until": None, "over": False,
    }  # fmt: skip
    ada.corp.done(ada.corp.take(), bound=False)
    done = ada.phone.result("job", id=job["id"])
    assert (done["state"], done["there"]) == ("done", [host("dc1")])
    (account,) = ada.phone.result("state")["directories"]
    assert account["job"] == {
        "id": job["id"], "kind": "unlock", "state": "done", "by": "", "until": None,
    }  # fmt: skip


def test_a_new_password_that_only_the_agents_can_read_and_where_it_works(
    house: House, ada: Ada
) -> None:
    told, now = ada.chooses(), house.clock.now()
    assert told["identity"] == encoded(ada.corp.identity.public_key().public_bytes_raw())
    assert {k: told[k] for k in ("tenant", "domain", "user", "directory", "expires_at")} == {
        "tenant": "northwind", "domain": DOMAIN, "user": ada.user.id, "directory": ada.there,
        "expires_at": now + CHOOSE_MS,
    }  # fmt: skip
    assert len(told["recipients"]) == 2
    assert ada.submits(told)["state"] == "queued"
    assert NEW.encode() not in house.dump("jobs", "audit").encode()
    job = ada.corp.take()
    assert ada.corp.opened(job) == NEW
    ada.corp.done(job)
    ada.corp.seen(job, "dc2", ProofState.PROVED, 900)
    seen = ada.phone.result("job", id=told["job"])
    assert (seen["state"], seen["everywhere"], seen["over"]) == ("done", False, False)
    assert (seen["there"], seen["coming"]) == ([host("dc1"), host("dc2")], [host("dc3")])
    assert seen["read_only"] == [host("dc4")]
    assert seen["old_until"] == now + HOUR
    assert seen["proofs"][1] == {
        "host": host("dc2"), "site": "Hamburg", "state": "proved", "at": now, "delay_ms": 900,
        "soon": None,
    }  # fmt: skip


def test_a_refusal_by_the_directory_comes_with_its_reason_and_numbers(ada: Ada) -> None:
    told = ada.chooses()
    ada.submits(told, "short")
    ada.corp.report(ada.corp.take(), "not_done", "too_short", minimum=14)
    job = ada.phone.result("job", id=told["job"])
    assert (job["state"], job["reason"], job["data"]) == ("not_done", "too_short", {"minimum": 14})
    assert job["cause"] == "directory.too-short"


def test_a_password_sealed_to_agents_that_went_is_not_taken(ada: Ada) -> None:
    told = ada.chooses()
    made = json.loads(handed_in(told, NEW))
    made[0]["agent"] = "nobody"
    refused = ada.phone.error("submit", id=told["job"], envelopes=made, proof=PROOF)
    assert refused == {"code": "unsealed"}
    assert ada.phone.result("cancel", id=told["job"])["reason"] == "cancelled"


@pytest.mark.parametrize(
    "given",
    [
        [], {}, "x", [1], [{}], [{"agent": "a", "enc": "b"}],
        [{"agent": "a", "enc": "b", "ciphertext": 1}],
        [{"agent": "a", "enc": "b", "ciphertext": "c", "more": ""}],
        [{"agent": "a", "enc": "b", "ciphertext": "c"}] * 17,
    ],
)  # fmt: skip
def test_what_is_no_sealed_password_is_not_read(ada: Ada, given: object) -> None:
    refused = ada.phone.error("submit", id=NOBODY, envelopes=given, proof=PROOF)
    assert refused == {"code": "body", "field": "envelopes"}


def test_nobody_elses_is_there(house: House, web: Web, ada: Ada) -> None:
    job = ada.chooses()["job"]
    look = ada.phone.result("look", directory=ada.there)["look"]
    eve = Talker(web)
    eve.bind(house.user("eve@northwind.test"))
    assert eve.result("pin", pin=PIN) == {}
    made = [{"agent": "a", "enc": "b", "ciphertext": "c"}]
    for operation, body in {
        "look": {"directory": ada.there}, "looked": {"id": look}, "job": {"id": job},
        "cancel": {"id": job}, "choose": {"directory": ada.there, "proof": PROOF},
        "unlock-account": {"directory": ada.there, "proof": PROOF},
        "submit": {"id": job, "envelopes": made, "proof": PROOF},
    }.items():  # fmt: skip
        assert eve.error(operation, **body) == {"code": "unknown"}, operation
