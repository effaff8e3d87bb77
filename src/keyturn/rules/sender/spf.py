"""SPF (RFC 7208): may this address send for this domain?

`check_host` is the RFC's function of that name.  For no address in particular (None) it
walks through the whole record, as for somebody who is listed nowhere: what comes out then
is what becomes of strangers, and the look-ups that the unluckiest sender costs.

The limits of §4.6.4 are what makes it end: every term that asks counts, includes of includes
too, so that a record which includes itself stops at the eleventh.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.sender.dns import Answer, Asking, Kind, Query, Reply
from keyturn.rules.sender.spf_macro import Address, Sending, expand, has_macro
from keyturn.rules.sender.spf_record import Malformed, Network, Record, Term, is_spf, parse

LOOKUPS, VOIDS, HOSTS = 10, 2, 10
#: a network this wide names no sender: a 256th of all addresses, or a registry's whole block
WIDE = {4: 8, 6: 20}
LONGEST_NAME = 253


class Result(StrEnum):
    """§2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105  a result, not a secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_RESULTS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass(frozen=True, slots=True)
class Spf:
    """What came of it.

    Attributes:
        problem: why it is an error or none: "missing", "several", "syntax", "lookups",
            "voids", "include-none" (an included domain has no record), "hosts" (an mx with
            more than ten), "silent"; "" otherwise.
        detail: the term or name concerned.
        record: the domain's own record.
        matched: the term that decided, "" for none.
        wide: a network that is as good as everybody, or "".
    """

    result: Result
    problem: str
    detail: str
    record: str
    matched: str
    lookups: int
    voids: int
    wide: str


class _Stop(Exception):
    def __init__(self, result: Result, problem: str, detail: str) -> None:
        super().__init__(problem)
        self.result, self.problem, self.detail = result, problem, detail


@dataclass(slots=True)
class _Check:
    """One evaluation: who sends, and what was spent."""

    sending: Sending
    lookups: int = 0
    voids: int = 0
    record: str = ""
    wide: str = ""

    def spend(self, term: str) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS:
            raise _Stop(Result.PERMERROR, "lookups", term)

    def count(self, answer: Answer, name: str) -> Answer:
        """Note an answer; void ones are limited, none at all ends it."""
        if answer.reply is Reply.SILENT:
            raise _Stop(Result.TEMPERROR, "silent", name)
        self.voids += answer.void
        if self.voids > VOIDS:
            raise _Stop(Result.PERMERROR, "voids", name)
        return answer


def check_host(ip: Address | None, domain: str, sender: str) -> Asking[Spf]:
    """May `ip` send mail whose MAIL FROM is `sender` (an address, or a domain alone)?

    Args:
        ip: None for somebody who is listed nowhere; see the module.
        domain: whose record is read.
    """
    mailbox = sender if "@" in sender else f"postmaster@{sender}"
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    check = _Check(Sending(ip, mailbox, domain))
    try:
        result, matched = yield from _of(check, domain)
        problem, detail = ("missing", domain) if result is Result.NONE else ("", "")
    except _Stop as stop:
        result, matched, problem, detail = stop.result, "", stop.problem, stop.detail
    return Spf(
        result, problem, detail[:120], check.record, matched, min(check.lookups, LOOKUPS + 1),
        check.voids, check.wide,
    )  # fmt: skip


def _of(check: _Check, domain: str) -> Asking[tuple[Result, str]]:
    """The result of one record, and the term that decided."""
    text = yield from _text(domain)
    if text is None:
        return Result.NONE, ""
    check.record = check.record or text
    record = _parsed(text)
    for term in record.terms:
        if (yield from _matches(check, term, domain)):
            return _RESULTS[term.qualifier], term.text
    if record.redirect and not record.has_all:
        return (yield from _redirected(check, record, domain))
    return Result.NEUTRAL, ""


def _text(domain: str) -> Asking[str | None]:
    """The one SPF record of a domain (§4.5). It is no void look-up to have none."""
    if not _is_name(domain):
        return None
    answer = yield Query(domain, "TXT")
    if answer.reply is Reply.SILENT:
        raise _Stop(Result.TEMPERROR, "silent", domain)
    found = [text for text in answer.records if is_spf(text)]
    if len(found) > 1:
        raise _Stop(Result.PERMERROR, "several", domain)
    return found[0] if found else None


def _parsed(text: str) -> Record:
    try:
        return parse(text)
    except Malformed as error:
        raise _Stop(Result.PERMERROR, "syntax", error.term) from None


