"""Sending one-time codes and judging what is typed: one process for all of Keyturn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keyturn.ports.store import Tx
from keyturn.rules import codes
from keyturn.rules.accounts import Flow, User
from keyturn.rules.budgets import CODE_MAILS, CODE_TRIES, LINK_MAILS, Budget
from keyturn.rules.codes import Code, Replaced, Spent, Verdict
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE
from keyturn.steps import mails
from keyturn.steps.acts import Act, record
from keyturn.steps.naming import digits_of
from keyturn.steps.outbox import enqueue

PURPOSE = "code"
LINK = "link"
#: where a flow's data names the last mail or text sent in it, so that its fate can be shown
MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a page may say of a code, the same for names that nobody has.

    Attributes:
        link_only: the mail carries only a long link, because too many were asked for.
        withheld_until: nothing was sent, because even too many of those were asked for;
            from this moment on more can be. None where something was sent.
    """

    sent_at: int
    expires_at: int
    resend_at: int
    link_only: bool
    withheld_until: int | None


@dataclass(frozen=True, slots=True)
class TooSoon:
    """Another code can be asked for from `at` on."""

    at: int


def mail(
    tx: Tx,
    act: Act,
    flow: Flow,
    kinds: tuple[str, str],
    *,
    user: User | None,
    address: str | None,
    lane: str,
    typed: str,
    values: Mapping[str, object] | None = None,
    answers: bool = True,
) -> Sent:
    """Mail a code, and a long link beside it, within the lane's budgets.

    Args:
        flow: the only flow in which the code answers.
        kinds: templates of the mail with a code and of the mail with only a link.
        user, address: None or the decoy, and None: for a name that nobody has the same
            rows are written, the code can never be right and the worker drops the mail.
        lane: whose budget pays.
        typed: the name or address asked for: strangers' mails to it are capped, see
            steps.mails.
        values: what the templates need besides.
        answers: False for a mail that tells the address's owner something else instead:
            the code beside it can never be right.
    """
    held = mails.withheld_until(tx, act, lane, typed)
    if held is not None:
        return _withheld(tx, act, flow, held)
    spent = tx.budgets.spend(act.tenant.id, lane, act.now, CODE_MAILS)
    link_only = not CODE_MAILS.allows(spent)
    if link_only:
        spent = tx.budgets.spend(act.tenant.id, lane, act.now, LINK_MAILS)
        if not LINK_MAILS.allows(spent):
            return _withheld(tx, act, flow, spent.start + LINK_MAILS.window_ms)
    real = answers and address is not None
    code, digits, token = _fresh(act, flow, "mail", link_only=link_only, real=real)
    tx.codes.add(code)
    shown = {"code": digits, "link": act.parts.link(act.tenant, f"/link/{token}")}
    if link_only:
        del shown["code"]
    about = {
        "minutes": (code.expires_at - act.now) // MINUTE,
        "client": act.caller.client_name,
        "ip": act.caller.ip,
    }
    told = {**about, **shown, **(values or {})}
    life_ms = code.expires_at - act.now
    message_id = enqueue(
        tx, act, "mail", kinds[link_only], user=user, address=address, values=told, life_ms=life_ms
    )
    _remember(tx, flow, message_id, link_only=link_only)
    owner = user if answers else None
    record(tx, act, Event.CODE_SENT, owner, {"flow": flow.kind, "link_only": link_only})
    return Sent(code.sent_at, code.expires_at, codes.resend_at(code), link_only, None)


