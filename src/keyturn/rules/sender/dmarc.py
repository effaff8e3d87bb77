"""DMARC (RFC 9989, which took the place of RFC 7489): policy, and whose domains are aligned.

What belongs together is found by walking up the DNS (§4.10), not by a list of suffixes.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.rules.sender import tags
from keyturn.rules.sender.dns import Asking, Query, Reply, labels

POLICIES = ("none", "quarantine", "reject")
#: a walk asks at most eight times: a longer name goes on with its last seven labels
LONGEST_WALK, GOES_ON_WITH = 8, 7


@dataclass(frozen=True, slots=True)
class Policy:
    """A record.

    Attributes:
        domain: where it stands, without "_dmarc."; `text`: as written.
        policy: for this very domain: "none", "quarantine" or "reject"; "" if it says none
            that there is.
        below: for names below it.
        strict_dkim, strict_spf: whether only the very same domain is aligned.
        testing: t=y, or pct=0 as it used to be written.
        percent: pct of RFC 7489, which older receivers still obey; 100 without one.
        reports: whether anybody gets reports (rua).
        psd: "y", "n" or "u".
    """

    domain: str
    text: str
    policy: str
    below: str
    strict_dkim: bool
    strict_spf: bool
    testing: bool
    percent: int
    reports: bool
    psd: str


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk up from `domain` found.

    Attributes:
        found: records, the longest name first.
        several, broken: names with more than one record, or with one that is no tag list.
        silent: a name that nobody answered for, or "": then nothing is certain.
    """

    domain: str
    found: tuple[Policy, ...]
    several: tuple[str, ...]
    broken: tuple[str, ...]
    silent: str

    @property
    def organisation(self) -> str:
        """The organizational domain (§4.10.2)."""
        for record in self.found:
            if record.psd == "n":
                return record.domain
            if record.psd == "y" and record.domain != self.domain:
                return _one_more(self.domain, record.domain)
        return self.found[-1].domain if self.found else self.domain

    @property
    def policy(self) -> Policy | None:
        """The record that receivers go by: the domain's own, else its organisation's."""
        for name in (self.domain, self.organisation):
            for record in self.found:
                if record.domain == name:
                    return record
        return self.found[-1] if self.found else None

    @property
    def applied(self) -> str:
        """The policy for mail of exactly this domain."""
        record = self.policy
        if record is None:
            return ""
        return record.policy if record.domain == self.domain else record.below


def walk(domain: str) -> Asking[Walk]:
    """Ask for the domain's record and for those above it, at most eight times."""
    found: list[Policy] = []
    several: list[str] = []
    broken: list[str] = []
    silent = ""
    for name in _steps(domain):
        answer = yield Query(f"_dmarc.{name}", "TXT")
        if answer.reply is Reply.SILENT:
            silent = silent or name
        texts = [text for text in answer.records if _is_dmarc(text)]
        record = read(name, texts[0]) if len(texts) == 1 else None
        if len(texts) > 1:
            several.append(name)
        elif texts and record is None:
            broken.append(name)
        if record is not None:
            found.append(record)
            if record.psd in {"y", "n"}:
                break
    return Walk(domain, tuple(found), tuple(several), tuple(broken), silent)


def _steps(domain: str) -> list[str]:
    parts = labels(domain)
    names = [".".join(parts)]
    parts = parts[1:] if len(parts) < LONGEST_WALK else parts[-GOES_ON_WITH:]
    while parts:
        names.append(".".join(parts))
        parts = parts[1:]
    return names


def _is_dmarc(text: str) -> bool:
    """The version comes first and is written exactly so (§4.7)."""
    name, equals, rest = text.partition("=")
    return name.strip() == "v" and bool(equals) and rest.partition(";")[0].strip() == "DMARC1"


def read(domain: str, text: str) -> Policy | None:
    """A record's tags; None where it is no tag list. What it does not know it passes over."""
    found = tags.parse(text)
    if found is None:
        return None
    policy = _policy(found.get("p", "none"))
    percent = found.get("pct", "100")
    share = int(percent) if percent.isascii() and percent.isdigit() and len(percent) < 4 else 100  # noqa: PLR2004  0 to 100
    return Policy(
        domain=domain,
        text=text,
        policy=policy,
        below=_policy(found.get("sp", policy)),
        strict_dkim=found.get("adkim", "r").lower() == "s",
        strict_spf=found.get("aspf", "r").lower() == "s",
        testing=found.get("t", "n").lower() == "y" or share == 0,
        percent=min(share, 100),
        reports=bool(found.get("rua")),
        psd=found.get("psd", "u").lower(),
    )


def _policy(word: str) -> str:
    return word.lower() if word.lower() in POLICIES else ""


def _one_more(domain: str, above: str) -> str:
    """The name one label longer than `above` on the way down to `domain`."""
    return ".".join(labels(domain)[-len(labels(above)) - 1 :])


def aligned(one: str, other: str, *, strict: bool, same_organisation: bool) -> bool:
    """Whether a domain that was proved (SPF, DKIM) speaks for the sender's (§4.4)."""
    return one.lower() == other.lower() or (not strict and same_organisation)
