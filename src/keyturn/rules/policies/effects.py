"""What a change of a policy does, to how many people: the preview, before anything is stored.

Pure: the tenant before and after, and what was counted.  Each effect has its words for one person
and for many; what has no number is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.accounts import Tenant
from keyturn.rules.policies import words
from keyturn.rules.policies.catalogue import OFF
from keyturn.rules.policies.counts import Counts
from keyturn.rules.policies.spelling import spelled
from keyturn.rules.policies.words import Say


class Tone(StrEnum):
    """How an effect is shown: as a matter of course, as good news, as a warning."""

    CALM = "calm"
    GOOD = "good"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Effect:
    """One sentence of a preview. `text`: with `{n}`, `{to}`, `{was}` to be filled in."""

    tone: Tone
    text: str
    values: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class _Change:
    """One policy that is to be other than it is."""

    key: str
    before: Tenant
    after: Tenant
    counts: Counts

    @property
    def to(self) -> str:
        """As it is written after the change."""
        return spelled(self.after, self.key)

    def says(self, tone: Tone, say: Say, n: int | None = None) -> Iterator[Effect]:
        """The effect in its words; none where it is about nobody."""
        if n == 0:
            return
        known: dict[str, int | str] = {"to": self.to, "was": spelled(self.before, self.key)}
        if n is not None:
            known["n"] = n
        yield Effect(tone, say.one if n == 1 else say.many, known)


def effects(key: str, before: Tenant, after: Tenant, counts: Counts) -> tuple[Effect, ...]:
    """What the change of one policy does. `key`: of POLICIES; nothing where nothing changes."""
    if spelled(before, key) == spelled(after, key):
        return ()
    return tuple(_EFFECTS[key](_Change(key, before, after, counts)))


def stripped(before: Tenant, after: Tenant, counts: Counts) -> int:
    """How many people the change leaves without a second step: it has to be said twice."""
    ends = before.policy.sms_second and not after.policy.sms_second
    return counts.people.only_text if ends else 0


def _signup(change: _Change) -> Iterator[Effect]:
    people = change.counts.people
    if change.to == OFF:
        yield from change.says(Tone.CALM, words.SIGNUP_OFF)
        yield from change.says(Tone.CALM, words.SIGNUP_OPEN, people.unfinished)
        yield from change.says(Tone.CALM, words.SIGNUP_INVITED, people.invited)
        return
    yield from change.says(Tone.WARN, words.SIGNUP_ON)


def _phone(change: _Change) -> Iterator[Effect]:
    people = change.counts.people
    if change.to == "required":
        yield from change.says(Tone.WARN, words.PHONE_OWING, people.owing)
        yield from change.says(Tone.CALM, words.PHONE_INVITED, people.invited)
        yield from change.says(Tone.GOOD, words.PHONE_REQUIRED)
        return
    if change.to == OFF:
        yield from change.says(Tone.CALM, words.PHONE_OFF)
        yield from change.says(Tone.CALM, words.PHONE_KEPT, people.numbered)
    else:
        yield from change.says(Tone.CALM, words.PHONE_OPTIONAL)
    if change.before.policy.phone == "required":
        yield from change.says(Tone.WARN, words.PHONE_LESS)


def _activation_again(change: _Change) -> Iterator[Effect]:
    invited = change.counts.people.invited
    if change.to == OFF:
        yield from change.says(Tone.CALM, words.AGAIN_OFF)
        yield from change.says(Tone.CALM, words.AGAIN_OFF_INVITED, invited)
        return
    yield from change.says(Tone.WARN, words.AGAIN_ON)
    yield from change.says(Tone.CALM, words.AGAIN_ON_INVITED, invited)


def _password_min(change: _Change) -> Iterator[Effect]:
    if change.after.policy.password_min < change.before.policy.password_min:
        yield from change.says(Tone.WARN, words.PASSWORD_SHORTER)
    else:
        yield from change.says(Tone.GOOD, words.PASSWORD_LONGER)
    yield from change.says(Tone.CALM, words.PASSWORD_KEPT, change.counts.people.passwords)
    yield from change.says(Tone.CALM, words.PASSWORD_NOBODY)


def _lockout_scope(change: _Change) -> Iterator[Effect]:
    locked = change.counts.locked
    if change.to == "account":
        yield from change.says(Tone.WARN, words.SCOPE_ACCOUNT)
        yield from change.says(Tone.WARN, words.SCOPE_WHOLLY, locked.strangers)
        yield from change.says(Tone.CALM, words.SCOPE_BROWSERS, locked.browsers)
        return
    yield from change.says(Tone.GOOD, words.SCOPE_CLIENT)
    yield from change.says(Tone.CALM, words.SCOPE_OPENS, locked.strangers)


def _directory_domains(change: _Change) -> Iterator[Effect]:
    counts = change.counts
    before = set(change.before.policy.directory_domains)
    after = set(change.after.policy.directory_domains)
    if after - before:
        yield from change.says(Tone.CALM, words.DOMAINS_MORE)
        yield from change.says(Tone.CALM, words.DOMAINS_THERE, counts.circular)
        yield from change.says(Tone.WARN, words.DOMAINS_STUCK, counts.stuck)
    if before - after:
        yield from change.says(Tone.WARN, words.DOMAINS_LESS)
        yield from change.says(Tone.CALM, words.DOMAINS_FREED, counts.freed)


def _sms_second(change: _Change) -> Iterator[Effect]:
    people = change.counts.people
    if change.to == OFF:
        yield from change.says(Tone.WARN, words.SMS_LEFT_WITH_NONE, people.only_text)
        yield from change.says(Tone.GOOD, words.SMS_OTHERS, people.texted - people.only_text)
        yield from change.says(Tone.CALM, words.SMS_SESSIONS)
        return
    yield from change.says(Tone.GOOD, words.SMS_GAINED, people.only_text)
    yield from change.says(Tone.WARN, words.SMS_WEAKER, people.texted - people.only_text)
    yield from change.says(Tone.WARN, words.SMS_TAKEN_OVER)


def _voice(change: _Change) -> Iterator[Effect]:
    off = change.to == OFF
    yield from change.says(Tone.CALM, words.VOICE_OFF if off else words.VOICE_ON)


def _region(change: _Change) -> Iterator[Effect]:
    yield from change.says(Tone.CALM, words.REGION)
    yield from change.says(Tone.CALM, words.REGION_KEPT, change.counts.people.numbered)


def _sms_countries(change: _Change) -> Iterator[Effect]:
    was, to = change.before.policy.sms_countries, change.after.policy.sms_countries
    if was and (not to or set(to) - set(was)):
        yield from change.says(Tone.WARN, words.COUNTRIES_MORE)
    if to and (not was or set(was) - set(to)):
        yield from change.says(Tone.CALM, words.COUNTRIES_LESS)
        yield from change.says(Tone.CALM, words.COUNTRIES_KEPT, change.counts.people.numbered)


def _sender(change: _Change) -> Iterator[Effect]:
    people = change.counts.people
    yield from change.says(Tone.WARN, words.SENDER)
    yield from change.says(Tone.CALM, words.SENDER_PEOPLE, people.active + people.invited)
    yield from change.says(Tone.CALM, words.SENDER_HEALTH)


def _support(change: _Change) -> Iterator[Effect]:
    if not change.after.support:
        yield from change.says(Tone.WARN, words.SUPPORT_NONE)
    else:
        yield from change.says(Tone.CALM, words.SUPPORT_SHOWN)
    if change.before.support:
        yield from change.says(Tone.CALM, words.SUPPORT_CARDS)


def _language(change: _Change) -> Iterator[Effect]:
    yield from change.says(Tone.CALM, words.LANGUAGE_PEOPLE, change.counts.people.no_language)
    yield from change.says(Tone.CALM, words.LANGUAGE_PAGES)


def _timezone(change: _Change) -> Iterator[Effect]:
    yield from change.says(Tone.CALM, words.ZONE_PEOPLE, change.counts.people.no_zone)
    yield from change.says(Tone.CALM, words.ZONE_FIGURES)


def _name(change: _Change) -> Iterator[Effect]:
    yield from change.says(Tone.CALM, words.NAME)


def _accent(change: _Change) -> Iterator[Effect]:
    yield from change.says(Tone.CALM, words.ACCENT)


_EFFECTS: Final[Mapping[str, Callable[[_Change], Iterator[Effect]]]] = {
    "signup": _signup,
    "phone": _phone,
    "activation_again": _activation_again,
    "password_min": _password_min,
    "lockout_scope": _lockout_scope,
    "directory_domains": _directory_domains,
    "sms_second": _sms_second,
    "voice": _voice,
    "region": _region,
    "sms_countries": _sms_countries,
    "name": _name,
    "accent": _accent,
    "sender": _sender,
    "support": _support,
    "language": _language,
    "timezone": _timezone,
}
