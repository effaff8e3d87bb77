"""Who plays: the stage with a directory beside it, people who hold a session, staff."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from keyturn.demo.company import Person
from keyturn.demo.estate import Estate
from keyturn.demo.grounds import Grounds
from keyturn.demo.play.app import App, Reply
from keyturn.demo.play.browser import Browser, Page
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import NeverCame, Stage
from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.rules.directories.resets import LAST_TRIES_MS
from keyturn.rules.lockout import SECOND
from keyturn.wire import certificates, seals
from keyturn.wire.seals import Purpose

OK, TAKEN = 200, 204
FINAL = ("done", "not_done", "changed")
#: until a job has its answer: its deadline, the permit's hold, a takeover
ANSWER_S = 150.0
#: until it has been tried wherever it can be, and the sweep was by
LAST_TRIES_S = LAST_TRIES_MS / 1000 + 30
LOOK_S = 0.25
STEP_S = 30
Job = dict[str, Any]


G = TypeVar("G", bound=Grounds)


class Beside(Stage, Generic[G]):
    """A demo with a directory, and an agent at each of its places.

    Args:
        directory: not open yet.
        accounts: as of Estate.

    Attributes:
        lab: the directory. estate: its agents.
    """

    def __init__(
        self,
        directory: AbstractContextManager[G],
        accounts: Mapping[Person, str] | None = None,
    ) -> None:
        super().__init__()
        self._directory = directory
        self._accounts = accounts
        self._around = ExitStack()
        self._last_step: dict[str, int] = {}
        self._seats: dict[str, Seat] = {}
        self._desks: dict[str, Browser] = {}

    def __enter__(self) -> Self:
        self.lab = self._around.enter_context(self._directory)
        try:
            super().__enter__()
        except BaseException:
            self._around.close()
            raise
        try:
            self.estate = Estate(self.lab, self.origin, self.keyturn, accounts=self._accounts)
            self._around.enter_context(self.estate)
            self.estate.connect()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._around.close()
        super().__exit__(kind, error, trace)

    def fresh_code(self, person: Person) -> str:
        """A code of this person's authenticator that was not used yet.

        It waits for the next one where it must: the demo's clock is left alone here, because
        agents' leases are counted by it.
        """
        pause = threading.Event()
        while self.now() // SECOND // STEP_S <= self._last_step.get(person.email, 0):
            pause.wait(1)
        self._last_step[person.email] = self.now() // SECOND // STEP_S
        return self.authenticator(person.secret)

    def staff(self, person: Person) -> Browser:
        """Somebody of the staff, signed in to the console."""
        browser = self.browser()
        try_in(browser, person.email, person.password)
        browser.send("/signin/second", code=self.fresh_code(person))
        return browser

    def holder(self, person: Person) -> Holder:
        """A person with an app, signed in with the second step."""
        return Holder(self._entered(person))

    def _entered(self, person: Person) -> App:
        app = self.app()
        app.sign_in(person.email, person.password)
        entered = app.call("POST", "/signin/second", code=self.fresh_code(person))
        if entered.status != OK:
            raise NeverCame(f"{person.email} could not sign in: {entered.body}")
        return app

    def seat(self, person: Person) -> Seat:
        """The same, at a browser as well; signed in once for the whole play."""
        if person.email not in self._seats:
            app = self._entered(self.person(person.email))
            self._seats[person.email] = Seat(app, self.desk(person))
        return self._seats[person.email]

    def desk(self, person: Person) -> Browser:
        """A person's browser, signed in once for the whole play; staff reach the console by it."""
        if person.email not in self._desks:
            self._desks[person.email] = self.staff(self.person(person.email))
        return self._desks[person.email]

    def start(self, staff: Browser, person: Person, what: str) -> Page:
        """Somebody of the staff presses a button on a person's page: "/reset",
        "/require-change". Raises LookupError.
        """
        page = staff.get(staff.get(f"/console/users?q={person.email}").somebody)
        links = [form.action for form in page.forms if form.action.endswith(what)]
        return staff.send(links[0].removeprefix(self.origin))


class Scenery(Beside[Lab]):
    """The same with a domain of 1 or 3 controllers."""

    def __init__(self, controllers: int = 3) -> None:
        super().__init__(Lab(controllers))


