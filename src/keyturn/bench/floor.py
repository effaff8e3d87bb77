"""The floor: the least that a sign-in can do, for comparison in the same run.

A form, a look-up, one argon2id in a thread, one transaction that touches the user and
writes a session and an audit row. No lockout, no CSRF, no tenants, no second step, no
known clients, no templates: nobody should use it for anything but measuring.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl

import argon2
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    select,
)  # fmt: skip
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from keyturn.bench.counters import Counter

metadata = MetaData()
users = Table(
    "floor_users", metadata, Column("name", String(64), primary_key=True),
    Column("hash", String(255)), Column("failed", Integer),
)  # fmt: skip
sessions = Table(
    "floor_sessions", metadata, Column("token", String(64), primary_key=True),
    Column("name", String(64)),
)  # fmt: skip
audit = Table(
    "floor_audit", metadata, Column("id", Integer, primary_key=True), Column("name", String(64)),
    Column("event", String(20)),
)  # fmt: skip

HASHED = argon2.PasswordHasher(2, 19456, 1).hash
FORM = """<!doctype html><title>Sign in</title><form method="post"><input name="identifier">
<input name="password" type="password"><button>Sign in</button></form>"""
_FIND = select(users.c.hash).where(users.c.name == bindparam("who"))
_TOUCH = users.update().where(users.c.name == bindparam("who")).values(failed=bindparam("n"))


def engine_at(url: str) -> Engine:
    """As durable as Keyturn's own: on SQLite a log that is flushed at each commit."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def tune(link: sqlite3.Connection, _record: object) -> None:
            link.executescript("pragma journal_mode=wal; pragma synchronous=full")

    return engine


class Floor:
    """One process's floor."""

    def __init__(self, url: str, counts: Path | None) -> None:
        self._engine = engine_at(url)
        self._argon = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._hashing, self._storing = ThreadPoolExecutor(1), ThreadPoolExecutor(4)
        self._counter = Counter(counts) if counts else None
        self._compared = self._cpu_ns = 0
        self.app = Starlette(routes=[Route("/signin", self.signin, methods=["GET", "POST"])])

    async def signin(self, request: Request) -> Response:
        """The form, or a try."""
        if request.method == "GET":
            return Response(FORM, media_type="text/html")
        loop = asyncio.get_running_loop()
        fields = dict(parse_qsl((await request.body()).decode()))
        name = fields["identifier"]
        stored = await loop.run_in_executor(self._storing, self._find, name)
        right = await loop.run_in_executor(self._hashing, self._verify, stored, fields["password"])
        token = secrets.token_urlsafe()
        await loop.run_in_executor(self._storing, self._keep, name, token, right)
        if not right:
            return Response(FORM, 401, media_type="text/html")
        reply = RedirectResponse("/account", 303)
        reply.set_cookie("session", token, httponly=True, samesite="lax")
        return reply

    def _find(self, name: str) -> str:
        with self._engine.connect() as link:
            return str(link.execute(_FIND, {"who": name}).scalar_one())

    def _verify(self, stored: str, password: str) -> bool:
        began = time.thread_time_ns()
        try:
            return self._argon.verify(stored, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
        finally:
            self._compared += 1
            self._cpu_ns += time.thread_time_ns() - began
            if self._counter:
                self._counter.write(self._compared, 0, self._cpu_ns)

    def _keep(self, name: str, token: str, right: bool) -> None:
        with self._engine.begin() as link:
            link.execute(_TOUCH, {"who": name, "n": 0 if right else 1})
            if right:
                link.execute(sessions.insert(), {"token": token, "name": name})
            link.execute(audit.insert(), {"name": name, "event": "passed" if right else "failed"})


def seed(url: str, names: list[str], encoded: str) -> None:
    """Tables and people."""
    engine = engine_at(url)
    metadata.create_all(engine)
    with engine.begin() as link:
        link.execute(users.insert(), [{"name": n, "hash": encoded, "failed": 0} for n in names])
    engine.dispose()
