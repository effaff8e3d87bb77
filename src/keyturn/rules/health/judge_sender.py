"""Judging the sender: what the DNS says of the domains that mail claims to come from.

Generators, as in rules.sender: they ask, are answered, and end with findings.  A domain
that is not there, or that nobody answers for, is asked nothing further.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from keyturn.rules.health.sights import MailKey, SeenTenant, Setup
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.sender import dmarc as dmarcs
from keyturn.rules.sender.dkim import OurKey, published
from keyturn.rules.sender.dns import Answer, Asking, Query, Reply, labels
from keyturn.rules.sender.spf import Result, Spf, check_host

#: RFC 6761, RFC 2606, RFC 8375, RFC 9476, ICANN's .internal; and what people make up
RESERVED = frozenset(
    {"test", "example", "invalid", "localhost", "local", "onion", "internal", "alt", "lan",
     "home.arpa", "example.com", "example.net", "example.org"}
)  # fmt: skip
STRING_MAX, HOSTS_SHOWN, HOSTS_TRIED = 255, 3, 5


def zone_line(name: str, value: str) -> str:
    """A TXT record as a line of a zone file; a string there holds at most 255 octets."""
    parts = [value[i : i + STRING_MAX] for i in range(0, len(value), STRING_MAX)]
    return f"{name}. IN TXT " + " ".join(f'"{part}"' for part in parts)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail is judged: a tenant's sender domain under these settings, at a moment."""

    setup: Setup
    tenant: SeenTenant
    at: int

    @property
    def domain(self) -> str:
        return self.tenant.domain

    @property
    def envelope(self) -> str:
        """The domain in MAIL FROM, which SPF is about."""
        return (self.setup.envelope or self.tenant.sender).rpartition("@")[2].lower()

    @property
    def keys(self) -> tuple[MailKey, ...]:
        """Keys that sign this domain's mail."""
        return tuple(key for key in self.setup.mail_keys if key.domain == self.domain)

    def find(self, cause: str, subject: str, **facts: Value) -> Finding:
        return Finding(cause, subject, self.at, {"domain": self.domain, **facts})


def name_servers(at: int) -> Asking[Finding]:
    """Whether anybody answers. The root's name servers are asked for: every resolver knows
    them, and the question tells nobody anything.
    """
    answer = yield Query("", "NS")
    return Finding("dns.silent" if answer.reply is Reply.SILENT else "dns.ok", "", at)


def of_sender(sender: Sender) -> Asking[list[Finding]]:
    """Everything about one sender's domain."""
    answer = yield Query(sender.domain, "MX")
    there = _existence(sender, answer)
    if there.cause != "domain.ok":
        return [there, *unseen(sender)]
    mx = yield from _mail_to(sender, "mx", sender.domain, answer)
    spf = yield from _spf(sender)
    dkim = yield from _dkim(sender)
    dmarc = yield from _dmarc(sender, spf, dkim)
    findings = [there, mx, spf, *dkim, *dmarc]
    if sender.envelope != sender.domain:
        bounce = yield Query(sender.envelope, "MX")
        findings.append((yield from _mail_to(sender, "bounces", sender.envelope, bounce)))
    return findings


def unseen(sender: Sender) -> list[Finding]:
    """What cannot be told where the domain was not found, or nobody could be asked."""
    d, e = sender.domain, sender.envelope
    found = [
        sender.find("mx.unseen", d), sender.find("spf.unseen", e, domain=e),
        sender.find("dmarc.unseen", d),
    ]  # fmt: skip
    names = [f"{key.selector}._domainkey.{d}" for key in sender.keys]
    return [*found, *(sender.find("dkim.unseen", name, name=name) for name in names)]


def _existence(sender: Sender, answer: Answer) -> Finding:
    d, tenant = sender.domain, sender.tenant
    about: dict[str, Value] = {"sender": tenant.sender, "tenant": tenant.slug}
    if answer.reply is Reply.SILENT:
        return sender.find("domain.unseen", d, **about)
    if answer.reply is not Reply.ABSENT:
        return sender.find("domain.ok", d, **about)
    parts = labels(d)
    reserved = {".".join(parts[-1:]), ".".join(parts[-2:])} & RESERVED
    return sender.find("domain.reserved" if reserved else "domain.absent", d, **about)


