"""Settings: read from file and environment, refused all at once with names and remedies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.settings import Problem, Settings, SettingsRefused, load, report
from keyturn.settings.checks import origin

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from the machine that runs the tests."""
    for name in [name for name in os.environ if name.upper().startswith("KEYTURN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "my.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def refused(path: Path | None = None) -> dict[str, Problem]:
    with pytest.raises(SettingsRefused) as caught:
        load(path)
    return {problem.name: problem for problem in caught.value.problems}


def test_without_a_file_and_variables_everything_has_its_default() -> None:
    settings = load()
    assert settings.server.origin == "http://localhost:8080"
    assert settings.store.url == "sqlite:///var/keyturn.db"
    assert (settings.hash.time_cost, settings.hash.memory_kib, settings.hash.lanes) == (2, 19456, 1)


def test_the_file_in_the_current_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "keyturn.toml").write_text("[server]\nport = 81\n")
    assert load().server.port == 81


def test_a_named_file_wins_over_the_variable_and_that_over_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    (tmp_path / "keyturn.toml").write_text("[server]\nport = 81\n")
    (tmp_path / "other.toml").write_text("[server]\nport = 82\n")
    monkeypatch.setenv("KEYTURN_CONFIG", "other.toml")
    assert load().server.port == 82
    assert load(write("[server]\nport = 83\n")).server.port == 83


def test_the_environment_wins_setting_by_setting(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setenv("KEYTURN_SERVER__PORT", "82")
    server = load(write("[server]\nport = 81\nworkers = 3\n")).server
    assert (server.port, server.workers) == (82, 3)


def test_a_value_in_a_sections_place_is_refused_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setenv("KEYTURN_SERVER__PORT", "82")
    problem = refused(write("server = 3\n"))["server"]
    assert problem.given == "3"
    assert problem.source.endswith("my.toml")


def test_a_variables_letters_may_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("keyturn_server__port", "82")
    assert load().server.port == 82


def test_lists_are_spelled_with_commas_and_tables_as_json_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEYTURN_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    monkeypatch.setenv(
        "KEYTURN_MAIL__DKIM", '[{"domain": "Example.com", "selector": "s1", "file": "k.pem"}]'
    )
    settings = load()
    assert settings.server.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert settings.mail.dkim[0].domain == "example.com"


def test_the_database_follows_the_data_folder_unless_it_is_named(write: Write) -> None:
    assert load(write('[store]\ndata_dir = "/d"\n')).store.url == "sqlite:////d/keyturn.db"
    assert load(write('[store]\nurl = "sqlite:///x.db"\n')).store.url == "sqlite:///x.db"


def test_every_problem_is_told_at_once_with_name_source_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setenv("KEYTURN_MAIL__PORT", "abc")
    monkeypatch.setenv("KEYTURN_STORE_URL", "x")
    path = write(
        'foo = 1\n[server]\nport = 99999\nprot = 3\norigin = "http://example.com"\n'
        '[sms]\ndriver = "pigeon"\n[log]\nlevel = 7\n'
    )
    problems = refused(path)
    assert set(problems) == {
        "foo",
        "KEYTURN_STORE_URL",
        "server.port",
        "server.prot",
        "server.origin",
        "mail.port",
        "sms.driver",
        "log.level",
    }
    assert problems["server.port"] == Problem(
        "server.port", str(path), "99999", "a whole number from 1 to 65535"
    )
    assert problems["mail.port"].source == "KEYTURN_MAIL__PORT"
    assert problems["mail.port"].given == "'abc'"
    assert problems["sms.driver"].allowed == "none, kannel, rest, smpp"
    assert problems["server.prot"].allowed == "did you mean server.port?"
    assert problems["KEYTURN_STORE_URL"].allowed == "did you mean KEYTURN_STORE__URL?"


@pytest.mark.parametrize(
    "variable", ["KEYTURN_SERVR__PORT", "KEYTURN_SERVER", "KEYTURN_SERVER__", "KEYTURN_MAIL_PORT"]
)
def test_a_variable_that_was_meant_as_a_setting_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    assert refused()


@pytest.mark.parametrize("variable", ["KEYTURN_CONFIG", "KEYTURN_NOTHING_LEFT_OUT"])
def test_variables_that_are_no_settings_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "")
    load()


def test_secrets_are_neither_told_nor_shown(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    path = write(
        '[store]\nurl = "mysql://u:hunter2@h/d"\n[mail]\npassword = 5\nuser = "u"\n'
        "[sms]\npassword = [1]\n"
    )
    problems = refused(path)
    assert {problems[name].given for name in ("store.url", "mail.password", "sms.password")} == {
        "(hidden)"
    }
    monkeypatch.setenv("KEYTURN_STORE__URL", "postgresql+psycopg://u:hunter2@h/d")
    monkeypatch.setenv("KEYTURN_SMS__PASSWORD", "hunter2")
    assert "hunter2" not in repr(load())


def test_a_file_that_was_named_must_be_there_and_be_toml(tmp_path: Path, write: Write) -> None:
    missing = tmp_path / "none.toml"
    assert refused(missing)[str(missing)].given == "No such file or directory"
    broken = write("[server\n")
    assert "line 1" in str(refused(broken)[str(broken)].given)


@pytest.mark.parametrize("text", ["server = 3\n", "_case_sensitive = true\n", "[[server]]\n"])
def test_what_is_no_section_is_refused(write: Write, text: str) -> None:
    assert refused(write(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[mail]\nhost = "mail.example.com"\n', "mail.tls"),
        ('[mail]\nhost = "10.0.0.3"\ntls = "none"\n', "mail.tls"),
        ('[mail]\nuser = "u"\n', "mail.password"),
        ('[mail]\npassword = "p"\n', "mail.user"),
        ('[sms]\ndriver = "kannel"\n', "sms.url"),
        ("[hash]\ntime_cost = 1\n", "hash.time_cost"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(write: Write, text: str, name: str) -> None:
    assert set(refused(write(text))) == {name}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server.trusted_proxies", "0.0.0.0/0"),
        ("server.trusted_proxies", "::/0"),
        ("server.trusted_proxies", "10.0.0.1/8"),
        ("server.host", "everywhere"),
        ("server.workers", "0"),
        ("store.url", "sqlite://"),
        ("store.url", "postgresql+psycopg://host"),
        ("store.url", "postgresql://host/db"),
        ("mail.envelope", "Ann <ann@example.com>"),
        ("mail.envelope", "ann@example.com\r\nX: y"),
        ("mail.host", "a b"),
        ("sms.url", "http://sms.example.com/send"),
        ("sms.sender", "A name that is too long"),
        ("passwords.breached", "/nonexistent/list"),
        ("hash.memory_kib", "7167"),
        ("limits.session_hours", "1.5"),
        ("mail.dkim", "{"),
        ("push.contact", "ops@example.test"),
        ("push.contact", "mailto:Ops <ops@example.test>"),
        ("push.contact", "http://127.0.0.1"),
        ("push.hosts", "*"),
        ("push.hosts", "*.com"),
        ("push.hosts", "https://push.example.test"),
        ("push.hosts", "push.*.test"),
        ("push.ports", "0"),
        ("push.ports", "443, 65536"),
        ("push.networks", "0.0.0.0/0"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv("KEYTURN_" + setting.upper().replace(".", "__"), value)
    problems = refused()
    assert set(problems) == {setting}
    assert problems[setting].given == repr(value) or setting == "store.url"


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("https://Login.Example.com", "https://login.example.com"),
        ("https://login.example.com/", "https://login.example.com"),
        ("https://login.example.com:443", "https://login.example.com"),
        ("https://login.example.com:8443", "https://login.example.com:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:81", "http://[::1]:81"),
    ],
)
def test_an_origin_is_kept_as_browsers_spell_it(given_: str, kept: str) -> None:
    assert origin(given_) == kept


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "localhost:8080",
        "http://example.com",
        "http://localhost.example.com",
        "http://127.0.0.2",
        "https://example.com/path",
        "https://example.com?",
        "https://example.com#",
        "https://user@example.com",
        "https://",
        "https://exa mple.com",
        "https://example.com:0",
        "https://example.com:99999",
        "https://münchen.example",
        "ftp://example.com",
        "https://example.com\n",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_safe_origin_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  only that it is refused counts
        origin(bad)


@given(st.text(max_size=40))
def test_an_origin_is_either_refused_or_its_own_canonical_spelling(text: str) -> None:
    try:
        kept = origin(text)
    except ValueError:
        return
    assert origin(kept) == kept


def test_the_report_names_each_problem_in_plain_lines(write: Write) -> None:
    with pytest.raises(SettingsRefused) as caught:
        load(write("[server]\nport = 0\nworkers = 0\n"))
    text = report(caught.value)
    assert text.startswith("Keyturn does not start: 2 settings to mend.")
    assert "  server.port\n    given:    0  (" in text
    assert "    allowed:  a whole number from 1 to 64" in text


def test_settings_do_not_change_once_they_are_read() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1


def test_addresses_that_mail_leaves_from_are_addresses(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setenv("KEYTURN_DOCTOR__ADDRESSES", "192.0.2.1, 2001:DB8::1")
    assert load().doctor.addresses == ("192.0.2.1", "2001:db8::1")
    monkeypatch.delenv("KEYTURN_DOCTOR__ADDRESSES")
    path = write('[doctor]\naddresses = ["mail.north.test"]\n')
    assert "doctor.addresses" in refused(path)


REST = (
    '[sms]\ndriver = "rest"\nurl = "https://api.test/v1"\n'
    'user = "AC1"\npassword = "t"\nsender = "X"\n'
)
SMPP = '[sms]\ndriver = "smpp"\nhost = "smpp.example.net"\nuser = "keyturn"\npassword = "s3cret"\n'


@pytest.mark.parametrize(
    "text", [REST, SMPP, SMPP.replace("smpp.example.net", "10.0.0.9") + 'tls = "none"\n']
)
def test_a_gateway_with_all_it_needs_is_accepted(write: Write, text: str) -> None:
    assert load(write(text)).sms.driver in {"rest", "smpp"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (REST.replace('url = "https://api.test/v1"\n', ""), "sms.url"),
        (REST.replace('url = "https', 'url = "http'), "sms.url"),
        (REST.replace('user = "AC1"\n', ""), "sms.user"),
        (REST.replace('password = "t"\n', ""), "sms.password"),
        (REST.replace('sender = "X"\n', ""), "sms.sender"),
        (SMPP.replace('host = "smpp.example.net"\n', ""), "sms.host"),
        (SMPP + 'tls = "none"\n', "sms.tls"),
        (SMPP + 'tls = "starttls"\n', "sms.tls"),
        (SMPP.replace("s3cret", "longer-than-8"), "sms.password"),
        (SMPP.replace("s3cret", "p\u00e4ss"), "sms.password"),
        (SMPP.replace('"keyturn"', '"a-name-of-16-let"'), "sms.user"),
        (SMPP + 'system_type = "thirteen-long"\n', "sms.system_type"),
        (SMPP + "window = 0\n", "sms.window"),
    ],
)
def test_a_gateway_without_what_it_needs_is_refused_by_name(
    write: Write, text: str, name: str
) -> None:
    assert set(refused(write(text))) == {name}


def test_a_push_service_of_ones_own_takes_four_settings(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    path = write(
        '[push]\ncontact = "mailto:ops@example.test"\nhosts = ["*.Push.Example.test"]\n'
        'ports = [443, 8443]\nnetworks = ["10.0.0.0/8"]\n'
    )
    push = load(path).push
    assert (push.contact, push.hosts) == ("mailto:ops@example.test", ("*.push.example.test",))
    assert (push.ports, push.networks) == ((443, 8443), ("10.0.0.0/8",))
    monkeypatch.setenv("KEYTURN_PUSH__PORTS", "8443, 9443")
    monkeypatch.setenv("KEYTURN_PUSH__HOSTS", "")
    assert (load(path).push.ports, load(path).push.hosts) == ((8443, 9443), ())