def letter(
    tx: Tx, act: Act, flow: Flow, kind: str, *, user: User, address: str, answers: bool,
    values: Mapping[str, object] | None = None,
) -> Sent:  # fmt: skip
    """Mail a code without a link to an address that is nobody's yet, or to be read out from. Caps
    are the caller's.

    Args:
        answers: False for a mail that tells the address's owner something else instead: the
            code beside it can never be right.
        values: what the template needs besides.
    """
    code, digits, _ = _fresh(act, flow, "mail", link_only=False, real=answers)
    tx.codes.add(replace(code, link=None))
    # not where it was asked from: the address may be somebody's who has nothing to do with it
    told = {"code": digits, "minutes": codes.LIFE_MS // MINUTE, **(values or {})}
    message_id = enqueue(
        tx, act, "mail", kind, user=user, address=address, values=told, life_ms=codes.LIFE_MS
    )
    tx.flows.save(replace(flow, data={**flow.data, MESSAGE: message_id}))
    record(tx, act, Event.CODE_SENT, user if answers else None, {"flow": flow.kind})
    return Sent(code.sent_at, code.expires_at, codes.resend_at(code), False, None)


def text(
    tx: Tx, act: Act, flow: Flow, kind: str, *, user: User, number: str,
    values: Mapping[str, object] | None = None,
) -> Sent:  # fmt: skip
    """Send a code by SMS; the flow remembers the message. Caps on texts are the caller's.

    Args:
        values: what the template needs besides.
    """
    code, digits, _ = _fresh(act, flow, "sms", link_only=False, real=True)
    tx.codes.add(code)
    message_id = enqueue(
        tx, act, "sms", kind, user=user, address=number, life_ms=codes.LIFE_MS,
        values={"code": digits, "minutes": codes.LIFE_MS // MINUTE, **(values or {})},
    )  # fmt: skip
    tx.flows.save(replace(flow, data={**flow.data, MESSAGE: message_id}))
    record(tx, act, Event.CODE_SENT, user, {"flow": flow.kind, "channel": "sms"})
    return Sent(code.sent_at, code.expires_at, codes.resend_at(code), False, None)


def _fresh(
    act: Act, flow: Flow, channel: str, *, link_only: bool, real: bool
) -> tuple[Code, str, str]:
    """A new code, its digits and its link's token."""
    code_id = act.id()
    digits, token = act.parts.random.digits(codes.DIGITS), act.parts.random.token()
    digest = act.parts.sealer.digest(PURPOSE, f"{code_id}|{digits}")
    link = act.parts.sealer.digest(LINK, token)
    code = Code(
        id=code_id,
        tenant_id=act.tenant.id,
        flow_id=flow.id,
        channel=channel,
        digest=digest if real and not link_only else None,
        link=link if real and channel == "mail" else None,
        tries=0,
        sent_at=act.now,
        expires_at=act.now + (codes.LINK_LIFE_MS if link_only else codes.LIFE_MS),
        used_at=None,
        replaced_at=None,
    )
    return code, digits, token


def _withheld(tx: Tx, act: Act, flow: Flow, until: int) -> Sent:
    """Nothing more is sent for now; what the flow sent before stays as it is."""
    code = tx.codes.latest(flow.id)
    if code is None:
        return Sent(act.now, act.now, until, True, until)
    return Sent(code.sent_at, code.expires_at, until, _linked(flow), until)


def _remember(tx: Tx, flow: Flow, message_id: str, *, link_only: bool) -> None:
    """Keep in the flow what the page may say; a code's row would tell who exists."""
    data = {**flow.data, "link_only": link_only, MESSAGE: message_id}
    tx.flows.save(replace(flow, data=data))


def standing(tx: Tx, flow: Flow) -> Sent | None:
    """What was last sent in a flow, or None."""
    code = tx.codes.latest(flow.id)
    if code is None:
        return None
    return Sent(code.sent_at, code.expires_at, codes.resend_at(code), _linked(flow), None)


def too_soon(tx: Tx, act: Act, flow: Flow) -> TooSoon | None:
    """Whether the last code of a flow is too fresh for another."""
    last = standing(tx, flow)
    early = last is not None and act.now < last.resend_at
    return TooSoon(at=last.resend_at) if last is not None and early else None


def mailed_link(tx: Tx, act: Act, flow: Flow, token: str) -> None:
    """What makes a link work that was put into a mail by itself, for as long as its flow."""
    code, _, _ = _fresh(act, flow, "mail", link_only=True, real=True)
    link = act.parts.sealer.digest(LINK, token)
    tx.codes.add(replace(code, link=link, expires_at=flow.expires_at))


def _linked(flow: Flow) -> bool:
    return bool(flow.data.get("link_only"))


def check(tx: Tx, act: Act, flow: Flow, user: User | None, typed: str, lane: str) -> Verdict:
    """Judge what was typed as the flow's code.

    Args:
        lane: whose daily tries pay; once they are spent nothing is compared, and only
            the long link (or tomorrow) helps.
    """
    if not _within(tx, act, lane, CODE_TRIES):
        return Spent()
    code = tx.codes.latest(flow.id)
    if code is None:
        return Spent()
    tried, verdict = codes.attempt(code, act.now, _is(act, code, typed))
    if tried != code:
        tx.codes.save(tried)
    if isinstance(verdict, codes.Wrong):
        verdict = _replaced(tx, act, flow, typed) or verdict
    if not isinstance(verdict, codes.Right):
        facts = {"flow": flow.kind, "verdict": type(verdict).__name__.lower()}
        record(tx, act, Event.CODE_FAILED, user, facts)
    return verdict


def _is(act: Act, code: Code, typed: str) -> bool:
    """Whether the digits typed are the code's; compared whether or not it has any."""
    value = f"{code.id}|{digits_of(typed)}"
    matches = act.parts.sealer.matches(PURPOSE, value, code.digest or "")
    return matches and code.digest is not None


def _replaced(tx: Tx, act: Act, flow: Flow, typed: str) -> Replaced | None:
    """Whether an older code of this flow was typed: people have two mails before them. The
    try has counted all the same.
    """
    older = [code for code in tx.codes.replaced(flow.id) if _is(act, code, typed)]
    at = older[0].replaced_at if older else None
    return None if at is None else Replaced(at=at)


def _within(tx: Tx, act: Act, subject: str, budget: Budget) -> bool:
    return budget.allows(tx.budgets.spend(act.tenant.id, subject, act.now, budget))


def of_link(tx: Tx, act: Act, token: str) -> Code | None:
    """The code beside which a long link was mailed; None for a link nobody was sent."""
    return tx.codes.by_link(act.tenant.id, act.parts.sealer.digest(LINK, token))


def follow(tx: Tx, act: Act, code: Code) -> Verdict:
    """The long link beside `code` was confirmed: uses the code up."""
    used, verdict = codes.follow(code, act.now)
    if used != code:
        tx.codes.save(used)
    return verdict
