"""What controllers answer: each wording as Samba 4.17 and Windows put it."""

from __future__ import annotations

import pytest

from keyturn.rules.directories.answers import (
    BIND_REASONS,
    REASONS,
    Refusal,
    Tried,
    refusal,
    tried,
)
from keyturn.rules.directories.proofs import Bind

RESTRICTIONS = "0000052D: Constraint violation - check_password_restrictions: "
WINDOWS_RESET = "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n"
WINDOWS_CHANGE = (
    "0000052D: AtrErr: DSID-03191083, #1:\n\t0: 0000052D: DSID-03191083, problem 1005 "
    "(CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n"
)


@pytest.mark.parametrize(
    ("result", "said", "reason"),
    [
        (19, RESTRICTIONS + "the password does not meet the complexity criteria!", "too_simple"),
        (19, RESTRICTIONS + "the password was already used (in history)!", "used_before"),
        (19, RESTRICTIONS + "password is too young to change!", "too_young"),
        (19, RESTRICTIONS + "something new", "policy"),
        (53, WINDOWS_RESET, "policy"),
        (19, WINDOWS_CHANGE, "policy"),
        (19, "", "policy"),
        (19, "00000056: check_password_restrictions: Password change failed", "wrong_old"),
        (53, "0000001F: SvcErr: DSID-031A11E5, problem 5003 (WILL_NOT_PERFORM)", "malformed"),
        (53, "00002035: setup_io: it's not allowed to set the NT hash", "unwilling"),
        (53, "", "unwilling"),
        (50, "00000005: SecErr: DSID-031A11EF, problem 4003 (INSUFF_ACCESS_RIGHTS)", "no_right"),
        (50, "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS)", "no_right"),
        (50, "error in module acl: insufficient access rights during LDB_MODIFY", "no_right"),
        (32, "00002030: No such Base DN: CN=nope", "gone"),
        (32, "0000208D: NameErr: DSID-03100241, problem 2001 (NO_OBJECT)", "gone"),
        (1, "000004DC: LdapErr: DSID-0C090A5C, comment: a successful bind must be", "credentials"),
        (1, "00002020: Operation unavailable without authentication", "credentials"),
        (1, "", "unwilling"),
        (49, "80090308: LdapErr", "credentials"),
        (10, "0000202B: RefErr: DSID-0310082F", "read_only"),
        (10, "", "read_only"),
        (8, "BindSimple: Transport encryption required.", "not_private"),
        (13, "", "not_private"),
        (51, "", "busy"),
        (52, "", "busy"),
        (3, "", "too_late"),
        (11, "", "too_late"),
        (21, "", "malformed"),
        (80, "", "unwilling"),
        (19, "00000269: SvcErr", "used_before"),
        (19, "00000268: SvcErr", "too_young"),
    ],
)  # fmt: skip
def test_a_refused_change(result: int, said: str, reason: str) -> None:
    assert refusal(result, said) == Refusal(reason, {}, said)
    assert reason in REASONS


def test_a_minimum_is_told_where_the_directory_tells_it() -> None:
    words = "the password is too short. It should be equal or longer than 15 characters!"
    assert refusal(19, RESTRICTIONS + words) == Refusal(
        "too_short", {"minimum": 15}, RESTRICTIONS + words
    )
    assert refusal(19, "00000267: SvcErr").data == {}
    assert refusal(19, RESTRICTIONS + "too short").data == {}


def data(code: str) -> str:
    return (
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, "
        f"data {code}, v1db1"
    )


@pytest.mark.parametrize(
    ("code", "bind", "reason"),
    [
        ("525", Bind.WRONG, "no_such_user"),
        ("52e", Bind.WRONG, "wrong"),
        ("52E", Bind.WRONG, "wrong"),
        ("530", Bind.RIGHT, "hours"),
        ("531", Bind.RIGHT, "workstation"),
        ("532", Bind.RIGHT, "password_expired"),
        ("533", Bind.RIGHT, "disabled"),
        ("701", Bind.RIGHT, "account_expired"),
        ("773", Bind.RIGHT, "must_change"),
        ("775", Bind.SILENT, "locked"),
        ("52f", Bind.SILENT, "unsaid"),
        ("569", Bind.SILENT, "unsaid"),
        ("0", Bind.SILENT, "unsaid"),
    ],
)
def test_a_refused_bind(code: str, bind: Bind, reason: str) -> None:
    assert tried(49, data(code)) == Tried(bind, reason)
    assert reason in BIND_REASONS


def test_a_bind_without_a_code() -> None:
    assert tried(0, "") == Tried(Bind.RIGHT, "")
    assert tried(49, "") == Tried(Bind.WRONG, "wrong")
    assert tried(49, "Invalid credentials") == Tried(Bind.WRONG, "wrong")


@pytest.mark.parametrize("result", [1, 8, 51, 52, 53, 80])
def test_what_is_no_verdict_on_the_credentials_says_nothing(result: int) -> None:
    assert tried(result, data("533")) == Tried(Bind.SILENT, "unsaid")
