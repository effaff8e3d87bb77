"""Every setting with its type, default, meaning and what it may be.

No setting moves time: only the demo and tests can, with a clock of their own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from keyturn.settings import checks

# pydantic would look through every installed package for plugins, and run them: nothing that merely
# lies beside Keyturn is to see its settings, and no start is to wait for the search
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

Origin = Annotated[str, AfterValidator(checks.origin)]
Networks = Annotated[
    tuple[str, ...], BeforeValidator(checks.split), AfterValidator(checks.networks)
]
Addresses = Annotated[
    tuple[str, ...], BeforeValidator(checks.split), AfterValidator(checks.addresses)
]


def _field(text: str, default: Any, *, allowed: str | None = None, **limits: Any) -> Any:
    """A field with its documentation; `allowed` where the type alone does not tell."""
    extra: dict[str, Any] = {} if allowed is None else {"allowed": allowed}
    return Field(default, description=text, json_schema_extra=extra, **limits)


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
        defer_build=True,  # with the whole, once, and not by itself before
    )


def _section() -> Any:
    """A section that need not be there: then each of its settings is what it is by default."""
    return Field({}, validate_default=True)


class Server(_Section):
    """Where Keyturn listens and under which address people reach it."""

    origin: Origin = _field(
        "The address that people type, as it stands in links and as browsers must send it. "
        "Links are never built from what a request claims.",
        "http://localhost:8080",
        allowed="https://HOST or https://HOST:PORT without a path; "
        "http:// only for localhost, 127.0.0.1 and [::1]",
    )
    host: Annotated[str, AfterValidator(checks.listening_host)] = _field(
        "The address to listen on.",
        "127.0.0.1",
        allowed="an IP address of this machine; 0.0.0.0 or :: for all; localhost",
    )
    port: int = _field("The port to listen on.", 8080, ge=1, le=65535)
    workers: int = _field("Server processes that share the port.", 2, ge=1, le=64)
    leave_seconds: int = _field(
        "Behind a balancer: how long a server that was told to stop goes on answering while "
        "/healthz says 503. Longer than the balancer's checks are apart; 0 for a server alone.",
        0,
        ge=0,
        le=60,
    )
    trusted_proxies: Networks = _field(
        "Reverse proxies whose X-Forwarded-For is believed. From anybody else it is ignored.",
        (),
        allowed="a list of networks such as 10.0.0.0/8 or fd00::/8, or single addresses; "
        "in the environment separated by commas; never the whole internet",
    )


class Storage(_Section):
    """Where data and keys live."""

    data_dir: Path = _field(
        "The folder of the key ring (keys.json) and of the SQLite database. "
        "Whoever reads the keys can read sealed data: keep it apart from database backups.",
        Path("var"),
        allowed="a folder; it is made with mode 0700 if there is none",
    )
    url: Annotated[str, AfterValidator(checks.store_url)] = Field(
        default_factory=lambda data: f"sqlite:///{data.get('data_dir', 'var')}/keyturn.db",
        repr=False,
        description="The database.",
        json_schema_extra={
            "allowed": "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE",
            "default": "sqlite:///DATA_DIR/keyturn.db",
            "secret": True,
        },
    )


class DkimKey(_Section):
    """One key that signs mail (RFC 6376)."""

    domain: Annotated[str, AfterValidator(checks.host_name)] = Field(
        description="The domain of the sender's address."
    )
    selector: Annotated[str, AfterValidator(checks.host_name)] = Field(
        description="The public key is published at SELECTOR._domainkey.DOMAIN."
    )
    file: Path = Field(description="The private key, PEM, RSA or Ed25519.")


class Mail(_Section):
    """The mail server that takes what Keyturn sends."""

    host: Annotated[str, AfterValidator(checks.host)] = _field(
        "The mail server.", "localhost", allowed="a host name or IP address"
    )
    port: int = _field("Its port.", 25, ge=1, le=65535)
    tls: Literal["none", "starttls", "implicit"] = _field(
        "How the connection is protected. Mails carry codes: none is accepted for a server "
        "on this machine only.",
        "none",
    )
    ca_file: Path | None = _field(
        "Certificates to trust instead of the system's.", None, allowed="a PEM file"
    )
    user: str | None = _field("The name to log in with.", None, allowed="text")
    password: SecretStr | None = _field("The password to log in with.", None, allowed="text")
    envelope: Annotated[str, AfterValidator(checks.mail_address)] | None = _field(
        "Where bounces go (MAIL FROM) if Keyturn does not read them; the tenant's sender "
        "address if it is not set.",
        None,
        allowed="a mail address; not together with bounces",
    )
    bounces: Annotated[str, AfterValidator(checks.bounce_address)] | None = _field(
        "The address whose mail Keyturn reads: what becomes of each mail is known then. "
        "Bounces go to bounce+MESSAGE.SIGNATURE@… for bounce@…, and receipts are asked for. Its "
        "mail must reach `keyturn bounce` or bounce_maildir: docs/delivery.md shows how.",
        None,
        allowed="a mail address in lower case, at most 20 letters before the @",
    )
    bounce_maildir: Path | None = _field(
        "A Maildir into which your mail system delivers the mail of the bounces address. "
        "The server reads it every few seconds and removes what it has read, whatever it is.",
        None,
        allowed="a folder with new, cur and tmp in it, which this user may write; with bounces",
    )
    dkim: Annotated[tuple[DkimKey, ...], BeforeValidator(checks.from_json)] = _field(
        "Keys that sign mail, one [[mail.dkim]] each.",
        (),
        allowed="tables with domain, selector and file; in the environment as JSON",
    )

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.tls == "none" and not checks.is_loopback(self.host):
            raise checks.clash("tls", "starttls or implicit, unless host is this machine")
        return self

    @model_validator(mode="after")
    def _read_back(self) -> Self:
        if self.bounces is not None and self.envelope is not None:
            raise checks.clash("envelope", "not set, because bounces is")
        if self.bounce_maildir is not None and self.bounces is None:
            raise checks.clash("bounces", "the address whose mail bounce_maildir holds")
        return self

    @model_validator(mode="after")
    def _login(self) -> Self:
        if (self.user is None) != (self.password is None):
            missing = "user" if self.user is None else "password"
            raise checks.clash(missing, "set, because user and password belong together")
        return self


class Sms(_Section):
    """The gateway that takes text messages.

    `kannel` is Kannel's sendsms or a gateway like it: set url, user and password.

    `rest` is Twilio's REST interface or one like it: set url (for Twilio
    https://api.twilio.com/2010-04-01), user (the account's SID), password (its auth token) and
    sender. With an API key in user and password, set account and signing_key, too: reports
    are signed with the account's auth token, and count only if that signature is right.

    `smpp` is an SMPP 3.4 link: set host, port, user and password. Each of the server's
    processes (server.workers, on each host) keeps one link of its own bound as transceiver.
    Where the operator allows fewer binds, lower server.workers: a process without a link
    leaves its texts to the others, but each such try costs seconds. Receipts may come over
    any of the links.

    Whatever the driver, a text is handed over at least once: if its answer is lost, nobody
    can know whether it was taken, and it goes again with the same code.
    """

    driver: Literal["none", "kannel", "rest", "smpp"] = _field(
        "The protocol the gateway speaks. With none, no phone number can be proved.", "none"
    )
    url: Annotated[str, AfterValidator(checks.gateway_url)] | None = _field(
        "kannel: the address for sending. rest: what stands before /Accounts.",
        None,
        allowed="https://…, or http:// for a gateway on this machine or a private network, "
        "e.g. http://127.0.0.1:13013/cgi-bin/sendsms",
    )
    host: Annotated[str, AfterValidator(checks.host)] | None = _field(
        "smpp: the message centre.", None, allowed="a host name or IP address"
    )
    port: int = _field("smpp: its port.", 3550, ge=1, le=65535)
    tls: Literal["none", "implicit"] = _field(
        "smpp: how the link is protected. Texts carry codes: none is accepted for a message "
        "centre on this machine or a private network (a VPN to the operator) only.",
        "implicit",
    )
    ca_file: Path | None = _field(
        "smpp: certificates to trust instead of the system's.", None, allowed="a PEM file"
    )
    system_type: str = _field("smpp: system_type, where the operator asks for one.", "",
        allowed="text, at most 12 characters", max_length=12,
    )  # fmt: skip
    window: int = _field(
        "smpp: texts of one link handed over and not answered yet, at most.", 10, ge=1, le=1000
    )
    user: str = _field("The name to log in with.", "", allowed="text; smpp: at most 15 characters")
    password: SecretStr = _field(
        "The password to log in with.",
        SecretStr(""),
        allowed="text; smpp: at most 8 characters",
    )
    account: str | None = _field(
        "rest: the account's SID; user if it is not set.", None, allowed="text"
    )
    signing_key: SecretStr | None = _field(
        "rest: the account's auth token, which signs reports; password if it is not set.",
        None,
        allowed="text",
    )
    sender: Annotated[str, AfterValidator(checks.sms_sender)] | None = _field(
        "The number or name shown on the phone; the gateway's own if it is not set.",
        None,
        allowed="+ and digits, or 1 to 11 letters, digits and spaces; rest: also the SID of a "
        "messaging service (MG…)",
    )
    report_base: Annotated[str, AfterValidator(checks.gateway_url)] | None = _field(
        "kannel, rest: where the gateway reaches Keyturn with delivery reports; server.origin "
        "if it is not set.",
        None,
        allowed="as for url",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.driver in {"kannel", "rest"} and self.url is None:
            raise checks.clash("url", "the gateway's address, because driver is set")
        if self.driver == "smpp" and self.host is None:
            raise checks.clash("host", "the message centre, because driver is smpp")
        return self

    @model_validator(mode="after")
    def _rest(self) -> Self:
        if self.driver == "rest":
            for name in ("user", "sender"):
                if not getattr(self, name):
                    raise checks.clash(name, "set, because driver is rest")
            if not self.password.get_secret_value():
                raise checks.clash("password", "set, because it also signs reports")
        return self

    @model_validator(mode="after")
    def _smpp(self) -> Self:
        if self.driver != "smpp" or self.host is None:
            return self
        if self.tls == "none" and not checks.is_near(self.host):
            raise checks.clash("tls", "implicit, unless host is here or on a private network")
        login = (("user", self.user, 15), ("password", self.password.get_secret_value(), 8))
        for name, value, most in login:
            if len(value) > most or not value.isascii():
                raise checks.clash(name, f"at most {most} ASCII characters, as SMPP has it")
        return self


class Push(_Section):
    """Messages to phones and browsers (Web Push).

    The makers of browsers run the services that these go through. What is sent there can be read
    by the one browser alone, and its length tells nothing; the service sees when, and how urgent.
    The key by which services know this installation comes from the key ring: nothing is to be set.
    """

    contact: Annotated[str, AfterValidator(checks.contact)] | None = _field(
        "Where a push service's operator reaches yours when something is wrong; every message "
        "carries it. server.origin if it is not set; without https there none is named, and some "
        "services refuse that.",
        None,
        allowed="mailto:ADDRESS or https://…",
    )
    hosts: Annotated[
        tuple[str, ...], BeforeValidator(checks.split), AfterValidator(checks.service_names)
    ] = _field(
        "The services that messages go to. Browsers name theirs, and anybody can name anything: "
        "what is not on this list is not called. The default serves Chrome, Firefox, Safari and "
        "Edge; with an empty list nothing is sent.",
        (
            "fcm.googleapis.com",
            "*.push.services.mozilla.com",
            "web.push.apple.com",
            "*.notify.windows.com",
        ),
        allowed="a list of host names, *.NAME for all names under one; in the environment "
        "separated by commas",
    )
    ports: Annotated[
        tuple[int, ...], BeforeValidator(checks.split), AfterValidator(checks.port_numbers)
    ] = _field(
        "The ports that services may be at.",
        (443,),
        allowed="a list of whole numbers from 1 to 65535; in the environment separated by commas",
    )
    networks: Networks = _field(
        "Networks that a service may be in although they are not public: for a service of your "
        "own. No other private address is called, whatever name leads there.",
        (),
        allowed="a list of networks such as 10.0.0.0/8 or fd00::/8, or single addresses; "
        "in the environment separated by commas; never the whole internet",
    )
    ca_file: Path | None = _field(
        "Certificates to trust instead of the system's: for a service of your own.",
        None,
        allowed="a PEM file",
    )


class Hashing(_Section):
    """argon2id (RFC 9106): what one guess at a stolen password costs."""

    time_cost: int = _field("Passes over the memory.", 2, ge=1, le=20)
    memory_kib: int = _field("Memory of one hash in KiB.", 19456, ge=7168, le=1_048_576)
    lanes: int = _field("Threads of one hash.", 1, ge=1, le=16)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.time_cost * self.memory_kib < checks.LEAST_HASH_WORK:
            raise checks.clash("time_cost", "2 or more with 19456 KiB, 5 or more with 7168 KiB")
        return self


class Passwords(_Section):
    """Which passwords nobody may choose, besides the 30,000 most common ones."""

    breached: Annotated[Path, AfterValidator(checks.readable)] | None = _field(
        "Passwords known from breaches; nothing is looked up over the network.",
        None,
        allowed="a file with one password a line, or the ordered-by-hash download of "
        "Have I Been Pwned (SHA1:COUNT lines)",
    )


class Limits(_Section):
    """What holds for all tenants."""

    network_failures: int = _field(
        "Failed tries of unknown clients per network (IPv4 /24, IPv6 /64) and hour, over all "
        "names; beyond it that network waits.",
        300,
        ge=10,
        le=1_000_000,
    )
    session_hours: int = _field("Hours after which everybody signs in again.", 12, ge=1, le=720)
    session_idle_minutes: int = _field(
        "Minutes without a click after which a session ends.", 60, ge=5, le=10_080
    )
    sms_per_day: int = _field(
        "Text messages per tenant and day; beyond it none is sent and an alarm raised.",
        1000,
        ge=0,
        le=1_000_000,
    )
    sms_per_hour: int = _field(
        "The same per hour: a burst is stopped before it has cost a day's texts.",
        300,
        ge=0,
        le=1_000_000,
    )
    sms_per_network: int = _field(
        "Text messages asked for from one network (IPv4 /24, IPv6 /64), per tenant and hour.",
        20,
        ge=1,
        le=1_000_000,
    )
    sms_per_range: int = _field(
        "Text messages per tenant and hour to numbers that differ in their last four digits "
        "only: whoever pumps texts owns such a range.",
        20,
        ge=1,
        le=1_000_000,
    )
    sms_per_country: int = _field(
        "Text messages per tenant and hour to one country other than the tenant's own.",
        60,
        ge=0,
        le=1_000_000,
    )
    mails_per_hour: int = _field(
        "Mails with codes and links that people who are not signed in may cause, per tenant and "
        "hour. Browsers and apps that are known are not counted.",
        2000,
        ge=10,
        le=10_000_000,
    )


class Retention(_Section):
    """How many days things are kept after they are over; then the background removes them."""

    audit_days: int = _field(
        "The audit trail. What says that rows were removed or accounts erased stays.",
        730,
        ge=30,
        le=36_500,
    )
    messages_days: int = _field("Mails and texts that were sent, as the console shows them.", 90,
                                ge=7, le=36_500)  # fmt: skip
    cases_days: int = _field("Closed cases.", 730, ge=30, le=36_500)
    clients_days: int = _field(
        "Known browsers that nobody came back with, and phones and devices that are not "
        "somebody's any more; "
        "browsers forget us after 400 days.",
        400,
        ge=30,
        le=36_500,
    )
    flows_days: int = _field(
        "Codes, links, what was begun in browsers and ran out, and what phones and devices were "
        "asked: "
        "diagnosis looks at them. "
        "Accounts that a directory does not have any more. Lists of people who were invited "
        "together, after their end.",
        30,
        ge=1,
        le=3650,
    )
    sessions_days: int = _field("Sessions that ran out.", 7, ge=1, le=3650)
    absent_days: int = _field("Attempts on names that nobody has.", 30, ge=2, le=3650)
    jobs_days: int = _field(
        "Resets and unlocks in a directory, with what each controller showed.",
        365,
        ge=7,
        le=36_500,
    )
    counts_days: int = _field(
        "Daily counts of what happened, of which charts and reports are made. They name nobody "
        "but, by their ids, staff.",
        1096,
        ge=62,
        le=36_500,
    )
    health_days: int = _field("What changed in how directories are.", 90, ge=1, le=3650)


class Webhook(_Section):
    """Tenants' own addresses for alarms (`keyturn tenant webhook`)."""

    private: bool = _field(
        "Whether alarms may also go to addresses of private networks and of this machine. Whoever "
        "may choose a tenant's address can then make this server call what is near it.",
        default=False,
        allowed="true or false",
    )
    ca_file: Path | None = _field(
        "Certificates to trust instead of the system's.", None, allowed="a PEM file"
    )


