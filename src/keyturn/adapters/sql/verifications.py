"""Keys of tenants' programs, and verifications of callers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, update

from keyturn.adapters.sql.phone_tables import approvals
from keyturn.adapters.sql.rows import Repository, Shape, enum, taken
from keyturn.adapters.sql.verification_tables import LIVE, UNSETTLED, keys, verifications
from keyturn.rules.api_keys import ApiKey
from keyturn.rules.approvals import State
from keyturn.rules.verifications import Ending, Outcome, Reason, Verification

KEY = Shape(keys, ApiKey)
VERIFICATION = Shape(verifications, Verification, outcome=enum(Outcome), reason=enum(Reason))
_OVER = tuple(map(str, (State.USED, State.DENIED, State.OVER)))


class SqlApiKeys(Repository):
    """See ports.verifications.ApiKeys."""

    def all(self, tenant_id: str) -> Sequence[ApiKey]:
        wanted = KEY.select().where(keys.c.tenant_id == tenant_id, LIVE)
        return [KEY.value(row) for row in self._c.execute(wanted.order_by(keys.c.name))]

    def find(self, tenant_id: str, digest: str) -> ApiKey | None:
        this = keys.c.tenant_id == tenant_id, keys.c.digest == digest, LIVE
        return KEY.maybe(self._c.execute(KEY.select().where(*this)).first())

    def add(self, key: ApiKey) -> None:
        with taken(self._c, "key"):
            self._c.execute(KEY.insert, KEY.params(key))

    def used(self, tenant_id: str, key_id: str, now: int) -> bool:
        this = keys.c.tenant_id == tenant_id, keys.c.id == key_id, LIVE
        return self._c.execute(update(keys).where(*this).values(used_at=now)).rowcount == 1

    def revoke(self, tenant_id: str, key_id: str, now: int) -> ApiKey | None:
        this = keys.c.tenant_id == tenant_id, keys.c.id == key_id, LIVE
        gone = update(keys).where(*this).values(revoked_at=now).returning(*KEY.columns)
        return KEY.maybe(self._c.execute(gone).first())


class SqlVerifications(Repository):
    """See ports.verifications.Verifications."""

    def add(self, one: Verification) -> None:
        self._c.execute(VERIFICATION.insert, VERIFICATION.params(one))

    def get(self, tenant_id: str, one_id: str) -> Verification | None:
        this = verifications.c.tenant_id == tenant_id, verifications.c.id == one_id
        return VERIFICATION.maybe(self._c.execute(VERIFICATION.select().where(*this)).first())

    def requested(self, tenant_id: str, key_id: str, request: str) -> Verification | None:
        ours = verifications.c.tenant_id == tenant_id, verifications.c.key_id == key_id
        wanted = VERIFICATION.select().where(*ours, verifications.c.request == request)
        return VERIFICATION.maybe(self._c.execute(wanted).first())

    def of_user(self, tenant_id: str, user_id: str, limit: int) -> Sequence[Verification]:
        theirs = verifications.c.tenant_id == tenant_id, verifications.c.user_id == user_id
        wanted = VERIFICATION.select().where(*theirs).order_by(verifications.c.id.desc())
        return [VERIFICATION.value(row) for row in self._c.execute(wanted.limit(limit))]

    def settle(self, tenant_id: str, one_id: str, ending: Ending) -> Verification | None:
        this = verifications.c.tenant_id == tenant_id, verifications.c.id == one_id, UNSETTLED
        cells = {
            "outcome": str(ending.outcome), "settled_at": ending.at,
            "reason": None if ending.reason is None else str(ending.reason),
        }  # fmt: skip
        done = update(verifications).where(*this).values(cells)
        row = self._c.execute(done.returning(*VERIFICATION.columns)).first()
        return VERIFICATION.maybe(row)

    def due(self, now: int, limit: int) -> Sequence[Verification]:
        asked = VERIFICATION.select().join(approvals, approvals.c.id == verifications.c.id)
        over = or_(approvals.c.state.in_(_OVER), approvals.c.expires_at <= now)
        wanted = asked.where(UNSETTLED, over).order_by(verifications.c.made_at).limit(limit)
        return [VERIFICATION.value(row) for row in self._c.execute(wanted)]
