"""Directory passwords in a real Chromium: sealing, the policy while typing, the proof as it
happens; and that nothing of the password leaves the page in clear.

The agents' part is played here, with real keys (tests/unit/web/corp.py); against real
controllers it is played in tests/lab/test_directory.py.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from playwright.sync_api import Page, Request, expect

from keyturn.rules.directories.policies import Policy, judge
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import JobState
from keyturn.rules.lockout import DAY, MINUTE
from keyturn.wire import certificates, seals
from keyturn.wire.certificates import Certificate
from keyturn.wire.messages import Sealed
from tests.lab.looking import PHONE, Eye, Person
from tests.lab.served import PASSWORD, Served, eventually
from tests.unit.web.corp import DOMAIN, POLICY, Corp

VECTORS = Path(__file__).parents[1] / "vectors"
NEW = "Velvet-Otter-42 läuft!"
#: sends what an agent of ours would say at once, every time the server looks
_numbers = iter(range(1, 100))


class Ada:
    """Somebody with a second step and an account in a directory of their own."""

    def __init__(self, eye: Eye, served: Served, *, script: bool = True) -> None:
        number = next(_numbers)
        self.domain = f"d{number}.{DOMAIN}"
        email = f"ada{number}@people.test"
        user = served.user("Ada Byron", email)
        secret = served.authenticator(user)
        self.served = served
        self.corp = Corp(served.write, served.house.parts, served.tenant, domain=self.domain)
        self.corp.link(user, "ada")
        self.root = f"/account/directory/{self.corp.directory.id}"
        self.person = eye.person(script=script, size=PHONE)
        self.page: Page = self.person.page
        self.sent: list[Request] = []
        # playwright marks what it is given, and a list's own method cannot be marked
        self.page.on("request", lambda request: self.sent.append(request))  # noqa: PLW0108
        self.person.sign_in(email, PASSWORD)
        self.person.type(code=served.shown(secret)).press("Go on")
        self.page.wait_for_url("**/account")

    def look(self, cause: str = "", **view: Any) -> Person:
        """Open the page; the agent answers."""
        self.corp.beat()
        self.person.go("/account").press("See how it stands")
        eventually(lambda: self.corp.answer(cause, **view) or None)
        self.page.wait_for_load_state()
        expect(self.page.locator("h1")).not_to_contain_text("Asking")
        return self.person

    def choose(self, **view: Any) -> Person:
        """Open the form of a new password."""
        self.look(**view).press("New password")
        expect(self.fresh).to_be_focused()
        return self.person

    @property
    def fresh(self) -> Any:
        """The field of the new password."""
        return self.page.get_by_label("New password", exact=True)

    def types(self, password: str, again: str | None = None) -> None:
        """Type it twice and press the button."""
        self.fresh.fill(password)
        self.page.get_by_label("Once more").fill(password if again is None else again)
        self.person.press("Set the new password")

    def set(self, password: str = NEW) -> Any:
        """Type it, and let the agent take it up; its job."""
        self.types(password)
        self.heading("on its way")
        return self.corp.take()

    def heading(self, words: str) -> None:
        """Wait until the page's sentence holds these words."""
        expect(self.page.locator("h1")).to_contain_text(words)


