"""`keyturn agent`: the program beside a directory.

No secret is ever an argument: tokens and pass-phrases come from a prompt, a pipe or a file.

Exit status: 0 done, 1 not done, 2 wrong usage or settings, 3 not wanted any more (revoked, or
a copied key): starting it again would change nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.text import Text

from keyturn import steady_gc
from keyturn.agent import doctor as doctors
from keyturn.agent import enrol as enrolment
from keyturn.agent import identity as identities
from keyturn.agent import keys as keyring
from keyturn.agent import status as statuses
from keyturn.agent import who as known
from keyturn.agent import wiring
from keyturn.agent.config import Config, load
from keyturn.agent.doctor_words import CATALOGUE
from keyturn.agent.enrol import Entered
from keyturn.agent.journal_file import Locked as JournalLocked
from keyturn.agent.keeper import GiveUp, Sight
from keyturn.agent.ports import Connected
from keyturn.agent.state import State
from keyturn.agent.system import WallClock
from keyturn.agent.who import Who
from keyturn.cli import agent_safe
from keyturn.cli.agent_self import CONFIG, ELSEWHERE, enrolled
from keyturn.cli.agent_show import for_programs, show_applicant, show_limits, show_status
from keyturn.cli.agent_words import denied, worded
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.findings import STATUS, show
from keyturn.cli.options import JSON
from keyturn.cli.terminal import OUT, as_json, clean, iso
from keyturn.rules.directories.limits import LIMITS
from keyturn.rules.directories.things import AgentRole
from keyturn.rules.health.records import document
from keyturn.rules.health.report import worst
from keyturn.wire.certificates import fingerprint
from keyturn.wire.messages import COMMAND, Applicant, Fetch, Work

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="The program beside a directory: enrol, approve, run; how it stands; its key's safe.",
)  # fmt: skip
NOT_WANTED: Final = 3
_FINAL = frozenset({"revoked", "cloned", "identity", "certificate", "bequest"})


@app.command()
def enrol(
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="Read the token from a file."),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="After a revocation: new keys, a new id.")
    ] = False,
    config: CONFIG = None,
) -> None:
    """Trade a one-time token for an id of this agent's own.

    The token comes from the console (Directories, “Add an agent”): typed here, piped in, or
    from --token-file.
    """
    with worded():
        settings = load(config)
        state = State(settings.state, make=True)
        with state.lock():
            if known.load(state) is not None and not anew:
                remedy = "After a revocation: `keyturn agent enrol --anew`."
                raise NotDone("This agent is enrolled already. Nothing was changed.", remedy)
            token = _token(token_file)
            if anew:
                enrolment.forget(state)
            entered = asyncio.run(_enrol(settings, state, token))
            _tell_entered(entered, state)


def _token(path: Path | None) -> str:
    try:
        if path is not None:
            text = path.read_text(encoding="utf-8")
        elif sys.stdin.isatty():
            text = typer.prompt("Token", hide_input=True, err=True)
        else:
            text = sys.stdin.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse("The token's file cannot be read.", str(error)) from None
    if not text.strip():
        raise WrongUse("No token was given. Nothing was changed.")
    return text.strip()


async def _enrol(config: Config, state: State, token: str) -> Entered:
    keys, now = keyring.load_or_make(state), WallClock().now()
    async with wiring.enrolling_link(config, keys) as link:
        return await enrolment.enrol(
            state, config, token, link, lambda who: wiring.command_link(config, state, who), now
        )


def _tell_entered(entered: Entered, state: State) -> None:
    who, keys = entered.who, keyring.load_or_make(state)
    OUT.print(
        Text(f"Enrolled: {clean(who.name)}, {who.role.value} of {clean(who.directory)}.", "bold")
    )
    OUT.print(Text.assemble(("  server's key  ", "dim"), fingerprint(who.server_key)))
    OUT.print(Text.assemble(("  fingerprint   ", "dim"), (keys.fingerprint, "bold cyan")))
    if entered.founded and who.identity:
        OUT.print(Text.assemble(("  directory's   ", "dim"), fingerprint(who.identity)))
        OUT.print("This agent is the directory's first and has made its identity key.")
        OUT.print("Put a copy into a safe now: `keyturn agent export-identity FILE`.")
    elif not entered.approved:
        OUT.print("It waits for approval: on an approved agent run `keyturn agent approve`,")
        OUT.print("and say yes only if the fingerprint shown there is the one above.")
    OUT.print("Then start it: `systemctl enable --now keyturn-agent`.", style="dim")


# --- run


@app.command()
def run(config: CONFIG = None) -> None:
    """Run until told to stop (SIGTERM); what systemd starts. One process, one state folder."""
    _logs()
    with worded():
        settings, state, who = enrolled(config)
        with state.lock():
            try:
                asyncio.run(_run(settings, state, who, _driver(settings)))
            except JournalLocked:
                raise NotDone("Another process has the journal open.") from None


def _driver(config: Config) -> Connected:
    try:
        return wiring.driver(config)
    except ImportError as error:
        raise NotDone(f"A library is missing: {error}.", "pip install 'keyturn[agent]'") from None
    except (OSError, ValueError) as error:
        raise WrongUse(f"A file that agent.toml names cannot be used: {error}") from None


async def _run(config: Config, state: State, who: Who, driver: Connected) -> None:
    keys, stop, loop = keyring.load_or_make(state), asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with wiring.built(config, state, who, keys, driver) as built:
        steady_gc()
        try:
            await built.agent.live(stop)
        except GiveUp as given_up:
            built.status.tell(Sight("stopped"), stopped=given_up.why)
            if given_up.why in _FINAL:
                raise _Final(given_up) from given_up
            raise
        built.status.tell(Sight("stopped"), stopped="told to")


class _Final(NotDone):
    """Not wanted any more."""

    status = NOT_WANTED

    def __init__(self, given_up: GiveUp) -> None:
        words = denied(given_up.why, given_up.holder)
        super().__init__(words.what, words.remedy)


def _logs() -> None:
    """Our own lines, others' from warnings on; systemd's journal knows the time."""
    form = "%(levelname)s %(name)s: %(message)s"
    if "JOURNAL_STREAM" not in os.environ:
        form = f"%(asctime)s {form}"
    logging.basicConfig(level=logging.WARNING, format=form)
    logging.getLogger("keyturn").setLevel(logging.INFO)


# --- approve


@app.command()
def approve(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Which, if several wait.")
    ] = "",
    expected: Annotated[
        str,
        typer.Option(
            "--fingerprint", metavar="TEXT",
            help="What the other machine shows; then nothing is asked.",
        ),
    ] = "",
    config: CONFIG = None,
) -> None:  # fmt: skip
    """Vouch for another agent of this directory, after its fingerprint was compared.

    It gets a certificate and, unless it only listens, the directory's identity key. Run this on
    an agent that is approved; the other machine shows its fingerprint with `keyturn agent
    status`.
    """
    with worded():
        settings, state, who = enrolled(config)
        key = keyring.identity(state)
        if key is None or who.role is not AgentRole.CANDIDATE:
            raise NotDone("This agent has no identity key to vouch with.", ELSEWHERE)
        asyncio.run(_approve(settings, state, who, key, name, expected))


async def _approve(
    config: Config, state: State, who: Who, key: Ed25519PrivateKey, name: str,
    expected: str,
) -> None:  # fmt: skip
    async with wiring.command_link(config, state, who) as link:
        work = await link.call(Fetch(COMMAND), Work)
        applicant = _chosen(work.applicants, name)
        show_applicant(applicant)
        _compared(applicant, expected)
        await identities.approve(link, key, who.directory_id, applicant, WallClock().now())
    OUT.print(Text(f"{clean(applicant.name)} is approved.", "bold"))


def _chosen(applicants: tuple[Applicant, ...], name: str) -> Applicant:
    found = [one for one in applicants if name in {"", one.name, one.agent_id}]
    if not applicants:
        raise NotDone("Nobody waits for approval.")
    if len(found) != 1:
        names = ", ".join(clean(one.name) for one in applicants)
        raise WrongUse("Say which: keyturn agent approve NAME", f"There wait: {names}.")
    return found[0]


def _compared(applicant: Applicant, expected: str) -> None:
    """Go on only if somebody has compared. Raises NotDone."""
    shown = fingerprint(applicant.signing_key, applicant.sealing_key)
    if expected:
        if expected.split() != shown.split():
            raise NotDone("The fingerprints differ: this is another agent. Nothing was done.")
        return
    question = "Does the other machine show this very fingerprint?"
    if not typer.confirm(question, err=True):
        raise NotDone("Nothing was done.", "If it shows another one: revoke that agent.")


# --- how it stands


@app.command()
def status(config: CONFIG = None, json: JSON = False) -> None:
    """Who this agent is and how it stands. Exit status 0: it runs and the server answers."""
    with worded():
        settings = load(config)
        state = State(settings.state)
        keys = keyring.load(state)
        found = statuses.document(state, known.load(state), keys.fingerprint if keys else "")
    if json:
        as_json(for_programs(found))
    else:
        show_status(found, state)
    if not found["running"] or (found["last"] or {}).get("link"):
        raise typer.Exit(1)


@app.command()
def doctor(
    evidence: Annotated[
        bool, typer.Option("--evidence", help="What was seen, for each finding.")
    ] = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """State folder, clock, server, directory, our account: what is wrong, and the mend.

    Nothing is changed. Exit status: 0 nothing is wrong, 1 something is, 2 something could not
    be looked at.
    """
    with worded():
        bench = doctors.Bench(load(config), wiring.driver, WallClock().now)
        report = asyncio.run(doctors.examine(bench))
    headline, limits = doctors.headline(report), LIMITS[bench.config.kind]
    if json:
        told = document(CATALOGUE, report, lambda ms: iso(ms) or "")
        as_json({**told, "headline": headline, "limits": dict(limits)})
    else:
        show(CATALOGUE, report, headline, evidence=evidence)
        show_limits(limits)
    raise typer.Exit(STATUS[worst(CATALOGUE, report)])


app.command("export-identity")(agent_safe.export_identity)
app.command("import-identity")(agent_safe.import_identity)