class KnownNetworks(_Section):
    """What is known of the addresses that people come from."""

    ranges: Annotated[Path, AfterValidator(checks.readable)] | None = _field(
        "Addresses of VPNs, proxies, hosting companies and operators' NAT. Whoever comes from a "
        "VPN is told so when they set up a device, and only then; without the file nobody is. It "
        "is read again when it changes; nothing is looked up over the network.",
        None,
        allowed="a file with one range a line (203.0.113.0/24 vpn Example VPN; the kinds are vpn, "
        "proxy, hosting, carrier, mobile), or an MMDB file with kind and name",
    )


class Log(_Section):
    """What the server writes to standard error. Never a password, code or token."""

    level: Literal["debug", "info", "warning", "error"] = _field("The least that counts.", "info")
    format: Literal["text", "json"] = _field("Lines for people or for programs.", "text")


class Doctor(_Section):
    """What `keyturn doctor` cannot find out by itself."""

    addresses: Addresses = _field(
        "The public addresses that mail leaves from, as the world sees them: your mail "
        "server's, or its router's. SPF and reverse names are checked for them. If a provider "
        "sends for you, one of its addresses will do.",
        (),
        allowed="a list of IP addresses; in the environment separated by commas",
    )
    ntp: Annotated[str, AfterValidator(checks.host)] | None = _field(
        "A time server (NTP) to compare the clock with; nobody is asked if it is not set.",
        None,
        allowed="a host name or IP address",
    )


class Settings(BaseModel):
    """All settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    server: Server = _section()
    store: Storage = _section()
    mail: Mail = _section()
    sms: Sms = _section()
    push: Push = _section()
    hash: Hashing = _section()
    passwords: Passwords = _section()
    limits: Limits = _section()
    retention: Retention = _section()
    webhook: Webhook = _section()
    networks: KnownNetworks = _section()
    log: Log = _section()
    doctor: Doctor = _section()
