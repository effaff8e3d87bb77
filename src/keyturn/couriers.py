"""What a server sends with, put together: mail, texts, pushes, calls to a customer's own service.

A start loads only the drivers that the settings name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal

from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.sealing import load_key_ring
from keyturn.adapters.smtp import SmtpMailer, SmtpServer
from keyturn.adapters.webhook import HttpsCaller
from keyturn.flows import deliver
from keyturn.flows.deliver import Courier
from keyturn.ports.delivery import Texter
from keyturn.ports.parts import Parts
from keyturn.ports.secrets import Sealer
from keyturn.ports.system import Clock
from keyturn.rules import verp
from keyturn.rules.verp import ReturnPath
from keyturn.settings import DkimKey, Settings

if TYPE_CHECKING:
    from keyturn.adapters.dkim import Signer
    from keyturn.adapters.sms.rest import RestGateway
    from keyturn.adapters.sms.smpp import Reported, SmppTexter, Take
    from keyturn.ports.pushing import Pusher


def courier(settings: Settings, parts: Parts) -> Courier:
    """What delivers: the mail server, the gateway if there is one, the words."""
    mail = settings.mail
    server = SmtpServer(
        host=mail.host,
        port=mail.port,
        security="tls" if mail.tls == "implicit" else mail.tls,
        username=mail.user,
        password=mail.password.get_secret_value() if mail.password else None,
        ca_file=str(mail.ca_file) if mail.ca_file else None,
        envelope=mail.envelope,
    )
    return Courier(
        mailer=SmtpMailer(
            server, parts.clock, _signer(mail.dkim), _returns(settings, parts.sealer)
        ),
        texter=_texter(settings, parts),
        letters=JinjaLetters(parts.link),
        caller=HttpsCaller(
            private=settings.webhook.private,
            ca_file=str(settings.webhook.ca_file) if settings.webhook.ca_file else None,
        ),
    )


def _signer(keys: Sequence[DkimKey]) -> Signer | None:
    """What signs mail; None where no key is set."""
    if not keys:
        return None
    from keyturn.adapters.dkim import Signer, load_key  # noqa: PLC0415  where there is a key

    return Signer([load_key(key.domain, key.selector, key.file.read_bytes()) for key in keys])


def _returns(settings: Settings, sealer: Sealer) -> Callable[[str], ReturnPath] | None:
    """What gives each mail its return path; None where nobody reads what comes back."""
    bounces = settings.mail.bounces
    if bounces is None:
        return None
    return lambda message_id: verp.return_path(
        bounces, message_id, sealer.digest(verp.PURPOSE, message_id)
    )


def pusher(settings: Settings, clock: Clock) -> Pusher:
    """What sends messages to phones; close it with the loop that it was used in."""
    from keyturn.adapters.push.made import pusher_of  # noqa: PLC0415  where a phone is to be reached

    ring = load_key_ring(settings.store.data_dir / "keys.json")
    return pusher_of(settings, ring, clock)


def _texter(settings: Settings, parts: Parts) -> Texter | None:
    match settings.sms.driver:
        case "kannel":
            return _kannel(settings, parts.sealer)
        case "rest":
            from keyturn.adapters.sms.rest import RestTexter  # noqa: PLC0415  as above

            return RestTexter(_rest(settings), parts.sealer)
        case "smpp":
            return _smpp(settings, text_receipts(parts))
        case _:
            return None


def _kannel(settings: Settings, sealer: Sealer) -> Texter:
    from keyturn.adapters.sms.kannel import KannelGateway, KannelTexter  # noqa: PLC0415  as above

    sms = settings.sms
    gateway = KannelGateway(
        url=sms.url or "",
        username=sms.user,
        password=sms.password.get_secret_value(),
        report_url=f"{sms.report_base or settings.server.origin}/hooks/sms",
        sender=sms.sender,
    )
    return KannelTexter(gateway, sealer)


def _rest(settings: Settings) -> RestGateway:
    from keyturn.adapters.sms.rest import RestGateway  # noqa: PLC0415  as above

    sms = settings.sms
    return RestGateway(
        url=sms.url or "",
        account=sms.account or sms.user,
        user=sms.user,
        password=sms.password.get_secret_value(),
        signing_key=(sms.signing_key or sms.password).get_secret_value(),
        sender=sms.sender or "",
        report_url=f"{sms.report_base or settings.server.origin}/hooks/sms/status",
    )


def _smpp(settings: Settings, take: Take) -> SmppTexter:
    from keyturn.adapters.sms.smpp import (  # noqa: PLC0415  where there is a link, not at every start
        SmppCentre,
        SmppTexter,
    )

    sms = settings.sms
    centre = SmppCentre(
        host=sms.host or "",
        port=sms.port,
        user=sms.user,
        password=sms.password.get_secret_value(),
        tls=sms.tls == "implicit",
        ca_file=str(sms.ca_file) if sms.ca_file else None,
        system_type=sms.system_type,
        sender=sms.sender,
        window=sms.window,
    )
    return SmppTexter(centre, take)


def text_reports(parts: Parts) -> Callable[[dict[str, str]], Awaitable[bool]]:
    """What takes the SMS gateway's reports: (fields) -> whether its signature is right."""
    from keyturn.adapters.sms import kannel  # noqa: PLC0415  as above

    async def take(params: dict[str, str]) -> bool:
        message_id, told = kannel.reported(params, parts.sealer), kannel.report(params)
        if message_id is not None and told is not None:
            await deliver.report(parts, message_id, *told)
        return message_id is not None

    return take


def text_statuses(
    settings: Settings, parts: Parts
) -> Callable[[dict[str, str], Sequence[tuple[str, str]], str], Awaitable[bool]]:
    """What takes a Twilio-style gateway's reports: (address, form, signature) -> whether both
    signatures are right.
    """
    from keyturn.adapters.sms import rest  # noqa: PLC0415  as above

    gateway = _rest(settings)

    async def take(query: dict[str, str], form: Sequence[tuple[str, str]], signed: str) -> bool:
        message_id = rest.reported(gateway, parts.sealer, query, form, signed)
        told = rest.report(dict(form))
        if message_id is not None and told is not None:
            await deliver.report(parts, message_id, *told)
        return message_id is not None

    return take


def text_receipts(parts: Parts) -> Take:
    """What takes an SMSC's receipts: -> whether the text that one is about was found."""

    async def take(told: Reported) -> bool:
        if told.message_id is not None:
            await deliver.report(parts, told.message_id, told.state, told.detail)
            return True
        return await deliver.report_by_reference(
            parts, told.references, told.number, told.state, told.detail
        )

    return take


def mail_key(domain: str, selector: str, kind: Literal["rsa", "ed25519"]) -> tuple[bytes, str]:
    """A new key that signs mail: its private half as PEM, and its record for a zone file."""
    from keyturn.adapters.dkim import (  # noqa: PLC0415  as above
        dns_record,
        generate_key,
        private_pem,
    )

    key = generate_key(domain, selector, kind)
    return private_pem(key), dns_record(key).zone_line()
