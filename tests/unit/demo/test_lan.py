"""At which address other devices may come in."""

from __future__ import annotations

import pytest

from keyturn.demo.lan import ANY, NoLan, NotHere, chosen

HOME, DOCKER, PUBLIC, LOOP, LINK = (
    "192.168.1.20", "172.17.0.1", "93.184.216.34", "127.0.0.1", "169.254.3.4",
)  # fmt: skip


@pytest.mark.parametrize(
    ("own", "way_out"),
    [
        ((LOOP, HOME), None),
        ((LOOP, DOCKER, HOME), HOME),
        ((PUBLIC, HOME), PUBLIC),
        ((LINK, HOME), None),
    ],
)
def test_it_is_the_one_that_leads_out_or_the_only_one(
    own: tuple[str, ...], way_out: str | None
) -> None:
    assert chosen(ANY, own, way_out) == HOME


@pytest.mark.parametrize("own", [(), (LOOP,), (LOOP, PUBLIC), (LINK,), ("0.0.0.0",)])
def test_a_public_address_or_none_is_never_taken(own: tuple[str, ...]) -> None:
    with pytest.raises(NoLan) as refused:
        chosen(ANY, own, PUBLIC)
    assert refused.value.found == ()


def test_what_is_not_clear_is_asked() -> None:
    with pytest.raises(NoLan) as refused:
        chosen(ANY, (LOOP, DOCKER, HOME), None)
    assert refused.value.found == (DOCKER, HOME)


def test_one_can_be_named_that_is_there_and_fit() -> None:
    assert chosen(DOCKER, (LOOP, DOCKER, HOME), HOME) == DOCKER
    for wrong in (PUBLIC, LOOP, "10.0.0.9", "my-laptop", ""):
        with pytest.raises(NotHere):
            chosen(wrong, (LOOP, DOCKER, HOME, PUBLIC), HOME)
