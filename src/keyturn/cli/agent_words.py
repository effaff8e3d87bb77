"""What goes wrong with an agent, in words; docs/agent.md says more of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from keyturn.agent.config import ConfigRefused
from keyturn.agent.identity import Mistrusted
from keyturn.agent.keeper import GiveUp
from keyturn.agent.keys import NoIdentity
from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.agent.state import Locked, StateUnusable
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.terminal import clean
from keyturn.rules.health.words import span
from keyturn.wire.messages import Holder

_DOCTOR = "`keyturn agent doctor` looks closer."
_ANEW = "Make a new token on the console and run `keyturn agent enrol --anew`."
_DENIED: Mapping[str, tuple[str, str]] = {
    "token": (
        "The server does not take this token.",
        "It works once and for a short time: make a new one on the console (Directories).",
    ),
    "name": (
        "Another agent of this directory has this name.",
        'Set another name in agent.toml (name = "…"), or revoke the other one on the console.',
    ),
    "later": ("Too many wrong tokens came from this network.", "Try again in a few minutes."),
    "signature": (
        "The server does not take this agent's signature.",
        "server in agent.toml must be exactly what the server itself is configured with.",
    ),
    "revoked": ("This agent was revoked on the console.", _ANEW),
    "cloned": (
        "This agent's key was used in two places, so neither is believed.",
        f"The console names the other place. {_ANEW}",
    ),
    "waiting": (
        "Nobody has approved this agent yet.",
        "Run `keyturn agent approve` on an agent that is approved.",
    ),
    "role": ("A listener cannot do that.", "Do it on an agent that may be primary."),
    "certificate": ("The server does not take the certificate.", "Is this machine's clock right?"),
    "protocol": (
        "The server speaks another version of the protocol.",
        "Bring agent and server to the same release.",
    ),
    "kind": (
        "The directory is of another kind than this agent.",
        "kind in agent.toml must be what the console shows; the token is still good.",
    ),
    "run": ("Another process runs under this agent's key.", ""),
}
_MISTRUSTED: Mapping[str, str] = {
    "identity": "The server names another identity of the directory than this agent has pinned.",
    "certificate": "The certificate that the server handed over does not vouch for this agent.",
    "bequest": "What the approving agent left does not open, or is not the directory's key.",
}
_STATE: Mapping[str, str] = {
    "absent": "There is no {path}.",
    "open to others": "Others may look into {path} (mode {mode}).",
    "not ours": "{path} belongs to another user.",
    "not readable": "{path} cannot be read.",
    "damaged": "{path} is damaged.",
}
_EXPORT: Mapping[str, str] = {
    "format": "{path} is no export of an identity key.",
    "passphrase": "The pass-phrase is wrong, or {path} was changed.",
    "directory": "{path} is the key of another directory.",
}


@contextmanager
def worded() -> Iterator[None]:
    """Turn what the agent's parts raise into what an administrator can act on."""
    try:
        yield
    except _EXPECTED as error:
        raise _words(error) from None


_EXPECTED = (
    ConfigRefused, LinkDown, LinkDenied, GiveUp, Mistrusted, StateUnusable, Locked, NoIdentity,
)  # fmt: skip


def _words(error: Exception) -> NotDone:
    match error:
        case ConfigRefused():
            lines = [f"  {p.name or 'file'}: {clean(p.why)}" for p in error.problems]
            return WrongUse("\n".join([f"{error.path} cannot be used.", *lines]), _EXAMPLE)
        case LinkDown():
            return NotDone(f"The server does not answer ({error.cause}).", _detail(error))
        case LinkDenied():
            return denied(error.denied.why, error.denied.holder)
        case GiveUp():
            return denied(error.why, error.holder)
        case Mistrusted():
            return denied(error.why, None)
        case _:
            return _of_files(error)


def _of_files(error: Exception) -> NotDone:
    match error:
        case StateUnusable():
            text = _STATE[error.cause].format(path=error.path, mode=f"{error.mode:04o}")
            return NotDone(text, _DOCTOR)
        case Locked():
            return NotDone(f"The agent runs already (process {error.pid}).")
        case NoIdentity():
            return NotDone(_EXPORT[error.why].format(path=error.path))
        case _:
            raise error


_EXAMPLE = "docs/agent.md explains every setting."


def denied(why: str, holder: Holder | None) -> NotDone:
    """A refusal of the server, or of what it said."""
    if why in _MISTRUSTED:
        remedy = "Nothing was changed. Ask whoever runs the server before you go on."
        return NotDone(_MISTRUSTED[why], remedy)
    what, remedy = _DENIED.get(why, (f"The server refuses ({clean(why)}).", _DOCTOR))
    if holder is not None:
        remedy = f"It runs at {clean(holder.place)} and began {span(holder.for_ms)} ago."
    return NotDone(what, remedy)


def _detail(down: LinkDown) -> str:
    said = f"It said: {clean(down.detail)}. " if down.detail else ""
    return f"{said}{_DOCTOR}"
