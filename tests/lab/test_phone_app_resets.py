"""Directory passwords in the phone app and the real server: sealed by the pinned key, unlocked, and
watched to the last controller. The agents' part is played, with real keys (tests/unit/web/corp.py);
the journey on real controllers is tests/lab/domain/test_journey.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Request, expect

from keyturn.lab.certificates import Authority
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.callers import Caller
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import Job, JobKind, JobState
from keyturn.rules.directories.things import AgentState
from keyturn.rules.lockout import MINUTE
from keyturn.steps import jobs, own_accounts
from keyturn.steps.acts import begin
from keyturn.web.encoding import encoded
from tests.lab.handset import Phone, script
from tests.lab.served import eventually
from tests.lab.test_directory_page import leaks
from tests.lab.whole import Stage, staged
from tests.unit.web.corp import DOMAIN, Corp

NEW = "Velvet-Otter-42 l\u00e4uft!"
#: this phone has pinned another key than the server names now
PINNED = """const { trusted } = await m.read("trusted");
  trusted.directories = trusted.directories.map((one) =>
    one.id === given[0] ? { ...one, identity: given[1] } : one);
  await m.write({ trusted });"""
#: as the service worker tells the open app
TAPPED = """(opened) => navigator.serviceWorker.dispatchEvent(
  new MessageEvent("message", { data: { opened } }))"""
_numbers = iter(range(1, 200))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All of it, once."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    with staged(tmp_path_factory.mktemp("installation"), authority) as found:
        yield found


@dataclass
class Ada:
    """Somebody with a phone and an account in a directory of their own."""

    stage: Stage
    user: User
    corp: Corp
    phone: Phone
    sent: list[Request]

    @property
    def page(self) -> Any:
        """What the phone shows."""
        return self.phone.page

    @property
    def fresh(self) -> Any:
        """The field of the new password."""
        return self.page.get_by_label("New password", exact=True)

    def home(self) -> Ada:
        """Open the app."""
        self.phone.open().heading("All is well")
        return self

    def goes(self) -> None:
        """Press this account's row."""
        self.page.get_by_role("button", name=self.corp.directory.name).click()

    def agents(self, state: AgentState) -> None:
        """All of them are as this says; ACTIVE ones are heard."""
        told = [replace(agent, state=state) for agent in self.corp.agents]

        def step(tx: Tx) -> None:
            for agent in told:
                tx.agents.update(agent)

        self.stage.served.write(step)
        self.corp.beat()

    def look(self, cause: str = "", **view: Any) -> Phone:
        """Open the account in the directory; the agent answers."""
        self.corp.beat()
        self.home().goes()
        self.phone.heading("Asking")
        eventually(lambda: self.corp.answer(cause, **view) or None)
        expect(self.page.locator("h1:visible")).not_to_contain_text("Asking")
        return self.phone

    def types(self, password: str, again: str | None = None) -> Phone:
        """Type it twice and press the button."""
        self.fresh.fill(password)
        self.page.get_by_label("Once more").fill(password if again is None else again)
        return self.phone.press("Set the new password")

    def set(self, password: str = NEW) -> Any:
        """All of it, until the agent has taken it up; its job."""
        self.look().press("New password").heading("Choose a new password for ada")
        self.types(password).heading("To set the new password").pin()
        self.phone.heading("on its way")
        return self.corp.take()


def joins(stage: Stage, directories: int) -> Iterator[list[Ada]]:
    """Somebody with a phone and so many accounts in directories of their own."""
    served = stage.served
    user = served.user("Ada Byron", f"ada{os.urandom(4).hex()}@people.test")
    corps = [
        Corp(served.write, served.house.parts, served.tenant, domain=f"d{next(_numbers)}.{DOMAIN}")
        for _ in range(directories)
    ]
    for corp in corps:
        corp.link(user, "ada")
    phone, before = stage.bind(user, next(_numbers)), len(stage.eye.findings)
    sent: list[Request] = []
    phone.page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  it is marked
    yield [Ada(stage, user, corp, phone, sent) for corp in corps]
    phone.leave()
    offline = [one for one in stage.eye.findings[before:] if "ERR_INTERNET_DISCONNECTED" in one]
    assert stage.eye.findings[before:] == offline


@pytest.fixture
def fresh(stage: Stage) -> Iterator[Ada]:
    """With one account."""
    for (ada,) in joins(stage, 1):
        yield ada


@pytest.fixture(scope="module")
def many(stage: Stage) -> Iterator[list[Ada]]:
    """With one account for each test: a phone is set up once."""
    yield from joins(stage, 14)


