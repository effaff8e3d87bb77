"""One request to a page, and what its door may do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import escape
from starlette.responses import Response

from keyturn.flows import account
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.callers import Caller
from keyturn.rules.clients import client_name
from keyturn.rules.languages import of_page
from keyturn.steps.acts import Act, begin
from keyturn.web import cookies, parsing
from keyturn.web.cookies import CLIENT_MAX_AGE, Jar
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site

if TYPE_CHECKING:
    from keyturn.flows.entering import Entered
    from keyturn.web.uploads import Upload
    from keyturn.words.speech import Speech

BROWSER_MAX_AGE = CLIENT_MAX_AGE
#: longest form token that is read
CSRF_LENGTH = 64
HTML = "text/html; charset=utf-8"
#: statuses that put somebody off, and for how many seconds where nothing better is known
PUT_OFF, PUT_OFF_S = (429, 503), 5
#: what stands for the form token and the time in pages that are rendered once
CSRF_MARK = "form-token-of-this-browser-00000000000000000"
NOW_MARK = 4102444800123
HERE_MARK = "address-of-this-page-00000000000000000"
#: an address that the choice of a language may lead back to: printable, and of ours
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,800}")
HERE_MAX = 801
#: where it leads if not
ELSEWHERE = "/"


class Visit:
    """A request to a page.

    Attributes:
        tenant, base: whose page, and what its addresses begin with ("" or "/t/slug").
        path: path parameters of the route.
        me: set by `signed`; the user whose session this is.
        glass_at: see rules.access.Staff; only the console has one.
        oversees: staff who may see how the installation is; only in the console.
        owns: an owner; as `oversees`.
        serves: staff of a tenant that has customers; as `oversees`.
        guest: somebody of a provider, at work in this tenant's console; or None.
        sees_as: the role whose console somebody looks at that is not theirs; "" for their own.
        fields: of the form that this browser sent, once it was read.
    """

    def __init__(self, site: Site, scope: Mapping[str, Any], receive: Any) -> None:
        self.site = site
        self.scope = scope
        self.receive = receive
        self.tenant: Tenant = scope["keyturn.tenant"]
        self.base: str = scope["keyturn.base"]
        self.path: Mapping[str, str] = scope.get("path_params", {})
        self.now = site.parts.clock.now()
        self.signed_in: account.Signed | None = None
        self.glass_at: int | None = None
        self.oversees = False
        self.owns = False
        self.serves = False
        self.guest: Entered | None = None
        self.sees_as = ""
        self.fields: Mapping[str, str] = {}
        self._jar = Jar(self.tenant.slug, site.secure)
        self._cookies = parsing.cookies(scope)
        self._set: list[bytes] = []
        self.browser = self._browser()

    def _browser(self) -> str:
        """The browser's own token; a new one if it shows none."""
        shown = cookies.token(self._cookies.get(self._jar.name("browser")))
        if shown is not None:
            return shown
        fresh = self.site.parts.random.token()
        self._set.append(self._jar.write("browser", fresh, BROWSER_MAX_AGE))
        return fresh

    @property
    def csrf(self) -> str:
        """The form token of this browser."""
        return self.site.parts.sealer.digest("csrf", self.browser)

    @property
    def language(self) -> str:
        """The language that whoever looks at this page reads; see rules.languages."""
        chosen = self._cookies.get(self._jar.name("language"))
        asked = parsing.header(self.scope, b"accept-language")
        return of_page(chosen, asked, self.tenant.policy.language)

    @property
    def here(self) -> str:
        """This page's address within the tenant, for whoever changes its language; the
        start page's where only a form leads here.
        """
        query = self.scope["query_string"].decode("latin-1")
        address = self.scope["path"] + (f"?{query}" if query else "")
        return address if self.scope.get("keyturn.shown", True) and local(address) else ELSEWHERE

    @property
    def caller(self) -> Caller:
        """Who is asking, for a flow."""
        sealer = self.site.parts.sealer
        shown = self._cookies.get(self._jar.name("client"))
        return Caller(
            tenant=self.tenant,
            browser=sealer.digest("browser", self.browser),
            offers=cookies.offers(sealer, self.tenant, shown),
            ip=parsing.address(self.scope, self.site.trusted),
            client_name=client_name(parsing.header(self.scope, b"user-agent") or ""),
            language=self.language,
        )

    def act(self) -> Act:
        """Who is asking, and when."""
        return begin(self.site.parts, self.caller)

    async def form(self, **allowed: int) -> dict[str, str]:
        """The fields of the form posted; `allowed` names them with their longest length.

        Raises Refusal 403 "form-expired" if the form was not made for this browser: its
        cookie is gone, or another site made it.
        """
        self._same_origin()
        raw = await parsing.body(self.scope, self.receive)
        fields = parsing.form(self.scope, raw, {"csrf": CSRF_LENGTH, **allowed})
        return self._of_this_browser(fields)

    async def form_with_list(
        self, name: str, most: int, **allowed: int
    ) -> tuple[dict[str, str], list[str]]:
        """As `form`, of one in which the allowed field `name` may be sent `most` times."""
        self._same_origin()
        raw = await parsing.body(self.scope, self.receive)
        known = {"csrf": CSRF_LENGTH, **allowed}
        fields, listed = parsing.form_with_list(self.scope, raw, known, name, most)
        return self._of_this_browser(fields), listed

    async def upload(self, name: str, most: int, **allowed: int) -> tuple[dict[str, str], Upload]:
        """As `form`, of one with a file called `name` of at most `most` octets."""
        from keyturn.web import uploads  # noqa: PLC0415  few pages take a file

        self._same_origin()
        raw = await parsing.body(self.scope, self.receive, most + parsing.BODY_MAX)
        fields, file = await uploads.read(
            self.scope, raw, {"csrf": CSRF_LENGTH, **allowed}, name
        )  # fmt: skip
        return self._of_this_browser(fields), file

    def _of_this_browser(self, fields: dict[str, str]) -> dict[str, str]:
        if not self.site.parts.sealer.matches("csrf", self.browser, fields.pop("csrf")):
            raise Refusal(403, "form-expired")
        self.fields = dict(fields)
        return fields

    def _same_origin(self) -> None:
        """A browser that names another origin is not showing our page."""
        origin = parsing.header(self.scope, b"origin")
        if origin is not None and origin not in (self.site.origin, self._own_origin()):
            raise Refusal(403, "other-origin")

    def _own_origin(self) -> str | None:
        """The origin of a tenant with a host name of its own."""
        if self.tenant.host is None:
            return None
        return f"{self.site.origin.split('://')[0]}://{self.tenant.host}"

    def query(self, **allowed: int) -> dict[str, str]:
        """The fields of the query string."""
        return parsing.query(self.scope, allowed)

    async def signed(self) -> account.Signed:
        """The session of this browser. Raises Refusal 401 "sign-in" if there is none."""
        signed = await self.recognised()
        if signed is None:
            raise Refusal(401, "sign-in")
        return signed

    async def recognised(self) -> account.Signed | None:
        """The session of this browser, if it has a live one."""
        token = self.session_token
        if self.signed_in is None and token is not None:
            parts = self.site.parts
            self.signed_in = await account.authenticate(parts, self.caller, token)
        return self.signed_in

    @property
    def person(self) -> User | None:
        """Who looks at the page, as far as is known yet."""
        if self.guest is not None:
            return self.guest.staff.user
        return self.signed_in.user if self.signed_in else None

    @property
    def stay_token(self) -> str | None:
        """What lets one of a provider's people in here, if the cookie has the shape of one."""
        return cookies.token(self._cookies.get(self._jar.name("stay")))

    def keep_stay(self, token: str | None) -> None:
        """Let the browser in until it is closed, or no more."""
        self._set.append(self._jar.write("stay", token or "", None if token else 0))

    @property
    def session_token(self) -> str | None:
        """The session cookie's token, if it has the shape of one."""
        return cookies.token(self._cookies.get(self._jar.name("session")))

    def keep_session(self, token: str | None) -> None:
        """Give the browser its session, or take it away."""
        if token is None:
            self._set.append(self._jar.write("session", "", 0))
        else:
            life = self.site.parts.limits.session_ms // 1000
            self._set.append(self._jar.write("session", token, life))

    def keep_client(self, client: str) -> None:
        """Make this browser a known client ("id.token")."""
        shown = self._cookies.get(self._jar.name("client"))
        value = cookies.with_client(self.site.parts.sealer, self.tenant, shown, client)
        self._set.append(self._jar.write("client", value, CLIENT_MAX_AGE))

    def page(self, template: str, status: int = 200, /, **context: Any) -> Response:
        """A rendered template. One that puts somebody off says until when (Retry-After,
        RFC 9110 §10.2.3), by what its `problem` knows.
        """
        page = self._template(template)
        response = Response(self._filled(page, context), status, media_type=HTML)
        if status in PUT_OFF:
            response.headers["retry-after"] = str(_wait_s(context.get("problem") or {}, self.now))
        return self._speaking(page, response)

    def piece(self, template: str, /, **context: Any) -> str:
        """A rendered template, or what a page shows of itself once more."""
        return self._filled(self._template(template), context)

    def words(self, template: str) -> tuple[Callable[[str], str], Speech]:
        """How a page says what a catalogue of the rules holds, and times: as its own words,
        which may be English while not all of them are translated.
        """
        held = self._template(template).globals
        return held["say"], held["speech"]

    def _template(self, name: str) -> jinja2.Template:
        return self.site.page(name, self.language)

    def _filled(self, template: jinja2.Template, context: Mapping[str, Any]) -> str:
        return template.render(
            tenant=self.tenant,
            base=self.base,
            csrf=self.csrf,
            now=self.now,
            me=self.person,
            glass_at=self.glass_at,
            oversees=self.oversees,
            owns=self.owns,
            serves=self.serves,
            guest=self._told_of_guest(),
            sees_as=self.sees_as,
            language=self.language,
            this_page=self.here,
            **context,
        )

    def _told_of_guest(self) -> Mapping[str, str] | None:
        """What the head of each page says to somebody of a provider."""
        if self.guest is None:
            return None
        home = self.guest.provider
        link = self.site.parts.link
        return {
            "provider": home.name, "role": str(self.guest.staff.role),
            "customers": link(home, "/console/customers"), "account": link(home, "/account"),
        }  # fmt: skip

    def away(self, tenant: Tenant, path: str) -> Response:
        """On to a page of another tenant, which may be at another host name: after a form, a
        browser lets nobody be sent there (CSP form-action), so this is a page that leads on.
        """
        url = self.site.parts.link(tenant, path)
        response = self.page("console/away.html", to=tenant, url=url)
        response.headers["refresh"] = f"0; url={url}"
        return response

    def abroad(self, tenant: Tenant, path: str) -> Response:
        """As `away`, for who did not send a form (303)."""
        url = self.site.parts.link(tenant, path)
        return self._finish(Response(status_code=303, headers={"location": url}))

    def form_page(self, template: str, **context: Any) -> Response:
        """A page on which only the form token and the time differ between two visits: it
        is rendered once for each tenant and address, and the two are put in.

        Only for pages that show nothing of the person and nothing typed.
        """
        key = (template, self.language, self.base, self.tenant, tuple(sorted(context.items())))
        page, text = self._template(template), self.site.rendered.get(key)
        if text is None:
            text = page.render(
                tenant=self.tenant, base=self.base, csrf=CSRF_MARK, now=NOW_MARK, me=None,
                language=self.language, this_page=HERE_MARK, **context,
            )  # fmt: skip
            self.site.rendered[key] = text
        text = text.replace(CSRF_MARK, self.csrf).replace(str(NOW_MARK), str(self.now))
        text = text.replace(HERE_MARK, str(escape(self.here)))
        return self._speaking(page, Response(text, media_type=HTML))

    def _speaking(self, page: jinja2.Template, response: Response) -> Response:
        """Says which language the page is in, and by what it was chosen (RFC 9110 §12.5.5)."""
        speech = page.globals["speech"]
        response.headers["content-language"] = speech.language
        response.headers["vary"] = "Accept-Language, Cookie"
        return self._finish(response)

    def told(self, value: Mapping[str, Any], status: int = 200) -> Response:
        """An answer for a script of the page, with the cookies that come of it."""
        body = json.dumps(value)
        return self._finish(Response(body, status, media_type="application/json"))

    def to(self, path: str) -> Response:
        """See another page of this tenant (303)."""
        return self._finish(Response(status_code=303, headers={"location": self.base + path}))

    def keep_language(self, language: str) -> None:
        """This browser reads `language` from now on."""
        self._set.append(self._jar.write("language", language, BROWSER_MAX_AGE))

    def _finish(self, response: Response) -> Response:
        for cookie in self._set:
            response.raw_headers.append((b"set-cookie", cookie))
        return response


def local(address: str) -> bool:
    """Whether it is an address of this very site, without a host."""
    return _LOCAL.fullmatch(address) is not None


def _wait_s(problem: Mapping[str, Any], now: int) -> int:
    """Whole seconds after which a problem (see docs/design/02-pages.md) may be gone."""
    until = problem.get("until") or problem.get("at")
    wait = until - now if until else problem.get("retry_after", PUT_OFF_S * 1000)
    return max(1, -(-int(wait) // 1000))
