"""The server's log on standard error: lines for people or for programs."""

from __future__ import annotations

import logging
import sys

import structlog

from keyturn.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Our own lines go through structlog, the others' through logging; to one stream."""
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(message)s")
    logging.getLogger("keyturn").setLevel(level)
    line = (
        structlog.processors.JSONRenderer()
        if settings.log.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
