"""A house with doors for each test, a browser that nobody knows, and a program."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.figures import Figure
from tests.unit.flows.house import House
from tests.unit.web.api.calling import App
from tests.unit.web.browsing import Web, WebBrowser, open_web

_NAMED = re.compile(r"\([^)]*\b(19|20)\d\d\b|\bCWE-\d+")


@pytest.fixture
def house() -> Iterator[House]:
    """One installation, one tenant, nobody in it."""
    built = House()
    yield built
    built.close()


@pytest.fixture
def web(house: House) -> Web:
    """Its doors."""
    return open_web(house)


@pytest.fixture
def browser(web: Web) -> WebBrowser:
    """A browser nobody knows."""
    return web.browser()


@pytest.fixture
def app(web: Web) -> App:
    """A program that nobody knows."""
    return App(web)


@pytest.fixture(autouse=True)
def named(request: pytest.FixtureRequest, figure: Figure) -> None:
    """Each test here says which incident it is about, and when that was."""
    told = request.function.__doc__ or ""
    assert _NAMED.search(told), f"{request.node.name} does not name its incident"
    figure("incidents of the past: tests", 1)
