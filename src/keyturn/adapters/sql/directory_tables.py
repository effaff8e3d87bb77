"""Tables of directories, agents and jobs; see schema.py.

A file of its own that nothing imports at a start: whoever signs in needs none of it.  Keys,
certificates and envelopes are base64, because a backup holds text; what belongs to a job and
is never searched (its permit, its stamps, its envelopes) is JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from keyturn.adapters.sql.schema import DIGEST, ID, MS, metadata, partial

#: objectGUID or SID, in hex; SQLite keeps any length, whatever is said there
GUID = String(32).with_variant(String(136), "postgresql")
#: a domain name
HOST = String(253)

directories = Table(
    "directories",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("name", HOST, nullable=False),
    Column("identity", Text),
    Column("topology", Text, nullable=False),
    Column("reachable", Text, nullable=False),
    Column("topology_at", MS),
    Column("created_at", MS, nullable=False),
    Column("kind", String(16), nullable=False, server_default="active_directory"),
    Index(None, "tenant_id", "name", unique=True),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("role", String(9), nullable=False),
    Column("made_by", ID, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("used_at", MS),
    Index(None, "directory_id"),
)

leases = Table(
    "leases",
    metadata,
    Column("directory_id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("agent_id", ID, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("generation", MS, nullable=False),
    Column("number", MS, nullable=False),
    Column("until", MS, nullable=False),
)

linked_accounts = Table(
    "linked_accounts",
    metadata,
    Column("directory_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("guid", GUID, nullable=False),
    Column("name", Text, nullable=False),
    Column("upn", Text, nullable=False),
    Column("linked_at", MS, nullable=False),
    Column("how", String(5), nullable=False, server_default="staff"),
    Column("stopped", String(10), nullable=False, server_default=text("''")),
    PrimaryKeyConstraint("directory_id", "user_id"),
    Index(None, "directory_id", "guid", unique=True),
    Index(None, "user_id"),
)

agents = Table(
    "agents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(9), nullable=False),
    Column("state", String(7), nullable=False),
    Column("controller", Text, nullable=False),
    Column("signing_key", Text, nullable=False),
    Column("sealing_key", Text, nullable=False),
    Column("certificate", Text),
    Column("bequest", Text),
    Column("run_id", Text),
    Column("machine", Text),
    Column("place", Text),
    Column("since", MS),
    Column("seen_at", MS),
    Column("version", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("enrolled_at", MS, nullable=False),
    Column("approved_by", ID),
    Column("revoked_at", MS),
    Column("clone_at", MS),
    Index(None, "directory_id"),
)
partial(
    "uq_agents_name",
    agents.c.directory_id,
    agents.c.name,
    unique=True,
    where=text("state <> 'revoked'"),
)
partial("ix_agents_revoked", agents.c.revoked_at, where=agents.c.revoked_at.is_not(None))
partial("ix_agents_cloned", agents.c.clone_at, where=agents.c.clone_at.is_not(None))
WAITING = text("state = 'waiting'")
partial("ix_agents_waiting", agents.c.directory_id, agents.c.id, where=WAITING)

#: the highest number of each agent's lanes of requests
sequences = Table(
    "sequences",
    metadata,
    Column("agent_id", ID, nullable=False),
    Column("lane", String(40), nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("number", MS, nullable=False),
    PrimaryKeyConstraint("agent_id", "lane"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("guid", GUID, nullable=False),
    Column("kind", String(14), nullable=False),
    Column("state", String(9), nullable=False),
    Column("started_by", ID),
    Column("must_change", Boolean, nullable=False),
    Column("unlock", Boolean, nullable=False),
    Column("created_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("deadline", MS),
    Column("envelopes", Text, nullable=False),
    Column("permit", Text),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("after", Text),
    Column("finished_at", MS),
    Column("everywhere_at", MS),
    Column("due_at", MS),  # when the sweep has something to do with it; NULL: never
    Index(None, "tenant_id", "id"),
    Index(None, "directory_id", "id"),
    Index(None, "user_id", "id"),
)
#: SQLite uses a partial index only where a query says its condition in the same words
OPEN = text("state IN ('choosing', 'queued', 'permitted', 'unsettled')")
WATCHED = text("state = 'done' AND (everywhere_at IS NULL OR envelopes <> '[]') AND reason = ''")
partial("ix_jobs_open", jobs.c.directory_id, jobs.c.guid, where=OPEN)
partial("ix_jobs_watched", jobs.c.directory_id, jobs.c.id, where=WATCHED)
partial("ix_jobs_due", jobs.c.due_at, where=jobs.c.due_at.is_not(None))
#: one agent at most may be at an account, however many servers give permits
partial(
    "uq_jobs_permit",
    jobs.c.directory_id,
    jobs.c.guid,
    unique=True,
    where=text("state IN ('permitted', 'unsettled')"),
)

proofs = Table(
    "proofs",
    metadata,
    Column("job_id", ID, nullable=False),
    Column("controller", HOST, nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("site", Text, nullable=False),
    Column("state", String(11), nullable=False),
    Column("at", MS, nullable=False),
    Column("delay_ms", MS),
    PrimaryKeyConstraint("job_id", "controller"),
)

looks = Table(
    "looks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("user_id", ID),
    Column("guid", GUID, nullable=False),
    Column("name", Text, nullable=False),
    Column("asked_by", ID, nullable=False),
    Column("asked_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("view", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("answered_at", MS),
    Index(None, "directory_id", "guid", "id"),
    Index(None, "user_id"),
)
UNANSWERED = text("answered_at IS NULL")
partial("ix_looks_unanswered", looks.c.directory_id, looks.c.id, where=UNANSWERED)
