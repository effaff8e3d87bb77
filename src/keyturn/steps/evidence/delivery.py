"""What can be seen of mails, texts and the budgets they are paid from."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.budgets import (
    CODE_MAILS,
    CODE_TRIES,
    LINK_MAILS,
    Budget,
)
from keyturn.rules.destinations import NOWHERE, served
from keyturn.rules.diagnosis.vocabulary import ELSEWHERE
from keyturn.rules.identifiers import masked_email, masked_phone
from keyturn.rules.messages import Message, MessageState
from keyturn.steps import lanes, pushes, texts
from keyturn.steps.acts import Act
from keyturn.steps.evidence.here import until
from keyturn.steps.evidence.page import Page
from keyturn.steps.phone_proof import clash
from keyturn.steps.verification import address_key
from keyturn.steps.webhooks import CHANNEL

MOST = 50
_CODES = (
    "recovery_code", "recovery_link", "verify_email", "verify_link", "first_code", "first_link",
)  # fmt: skip
_NOTICES = ("lock_notice", "lock_digest")


def masked(message: Message) -> str:
    """Where a message goes, as far as anybody may read it."""
    if message.address is None:
        return ""
    if message.channel in {CHANNEL, pushes.CHANNEL}:  # the tenant's own host; a phone's name
        return message.address
    return (masked_phone if message.channel == "sms" else masked_email)(message.address)


def messages(page: Page, tx: Tx, act: Act, user: User) -> None:
    """The newest code by mail, the newest by text, the newest notice, and the queue."""
    sent = tx.messages.of_user(act.tenant.id, user.id, MOST)
    _newest(page, "mail", [m for m in sent if m.kind in _CODES])
    _newest(page, "sms", [m for m in sent if m.channel == "sms"])
    _newest(page, "notice", [m for m in sent if m.kind in _NOTICES])
    due = tx.messages.next_due(act.now)
    page.note("outbox.", due_at=due if due is not None and due <= act.now else None)


def _newest(page: Page, name: str, of_its_kind: Sequence[Message]) -> None:
    message = of_its_kind[0] if of_its_kind else None
    queued = message is not None and message.state is MessageState.QUEUED
    page.note(
        f"{name}.",
        state=str(message.state) if message else None,
        at=message.created_at if message else None,
        address=masked(message) if message else None,
        detail=message.detail if message else None,
    )
    if name != "notice":
        page.note(
            f"{name}.",
            updated_at=message.updated_at if message else None,
            next_at=message.run_at if message and queued else None,
            attempts=message.attempt if message else None,
        )


def _number(tx: Tx, act: Act, user: User) -> str | None:
    """The number on file, or the one that waits to be proved."""
    entered = (f.data.get("phone") for f in tx.flows.of_user(act.tenant.id, user.id, MOST))
    return next((str(n) for n in entered if n), None) or user.phone


def phone(page: Page, tx: Tx, act: Act, user: User) -> None:
    """What is known of the person's number."""
    number = _number(tx, act, user)
    plan = act.parts.plan.look(number, act.tenant.policy.region) if number else None
    holder = tx.users.holder_of_phone(act.tenant.id, number or "")
    elsewhere = tx.users.held_elsewhere(act.tenant.id, number or "")
    wanted = clash(tx, act, user)
    if wanted is not None and wanted.holder is not None:
        holder = wanted.holder
    taken = holder is not None and holder.id != user.id
    elsewhere = not taken and (elsewhere or (wanted is not None and wanted.elsewhere))
    page.note(
        "phone.",
        given=number is not None,
        line=plan.line if plan else None,
        served=served(plan.region, act.tenant.policy.sms_countries) if plan else None,
        verified_at=user.phone_verified_at,
        in_use=taken or elsewhere,
        holder_state=str(holder.state) if holder and taken else ELSEWHERE if elsewhere else None,
    )


def budgets(page: Page, tx: Tx, act: Act, user: User, *, here: bool) -> None:
    """Until when nothing more is sent or tried. Codes of a sign-up are paid for by its
    address; both are looked at for everybody, so that each costs the same.
    """
    lane = lanes.lane_of(tx, act, user) if here else lanes.shared_key(act, user)
    address = address_key(act, user.email)
    signing_up = user.state is UserState.UNVERIFIED
    for name, budget in (
        ("code_mails", CODE_MAILS), ("link_mails", LINK_MAILS), ("code_tries", CODE_TRIES),
    ):  # fmt: skip
        by_lane = _until(tx, act, budget, lane)
        by_address = _until(tx, act, budget, address)
        own = (by_lane, by_address if signing_up else None)
        page.note(f"budget.{name}.", until=_latest(own))
    _text_budgets(page, tx, act, user, here=here)


def _text_budgets(page: Page, tx: Tx, act: Act, user: User, *, here: bool) -> None:
    """The caps that one more text would pay from; the network's is the browser's that asks."""
    caps = texts.of_asker(act, user) + texts.of_destination(act, _number(tx, act, user) or "")
    if not any(cap.cause == "country" for cap in caps):
        # a number at home pays no country's cap; one is looked at all the same, or the number
        # of looks would tell strangers that there is an account
        tx.budgets.look(act.tenant.id, NOWHERE, texts.per_country(act))
    ends = {(c.cause, c.budget.name): _until(tx, act, c.budget, c.subject) for c in caps}
    for name, causes in (
        ("sms", ("user", "number")), ("sms_range", ("range", "country")),
        ("sms_network", ("network",)), ("sms_tenant", ("tenant",)),
    ):  # fmt: skip
        until = _latest(tuple(end for (cause, _), end in ends.items() if cause in causes))
        page.note(f"budget.{name}.", until=until if here or name != "sms_network" else None)


def _until(tx: Tx, act: Act, budget: Budget, key: str) -> int | None:
    return until(tx.budgets.look(act.tenant.id, key, budget), act.now, budget)


def _latest(times: tuple[int | None, ...]) -> int | None:
    return max((at for at in times if at is not None), default=None)
