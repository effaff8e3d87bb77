"""`keyturn demo`, both sides played by one person: the desk in one window, the phone in a second,
messages by the demo's own push service; and with a phone of the same network, over TLS that the
demo has made and the browser trusts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from keyturn.demo.company import MIA
from keyturn.demo.lan import ANY, NoLan, addresses, chosen, outward, suits
from keyturn.demo.process import DemoProcess
from tests.lab.commanded import free_port, keyturn
from tests.lab.handset import ALL, HELD, PIN, Phone
from tests.lab.looking import DESK, WHOLE, Eye, Person, opened

HTML = {"accept": "text/html"}


def at_desk(eye: Eye) -> Person:
    """Mia, signed in."""
    desk = eye.person(size=DESK)
    desk.sign_in(MIA.email, MIA.password)
    expect(desk.page).to_have_url(re.compile(r"/account$|/welcome"))
    return desk


def number_on(desk: Person) -> str:
    """What the page shows for the phone."""
    expect(desk.page.locator("h1")).to_contain_text("on your phone")
    return desk.page.locator(".match, .matching").first.inner_text().strip()


def set_up(desk: Person, phone: Phone) -> None:
    """From the check to a phone that has heard a message."""
    phone.heading("Which number").fill("The two digits on the page", number_on(desk))
    phone.press("Go on").heading("Choose a PIN")
    phone.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
    phone.heading("This phone is ready").told("The test message has arrived.")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """The demo, by itself."""
    with DemoProcess(tmp_path_factory.mktemp("demo") / "demo") as running:
        yield running


def test_one_person_plays_both_sides_in_two_windows(demo: DemoProcess) -> None:
    with opened(demo.origin, whole=True, sizes=HELD) as eye:
        desk = at_desk(eye)
        context = desk.page.context
        context.grant_permissions(list(ALL))
        desk.go("/demo").press("Your phone").press("Add your phone").press("Show the code")
        with context.expect_page() as second:
            desk.press("Open the app on this phone")
        phone = Phone.held(Person(eye, second.value, script=True))
        phone.heading("Set up this phone").press("Check my phone").heading("There is no camera")
        phone.press("Go on without it")
        set_up(desk, phone)
        phone.press("Go to my account").heading("All is well")

        other = eye.person(size=DESK).sign_in(MIA.email, MIA.password).press("Ask my phone")
        phone.heading("Are you signing in right now?")
        shown = """navigator.serviceWorker.ready.then((it) => it.getNotifications())
          .then((all) => all.map((one) => one.body))"""
        phone.page.wait_for_timeout(1500)  # the demo's service asks each second
        assert any("signing in" in body for body in phone.page.evaluate(shown))
        phone.fill("The two digits", number_on(other)).press("Yes, it is me").pin()
        phone.heading("You said that it is you")
        expect(other.page).to_have_url(re.compile(r"/account$|/welcome"))
        assert eye.findings == []


def test_the_demo_hands_out_only_what_the_browser_has_asked_for(demo: DemoProcess) -> None:
    for path in ("short", "A" * 22 + "?after=x", "A" * 22 + "?after=\u0663"):
        assert httpx.get(f"{demo.origin}/demo/push/{path}", headers=HTML).status_code == 404
    assert httpx.get(f"{demo.origin}/demo/push/{'A' * 22}?after=0").json() == {"bodies": []}


# -- with a phone of the same network


def test_this_machines_addresses_are_read() -> None:
    found = addresses()
    assert "127.0.0.1" in found
    assert outward() in {None, *found}
    assert not suits("127.0.0.1")


@pytest.fixture(scope="module")
def address() -> str:
    """Of this machine, in a network of its own."""
    try:
        return chosen(ANY, addresses(), outward())
    except NoLan as several:
        if not several.found:
            pytest.fail("failed to run: this machine has no address in a private network")
        return several.found[0]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[DemoProcess]:
    """The demo, for other devices too; as `make demo LAN=1` where that is clear."""
    folder = tmp_path_factory.mktemp("lan") / "demo"
    said = ANY if outward() == address else address
    with DemoProcess(folder, free_port(), ("--lan", said)) as running:
        yield running


def trusting(home: Path, authority: Path) -> Path:
    """A home folder whose browser trusts this authority, and nothing else beside the usual."""
    base = home / ".pki" / "nssdb"
    base.mkdir(parents=True)
    certutil = shutil.which("certutil")
    if certutil is None:
        pytest.fail("failed to run: as root on Debian: apt-get install libnss3-tools")
    for words in (
        ("-N", "--empty-password"),
        ("-A", "-n", "demo", "-t", "C,,", "-i", str(authority)),
    ):
        subprocess.run([certutil, "-d", f"sql:{base}", *words], check=True, capture_output=True)
    return home


def test_a_phone_that_trusts_it_runs_the_whole_app(
    shared: DemoProcess, address: str, tmp_path: Path
) -> None:
    assert shared.origin.startswith(f"https://{address}:")
    home = trusting(tmp_path, shared.data / "lan" / "authority.pem")
    assert Path(WHOLE).exists()
    with opened(shared.origin, whole=True, sizes=HELD, home=home) as eye:
        desk = at_desk(eye)
        desk.go("/account/app").press("Add your phone").press("Show the code")
        desk.page.get_by_text("type letters instead").click()
        letters = desk.page.locator("p.secret code").inner_text()
        phone = Phone(eye, *ALL, address=None).open().heading("Set up this phone")
        worker = "navigator.serviceWorker.ready.then((it) => it.active.scriptURL)"
        assert str(phone.page.evaluate(worker)).startswith(f"{shared.origin}/app/worker.js")
        phone.press("Check my phone").heading("There is no camera").press("Go on without it")
        phone.fill("Ten letters and digits", letters).press("Go on").heading("Which number")
        phone.fill("The two digits on the page", number_on(desk)).press("Go on")
        phone.heading("Choose a PIN").fill("New PIN", PIN).fill("Once more", PIN)
        phone.press("Keep this PIN").heading("This phone is ready", patience_s=45)
        expect(desk.page.locator("h1")).to_contain_text("answers for you")
        # the maker's own service is asked first; this browser's window is private, and says so
        assert [one for one in eye.findings if "Push API in incognito" not in one] == []


def test_a_browser_that_does_not_trust_it_is_not_let_in_unawares(shared: DemoProcess) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(shared.origin)


def test_the_plain_door_hands_out_the_certificate_and_nothing_of_the_demo(
    shared: DemoProcess, address: str
) -> None:
    plain = f"http://{address}:{shared.port}"
    page = httpx.get(plain)
    assert page.status_code == 200
    assert shared.origin in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["vary"], 'lang="en"' in page.text) == ("Accept-Language", True)
    german = httpx.get(plain, headers={"Accept-Language": "de-CH, en;q=0.5"})
    assert "Drei Schritte" in german.text
    assert shared.origin in german.text
    handed = httpx.get(f"{plain}/keyturn-demo.crt")
    assert handed.headers["content-type"] == "application/x-x509-ca-cert"
    assert handed.content[:1] == b"\x30"
    for path in ("/demo", "/signin", "/../people.json", "/lan/server.key"):
        assert httpx.get(plain + path).status_code == 404
    assert httpx.post(plain, data={"x": "y"}).status_code == 404


def test_without_an_address_of_its_own_network_it_refuses(tmp_path: Path) -> None:
    refused = keyturn(tmp_path, "demo", "--port", "0", "--lan", "8.8.8.8")
    assert refused.returncode == 1
    assert "8.8.8.8" in refused.stderr
    assert "never put on a public address" in refused.stderr
    assert not (tmp_path / "var").exists()