def clues(secret: str) -> dict[str, bytes]:
    """Every spelling of a secret to be looked for."""
    found: dict[str, bytes] = {}
    for name, plain in {"utf8": secret.encode(), "utf16": secret.encode("utf-16-le")}.items():
        found[name] = plain
        found[f"{name}, hex"] = plain.hex().encode()
        for shift in range(3):  # base64 in the middle of something else
            coded = base64.b64encode(b"x" * shift + plain)[-(-8 * shift // 6) : -4]
            found[f"{name}, base64+{shift}"] = coded
            found[f"{name}, base64url+{shift}"] = coded.translate(bytes.maketrans(b"+/", b"-_"))
    found["quote"] = quote(secret).encode()
    found["quote_plus"] = quote_plus(secret).encode()
    found["uri"] = quote(secret, safe="!'()*").encode()  # as encodeURIComponent writes it
    found["json"] = json.dumps(secret)[1:-1].encode()
    return found


def leaks(ada: Ada, secret: str) -> list[str]:
    """Where a secret can be found in what left the page, or stays behind in the browser."""
    stored = ada.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    places = {"storage": stored.encode()}
    for number, request in enumerate(ada.sent):
        head = f"{request.method} {request.url} {request.headers}".encode()
        places[f"{number} {request.url}"] = head + (request.post_data_buffer or b"")
    return [f"{place}: {how}" for place, text in places.items()
            for how, clue in clues(secret).items() if clue in text]  # fmt: skip


def script(person: Person, module: str, body: str, given: object) -> Any:
    """Run `body` on the open page, where `m` is one of our modules and `given` is given."""
    source = f"async (given) => {{ const m = await import('/static/{module}'); {body} }}"
    return person.page.evaluate(source, given)


HEX = "const hex = (t) => Uint8Array.from(t.match(/../g) ?? [], (x) => parseInt(x, 16));"


# -- vectors


def test_the_policy_is_judged_as_the_rules_judge_it(eye: Eye) -> None:
    cases = json.loads((VECTORS / "directory_policy.json").read_text())["cases"]
    assert len(cases) > 200
    person = eye.person().go("/signin")
    body = """return given.map((c) => [m.judge(c.password, c.policy, c), m.unusual(c.password)])"""
    found = script(person, "policies.js", body, cases)
    left = "return given.flatMap((c) => m.unusual(m.plain(c.password)));"
    assert script(person, "policies.js", left, cases) == []
    assert found == [[c["complaints"], c["warnings"]] for c in cases]
    halves = (
        "return ['\\ud800', 'a\\udc00b'].map((p) => m.judge(p, given, {name: '', display: ''}))"
    )
    told = script(person, "policies.js", halves, {"min_length": 0, "complexity": True})
    assert [[c["fault"] for c in complaints] for complaints in told] == [["not_text"]] * 2
    person.leave()


VERIFY = (
    HEX
    + """
  const wanted = { ...given, key: hex(given.key) };
  return m.verify(hex(given.identity), hex(given.certificate), wanted).then(
    (found) => ["good", String(found.serial), found.notAfter], (error) => [error.message]);"""
)


def test_certificates_are_read_as_the_wire_writes_them(eye: Eye) -> None:
    person = eye.person().go("/signin")
    cases = json.loads((VECTORS / "certificates.json").read_text())
    assert cases
    for case in cases:
        given = {**case, "key": case["sealing_key"], "now": case["not_after"] - 1}
        good = ["good", str(case["serial"]), case["not_after"]]
        assert script(person, "seal.js", VERIFY, given) == good
        print_ = HEX + "return m.fingerprint(hex(given.identity));"
        assert script(person, "seal.js", print_, given) == case["fingerprint"]
        wrong = {
            "expired": {"now": case["not_after"]},
            "directory": {"directory": "another"},
            "agent": {"agent": "another"},
            "key": {"key": "00" * 32},
            "signature": {"identity": Ed25519PrivateKey.generate().public_key()
                          .public_bytes_raw().hex()},
            "layout": {"certificate": case["certificate"][2:]},
        }  # fmt: skip
        for word, changed in wrong.items():
            assert script(person, "seal.js", VERIFY, given | changed) == [word]
    person.leave()


def test_no_bit_of_a_certificate_can_be_changed(eye: Eye) -> None:
    person = eye.person().go("/signin")
    (case, *_) = json.loads((VECTORS / "certificates.json").read_text())
    body = (
        HEX
        + """
      const wanted = { ...given, key: hex(given.sealing_key), now: 1 };
      const good = hex(given.certificate); let accepted = 0;
      for (let at = 0; at < good.length; at += 1) {
        const bad = good.slice(); bad[at] ^= 1 << (at % 8);
        await m.verify(hex(given.identity), bad, wanted).then(() => { accepted += 1; }, () => {});
      }
      return [accepted, good.length];"""
    )
    accepted, size = script(person, "seal.js", body, case)
    assert (accepted, size) == (0, len(case["certificate"]) // 2)
    person.leave()


def test_what_the_browser_seals_the_agent_opens(eye: Eye) -> None:
    person = eye.person().go("/signin")
    key, identity = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    for case in json.loads((VECTORS / "seals.json").read_text()):
        body = (
            HEX
            + """const text = (b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
          return [text(m.info(given, given.agent)), text(m.pad(given.password))];"""
        )
        assert script(person, "seal.js", body, case) == [case["info"], case["padded"]]
        said = Certificate(case["directory"], case["agent"], public, 1, 2**53 - 1)
        asked = {
            **case, "tenant": "t", "domain": "d",
            "identity": url(identity.public_key().public_bytes_raw()),
            "recipients": [{"agent": case["agent"], "key": url(public),
                            "certificate": url(certificates.sign(identity, said))}],
        }  # fmt: skip
        body = "return m.seal(given.password, given, given.expires_at - 1000);"
        (made,) = script(person, "seal.js", body, asked)
        sealed = Sealed(plain(made["enc"]), plain(made["ciphertext"]))
        assert (len(sealed.enc), len(sealed.ciphertext)) == (32, 272)
        purpose = seals.Purpose(
            *(case[n] for n in ("job", "user", "directory", "agent", "expires_at"))
        )
        assert seals.unseal(key, purpose, sealed) == case["password"]
    person.leave()


def url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    ("password", "told"),
    [("x" * 254, None), ("x" * 255, "long"), ("ä" * 128, "long"), ("\\ud800", "unfit")],
)
def test_what_cannot_be_sealed_is_said(eye: Eye, password: str, told: str | None) -> None:
    person = eye.person().go("/signin")
    body = f"try {{ m.pad('{password}'); return null }} catch (e) {{ return e.message }}"
    assert script(person, "seal.js", body, None) == told
    person.leave()


# -- pass-phrases


def test_words_are_drawn_without_favour(eye: Eye) -> None:
    person = eye.person().go("/signin")
    body = """const real = crypto.getRandomValues, asked = [];
      const drawn = [4294967295, 4294967294, 5];  /* the first is beyond the last multiple of 3 */
      crypto.getRandomValues = (box) => { box[0] = drawn[asked.length]; asked.push(1); };
      const got = m.below(3); crypto.getRandomValues = real;
      const counts = [0, 0, 0, 0, 0, 0, 0];
      for (let n = 0; n < 70000; n += 1) counts[m.below(7)] += 1;
      return [got, asked.length, counts];"""
    got, asked, counts = script(person, "passphrases.js", body, None)
    assert (got, asked) == (2, 2)
    assert all(9_500 < count < 10_500 for count in counts), counts
    person.leave()


@pytest.mark.parametrize("minimum", [0, 7, 14, 33, 64, 120])
def test_a_made_pass_phrase_is_taken_and_says_what_it_is_worth(eye: Eye, minimum: int) -> None:
    person = eye.person().go("/signin")
    body = """const { words } = await import('/static/vendor/words.js');
      const account = { name: 'ada', display: 'Ada Lamb Otter' };
      return [words, Array.from({ length: 200 }, () => m.make(words, given, account))];"""
    words, made = script(
        person, "passphrases.js", body, {"min_length": minimum, "complexity": True}
    )
    assert len(set(words)) == len(words) > 2_500
    policy = Policy(**POLICY | {"min_length": minimum})
    for phrase in made:
        assert judge(policy, phrase["text"], "ada", "Ada Lamb Otter") == ()
        count = phrase["text"].count("-")
        assert count >= 5
        assert phrase["bits"] == pytest.approx(count * 11.4757 + 3.3219, abs=0.01)
        assert phrase["text"].strip() == phrase["text"]
    assert len({phrase["text"] for phrase in made}) == len(made)
    person.leave()


# -- as the person


def test_locked_out_in_a_hurry_on_a_phone(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    person = ada.look(locked_until=served.clock.now() + 30 * MINUTE, bad_count=5)
    assert "is locked until" in person.heading
    person.see("directory-locked")
    person.press("Unlock")
    ada.heading("is about to be unlocked")
    person.see("directory-unlock-queued")
    job = ada.corp.take()
    ada.heading("is unlocking your account")
    ada.corp.done(job, bound=False)
    ada.heading("unlocked on dc1; dc2 and dc3 follow.")
    for name in ("dc2", "dc3"):
        ada.corp.seen(job, name, ProofState.ARRIVED, 900)
    ada.heading("unlocked everywhere.")
    expect(ada.page.locator("#voice")).to_have_text("Your account is unlocked everywhere.")
    person.see("directory-unlocked")
    person.leave()


def test_a_new_password_leaves_the_page_sealed_and_is_watched_everywhere(
    eye: Eye, served: Served
) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    person.see("directory-choose-live")
    rules = ada.page.locator("[data-rules] li.met")
    ada.fresh.press_sequentially("short")
    expect(ada.page.locator("[data-count]")).to_have_text("5")
    expect(rules).to_have_count(3)  # neither name, nor too long, nor no text
    ada.types(NEW, again=NEW + "x")
    expect(ada.page.get_by_text("The two are not the same.")).to_be_visible()
    person.see("directory-choose-differs")
    job = ada.set()
    assert [ada.corp.opened(job, n) for n in (0, 1)] == [NEW, NEW]
    ada.heading("is setting your new password")
    ada.corp.done(job)
    ada.heading("works on dc1; dc2 and dc3 follow.")
    ada.corp.seen(job, "dc3", ProofState.PROVED, 2300)
    ada.heading("works on dc1 and dc3; dc2 follows in about")
    person.see("directory-proof-live")
    ada.corp.seen(job, "dc2", ProofState.PROVED, 1100)
    ada.heading("works everywhere.")
    person.see("directory-proof-everywhere")
    assert leaks(ada, NEW) == []
    assert any("submit" in r.url for r in ada.sent)
    person.leave()


def test_the_search_for_leaks_would_find_one(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    ada.page.evaluate("(s) => fetch('/account?' + encodeURIComponent(s))", NEW)
    ada.page.evaluate(
        "(s) => { localStorage.x = btoa(unescape(encodeURIComponent('k' + s))) }", NEW
    )
    found = leaks(ada, NEW)
    assert any(line.endswith(": uri") for line in found)
    assert any(line.startswith("storage: utf8, base64+1") for line in found)
    ada.person.leave()


def test_the_keyboard_alone_is_enough(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    person.page.keyboard.type(NEW)
    person.tab_to("Once more")
    person.page.keyboard.type(NEW)
    person.keys("Enter")
    ada.heading("on its way")
    assert ada.corp.opened(ada.corp.take()) == NEW
    person.leave()


def test_one_can_be_made_shown_and_copied_without_a_space(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(ada.page.get_by_role("button", name="Copy")).to_be_hidden()
    person.press("Make one for me")
    expect(ada.fresh).to_have_attribute("type", "text")
    expect(ada.page.get_by_label("Once more")).to_be_hidden()
    made = ada.fresh.input_value()
    assert re.fullmatch(r"[A-Z][a-z]+(-[a-z]+){4,}-[0-9]", made)
    expect(ada.page.locator("[data-bits]")).to_have_text("60")
    person.see("directory-choose-made")
    person.press("Copy")
    expect(ada.page.get_by_text("Copied, without a space.")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()") == made
    person.press("Set the new password")
    ada.heading("on its way")
    assert ada.corp.opened(ada.corp.take()) == made
    assert leaks(ada, made) == []
    person.leave()


@pytest.mark.parametrize(("pasted", "words"), [
    (NEW + " ", "It ends with a space."),
    (" " + NEW, "It begins with a space."),
    (NEW.replace(" ", "\u00a0"), "It holds a non-breaking space"),
    (NEW + "\r\n", "What you pasted held the end of a line"),
])  # fmt: skip
def test_what_is_easily_lost_is_asked_about(
    eye: Eye, served: Served, pasted: str, words: str
) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.page.evaluate("(text) => navigator.clipboard.writeText(text)", pasted)
    person.press("Show")
    ada.fresh.focus()
    person.keys("Control+V")
    expect(ada.page.get_by_text(words)).to_be_visible()
    person.press("Set the new password")
    expect(ada.page.get_by_text("Please say whether you mean the space.")).to_be_visible()
    if pasted.endswith(" "):
        person.see("directory-choose-space")
        person.press("Take it out")
        assert ada.fresh.input_value() == NEW
        expect(ada.page.get_by_text(words)).to_be_hidden()
        ada.fresh.fill(pasted)
    ada.page.get_by_label("I mean it exactly as it is").check()
    person.press("Set the new password")
    ada.heading("on its way")
    assert ada.corp.opened(ada.corp.take()) == pasted.removesuffix("\r\n")
    person.leave()


# -- who is sealed to


def test_another_identity_than_last_time_is_refused_until_its_fingerprint_is_read_out(
    eye: Eye, served: Served
) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    first = certificates.fingerprint(ada.corp.identity.public_key().public_bytes_raw())
    pin = f"keyturn-identity:{served.tenant.slug}:{ada.domain}"
    old = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    ada.page.evaluate("([k, v]) => localStorage.setItem(k, v)", [pin, url(old)])
    ada.types(NEW)
    expect(ada.page.get_by_text("Stop: this is not the directory")).to_be_visible()
    expect(ada.page.locator("[data-print=kept]")).to_have_text(certificates.fingerprint(old))
    assert first not in ada.page.content()
    person.see("directory-choose-identity")
    assert ada.corp.job().state is JobState.CHOOSING
    said = ada.page.get_by_label("Fingerprint, as read to you")
    said.fill(certificates.fingerprint(old))
    person.press("Compare")
    expect(ada.page.get_by_text("That is not what is shown to this browser")).to_be_visible()
    said.fill(first.upper())
    person.press("Compare")
    expect(said).to_be_hidden()
    person.press("Set the new password")
    ada.heading("on its way")
    assert ada.corp.opened(ada.corp.take()) == NEW
    person.leave()


def test_the_identity_is_kept_from_the_first_time_on(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    ada.choose()
    ada.set()
    kept = ada.page.evaluate(
        "(key) => localStorage[key]", f"keyturn-identity:northwind:{ada.domain}"
    )
    assert plain(kept) == ada.corp.identity.public_key().public_bytes_raw()
    ada.person.leave()


def test_nobody_is_sealed_to_without_the_directorys_word(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    own = [ada.corp.keys[agent.id] for agent in ada.corp.agents]
    thief = Ed25519PrivateKey.generate()
    forged = certificates.sign(thief, Certificate(ada.corp.directory.id, ada.corp.agents[0].id,
        own[0].public_key().public_bytes_raw(), 1, ada.corp.now + DAY))  # fmt: skip
    ada.corp.certify(0, forged)
    late = ada.corp.certificate(ada.corp.agents[1].id, own[1], not_after=ada.corp.now - 2 * DAY)
    ada.corp.certify(1, late)
    ada.types(NEW)
    expect(ada.page.get_by_text("Nobody here can show that they belong to")).to_be_visible()
    person.see("directory-choose-unproved")
    assert not any("submit" in request.url for request in ada.sent)
    ada.corp.certify(1, ada.corp.certificate(ada.corp.agents[1].id, own[1], serial=2))
    person.press("Set the new password")
    ada.heading("on its way")
    job = ada.corp.job()
    assert [e.agent_id for e in job.envelopes] == [ada.corp.agents[1].id]
    assert ada.corp.opened(job, 1) == NEW
    person.leave()


def test_when_no_agent_is_heard_nothing_typed_is_lost(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    person = ada.choose()
    served.clock.move(MINUTE)
    before = len(eye.findings)
    ada.types(NEW)
    expect(ada.page.get_by_text("No program beside the directory answers")).to_be_visible()
    del eye.findings[before:]  # the browser says on its console that it was refused (409)
    person.see("directory-choose-nobody")
    ada.corp.beat()
    person.press("Set the new password")
    ada.heading("on its way")
    assert leaks(ada, NEW) == []
    person.leave()


def test_a_server_out_of_reach_is_told_and_nothing_typed_is_lost(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    ada.choose()
    ada.page.route("**/recipients", lambda route: route.abort())
    before = len(eye.findings)
    ada.types(NEW)
    expect(ada.page.get_by_text("The server did not answer.")).to_be_visible()
    del eye.findings[before:]  # the browser says on its console that the line was cut
    ada.page.unroute("**/recipients")
    ada.person.press("Set the new password")
    ada.heading("on its way")
    ada.person.leave()


def test_a_refusal_is_told_and_one_can_choose_again(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served)
    ada.choose()
    ada.corp.report(ada.set(), "not_done", "used_before", history=24)
    ada.heading("it is one of the last 24 that you had")
    ada.person.see("directory-refused-live")
    ada.person.press("Choose a password again")
    expect(ada.fresh).to_be_focused()
    expect(ada.page.get_by_text("Asking the directory what it wants")).to_be_visible()
    eventually(lambda: ada.corp.answer() or None)
    expect(ada.page.get_by_text("At least 14 characters")).to_be_visible()
    ada.person.leave()


def test_without_script_it_is_said_and_nothing_can_be_sent(eye: Eye, served: Served) -> None:
    ada = Ada(eye, served, script=False)
    ada.corp.beat()
    ada.person.go(ada.root)
    assert "Asking" in ada.person.heading
    ada.corp.answer(locked_until=0)
    ada.page.reload()
    ada.person.press("New password")
    assert ada.person.reads("This page needs JavaScript")
    expect(ada.fresh).to_be_hidden()
    ada.person.see("directory-choose-no-script")
    ada.person.go(ada.root)
    ada.corp.answer(locked_until=0)
    ada.page.reload()
    ada.person.press("Unlock")
    assert ada.person.heading == "Your account is about to be unlocked."
    ada.corp.done(ada.corp.take(), bound=False)
    ada.page.reload()
    assert "is unlocked on dc1" in ada.person.heading
    ada.person.leave()