def _mail_to(sender: Sender, check: str, domain: str, answer: Answer) -> Asking[Finding]:
    """Whether a domain takes mail (RFC 5321 §5.1): MX, else its own address."""

    def find(word: str, **facts: Value) -> Finding:
        return sender.find(f"{check}.{word}", domain, **{"domain": domain, **facts})

    if answer.reply is Reply.SILENT:
        return find("unseen")
    hosts = [record.partition(" ")[2] for record in answer.records]
    if hosts == [""]:
        return find("null")
    for host in (hosts or [domain])[:HOSTS_TRIED]:
        state = yield from _resolves(host)
        if state is not Reply.FOUND:
            word = "missing" if not hosts else "lost"
            return find("unseen" if state is Reply.SILENT else word, host=host)
    return find("ok", hosts=", ".join((hosts or [domain])[:HOSTS_SHOWN]))


def _resolves(host: str) -> Asking[Reply]:
    """FOUND, ABSENT or SILENT, over both families."""
    four = yield Query(host, "A")
    if four.reply is Reply.FOUND:
        return Reply.FOUND
    six = yield Query(host, "AAAA")
    if six.reply is Reply.FOUND:
        return Reply.FOUND
    return Reply.SILENT if Reply.SILENT in {four.reply, six.reply} else Reply.ABSENT


# -- SPF


def _spf(sender: Sender) -> Asking[Finding]:
    domain, addresses = sender.envelope, sender.setup.addresses
    mailbox = sender.setup.envelope or sender.tenant.sender
    stranger = yield from check_host(None, domain, mailbox)
    verdicts: list[tuple[str, Spf]] = []
    for address in addresses:
        spf = yield from check_host(ipaddress.ip_address(address), domain, mailbox)
        verdicts.append((address, spf))
    cause, facts = _judged(stranger, verdicts)
    about: dict[str, Value] = {
        "domain": domain, "record": stranger.record or None, "lookups": stranger.lookups,
        "addresses": ", ".join(addresses), "mail_host": sender.setup.mail_host,
        "suggested": _suggested_spf(sender.setup, cause, stranger.record),
    }  # fmt: skip
    return sender.find(f"spf.{cause}", domain, **{**about, **facts})


def _judged(stranger: Spf, verdicts: list[tuple[str, Spf]]) -> tuple[str, dict[str, Value]]:
    """The gravest that is true, and its facts."""
    troubles = [stranger, *(spf for _, spf in verdicts)]
    if any(spf.problem == "silent" for spf in troubles):
        return "unseen", {}
    passed = bool(verdicts) and all(spf.result is Result.PASS for _, spf in verdicts)
    if stranger.problem and not (passed and stranger.result is Result.PERMERROR):
        return stranger.problem, {"detail": stranger.detail}
    if stranger.result is Result.PASS or stranger.wide:
        return "open", {"opening": f"“{stranger.wide or stranger.matched}”"}
    for address, spf in verdicts:
        if spf.result is not Result.PASS:
            return "not-listed", {"address": address, "result": str(spf.result)}
    if stranger.problem:
        return "late", {"problem": stranger.problem, "detail": stranger.detail}
    if stranger.result is Result.NEUTRAL:
        return "neutral", {}
    return ("ok" if verdicts else "address-unknown"), {}


def _suggested_spf(setup: Setup, cause: str, record: str) -> str:
    """A record that would do: the addresses that are known, else the mail server's."""
    terms = [f"ip{ipaddress.ip_address(a).version}:{a}" for a in setup.addresses]
    if cause in {"not-listed", "neutral", "late"} and record:
        kept = [word for word in record.split()[1:] if word not in terms]
        closed = [w for w in kept if w.lower().lstrip("+?") != "all"]
        tail = [] if any(w.lower().endswith("all") for w in closed[-1:]) else ["-all"]
        return " ".join(["v=spf1", *terms, *closed, *tail])
    local = setup.mail_host in {"localhost", "127.0.0.1", "::1"}
    return " ".join(["v=spf1", *(terms or ["mx" if local else f"a:{setup.mail_host}"]), "-all"])


# -- DKIM


def _dkim(sender: Sender) -> Asking[list[Finding]]:
    """One finding a key; one for the domain where there is none, or Ed25519 alone."""
    keys = [key for key in sender.keys if key.public]
    if not sender.keys:
        host = sender.setup.mail_host
        return [sender.find("dkim.no-key", sender.domain, mail_host=host)]
    found: list[Finding] = []
    for key in keys:
        ours = OurKey(key.domain, key.selector, key.kind, key.public)
        answer = yield Query(ours.name, "TXT")
        word = {"right": "ok", "silent": "unseen"}.get(how := published(ours, answer), how)
        line = zone_line(ours.name, ours.record)
        about: dict[str, Value] = {"kind": key.kind, "path": key.path, "zone_line": line}
        found.append(sender.find(f"dkim.{word}", ours.name, name=ours.name, **about))
    if keys and all(key.kind == "ed25519" for key in keys):
        found.append(sender.find("dkim.ed25519-only", sender.domain))
    return found


