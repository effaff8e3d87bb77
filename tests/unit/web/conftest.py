"""A house with doors for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.flows.house import House
from tests.unit.web.browsing import Web, WebBrowser, open_web


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
