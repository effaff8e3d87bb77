"""Whatever an agent may say of a directory."""

from __future__ import annotations

from hypothesis import strategies as st

from keyturn.rules.directories.health.codec import BEYOND, LEAST
from keyturn.rules.directories.health.facts import (
    Account,
    ListenerSight,
    Partner,
    PrimarySight,
    Probe,
    Rights,
    Way,
)
from keyturn.rules.directories.topology import Controller, Link, Topology
from tests.unit.rules.directories.health.scenes import DC1, DC2

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NUMBER = st.integers(LEAST, BEYOND - 1)
PERHAPS = st.none() | NUMBER
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
HOST = st.sampled_from([DC1, DC2]) | TEXT
WHETHER = st.none() | st.booleans()
PROBE = st.builds(Probe, TEXT, TEXT, WHETHER, WHETHER, TEXT, TEXTS, PERHAPS, NUMBER)
CAUSE = st.sampled_from(["", "timeout", "tls", "tls_expired", "name"]) | TEXT
PORTS = st.lists(NUMBER, max_size=3).map(tuple)
WAY = st.builds(Way, HOST, CAUSE, TEXT, PORTS, st.none() | PROBE, PERHAPS)
YES = st.booleans()
RIGHTS = st.builds(Rights, TEXT, YES, YES, YES, YES)
CONTROLLER = st.builds(Controller, HOST, TEXT, TEXT, YES, YES, YES, YES)
CHART = st.builds(
    Topology, TEXT, TEXT, TEXT, TEXT, YES, st.lists(CONTROLLER, max_size=2).map(tuple),
    st.lists(st.builds(Link, TEXT, TEXTS, NUMBER, NUMBER), max_size=2).map(tuple),
)  # fmt: skip
PRIMARY = st.builds(
    PrimarySight, CHART, st.lists(WAY, max_size=2).map(tuple),
    st.none() | st.lists(RIGHTS, max_size=2).map(tuple), WHETHER, st.none() | TEXTS,
    st.none() | st.builds(Account, TEXT, PERHAPS),
)  # fmt: skip
PARTNER = st.builds(Partner, HOST, PERHAPS, NUMBER, NUMBER, PERHAPS)
BESIDE = st.builds(
    ListenerSight, HOST, CAUSE, PERHAPS, st.none() | st.lists(PARTNER, max_size=2).map(tuple)
)
