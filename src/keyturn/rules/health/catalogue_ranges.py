"""The operator's range file: what is known of VPNs when people set up devices."""

from __future__ import annotations

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_WHAT = "Whoever comes from a VPN is told so when they set up a device, by this file alone."

CHECKS = (
    Check(
        "ranges", Area.HOST, "Range file",
        "whether the file that networks.ranges names can be read, and how old it is",
        f"{_WHAT} VPNs move: what is old is wrong about more and more of them.",
    ),
)  # fmt: skip

CAUSES = (
    Cause("ranges.ok", State.OK, "The range file {path} is {days} days old."),
    Cause(
        "ranges.unused", State.OK,
        "No range file is set (networks.ranges): nobody is told to come through a VPN.",
    ),
    Cause(
        "ranges.old", State.WARN, "The range file {path} is {days} days old.",
        mend=f"{_WHAT} Fetch a newer one; it is read within seconds, without a restart.",
    ),
    Cause(
        "ranges.bad", State.FAIL, "The range file {path} cannot be used: {said}.",
        so="servers that run go on with what they read before, and none starts with it",
        mend="Mend the line, or put the file before it back.",
        copies=(Copy("command", "head -n 5 {path}"),),
    ),
)  # fmt: skip
