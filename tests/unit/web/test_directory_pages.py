"""Directory passwords: how the account stands, unlocking, a sealed new password, the proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from keyturn.flows import channel
from keyturn.rules.accounts import User
from keyturn.rules.directories.answers import REASONS
from keyturn.rules.directories.causes import NOT_DONE
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import CHOOSE_MS, DEADLINE_MS, LAST_TRIES_MS, JobKind
from keyturn.rules.lockout import MINUTE, SECOND
from keyturn.steps import jobs
from keyturn.steps.acts import Act
from keyturn.steps.stepup import FRESH_MS
from tests.unit.flows.house import EMAIL, PASSWORD, House, run
from tests.unit.web.browsing import Page, Web, WebBrowser, pages
from tests.unit.web.corp import DOMAIN, Corp, handed_in

ROOT = "/account/directory"
NEW = "Velvet-otter-42-lamp"


@dataclass(slots=True)
class Ada:
    """Ada, signed in with her second step, and her directory."""

    browser: WebBrowser
    corp: Corp
    user: User
    house: House
    secret: str

    @property
    def root(self) -> str:
        """The page of her account."""
        return f"{ROOT}/{self.corp.directory.id}"

    def asks(self) -> str:
        """Open the page; the address that it has when the directory is asked."""
        self.browser.get(self.root)
        path = self.browser.page.location
        assert path is not None
        return path

    def look(self, cause: str = "", **view: Any) -> Page:
        """Open the page; the agent answers."""
        path = self.asks()
        assert self.corp.answer(cause, **view) == 1
        return self.browser.get(path)

    def begin(self) -> str:
        """Begin a new password; the path of its page, which is open."""
        self.look()
        asked = self.asks().partition("look=")[2]
        path = self.browser.post(f"{self.root}/password", look=asked).location
        assert path is not None
        self.browser.get(path)
        return path.partition("?")[0]

    def told(self, path: str) -> dict[str, Any]:
        """What the script is told to seal to."""
        page = self.browser.page
        answer = self.browser.post(f"{path}/recipients")
        self.browser.page = page
        return dict(json.loads(answer.html))

    def submit(self, path: str, password: str = NEW) -> Page:
        """Seal and hand in, as the script does."""
        return self.browser.post(f"{path}/submit", envelopes=handed_in(self.told(path), password))

    def prove(self) -> None:
        """The second step once more."""
        self.house.clock.move(30_000)
        self.browser.get("/account/proof")
        code = self.house.code_of(self.secret)
        assert self.browser.post("/account/proof", code=code, then="/account").status == 303


def signed_in(house: House, web: Web, user: User, secret: str) -> WebBrowser:
    """A browser that gave password and code."""
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=user.email, password=PASSWORD)
    browser.follow()
    assert browser.post("/signin/second", code=house.code_of(secret)).status == 303
    browser.get("/account")
    return browser


@pytest.fixture
def ada(house: House, web: Web) -> Ada:
    user = house.user(EMAIL, PASSWORD)
    secret = house.totp(user)
    browser = signed_in(house, web, user, secret)
    corp = Corp(house.write, house.parts, house.tenant)
    corp.link(user, "ada")
    return Ada(browser, corp, user, house, secret)


# -- how it stands


def test_the_account_page_leads_there_only_for_who_has_an_account(ada: Ada, web: Web) -> None:
    assert f'href="{ROOT}"' in ada.browser.get("/account").html
    ben = ada.house.user("ben@example.com")
    other = signed_in(ada.house, web, ben, ada.house.totp(ben))
    assert ROOT not in other.get("/account").html
    assert "No Windows account is linked" in other.get(ROOT).heading


def test_one_account_is_opened_at_once_and_several_are_listed(ada: Ada) -> None:
    assert ada.browser.get(ROOT).location == ada.root
    second = Corp(ada.house.write, ada.house.parts, ada.house.tenant, domain="lab.example.test")
    second.link(ada.user, "adab")
    page = ada.browser.get(ROOT)
    assert page.heading == "You have 2 Windows accounts."
    assert page.html.count("This one") == 2


def test_the_directory_is_asked_and_until_it_answers_the_page_says_so(ada: Ada) -> None:
    path = ada.asks()
    page = ada.browser.get(path)
    assert page.heading == f"Asking {DOMAIN} how your account stands."
    assert "data-watch=" in page.html
    assert 'http-equiv="refresh"' in page.html
    ada.corp.answer()
    page = ada.browser.get(path)
    assert page.heading == f"Your Windows password at {DOMAIN} works. It expires in 12 days."
    assert "data-watch=" not in page.html


STANDINGS: list[tuple[dict[str, Any], str, set[str]]] = [
    ({"password_expires_at": None}, "works. It does not expire.", {"password"}),
    ({"locked_until": 0, "bad_count": 5}, "is locked.", {"password", "unlock"}),
    ({"disabled": True}, "is switched off.", set()),
    ({"expired_account": True}, "has reached its end date.", set()),
    ({"must_change": True}, "wants a new password from you.", {"password"}),
    ({"password_expires_at": 1}, "has expired.", {"password"}),
    ({"protected": "domain_admins"}, "It expires in 12 days.", set()),
    ({"protected": "krbtgt", "locked_until": 0}, "is locked.", set()),
]


@pytest.mark.parametrize(("view", "sentence", "offered"), STANDINGS)
def test_each_standing_has_its_sentence_and_offers_what_helps(
    ada: Ada, view: dict[str, Any], sentence: str, offered: set[str]
) -> None:
    page = ada.look(**view)
    assert page.heading.endswith(sentence)
    found = {act for act in ("password", "unlock") if f'action="{ada.root}/{act}"' in page.html}
    assert found == offered


def test_a_lock_is_told_with_its_end(ada: Ada) -> None:
    page = ada.look(locked_until=ada.house.clock.now() + 30 * MINUTE, bad_count=5)
    assert f"Your account at {DOMAIN} is locked until" in page.heading
    assert "After 5 wrong passwords." in page.text


@pytest.mark.parametrize(("cause", "sentence"), [
    ("timeout", f"{DOMAIN} does not answer at the moment."),
    ("tls_expired", f"{DOMAIN} does not answer at the moment."),
    ("not_found", f"{DOMAIN} has no account for you any more."),
])  # fmt: skip
def test_no_answer_is_told_with_whom_to_call(ada: Ada, cause: str, sentence: str) -> None:
    page = ada.look(cause)
    assert page.heading == sentence
    assert "+44 20 7946 0100" in page.text


def test_a_question_that_nobody_answers_ends(ada: Ada) -> None:
    path = ada.asks()
    ada.house.clock.move(20 * SECOND)
    assert ada.browser.get(path).heading == f"{DOMAIN} does not answer at the moment."


def test_an_old_answer_is_not_how_things_stand(ada: Ada) -> None:
    path = ada.asks()
    ada.corp.answer()
    ada.house.clock.move(MINUTE)
    ada.corp.beat()
    page = ada.browser.get(path)
    assert page.status == 303
    assert page.location != path


def test_silent_agents_are_told_before_anything_is_asked(ada: Ada) -> None:
    ada.house.clock.move(5 * MINUTE)
    page = ada.browser.get(ada.root)
    assert page.heading == f"{DOMAIN} does not answer at the moment."
    assert "The program beside the directory is not heard." in page.text


def test_who_asks_too_often_is_told_when_it_goes_on(ada: Ada) -> None:
    while ada.browser.get(ada.root).status == 303:
        ada.corp.answer()
    page = ada.browser.page
    assert page.heading == f"{DOMAIN} was asked often enough for now."
    assert "You can ask again at" in page.text


# -- who may


def test_nobody_sees_any_of_it_without_a_session(ada: Ada, web: Web) -> None:
    stranger = web.browser()
    for path in (ROOT, ada.root, f"{ROOT}/jobs/x", f"{ROOT}/looks/x"):
        assert stranger.get(path).location == "/signin"


def test_without_a_second_step_it_is_said_what_comes_first(house: House, web: Web) -> None:
    user = house.user(EMAIL, PASSWORD)
    Corp(house.write, house.parts, house.tenant).link(user, "ada")
    browser = web.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    page = browser.get(ROOT)
    assert page.status == 403
    assert "needs a second step" in page.heading


def test_what_is_somebody_elses_is_not_there(ada: Ada, web: Web) -> None:
    path, look = ada.begin(), ada.asks().partition("look=")[2]
    ben = ada.house.user("ben@example.com")
    other = signed_in(ada.house, web, ben, ada.house.totp(ben))
    for address in (path, f"{path}/events", f"{ROOT}/looks/{look}/events", ada.root):
        assert other.get(address).status == 404
    other.get("/account")
    assert other.get(f"{ROOT}/looks/{look}").status == 403
    other.get("/account")
    for act in ("cancel", "submit", "recipients"):
        fields = {"envelopes": "[]"} if act == "submit" else {}
        other.get("/account")
        assert other.post(f"{path}/{act}", **fields).status in {404, 409}
    for act in ("unlock", "password"):
        other.get("/account")
        assert other.post(f"{ada.root}/{act}").status == 404


@pytest.mark.parametrize("act", ["unlock", "password"])
def test_a_proof_that_is_old_is_asked_for_again(ada: Ada, act: str) -> None:
    ada.house.clock.move(FRESH_MS)
    ada.corp.beat()
    ada.look()
    assert ada.browser.post(f"{ada.root}/{act}").location == f"/account/proof?then={ada.root}"
    ada.prove()
    ada.corp.beat()
    ada.look()
    assert ada.browser.post(f"{ada.root}/{act}").location is not None


# -- unlocking


def test_unlocking_is_watched_to_its_end(ada: Ada) -> None:
    ada.look(locked_until=0)
    path = ada.browser.post(f"{ada.root}/unlock").location
    assert path is not None
    page = ada.browser.get(path)
    assert page.heading == "Your account is about to be unlocked."
    assert f'data-watch="{path}/events"' in page.html
    job = ada.corp.take()
    assert ada.browser.get(path).heading == "The directory is unlocking your account."
    assert ada.corp.done(job, bound=False) == ""
    page = ada.browser.get(path)
    assert page.heading == "Your account is unlocked on dc1; dc2 and dc3 follow."
    for name in ("dc2", "dc3"):
        ada.corp.seen(job, name, ProofState.ARRIVED, 900)
    page = ada.browser.get(path)
    assert page.heading == "Your account is unlocked everywhere."
    assert "data-watch=" not in page.html
    assert "old password" not in page.text


@pytest.mark.parametrize("act", ["unlock", "password"])
def test_nothing_is_begun_when_no_agent_is_heard(ada: Ada, act: str) -> None:
    ada.look(locked_until=0)
    ada.house.clock.move(MINUTE)
    page = ada.browser.post(f"{ada.root}/{act}")
    assert page.status == 503
    assert page.heading == "The program beside the directory does not answer."
    assert "+44 20 7946 0100" in page.text


# -- a new password


def test_the_form_knows_the_policy_and_sends_nothing_by_itself(ada: Ada) -> None:
    ada.look()
    look = ada.asks().partition("look=")[2]
    ada.corp.answer()
    path = ada.browser.post(f"{ada.root}/password", look=look).location
    assert path is not None
    page = ada.browser.get(path)
    assert page.heading == f"Choose a new password for ada at {DOMAIN}."
    assert "&#34;min_length&#34;: 14" in page.html
    assert "data-look" not in page.html
    fields = page.html.partition("<form")[2].partition("</form>")[0]
    assert fields.count(' name="') == 1  # the form token, and no password
    assert "needs JavaScript" in page.text


def test_while_the_directory_is_asked_the_script_can_ask_for_its_policy(ada: Ada) -> None:
    path = ada.begin()
    page = ada.browser.page
    assert "data-look=" in page.html
    address = page.html.partition('data-look="')[2].partition('"')[0]
    assert json.loads(ada.browser.get(address).html)["over"] is False
    ada.corp.answer()
    told = json.loads(ada.browser.get(address).html)
    assert told["over"] is True
    assert told["policy"]["min_length"] == 14
    assert told["account"] == {"name": "ada", "display": "Ada B."}
    assert ada.browser.get(path).status == 303  # a new look, for who comes without one


def test_the_script_is_told_whom_to_seal_to_and_what_the_seal_binds(ada: Ada) -> None:
    path = ada.begin()
    told = ada.told(path)
    assert [r["agent"] for r in told["recipients"]] == [a.id for a in ada.corp.agents]
    assert told["domain"] == DOMAIN
    assert told["user"] == ada.user.id
    assert path.endswith(told["job"])
    ada.house.clock.move(MINUTE)
    assert ada.told(path) == {"code": "nobody"}
    assert ada.browser.post(f"{path}/recipients", csrf="wrong").status == 403


def test_a_sealed_password_arrives_and_is_proved_everywhere(ada: Ada) -> None:
    path = ada.begin()
    form = ada.browser.page
    assert ada.submit(path).status == 204
    ada.browser.page = form
    assert ada.told(path) == {"code": "gone"}
    page = ada.browser.get(path)
    assert page.heading == "Your new password is on its way to the directory."
    job = ada.corp.take()
    assert ada.corp.opened(job) == NEW
    assert ada.corp.opened(job, 1) == NEW
    assert "is setting your new password" in ada.browser.get(path).heading
    assert ada.corp.done(job) == ""
    assert ada.browser.get(path).heading == "Your new password works on dc1; dc2 and dc3 follow."
    ada.corp.seen(job, "dc3", ProofState.PROVED, 1500)
    page = ada.browser.get(path)
    assert (
        page.heading == "Your new password works on dc1 and dc3; dc2 follows in about 15 seconds."
    )
    assert "Tried there once, and right, after 1.5 seconds." in page.text
    assert "dc4 holds a read-only copy" in page.text
    assert "File shares and the like may take it" in page.text
    ada.corp.seen(job, "dc2", ProofState.PROVED, 700)
    page = ada.browser.get(path)
    assert page.heading == "Your new password works everywhere."
    assert "data-watch=" not in page.html
    assert NEW not in ada.house.dump("jobs", "audit")


def test_a_controller_that_nobody_can_ask_is_not_promised(ada: Ada) -> None:
    path = ada.begin()
    ada.submit(path)
    job = ada.corp.take()
    ada.corp.done(job)
    ada.corp.seen(job, "dc2", ProofState.PROVED, 700)
    ada.corp.seen(job, "dc3", ProofState.UNREACHABLE)
    page = ada.browser.get(path)
    assert page.heading == "Your new password works on dc1 and dc2."
    assert "Cannot be asked" in page.text


def test_that_it_works_is_said_only_of_where_it_was_tried(ada: Ada) -> None:
    path = ada.begin()
    ada.submit(path)
    job = ada.corp.take()
    ada.corp.done(job, bound=False)
    assert ada.browser.get(path).heading == "Your new password is set on dc1."
    ada.corp.seen(job, "dc2", ProofState.PROVED, 700)
    page = ada.browser.get(path)
    assert page.heading.startswith("Your new password works on dc2; it has arrived on dc1; dc3")
    ada.corp.seen(job, "dc3", ProofState.ARRIVED, 900)
    page = ada.browser.get(path)
    assert page.heading == "Your new password works on dc2; it has arrived on dc1 and dc3."
    assert "data-watch=" in page.html  # it may still be tried there
    ada.house.clock.move(LAST_TRIES_MS)
    run(channel.sweep(ada.house.parts, 100))
    assert "data-watch=" not in ada.browser.get(path).html


def test_a_refusal_is_told_in_its_own_words_and_numbers(ada: Ada) -> None:
    path = ada.begin()
    ada.submit(path)
    job = ada.corp.take()
    assert ada.corp.report(job, "not_done", "too_short", minimum=15) == ""
    page = ada.browser.get(path)
    assert page.heading == (
        "Your password was not changed: it is shorter than the 15 characters that your "
        "organisation wants."
    )
    assert "Choose a longer one;" in page.text  # the catalogue's words
    assert "Your old password is as it was." in page.text
    assert f'action="{ada.root}/password"' in page.html
    assert "data-watch=" not in page.html


def test_what_is_not_known_yet_is_not_guessed(ada: Ada) -> None:
    path = ada.begin()
    ada.submit(path)
    job = ada.corp.take()
    ada.house.clock.move(DEADLINE_MS)
    page = ada.browser.get(path)
    assert page.heading == "It is not known yet whether your new password was set."
    ada.corp.beat()
    assert ada.corp.report(job, "changed") == ""
    page = ada.browser.get(path)
    assert page.heading == "Your password was changed by somebody else in the meantime."
    assert "tell support now" in page.text
    assert "+44 20 7946 0100" in page.text


def test_nobody_took_it_up_and_a_page_left_open_too_long(ada: Ada) -> None:
    path = ada.begin()
    ada.submit(path)
    ada.house.clock.move(DEADLINE_MS)
    assert "nobody near the directory took it up" in ada.browser.get(path).heading
    ada.corp.beat()
    other = ada.begin()
    ada.house.clock.move(CHOOSE_MS)
    assert "no password was chosen in time" in ada.browser.get(other).heading
    ada.browser.get("/account")
    assert ada.told(other) == {"code": "gone"}


def test_one_can_take_it_back_until_an_agent_may_act(ada: Ada) -> None:
    path = ada.begin()
    assert ada.browser.post(f"{path}/cancel").location == path
    assert "it was taken back" in ada.browser.get(path).heading


@pytest.mark.parametrize("sent", [
    "", "no json", "[]", "{}", "[1]", '[{"agent": "x"}]', "[" * 5000,
    '[{"agent": 1, "enc": "", "ciphertext": ""}]',
    '[{"agent": "x", "enc": "AAAA", "ciphertext": "*"}]',
    '[{"agent": "x", "enc": "\u00e9", "ciphertext": "", "more": ""}]',
])  # fmt: skip
def test_what_is_no_envelope_is_not_sealed(ada: Ada, sent: str) -> None:
    path = ada.begin()
    answer = ada.browser.post(f"{path}/submit", envelopes=sent)
    assert answer.status == 409
    assert json.loads(answer.html) == {"code": "stale"}


def test_an_old_proof_is_told_to_the_script(ada: Ada) -> None:
    path = ada.begin()
    told = ada.told(path)
    ada.house.clock.move(FRESH_MS)
    ada.corp.beat()
    assert ada.told(path) == {"code": "proof"}
    answer = ada.browser.post(f"{path}/submit", envelopes=handed_in(told, NEW))
    assert json.loads(answer.html) == {"code": "proof"}
    assert ada.browser.get(path).location == f"/account/proof?then={path}"


def test_a_session_that_ended_is_told_to_the_script(ada: Ada) -> None:
    path = ada.begin()
    page = ada.browser.page
    ada.browser.post("/signout")
    for act, fields in (("recipients", {}), ("submit", {"envelopes": "[]"})):
        ada.browser.page = page
        answer = ada.browser.post(f"{path}/{act}", **fields)
        assert (answer.status, json.loads(answer.html)) == (409, {"code": "gone"})


def test_what_a_technician_began_names_them_and_leaves_the_choice(ada: Ada) -> None:
    staff = ada.house.user("tomas@example.com", name="Tomas Okafor")
    caller = ada.house.browser().caller
    act = Act(ada.house.parts, caller, ada.house.clock.now(), staff)

    def start(tx: Any) -> Any:
        account = tx.directories.linked(ada.user.tenant_id, ada.user.id)[0]
        return jobs.start(tx, act, ada.user, account, JobKind.RESET, must_change=True)

    job = ada.house.write(start)
    page = ada.look()
    assert f"{ROOT}/jobs/{job.id}?look=" in page.html
    ada.browser.get(f"{ROOT}/jobs/{job.id}")
    page = ada.browser.follow()
    assert page.heading.startswith("Tomas Okafor has started a new password for ada.")
    assert "I do not want this" in page.text
    assert "At the next sign-in Windows asks you for another one." in page.text


# -- words


def test_every_reason_there_is_has_words_of_its_own() -> None:
    known = set(pages().get_template("directory_words.html").make_module(
        {"base": "", "tenant": None, "now": 0, "me": None, "csrf": ""}).KNOWN)  # type: ignore[attr-defined]  # fmt: skip
    ours = {
        "unreachable",
        "no_agent",
        "agent_silent",
        "never_expires",
        "smart_card",
        "cannot_change",
        "late",
        "not_found",
    }
    assert (set(REASONS) | set(NOT_DONE) | ours) - known == set()


# -- streams


def events(page: Page) -> list[tuple[str, str]]:
    """Name and data of each event."""
    assert page.header("content-type") == "text/event-stream"
    assert page.header("cache-control") == "no-store"
    found = []
    for block in page.html.split("\n\n"):
        lines = [line.partition(": ")[::2] for line in block.split("\n") if line]
        if lines:
            data = "\n".join(v for k, v in lines if k == "data")
            found.append((dict(lines).get("event", ""), data))
    return found


def test_a_job_that_is_over_is_streamed_once(ada: Ada) -> None:
    path = ada.begin()
    ada.submit(path)
    ada.corp.report(ada.corp.take(), "not_done", "no_right")
    (shown, html), end = events(ada.browser.get(f"{path}/events"))
    assert shown == "shown"
    assert "Keyturn is not allowed to do this" in html
    assert end == ("end", "")


def test_a_look_is_streamed_until_it_is_answered(ada: Ada) -> None:
    look = ada.asks().partition("look=")[2]
    ada.corp.answer()
    assert events(ada.browser.get(f"{ROOT}/looks/{look}/events"))[-1] == ("end", "")