class Refused(Exception):
    """The server refused what a holder asked for."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, reply.code, reply.body)
        self.reply = reply


class Holder:
    """A person who holds a session of level 2, and what they do with their account there."""

    def __init__(self, app: App) -> None:
        self._app = app

    def _call(self, method: str, path: str, **fields: object) -> dict[str, Any]:
        reply = self._app.call(method, f"/directory/{path}", **fields)
        if reply.status != OK:
            raise Refused(reply)
        return reply.body

    @property
    def account(self) -> dict[str, Any]:
        """The linked account."""
        found: dict[str, Any] = self._call("GET", "accounts")["accounts"][0]
        return found

    def standing(self) -> dict[str, Any]:
        """How the directory says that the account stands."""
        asked = self._call("POST", f"accounts/{self.account['directory']}/look")
        look = asked["pending"]["look"]
        seen: dict[str, Any] = {}

        def answered() -> bool:
            seen.update(self._call("GET", f"looks/{look}"))
            return bool(seen["standing"] or seen["cause"])

        until(answered, 30, "an answer of the directory", LOOK_S)
        standing: dict[str, Any] = seen["standing"] or {"cause": seen["cause"]}
        return standing

    def unlock(self) -> Job:
        """Ask for the lockout to be cleared."""
        job: Job = self._call("POST", f"accounts/{self.account['directory']}/unlock")["job"]
        return job

    def begin(self) -> dict[str, Any]:
        """Begin a new password: whom to seal to."""
        found: dict[str, Any] = self._call("POST", f"accounts/{self.account['directory']}/reset")
        return found

    def reset(self, password: str, begun: dict[str, Any] | None = None) -> Job:
        """Seal a new password as the page's script does, and hand it in."""
        sealing = (begun or self.begin())["sealing"]
        envelopes = [sealed(sealing, recipient, password) for recipient in sealing["recipients"]]
        handed = self._call("POST", f"jobs/{sealing['job']}/submit", envelopes=envelopes)
        job: Job = handed["job"]
        return job

    def job(self, job_id: str) -> Job:
        """How a job stands."""
        job: Job = self._call("GET", f"jobs/{job_id}")["job"]
        return job

    def when(
        self, job: Job, so: Callable[[Job], bool], what: str, patience_s: float = ANSWER_S,
        pause_s: float = LOOK_S,
    ) -> Job:  # fmt: skip
        """The job once `so` is true of it. Raises InVain."""
        seen: Job = {}

        def look() -> bool:
            seen.clear()
            seen.update(self.job(job["id"]))
            return so(seen)

        until(look, patience_s, what, pause_s)
        return seen

    def answer(self, job: Job, patience_s: float = ANSWER_S) -> Job:
        """The job with its final answer."""
        return self.when(job, lambda seen: seen["state"] in FINAL, "an answer", patience_s)

    def everywhere(self, job: Job, patience_s: float = ANSWER_S) -> Job:
        """The job once every writable controller has it, and it has been tried wherever it can
        be.
        """
        job = self.when(
            job, lambda seen: seen["everywhere_at"] is not None, "it everywhere", patience_s
        )
        return self.when(job, lambda seen: seen["over"], "the last tries", LAST_TRIES_S)


class Seat(Holder):
    """The same person at a browser: what the pages say, and what their scripts send."""

    def __init__(self, app: App, browser: Browser) -> None:
        super().__init__(app)
        self.browser = browser

    def look(self) -> Page:
        """How the account stands, once the directory has said so. Raises InVain."""
        return self._settled(self.browser.get("/account/directory"))

    def press_unlock(self) -> Page:
        """Press "Unlock" there; how that ended."""
        self.look()
        return self._settled(self.browser.send("/unlock"))

    def choose(self, password: str) -> Page:
        """Press "New password", and do what static/directory.js does; how that ended."""
        self.look()
        job = self.browser.send("/password").path
        _, sealing = self.browser.fetch(f"{job}/recipients")
        envelopes = [sealed(sealing, recipient, password) for recipient in sealing["recipients"]]
        status, answer = self.browser.fetch(f"{job}/submit", envelopes=json.dumps(envelopes))
        if status != TAKEN:
            raise NeverCame(f"{job} was not taken: {status} {answer}")
        return self._settled(self.browser.get(job))

    def _settled(self, page: Page) -> Page:
        """The page once nothing is under way on it."""
        seen = [page]

        def still() -> bool:
            if 'role="progressbar"' in seen[0].body:
                seen[0] = self.browser.get(seen[0].url)
            return 'role="progressbar"' not in seen[0].body

        until(still, ANSWER_S, f"an answer on {page.path}", LOOK_S)
        return seen[0]

    def job_of(self, page: Page) -> Job:
        """What the API says of the job that a page is about."""
        return self.job(page.path.rpartition("/")[2])


def sealed(sealing: dict[str, Any], recipient: dict[str, Any], password: str) -> dict[str, str]:
    """What seal.js does: verify, then seal."""
    key, agent = _bytes(recipient["key"]), str(recipient["agent"])
    certificates.verify(
        _bytes(sealing["identity"]), _bytes(recipient["certificate"]), sealing["directory"],
        agent, key, sealing["expires_at"],
    )  # fmt: skip
    purpose = Purpose(
        sealing["job"], sealing["user"], sealing["directory"], agent, sealing["expires_at"]
    )
    sealed = seals.seal(key, purpose, password)
    return {"agent": agent, "enc": _text(sealed.enc), "ciphertext": _text(sealed.ciphertext)}


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def comes_true(holder: Holder, fact: str) -> bool:
    """Whether the directory says so within some looks: the job takes its time."""
    return any(holder.standing()[fact] for _ in range(20))


def states(job: Job) -> dict[str, str]:
    """How far each controller has come, by its short name."""
    return {_short(proof["controller"]): str(proof["state"]) for proof in job["proofs"]}


def delays(job: Job) -> str:
    """The delays as the play tells them."""
    shown = sorted(job["proofs"], key=lambda proof: proof["delay_ms"] or 0)
    return ", ".join(
        f"{_short(proof['controller'])} after {(proof['delay_ms'] or 0) / 1000:.1f} s"
        for proof in shown
    )


def _short(host: str) -> str:
    return host.partition(".")[0]
