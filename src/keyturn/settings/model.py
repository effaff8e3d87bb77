"""Every setting with its type, default, meaning and what it may be.

No setting moves time: only the demo and tests can, with a clock of their own.
"""

from __future__ import annotations

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
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from keyturn.settings import checks

Origin = Annotated[str, AfterValidator(checks.origin)]
Networks = Annotated[
    tuple[str, ...], BeforeValidator(checks.split), AfterValidator(checks.networks)
]


def _field(text: str, default: Any, *, allowed: str | None = None, **limits: Any) -> Any:
    """A field with its documentation; `allowed` where the type alone does not tell."""
    extra: dict[str, Any] = {} if allowed is None else {"allowed": allowed}
    return Field(default, description=text, json_schema_extra=extra, **limits)


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True
    )


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
        "Where bounces go (MAIL FROM); the tenant's sender address if it is not set.",
        None,
        allowed="a mail address",
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
    def _login(self) -> Self:
        if (self.user is None) != (self.password is None):
            missing = "user" if self.user is None else "password"
            raise checks.clash(missing, "set, because user and password belong together")
        return self


class Sms(_Section):
    """The gateway that takes text messages."""

    driver: Literal["none", "kannel"] = _field(
        "The protocol the gateway speaks. With none, no phone number can be proved.", "none"
    )
    url: Annotated[str, AfterValidator(checks.gateway_url)] | None = _field(
        "The gateway's address for sending.",
        None,
        allowed="https://…, or http:// for a gateway on this machine or a private network, "
        "e.g. http://127.0.0.1:13013/cgi-bin/sendsms",
    )
    user: str = _field("The name to log in with.", "", allowed="text")
    password: SecretStr = _field("The password to log in with.", SecretStr(""), allowed="text")
    sender: Annotated[str, AfterValidator(checks.sms_sender)] | None = _field(
        "The number or name shown on the phone; the gateway's own if it is not set.",
        None,
        allowed="+ and digits, or 1 to 11 letters, digits and spaces",
    )
    report_base: Annotated[str, AfterValidator(checks.gateway_url)] | None = _field(
        "Where the gateway reaches Keyturn with delivery reports; server.origin if it is not set.",
        None,
        allowed="as for url",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.driver != "none" and self.url is None:
            raise checks.clash("url", "the gateway's address, because driver is set")
        return self


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


class Log(_Section):
    """What the server writes to standard error. Never a password, code or token."""

    level: Literal["debug", "info", "warning", "error"] = _field("The least that counts.", "info")
    format: Literal["text", "json"] = _field("Lines for people or for programs.", "text")


class Settings(BaseSettings):
    """All settings. The environment (KEYTURN_SECTION__NAME) wins over the file's values,
    which are given as arguments.
    """

    model_config = SettingsConfigDict(
        env_prefix="KEYTURN_",
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    server: Server = Server()
    store: Storage = Storage()
    mail: Mail = Mail()
    sms: Sms = Sms()
    hash: Hashing = Hashing()
    passwords: Passwords = Passwords()
    limits: Limits = Limits()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what was given; no .env file, no secrets folder."""
        return env_settings, init_settings
