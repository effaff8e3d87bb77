"""Reading the settings, and refusing them: all problems at once, each with its full name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from keyturn.settings.model import Settings
from keyturn.settings.reference import Setting, by_name

PREFIX = "KEYTURN_"
CONFIG = "KEYTURN_CONFIG"
DEFAULT_FILE = Path("keyturn.toml")
_HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        name: the setting's full name, e.g. "mail.port", or a file's path.
        source: the file, or the variable of the environment, it came from; "" for a
            value that is missing.
        given: what was given, "(hidden)" for secrets, None for nothing.
        allowed: what it may be.
    """

    name: str
    source: str
    given: str | None
    allowed: str


class SettingsRefused(Exception):
    """The settings cannot be used.

    Attributes:
        problems: every one that was found, in the order of the documentation.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)


def load(config: Path | None = None) -> Settings:
    """The settings of file and environment.

    Args:
        config: the file (--config); else KEYTURN_CONFIG; else ./keyturn.toml if there is
            one. A file that was named must be there.

    Raises SettingsRefused.
    """
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    path = named or DEFAULT_FILE
    values = _read(path) if named or path.exists() else {}
    problems = [*_unknown_sections(values, path), *_unknown_variables(os.environ)]
    known = {key: values[key] for key in values if key in Settings.model_fields}
    try:
        settings = Settings.model_validate(_over(known, _given(os.environ)))
    except ValidationError as error:
        found = [_problem(detail, path, values) for detail in error.errors(include_url=False)]
        raise SettingsRefused([*problems, *found]) from None
    if problems:
        raise SettingsRefused(problems)
    return settings


def report(refused: SettingsRefused) -> str:
    """The problems as an administrator reads them on the terminal."""
    count = len(refused.problems)
    lines = [f"Keyturn does not start: {count} setting{'s' * (count != 1)} to mend."]
    for problem in refused.problems:
        given = "nothing" if problem.given is None else problem.given
        where = f"  ({problem.source})" if problem.source else ""
        lines += ["", f"  {problem.name}", f"    given:    {given}{where}"]
        lines += [f"    allowed:  {problem.allowed}"]
    return "\n".join(lines)


def _read(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  many servers have all settings in the environment

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "not readable"
        raise SettingsRefused([Problem(str(path), "", reason, "a readable file")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Problem(str(path), "", str(error), "TOML (https://toml.io), in UTF-8")
        raise SettingsRefused([problem]) from None


def _given(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What the environment sets, by section and name: KEYTURN_MAIL__PORT is "port" in "mail"."""
    given: dict[str, dict[str, str]] = {}
    for variable, text in environ.items():
        section, within, name = variable.upper().removeprefix(PREFIX).lower().partition("__")
        ours = variable.upper().startswith(PREFIX) and section in Settings.model_fields
        if ours and within:
            given.setdefault(section, {})[name] = text
    return given


def _over(values: Mapping[str, Any], given: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """A file's values with the environment's in their place; what should be a table in the file
    and is none stays, to be refused.
    """
    merged = dict(values)
    for section, own in given.items():
        table = values.get(section, {})
        merged[section] = {**table, **own} if isinstance(table, Mapping) else table
    return merged


def _unknown_sections(values: Mapping[str, Any], path: Path) -> list[Problem]:
    return [
        Problem(name, str(path), "a name that is not known", _names(name, Settings.model_fields))
        for name in values
        if name not in Settings.model_fields
    ]


def _unknown_variables(environ: Mapping[str, str]) -> list[Problem]:
    """KEYTURN_ variables that look like settings and are none. Those with two underscores and a
    section's name are in `_given`, and pydantic refuses them.
    """
    known = {variable_of(name): name for name in by_name()}
    sections = {name.upper() for name in Settings.model_fields}
    problems = []
    for variable in environ:
        rest = variable.upper().removeprefix(PREFIX)
        if not variable.upper().startswith(PREFIX) or rest.partition("__")[0] in sections:
            if rest not in sections:
                continue
        elif "__" not in rest and rest.partition("_")[0] not in sections:
            continue
        allowed = _names(variable.upper(), known)
        problems.append(Problem(variable, "environment", "a name that is not known", allowed))
    return problems


def variable_of(name: str) -> str:
    """The environment's spelling: "mail.port" is KEYTURN_MAIL__PORT."""
    return PREFIX + name.upper().replace(".", "__")


def _problem(detail: ErrorDetails, path: Path, values: Mapping[str, Any]) -> Problem:
    """What pydantic found, in our words."""
    place = [str(part) for part in detail["loc"]]
    context = detail.get("ctx", {})
    if detail["type"] == "clash":
        place.append(str(context["name"]))
    name = ".".join(place)
    setting = by_name().get(".".join(place[:2]))
    source, given = _origin(place, path, values)
    if detail["type"] == "extra_forbidden":
        section = [known for known in by_name() if known.startswith(f"{place[0]}.")]
        return Problem(name, source, "a name that is not known", _names(name, section))
    if setting is not None and setting.secret and given is not None:
        given = _HIDDEN
    return Problem(name, source, given, str(context.get("allowed") or _allowed(setting, place)))


def _allowed(setting: Setting | None, place: list[str]) -> str:
    return setting.allowed if setting is not None else f"a table, [{place[0]}]"


def _origin(place: list[str], path: Path, values: Mapping[str, Any]) -> tuple[str, str | None]:
    """Where a value came from and how it was spelled there."""
    variable = variable_of(".".join(place[:2]))
    for key, text in os.environ.items():
        if key.upper() == variable:
            return variable, repr(text)
    value: Any = values
    for part in place:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal():
            value = value[int(part)]
        else:
            return "", None
    return str(path), repr(value)


def _names(name: str, known: Iterable[str]) -> str:
    """The names that exist, or the one that was probably meant."""
    import difflib  # noqa: PLC0415  a start that is refused may take longer

    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else "one of " + ", ".join(names)
