"""A program that calls the house's doors."""

from __future__ import annotations

import pytest

from tests.unit.web.api.calling import App
from tests.unit.web.browsing import Web


@pytest.fixture
def app(web: Web) -> App:
    """A program that nobody knows."""
    return App(web)
