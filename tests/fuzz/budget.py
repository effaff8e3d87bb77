"""How long to look for what breaks: shortly in `make test`, longer in `make fuzz`.

    def test_something(figure: Figure) -> None:
        @tries(200)
        @given(st.text())
        def holds(text: str) -> None: ...

        holds()

The short run always tries the same inputs, so that a change is judged by nothing but itself;
the long one tries others for each seed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

_SHORT = 100
Test = TypeVar("Test", bound=Callable[..., Any])
#: how many inputs were drawn in this process; tests/fuzz/conftest.py says it at the end
DRAWN = [0]


def long() -> bool:
    """Whether this is `make fuzz` (or pytest --hypothesis-profile=fuzz)."""
    return settings.get_current_profile_name() == "fuzz"


def scaled(short: int) -> int:
    """`short` now, or so many times more as the profile of the long run has examples."""
    return short * settings.get_profile("fuzz").max_examples // _SHORT if long() else short


def patience(short: int, **more: Any) -> settings:
    """Hypothesis' settings for what is worth `short` inputs in the short run."""
    return settings(
        max_examples=scaled(short),
        derandomize=not long(),
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


def tries(short: int, **more: Any) -> Callable[[Test], Test]:
    """Decorates a @given test as `patience` says, and counts its inputs."""

    def decorate(test: Test) -> Test:
        inner = test.hypothesis.inner_test  # type: ignore[attr-defined]

        @wraps(inner)
        def counted(*values: Any, **named: Any) -> Any:
            DRAWN[0] += 1
            return inner(*values, **named)

        test.hypothesis.inner_test = counted  # type: ignore[attr-defined]
        return patience(short, **more)(test)

    return decorate