@pytest.fixture
def ada(many: list[Ada]) -> Ada:
    """The next account."""
    return many.pop()


def test_a_lock_in_the_directory_is_told_and_ended_by_the_pin(fresh: Ada) -> None:
    ada = fresh
    until = ada.corp.now + 20 * MINUTE
    ada.phone.open().heading("All is well").see("home-directory")
    ada.look(locked_until=until, bad_count=5).heading("is locked until").see("directory-locked")
    ada.home().phone.told("Locked until")
    ada.look(locked_until=until, bad_count=5).press("Unlock").heading("To unlock this account")
    ada.phone.pin("999999").told("Tries left: 4")
    ada.phone.see("unlock-pin")
    ada.phone.pin().heading("about to be unlocked").see("unlock-queued")
    job = ada.corp.take()
    ada.corp.done(job, bound=False)
    ada.phone.heading("Your account is unlocked on dc1").see("unlock-done")
    for name in ("dc2", "dc3"):
        ada.corp.seen(job, name, ProofState.ARRIVED, 800)
    ada.phone.heading("Your account is unlocked everywhere")
    ada.phone.press("Back to my account").heading("All is well")


def test_a_new_password_is_sealed_proved_and_followed_everywhere(fresh: Ada) -> None:
    ada = fresh
    ada.look().heading("works. It expires in 12 days").see("directory")
    ada.phone.press("New password").heading("Choose a new password for ada").see("fresh")
    ada.types("short").told("The directory would refuse this one: look at what is missing above.")
    ada.phone.see("fresh-unfit")
    ada.types(NEW).heading("To set the new password").see("fresh-pin")
    ada.phone.pin().heading("on its way to the directory").see("reset-queued")
    job = ada.corp.take()
    ada.phone.heading("is setting your new password")
    assert [ada.corp.opened(job, number) for number in (0, 1)] == [NEW, NEW]
    ada.corp.done(job)
    ada.phone.heading("works on dc1; it is on its way to dc2 and dc3").see("reset-done")
    assert ada.phone.person.reads("Sign in with it now; your account is unlocked as well.")
    assert ada.phone.person.reads("A computer away from the office opens with it until")
    ada.corp.seen(job, "dc2", ProofState.PROVED, 900)
    ada.phone.heading("works on dc1 and dc2; it is on its way to dc3")
    ada.corp.seen(job, "dc3", ProofState.PROVED, 14_000)
    ada.phone.heading("Your new password works everywhere").see("reset-everywhere")
    looked_at: Any = ada
    assert leaks(looked_at, NEW) == []
    ada.phone.press("Back to my account").heading("All is well")


def test_a_controller_nearby_follows_in_seconds(ada: Ada) -> None:
    job = ada.set()
    ada.corp.seen(job, "dc3", ProofState.PROVED, 400)
    ada.corp.done(job)
    ada.corp.seen(job, "dc3", ProofState.PROVED, 400)
    ada.phone.heading("works on dc1 and dc3; on dc2 in about 1")


def test_a_refusal_is_told_in_the_directorys_own_reason(ada: Ada) -> None:
    job = ada.set()
    ada.corp.report(job, "not_done", "used_before", history=24)
    ada.phone.heading("Your password was not changed").see("reset-refused")
    ada.phone.told("Your organisation remembers the last 24.").told(
        "Your old password is as it was."
    )
    ada.phone.press("Choose a password again").heading("Choose a new password for ada")


def test_a_password_changed_by_somebody_else_is_told(ada: Ada) -> None:
    job = ada.set()
    ada.corp.report(job, "changed")
    ada.phone.heading("Your password was changed by somebody else").see("reset-changed")
    ada.phone.told("If it was not you, tell support now:")


def test_a_pasted_space_is_asked_about_and_a_pass_phrase_is_made(ada: Ada) -> None:
    ada.look().press("New password").heading("Choose a new password")
    ada.types(NEW + " ").told("Please say whether you mean the space.")
    ada.phone.see("fresh-space")
    ada.phone.press("Take it out")
    expect(ada.fresh).to_have_value(NEW)
    ada.phone.press("Make one for me")
    expect(ada.fresh).to_have_attribute("type", "text")
    made = ada.fresh.input_value()
    assert len(made) >= 14
    ada.phone.see("fresh-made")
    ada.phone.press("Set the new password").heading("To set the new password").pin()
    ada.phone.heading("on its way")
    assert ada.corp.opened(ada.corp.take()) == made


