"""The documented list says everything, and the page in docs is that list."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from keyturn.settings import Settings, as_markdown, reference

ROOT = Path(__file__).parents[3]


def test_every_setting_has_a_meaning_and_says_what_is_allowed() -> None:
    settings = [setting for section in reference() for setting in section.settings]
    assert len(settings) == sum(
        len(type(getattr(Settings(), name)).model_fields) for name in Settings.model_fields
    )
    for setting in settings:
        assert setting.text.endswith("."), setting.name
        assert setting.allowed, setting.name


def test_documented_defaults_are_toml_and_are_accepted() -> None:
    lines = []
    for section in reference():
        lines.append(f"[{section.name}]")
        lines += [
            f"{setting.name.partition('.')[2]} = {setting.default}"
            for setting in section.settings
            if setting.default and setting.name != "store.url"
        ]
    assert Settings(**tomllib.loads("\n".join(lines))) == Settings()


def test_secrets_say_that_they_are() -> None:
    secret = {s.name for section in reference() for s in section.settings if s.secret}
    assert secret == {"store.url", "mail.password", "sms.password", "sms.signing_key"}


def test_no_setting_can_move_time() -> None:
    names = {s.name for section in reference() for s in section.settings}
    assert not {name for name in names if "clock" in name or "time" in name} - {"hash.time_cost"}


def test_the_page_in_docs_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == as_markdown()


def test_the_check_of_generated_pages_agrees() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "write_docs.py", "--check"],
        env={"PYTHONPATH": str(ROOT / "src")},
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout
