"""Errors for the explorer to find: links, codes and bindings that are wrong in one way each.

Each stands with what staff and thumbs do that it takes to show (INVITE, RESET, DISABLE, MISTYPE),
and with whether the user is active and has a phone already.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.rules import activation, binding, enrolment, matching, phone_app
from keyturn.rules.accounts import UserState
from keyturn.rules.activation import Link, LinkState, Standing
from keyturn.rules.binding import No, Rows
from keyturn.rules.enrolment import CodeState, Refusal, ScanCode
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, PhoneState
from tests.models.bindings import Most, Wrong

_judge, _scan, _match, _ended = activation.judge, enrolment.scan, enrolment.match, enrolment.ended
_reset, _disable, _unfit, _bound = (
    binding.reset_user, binding.disable, binding._unfit, binding._bound,
)  # fmt: skip
_over = phone_app.over
Scanned = tuple[ScanCode, Refusal | None]


def _a_moment_more(link: Link, newest: int, now: int) -> Standing:
    return _judge(link, newest, now - 1)


def _replaced_is_told_last(link: Link, newest: int, now: int) -> Standing:
    """A dead link that was replaced says that it has expired."""
    late = now >= link.expires_at and link.used_at is None
    return Standing(LinkState.EXPIRED, None, newer=False) if late else _judge(link, newest, now)


def _used_is_open(link: Link, newest: int, now: int) -> Standing:
    return _judge(replace(link, used_at=None), newest, now)


def _withdrawn_is_open(link: Link, newest: int, now: int) -> Standing:
    return _judge(replace(link, withdrawn_at=None), newest, now)


def _the_last_scan_counts(code: ScanCode, key: str, now: int) -> Scanned:
    if code.state is CodeState.SCANNED:
        code = replace(code, key=key)
    return _scan(code, key, now)


def _scanned_for_ever(code: ScanCode, key: str, now: int) -> Scanned:
    return _scan(code, key, min(now, code.expires_at - 1))


def _even_its_own_scan_is_refused(code: ScanCode, key: str, now: int) -> Scanned:
    after, why = _scan(code, key, now)
    return after, why if code.state is CodeState.WAITING or why else enrolment.Why.TAKEN


def _any_phone_says(code: ScanCode, _key: str, said: str, phone_id: str, now: int) -> Scanned:
    return _match(code, code.key, said, phone_id, now)


def _any_number_is_right(code: ScanCode, key: str, _said: str, phone_id: str, now: int) -> Scanned:
    return _match(code, key, code.number, phone_id, now)


def _bound_again(code: ScanCode, key: str, said: str, phone_id: str, now: int) -> Scanned:
    if code.state is CodeState.BOUND:
        code = replace(code, state=CodeState.SCANNED)
    return _match(code, key, said, phone_id, now)


def _tells_another_reason(code: ScanCode, reason: Ended, now: int) -> ScanCode:
    return _ended(code, Ended.EXPIRED if reason is Ended.NEWER else reason, now)


def _stays(code: ScanCode, _reason: Ended, _now: int) -> ScanCode:
    return code


def _fits(_rows: Rows, _code: ScanCode) -> No | None:
    return None


def _in_time_or_not(code: ScanCode, _now: int) -> ScanCode:
    return code


def _keeps_the_phone(phone: Phone, _state: PhoneState, _now: int) -> Phone:
    return phone


def _reset_ends_no_sessions(rows: Rows, *given: Any, **more: Any) -> Rows | No:
    """Nor codes: all that was begun goes on."""
    after = _reset(rows, *given, **more)
    if isinstance(after, No):
        return after
    user = replace(after.user, epoch=rows.user.epoch)
    return replace(after, user=user, codes=rows.codes, links=rows.links)


def _reset_leaves_them_active(rows: Rows, *given: Any, **more: Any) -> Rows | No:
    return _reset(rows, *given, **{**more, "alone": False})


def _disabled_and_nothing_else(rows: Rows, now: int) -> Rows | No:
    after = _disable(rows, now)
    if isinstance(after, No):
        return after
    return replace(rows, user=replace(rows.user, state=UserState.DISABLED))


def _links_outlive_it(rows: Rows, now: int) -> Rows | No:
    after = _disable(rows, now)
    return after if isinstance(after, No) else replace(after, links=rows.links)


def _the_link_is_not_used_up(rows: Rows, _link: int, phone: Phone, now: int) -> Rows:
    return _bound(rows, 0, phone, now)


def _without_its_state(phone: Phone, _tenant: str, _user: str, _state: UserState) -> bool:
    return phone.state is PhoneState.ACTIVE


def _wrong(*parts: tuple[object, str, Any]) -> Wrong:
    return Wrong(parts)


#: what stands behind the codes' own ends, taken away where those are what is tried
_ALONE = (binding, "_unfit", _fits)
NONE, INVITE, RESET, DISABLE = (0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)
MISTYPE = (0, 0, 0, 3)

ERRORS: dict[str, tuple[Most, bool, Wrong]] = {
    "a link lives a moment longer": (NONE, False, _wrong((activation, "judge", _a_moment_more))),
    "a replaced link tells that it expired": (
        INVITE, False, _wrong((activation, "judge", _replaced_is_told_last))),
    "a used link is open": (NONE, False, _wrong((activation, "judge", _used_is_open))),
    "a withdrawn link is open": (DISABLE, False, _wrong((activation, "judge", _withdrawn_is_open))),
    "the last phone to scan has it": (
        NONE, False, _wrong((enrolment, "scan", _the_last_scan_counts))),
    "a code can be scanned for ever": (NONE, False, _wrong((enrolment, "scan", _scanned_for_ever))),
    "a scan that is said again is refused": (
        NONE, False, _wrong((enrolment, "scan", _even_its_own_scan_is_refused))),
    "any phone may say the number": (NONE, False, _wrong((enrolment, "match", _any_phone_says))),
    "any number is right": (NONE, False, _wrong((enrolment, "match", _any_number_is_right))),
    "four wrong numbers end it": (MISTYPE, False, _wrong((matching, "TRIES", 4))),
    "a number said again binds again": (NONE, False, _wrong((enrolment, "match", _bound_again))),
    "a code never grows old": (NONE, False, _wrong((enrolment, "shown", _in_time_or_not))),
    "a code's end is told wrongly": (
        NONE, False, _wrong((enrolment, "ended", _tells_another_reason))),
    "older codes stay": (NONE, False, _wrong((enrolment, "ended", _stays), _ALONE)),
    "codes outlive a newer link, and nobody asks for it": (
        INVITE, False, _wrong((binding, "_codes", lambda rows, *_: rows.codes), _ALONE)),
    "codes outlive Reset User, and nobody asks": (
        RESET, True, _wrong((binding, "reset_user", _reset_ends_no_sessions))),
    "codes outlive a disabling, and nobody asks": (
        DISABLE, False, _wrong((binding, "disable", _disabled_and_nothing_else), _ALONE)),
    "links outlive a disabling": (DISABLE, False, _wrong((binding, "disable", _links_outlive_it))),
    "binding uses no link up": (
        NONE, False, _wrong((binding, "_bound", _the_link_is_not_used_up))),
    "the old phone stays": (NONE, True, _wrong((phone_app, "over", _keeps_the_phone))),
    "Reset User unbinds nothing": (RESET, True, _wrong((phone_app, "over", _keeps_the_phone))),
    "Reset User leaves a password alone": (
        RESET, True, _wrong((binding, "reset_user", _reset_leaves_them_active))),
    "phones of the disabled act": (
        DISABLE, True, _wrong((phone_app, "may_act", _without_its_state))),
}  # fmt: skip