def test_what_the_pinned_key_did_not_sign_is_refused(ada: Ada) -> None:
    ada.look().press("New password")
    ada.corp.identity = Ed25519PrivateKey.generate()
    for number, one in enumerate(ada.corp.agents):
        ada.corp.certify(number, ada.corp.certificate(one.id, ada.corp.keys[one.id]))
    ada.types(NEW).heading("To set the new password").pin()
    ada.phone.heading("Choose a new password")
    ada.phone.told("Nobody here can show that they belong to").see("fresh-unproved")
    expect(ada.fresh).to_have_value(NEW)
    assert ada.corp.job().state is JobState.CHOOSING


def test_another_identity_than_the_pinned_one_is_refused(ada: Ada) -> None:
    ada.look().press("New password")
    other = encoded(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    script(ada.phone, "store.js", PINNED, [ada.corp.directory.id, other])
    ada.types(NEW).heading("To set the new password").pin()
    ada.phone.told("Stop: this is not the directory that this phone knows.").see("fresh-identity")
    assert ada.corp.job().state is JobState.CHOOSING


def test_a_directory_that_came_later_is_not_pinned_and_says_what_to_do(
    stage: Stage, ada: Ada
) -> None:
    later = Corp(
        stage.served.write, stage.served.house.parts, stage.served.tenant,
        domain=f"later-{ada.corp.directory.name}",
    )  # fmt: skip
    later.link(ada.user, "adalater")
    ada.corp.beat()
    later.beat()
    ada.home()
    ada.page.get_by_role("button", name="adalater").click()
    eventually(lambda: later.answer() or None)
    ada.phone.press("New password").heading("This phone does not know the key of later-")
    ada.phone.see("unpinned").press("Set this phone up anew").heading("Set up this phone anew?")


def test_a_directory_that_is_silent_says_so(ada: Ada) -> None:
    ada.home().agents(AgentState.REVOKED)
    ada.goes()
    ada.phone.heading("does not answer at the moment").see("silent-dc")
    ada.agents(AgentState.ACTIVE)
    ada.phone.press("Ask again").heading("Asking")
    eventually(lambda: ada.corp.answer(protected="group", locked_until=1) or None)
    ada.phone.told("This account is not changed from here.").see("directory-protected")


def test_an_agent_that_falls_silent_before_the_pin_costs_nothing_that_was_typed(ada: Ada) -> None:
    ada.look().press("New password")
    ada.types(NEW).heading("To set the new password")
    ada.agents(AgentState.REVOKED)
    ada.phone.pin().told("No program beside the directory answers at the moment.")
    expect(ada.fresh).to_have_value(NEW)
    ada.phone.see("fresh-nobody")


def test_a_lost_line_changes_nothing_and_is_told(ada: Ada) -> None:
    job = ada.set()
    ada.page.context.set_offline(offline=True)
    ada.phone.told("No answer comes at the moment.").see("reset-offline")
    ada.corp.done(job)
    ada.page.context.set_offline(offline=False)
    ada.phone.heading("Your new password works on dc1")


def test_a_technicians_start_waits_in_the_app_and_can_be_refused(ada: Ada) -> None:
    served = ada.stage.served
    tom = served.user("Tom Price", f"tom{os.urandom(4).hex()}@people.test")
    caller = Caller(served.tenant, "", (), "192.0.2.7", "Firefox on Windows")
    ada.home().corp.beat()

    def starts(tx: Tx) -> None:
        act = begin(served.house.parts, caller, tom)
        account = own_accounts.own(tx, act, ada.user, ada.corp.directory.id)
        assert account is not None
        assert isinstance(jobs.start(tx, act, ada.user, account, JobKind.RESET), Job)

    served.write(starts)
    ada.home().phone.told("Tom Price has started a new password: choose it").see("home-started")
    ada.look().told("You choose it; nobody else sees it.").see("directory-started")
    ada.phone.press("New password").heading("Tom Price has started a new password for ada")
    ada.phone.see("fresh-started")
    ada.phone.press("I do not want this").heading("All is well")
    assert ada.corp.job().reason == "cancelled"


def test_a_tapped_message_about_a_change_leads_to_it(ada: Ada) -> None:
    job = ada.set()
    ada.corp.done(job)
    ada.phone.heading("works on dc1").press("Back to my account").heading("All is well")
    ada.corp.seen(job, "dc2", ProofState.PROVED, 900)
    ada.corp.seen(job, "dc3", ProofState.PROVED, 900)
    ada.page.evaluate(TAPPED, {"kind": "everywhere", "id": job.id})
    ada.phone.heading("Your new password works everywhere")
