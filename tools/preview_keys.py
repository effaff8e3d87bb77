"""Made-up contexts for keys of programs; see preview_samples.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keyturn.rules.api_keys import ApiKey
from keyturn.rules.lockout import DAY, MINUTE

NOW = 1_767_965_460_000
DESK = ApiKey("01kdvdna00000000000000000k", "t1", "ServiceDesk", "ktk_pX3vQ9", "", NOW - 90 * DAY,
              NOW - 12 * MINUTE)  # fmt: skip
TOOL = ApiKey("01kdvdna00000000000000000n", "t1", "Own desk", "ktc_a8Lq2x", "", NOW - 3 * DAY)
NEW = ApiKey("01kdvdna00000000000000000m", "t1", "Zammad (trial)", "ktk_b7LmT0", "", NOW - DAY)


def key_pages(always: Callable[..., dict[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every page of them."""
    plain: dict[str, Any] = {"typed": "", "mistake": None, "cases": False, "owns": True}
    taken = {"typed": "ServiceDesk", "mistake": "taken", "cases": True}
    made = {"stored": NEW, "key": "ktk_b7LmT0" + "pX3" * 12 + "q", "owns": True}
    return {
        "console-keys": ("console/keys.html", always(**plain, keys=(DESK, TOOL, NEW))),
        "console-keys-none": ("console/keys.html", always(**plain, keys=())),
        "console-keys-taken": ("console/keys.html", always(**{**plain, **taken}, keys=(DESK, NEW))),
        "console-key-made": ("console/key_made.html", always(**made)),
        "console-key-made-cases": (
            "console/key_made.html",
            always(stored=TOOL, key="ktc_a8Lq2x" + "pX3" * 12 + "q", owns=True),
        ),
        "console-key-revoke": ("console/key_revoke.html", always(stored=DESK, owns=True)),
    }
