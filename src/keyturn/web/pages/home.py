"""Where somebody who is in begins."""

from __future__ import annotations

from keyturn.web.visit import Visit


async def home_of(visit: Visit, token: str) -> str:
    """The console for staff who may come in, the account for everybody else."""
    from keyturn.web.console import entry  # noqa: PLC0415  loads what only staff need

    return await entry.home_of(visit, token)
