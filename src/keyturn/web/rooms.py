"""Every door of the site, in the order in which paths are tried."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from keyturn.web import files, hooks
from keyturn.web.door import door
from keyturn.web.late import Late
from keyturn.web.pages import (
    account,
    address,
    asking,
    language,
    link,
    passkeys,
    phone,
    proof,
    recover,
    signin,
    signup,
    texting,
)
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site

OWN_DATA = ("/account/data", "/account/delete", "/keep")


def routes(site: Site) -> list[BaseRoute]:
    """All routes; sign-in first, because it is the busiest."""
    return [
        *signin.routes(site),
        Late("/signin/directory", lambda: _asking(site)),
        *recover.routes(site),
        files.static_files(site),
        door(site, "/tenant.css", get=files.tenant_css),
        *signup.routes(site),
        *link.routes(site),
        *(Late(path, lambda: _activation(site)) for path in ("/activate", "/activation")),
        *account.routes(site),
        *proof.routes(site),
        *passkeys.routes(site),
        *address.routes(site),
        *texting.routes(site),
        *asking.routes(site),
        *(
            Late(path, lambda: _data(site))
            for path in ("/account/data", "/account/delete", "/keep")
        ),
        Late("/account/directory", lambda: _directory(site)),
        Late("/account/app", lambda: _own_phone(site)),
        Late("/account/devices", lambda: _own_devices(site)),
        *phone.routes(site),
        Late("/notme", lambda: _objection(site)),
        *language.routes(site),
        Late("/help", lambda: _help(site)),
        Late("/contact", lambda: _help(site)),
        Late("/contact.vcf", lambda: _help(site)),
        Late("/setup", lambda: _owner(site)),
        *hooks.routes(site),
        door(site, "/robots.txt", get=files.robots),
        Late("/api/v1", lambda: _api(site)),
        Late("/console", lambda: _console(site)),
        Late("/at", lambda: _console(site)),
        Late("/agents", lambda: _agents(site)),
        Late("/app/v1", lambda: _signed(site)),
        Late("/devices/v1", lambda: _devices(site)),
        Late("/app", lambda: _phone(site)),
        Route("/healthz", Health(site)),
    ]


def every(site: Site) -> list[BaseRoute]:
    """As `routes`, with those that come late loaded now; not the API's."""
    return [
        *routes(site), *_data(site), *_directory(site), *_asking(site), *_activation(site),
        *_own_phone(site), *_own_devices(site), *_phone(site), *_help(site), *_console(site),
        *_objection(site), *_owner(site),
    ]  # fmt: skip


def _data(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import data  # noqa: PLC0415  as help

    return data.routes(site)


def _directory(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import directory  # noqa: PLC0415  as data

    return directory.routes(site)


def _asking(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import directory_change, directory_signin  # noqa: PLC0415  as data

    return [*directory_signin.routes(site), *directory_change.routes(site)]


def _own_phone(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import own_phone  # noqa: PLC0415  as data

    return own_phone.routes(site)


def _own_devices(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import devices  # noqa: PLC0415  as data

    return devices.routes(site)


def _activation(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import activation  # noqa: PLC0415  as data: each person comes once

    return activation.routes(site)


def _objection(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import objection  # noqa: PLC0415  as data

    return objection.routes(site)


def _owner(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import owner  # noqa: PLC0415  as data: once in an installation's life

    return owner.routes(site)


def _help(site: Site) -> list[BaseRoute]:
    from keyturn.web.pages import help as helping  # noqa: PLC0415  brings the whole diagnosis

    return helping.routes(site)


def _api(site: Site) -> list[BaseRoute]:
    from keyturn.web.api import app  # noqa: PLC0415  takes longer than all pages together

    return app.routes(site)


def _console(site: Site) -> list[BaseRoute]:
    from keyturn.web import console  # noqa: PLC0415  as help

    return [*console.routes(site), *console.ways(site)]


def _phone(site: Site) -> list[BaseRoute]:
    from keyturn.web import app_shell  # noqa: PLC0415  a phone loads it once, and keeps it

    return app_shell.routes(site)


def _agents(site: Site) -> list[BaseRoute]:
    from keyturn.web import agents  # noqa: PLC0415  most servers have none

    return agents.routes(site)


def _signed(site: Site) -> list[BaseRoute]:
    from keyturn.web import app_door  # noqa: PLC0415  as agents

    return app_door.routes(site)


def _devices(site: Site) -> list[BaseRoute]:
    from keyturn.web import devices  # noqa: PLC0415  as agents

    return devices.routes(site)


class Health:
    """For balancers, by whatever name they call: 200 when the store answers, else 503."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One look (ASGI). Raises StoreUnavailable."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refusal(405, "method", headers={"allow": "GET, HEAD"})
        await self._site.parts.store.read(lambda tx: tx.roles.any_owner())
        await Response("ok\n", media_type="text/plain")(scope, receive, send)
