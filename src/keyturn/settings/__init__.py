"""What an administrator decides: keyturn.toml and the environment.

`load` reads both and refuses to go on with anything bad or unknown; `reference` is the
documented list, from which docs/settings.md is generated.  Imports nothing of ours.
"""

from keyturn.settings.load import Problem, SettingsRefused, load, report
from keyturn.settings.model import (
    DkimKey,
    Doctor,
    Hashing,
    Limits,
    Log,
    Mail,
    Passwords,
    Push,
    Retention,
    Server,
    Settings,
    Sms,
    Storage,
)
from keyturn.settings.reference import Section, Setting, as_markdown, reference

__all__ = [
    "DkimKey",
    "Doctor",
    "Hashing",
    "Limits",
    "Log",
    "Mail",
    "Passwords",
    "Problem",
    "Push",
    "Retention",
    "Section",
    "Server",
    "Setting",
    "Settings",
    "SettingsRefused",
    "Sms",
    "Storage",
    "as_markdown",
    "load",
    "reference",
    "report",
]
