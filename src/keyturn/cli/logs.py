"""The server's log on standard error: lines for people or for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from keyturn.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Our own lines from the level that is set, the others' from warnings on; one stream."""
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Program() if settings.log.format == "json" else _Person())
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    logging.getLogger("keyturn").setLevel(level)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Person(logging.Formatter):
    """One line, and the trace of a fault beneath it."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_moment(record)} {record.levelname.lower():7} {record.name}: "
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return line + record.getMessage() + trace


class _Program(logging.Formatter):
    """One JSON object a line (JSON Lines)."""

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["trace"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False)
