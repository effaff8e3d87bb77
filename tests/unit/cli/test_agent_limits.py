"""What the agent's doctor says of a kind of directory that cannot do all that a domain can."""

from __future__ import annotations

import pytest

from keyturn.cli.agent_show import show_limits
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.limits import LIMITS


@pytest.mark.parametrize("kind", DirectoryKind)
def test_every_limit_is_printed_with_its_word(
    kind: DirectoryKind, capsys: pytest.CaptureFixture[str]
) -> None:
    show_limits(LIMITS[kind])
    said = " ".join(capsys.readouterr().out.split())
    for word, sentence in LIMITS[kind].items():
        assert f"{word}: {sentence}" in said
    assert ("unlike a domain" in said) is (kind is not DirectoryKind.ACTIVE_DIRECTORY)
