"""`keyturn user invite` and `reset`: done, not done and why; for programs, too."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from keyturn.cli import user_phone
from keyturn.flows.inviting import Enrolled
from keyturn.rules import activation, phone_app
from keyturn.rules.activation import LIFE_MS
from keyturn.rules.phone_app import PhoneState
from tests.unit.cli.conftest import Command, parsed

ADA = ("user", "create", "ada@people.test", "--name", "Ada Byron")


@pytest.fixture
def ada(northwind: Command) -> Command:
    northwind(*ADA)
    return northwind


def test_an_invitation_is_sent_and_shown(ada: Command) -> None:
    [sent] = parsed(ada("user", "invite", "ada@people.test", "--json"))
    assert (sent["link"], sent["email"], sent["state"]) == (1, "ada@people.test", "active")
    status, _, err = ada("user", "invite", "ada@people.test")
    assert status == 1
    assert "a moment ago" in err
    status, out, _ = ada("user", "reset", "ada@people.test", "--yes")
    assert status == 0
    assert "on its way to ada@people.test" in out
    [shown] = parsed(ada("user", "show", "ada@people.test", "--json"))
    link = shown["phone_app"]["link"]
    assert (link["number"], link["state"], link["mail"]) == (2, "open", "queued")
    assert shown["phone_app"]["phone"] is None
    assert "newest link" in ada("user", "show", "ada@people.test")[1]


def test_a_reset_asks_first(ada: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, status in (("n\n", 1), ("", 1), ("y\n", 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert ada("user", "reset", "ada@people.test")[0] == status
    [sent] = parsed(ada("user", "reset", "ada@people.test", "--yes", "--json"))
    assert sent["link"] == 2


def test_what_cannot_be_done_is_said_with_the_way_on(ada: Command) -> None:
    ada("user", "disable", "ada@people.test", "--yes")
    for command in (("invite",), ("reset", "--yes")):
        status, out, err = ada("user", *command, "ada@people.test")
        assert (status, out) == (1, "")
        assert "is disabled" in err
        assert "keyturn user enable" in err
    assert ada("user", "invite", "nobody@people.test")[0] == 1


def test_a_phone_is_told_in_words_and_to_programs() -> None:
    phone: Any = phone_app.bound("p", "t", "u", "key", "Chrome on Android", 1)
    link = activation.made("l", "t", "u", "d", 0, 1)
    seen = Enrolled(link, activation.judge(link, 1, LIFE_MS + 1), None, phone, 5, frozenset())
    told: Any = user_phone.document(seen)
    assert (told["phone"]["name"], told["phone"]["push"]) == ("Chrome on Android", "none")
    assert (told["link"]["state"], told["link"]["mail"]) == ("expired", None)
    lines = user_phone.facts(seen)
    assert "Chrome on Android, active" in lines["phone app"]
    gone = replace(seen, phone=phone_app.over(phone, PhoneState.REVOKED, 9), link=None)
    assert "revoked" in user_phone.facts(gone)["phone app"]
    assert "newest link" not in user_phone.facts(gone)
