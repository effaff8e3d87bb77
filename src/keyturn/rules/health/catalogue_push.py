"""The services that messages to phones go through."""

from __future__ import annotations

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_SILENT = "A phone whose browser uses it hears of nothing until its app is opened."
_TRY = (Copy("command", "openssl s_client -connect {host}:{port} -servername {host}"),)

CHECKS = (
    Check(
        "push-services", Area.PUSH, "Push services",
        "whether the services that push.hosts names can be reached and prove who they are; those "
        "under *.NAME are left out unless their name is known",
        "Messages to phones go through the service of each browser's maker.", needs=("dns",),
    ),
)  # fmt: skip

CAUSES = (
    Cause("push-services.ok", State.OK, "{host}:{port} can be reached."),
    Cause(
        "push-services.unused", State.OK,
        "No push service is called: push.hosts names none, or this is a trial without https.",
    ),
    Cause(
        "push-services.absent", State.WARN, "The push service's name {host} does not exist.",
        mend=f"{_SILENT} Correct push.hosts.", copies=(Copy("setting", '[push]\nhosts = ["…"]'),),
    ),
    Cause(
        "push-services.silent", State.UNKNOWN,
        "The push service's name {host} could not be looked up.",
        mend="No name server answered.", copies=(Copy("command", "getent hosts {host}"),),
    ),
    Cause(
        "push-services.private", State.WARN,
        "{host} leads to {address}, which is no public address: nothing is sent there.",
        mend=f"{_SILENT} If that service is your own, set its network as push.networks; if not, "
        "ask whoever runs your name servers.",
        copies=(Copy("setting", '[push]\nnetworks = ["{address}"]'),),
    ),
    Cause(
        "push-services.unreachable", State.WARN, "{host}:{port} cannot be reached: {said}.",
        mend=f"{_SILENT} Allow this host to connect to it.", copies=_TRY,
    ),
    Cause(
        "push-services.certificate", State.WARN,
        "What answers as {host} does not prove that it is: {said}.",
        mend=f"{_SILENT} Something on the way that opens TLS is the usual reason: let it pass "
        "this name. For a service of your own, set push.ca_file.",
        copies=_TRY, because=("clock",),
    ),
)  # fmt: skip
