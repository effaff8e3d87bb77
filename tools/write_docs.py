"""Write the documentation that is made from the code; with --check, only compare.

Usage: write_docs.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from keyturn import settings
from keyturn.rules import enrolment_vectors
from keyturn.rules.diagnosis import pages as troubleshooting
from keyturn.rules.directories import pages as resets
from keyturn.rules.directories import vectors as directory_policy
from keyturn.rules.directories.health import pages as directory_health
from keyturn.rules.health import pages as health
from keyturn.rules.phone_checks import vectors as phone_checks
from keyturn.web import scripts
from keyturn.web.api.app import openapi
from keyturn.wire import phone_vectors

ROOT = Path(__file__).parent.parent

PAGES: dict[str, Callable[[], str]] = {
    "docs/settings.md": settings.as_markdown,
    "docs/doctor.md": health.as_markdown,
    resets.PATH: resets.as_markdown,
    directory_health.PATH: directory_health.as_markdown,
    "docs/scripts.md": scripts.as_markdown,
    "docs/openapi.json": lambda: openapi().decode(),
    "tests/vectors/directory_policy.json": directory_policy.as_json,
    "tests/vectors/enrolment_address.json": enrolment_vectors.addresses_as_json,
    "tests/vectors/phone_checks.json": phone_checks.as_json,
    "tests/vectors/phone_requests.json": phone_vectors.as_json,
    "tests/vectors/approvals.json": enrolment_vectors.statements_as_json,
    **{name: partial(str, text) for name, text in troubleshooting.as_markdown().items()},
}


def main(arguments: list[str]) -> int:
    """0, or 1 if --check found a page that is not what the code says."""
    stale = [name for name, make in PAGES.items() if read(ROOT / name) != make()]
    if "--check" in arguments:
        for name in stale:
            print(f"{name} is not current: run .venv/bin/python tools/write_docs.py")
        return int(bool(stale))
    for name in stale:
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(PAGES[name](), "utf-8")
        print(f"wrote {name}")
    return 0


def read(path: Path) -> str | None:
    """What is in a file, or None if there is none."""
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