def _redirected(check: _Check, record: Record, domain: str) -> Asking[tuple[Result, str]]:
    check.spend(f"redirect={record.redirect}")
    target = expand(record.redirect, check.sending, domain)
    result, matched = yield from _of(check, target)
    if result is Result.NONE:
        raise _Stop(Result.PERMERROR, "include-none", target)
    return result, matched


def _matches(check: _Check, term: Term, domain: str) -> Asking[bool]:
    """Whether a term is about the sending address."""
    if term.name == "all":
        return True
    if term.network is not None:
        return _in_network(check, term.network)
    check.spend(term.text)
    target = expand(term.domain, check.sending, domain) if term.domain else domain
    match term.name:
        case "include":
            return (yield from _included(check, target))
        case "a":
            return (yield from _has_address(check, term, target))
        case "mx":
            return (yield from _has_exchanger(check, term, target))
        case "ptr":
            return (yield from _has_name(check, target))
        case _:
            return (yield from _exists(check, term, target))


def _in_network(check: _Check, network: Network) -> bool:
    if network.prefixlen < WIDE[network.version]:
        check.wide = check.wide or str(network)
    ip = check.sending.ip
    return ip is not None and ip.version == network.version and ip in network


def _included(check: _Check, target: str) -> Asking[bool]:
    result, _ = yield from _of(check, target)
    if result is Result.NONE:
        raise _Stop(Result.PERMERROR, "include-none", target)
    return result is Result.PASS


def _asked(check: _Check, name: str, kind: Kind) -> Asking[Answer]:
    """An answer that counts. A name that is none (§4.8) is asked of nobody, and is void."""
    if not _is_name(name):
        return check.count(Answer(Reply.ABSENT), name)
    answer = yield Query(name, kind)
    return check.count(answer, name)


def _family(check: _Check) -> Kind:
    ip = check.sending.ip
    return "AAAA" if ip is not None and ip.version == 6 else "A"  # noqa: PLR2004  IPv6


def _has_address(check: _Check, term: Term, name: str) -> Asking[bool]:
    answer = yield from _asked(check, name, _family(check))
    return _among(check, term, answer)


def _has_exchanger(check: _Check, term: Term, name: str) -> Asking[bool]:
    answer = yield from _asked(check, name, "MX")
    if len(answer.records) > HOSTS:
        raise _Stop(Result.PERMERROR, "hosts", name)
    for record in answer.records:
        host = record.rpartition(" ")[2]
        if host and _is_name(host):
            addresses = yield Query(host, _family(check))
            if addresses.reply is Reply.SILENT:
                raise _Stop(Result.TEMPERROR, "silent", host)
            if _among(check, term, addresses):
                return True
    return False


def _among(check: _Check, term: Term, answer: Answer) -> bool:
    ip = check.sending.ip
    if ip is None:
        return False
    prefix = term.four if ip.version == 4 else term.six  # noqa: PLR2004  IPv4
    networks = (_around(address, prefix) for address in answer.records)
    return any(n is not None and n.version == ip.version and ip in n for n in networks)


def _around(address: str, prefix: int) -> Network | None:
    try:
        return ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    except ValueError:
        return None


def _has_name(check: _Check, target: str) -> Asking[bool]:
    """The mechanism ptr (§5.5): errors count as no match; at most ten names are looked at."""
    ip = check.sending.ip
    if ip is None:
        return False
    answer = yield Query(ip.reverse_pointer, "PTR")
    for name in answer.records[:HOSTS]:
        if name == target or name.endswith(f".{target}"):
            forward = yield Query(name, _family(check))
            if any(_same(address, ip) for address in forward.records):
                return True
    return False


def _same(text: str, ip: Address) -> bool:
    try:
        return ipaddress.ip_address(text) == ip
    except ValueError:
        return False


def _exists(check: _Check, term: Term, target: str) -> Asking[bool]:
    if check.sending.ip is None and has_macro(term.domain):
        return False  # what it would ask depends on who sends
    answer = yield from _asked(check, target, "A")
    return answer.reply is Reply.FOUND


def _is_name(name: str) -> bool:
    """§4.3: at least two labels, none empty or longer than 63."""
    parts = name.split(".")
    sizes = all(0 < len(part) <= 63 for part in parts)  # noqa: PLR2004  RFC 1035 §2.3.4
    return len(parts) > 1 and sizes and len(name) <= LONGEST_NAME