# -- DMARC


def _dmarc(sender: Sender, spf: Finding, dkim: list[Finding]) -> Asking[list[Finding]]:
    walk = yield from dmarcs.walk(sender.domain)
    together = yield from _same_organisation(sender, walk)
    passes, certain = _passing(sender, walk, spf, dkim, together=together)
    about: dict[str, Value] = {
        "applied": walk.applied or "none", "passes": passes, "record": _text(walk),
        "organisation": walk.organisation, "suggested": _suggested_dmarc(sender.domain, walk),
    }  # fmt: skip
    word, facts = _policy(sender, walk)
    found = [sender.find(f"dmarc.{word}", sender.domain, **{**about, **facts})]
    if passes or not certain or walk.policy is None:
        return found
    unaligned = sender.find("dmarc.unaligned", sender.domain, **about)
    return [unaligned] if word == "ok" else [*found, unaligned]


def _same_organisation(sender: Sender, walk: dmarcs.Walk) -> Asking[bool]:
    if sender.envelope == sender.domain:
        return True
    other = yield from dmarcs.walk(sender.envelope)
    return other.organisation == walk.organisation


def _passing(
    sender: Sender, walk: dmarcs.Walk, spf: Finding, dkim: list[Finding], *, together: bool
) -> tuple[str, bool]:
    """What mail passes DMARC by ("DKIM and SPF"), and whether that is certain."""
    policy = walk.policy
    strict = policy is not None and policy.strict_spf
    aligned = dmarcs.aligned(
        sender.envelope, sender.domain, strict=strict, same_organisation=together
    )
    by = [name for name, good in (
        ("DKIM", any(f.cause == "dkim.ok" for f in dkim)),
        ("SPF", aligned and spf.cause in {"spf.ok", "spf.neutral", "spf.late", "spf.open"}),
    ) if good]  # fmt: skip
    blind = {"dkim.unseen"} & {f.cause for f in dkim} or (
        aligned and spf.cause in {"spf.unseen", "spf.address-unknown"}
    )
    return " and ".join(by), bool(by) or not blind


def _policy(sender: Sender, walk: dmarcs.Walk) -> tuple[str, dict[str, Value]]:
    """What there is to say of the record itself, the gravest first."""
    policy, where = walk.policy, {sender.domain, walk.organisation}
    if walk.silent in where:
        return "unseen", {}
    for word, names in (("several", walk.several), ("syntax", walk.broken)):
        for name in names:
            if policy is None or name == sender.domain:
                return word, {"where": name}
    if policy is None:
        return "missing", {}
    if walk.applied in {"", "none"}:
        return walk.applied or "policy", {}
    if policy.testing or policy.percent < 100:  # noqa: PLR2004  per cent
        return "testing", {"percent": policy.percent}
    return ("ok" if policy.reports else "no-reports"), {}


def _text(walk: dmarcs.Walk) -> str | None:
    return walk.policy.text if walk.policy else None


def _suggested_dmarc(domain: str, walk: dmarcs.Walk) -> str:
    """The next step: first reports, then quarantine."""
    reports = f"rua=mailto:dmarc-reports@{domain}"
    policy = walk.policy
    if policy is None or not policy.policy:
        return f"v=DMARC1; p=none; {reports}"
    step = "quarantine" if walk.applied in {"", "none"} else walk.applied
    return f"v=DMARC1; p={step}; {reports}"


# -- reverse names


def reverse(address: str, at: int) -> Asking[Finding]:
    """Whether an address has a name that leads back to it."""
    ip = ipaddress.ip_address(address)
    answer = yield Query(ip.reverse_pointer, "PTR")
    facts: dict[str, Value] = {"address": address, "reverse": ip.reverse_pointer}
    if answer.reply is Reply.SILENT:
        return Finding("reverse.unseen", address, at, facts)
    if not answer.records:
        return Finding("reverse.missing", address, at, facts)
    silent = False
    for name in answer.records[:HOSTS_TRIED]:
        forward = yield Query(name, "A" if ip.version == 4 else "AAAA")  # noqa: PLR2004  IPv4
        if str(ip) in forward.records:
            return Finding("reverse.ok", address, at, {**facts, "name": name})
        silent = silent or forward.reply is Reply.SILENT
    word = "unseen" if silent else "unconfirmed"
    return Finding(f"reverse.{word}", address, at, {**facts, "name": answer.records[0]})
