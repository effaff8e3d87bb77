"""Tenants' addresses for alarms."""

from __future__ import annotations

from sqlalchemy import delete

from keyturn.adapters.sql.rows import Repository, Shape, upsert
from keyturn.adapters.sql.webhook_tables import webhooks
from keyturn.ports.webhooks import Webhook

WEBHOOK = Shape(webhooks, Webhook, key=("tenant_id",))


class SqlWebhooks(Repository):
    """See ports.webhooks.Webhooks."""

    def of(self, tenant_id: str) -> Webhook | None:
        wanted = WEBHOOK.select().where(webhooks.c.tenant_id == tenant_id)
        return WEBHOOK.maybe(self._c.execute(wanted).first())

    def put(self, webhook: Webhook) -> None:
        cells = WEBHOOK.params(webhook)
        told = {name: cell for name, cell in cells.items() if name != "tenant_id"}
        fresh = upsert(self._dialect)(webhooks).values(cells)
        key = [webhooks.c.tenant_id]
        self._c.execute(fresh.on_conflict_do_update(index_elements=key, set_=told))

    def remove(self, tenant_id: str) -> bool:
        gone = delete(webhooks).where(webhooks.c.tenant_id == tenant_id)
        return self._c.execute(gone).rowcount > 0
