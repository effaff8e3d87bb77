"""The published hashes are those of what is served, and none is left out."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

from keyturn.web.scripts import APP, SCRIPTS, as_markdown, digest
from tests.unit.web.browsing import Web, pages

DOCS = Path(__file__).parents[3] / "docs"
STATIC = files("keyturn.web") / "static"


def test_the_committed_page_is_current() -> None:
    """Run .venv/bin/python tools/write_docs.py after a change of a script."""
    assert (DOCS / "scripts.md").read_text("utf-8") == as_markdown()


@pytest.mark.parametrize("name", [*SCRIPTS, *APP])
def test_what_is_served_has_the_hash_that_is_published(web: Web, name: str) -> None:
    served = web.request("GET", f"/static/{name}")
    assert base64.b64encode(hashlib.sha384(served.body).digest()).decode() == digest(name)


def _beside(text: str) -> set[str]:
    """What a script loads by name, with its own release."""
    return {f"{name}.js" for name in re.findall(r'"(policies|passphrases|seal|choosing)"', text)}


def test_whatever_the_page_loads_is_published() -> None:
    source = "".join(
        pages().loader.get_source(pages(), name)[0]  # type: ignore[union-attr]
        for name in (
            "directory_choose.html",
            "directory_signin.html",
            "console/case_temporary.html",
        )
    )
    layout = pages().loader.get_source(pages(), "layout.html")[0]  # type: ignore[union-attr]
    found = set(re.findall(r'src="/static/([^?"]+\.js)', source + layout))
    waiting = set(found)
    while waiting:
        text = STATIC.joinpath(waiting.pop()).read_text("utf-8")
        loads = _beside(text)
        loads |= set(re.findall(r'(?:from "|import\([`"])\./([\w/]+\.js)', text))
        waiting |= loads - found
        found |= loads
    assert {"directory.js", "asking.js", "seal.js", "vendor/sealing.js", "vendor/words.js"} <= found
    assert found <= set(SCRIPTS)


def test_whatever_the_app_loads_is_published_and_nothing_else() -> None:
    found, waiting = {"app/main.js", "app/worker.js"}, {"app/main.js"}
    while waiting:
        script = waiting.pop()
        text = STATIC.joinpath(script).read_text("utf-8")
        own = re.findall(r'(?:from |import |import\()"(\./|\.\./)([\w/]+\.js)"', text)
        here = "app/" if script.startswith("app/") else ""
        loads = {here + name if where == "./" else name for where, name in own} | _beside(text)
        loads |= set(re.findall(r"import\(`\./(vendor/[\w/]+\.js)", text))
        waiting |= {name for name in loads - found if not name.startswith("vendor/")}
        found |= loads
    assert found == set(APP)


def test_scripts_load_from_nowhere_else() -> None:
    for name in (*SCRIPTS, *APP):
        text = STATIC.joinpath(name).read_text("utf-8")
        assert not re.search(r"""(?:import|fetch|EventSource)\(["'`]https?:""", text), name
