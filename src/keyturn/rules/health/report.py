"""One root cause on top, its consequences beneath.

A finding hangs beneath another where that one explains it:

    it could not be seen, and what its check needs could not be reached (or failed)
    it is wrong, its cause names a check (`because`), and that check failed

both for the same subject (a domain, and names below it), or where one of the two is about
the installation.  Whatever has nobody above it is a root.  A warning explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from keyturn.rules.health.verdicts import Area, Cause, Check, Finding, State

#: how a report is ordered: what is wrong, what could be better, what could not be seen
ORDER = (State.FAIL, State.WARN, State.UNKNOWN, State.OK)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Checks and causes by name, in the order in which they are told."""

    checks: Mapping[str, Check]
    causes: Mapping[str, Cause]

    def state(self, finding: Finding) -> State:
        """A finding's verdict."""
        return self.causes[finding.cause].state


@dataclass(frozen=True, slots=True)
class Root:
    """A trouble that nothing else explains, and what it brings about."""

    finding: Finding
    consequences: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        at: when the looking ended.
        roots: troubles, the gravest first.
        fine: what is well.
    """

    at: int
    roots: tuple[Root, ...]
    fine: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, roots before their consequences."""
        nested = [f for root in self.roots for f in (root.finding, *root.consequences)]
        return (*nested, *self.fine)


def arrange(catalogue: Catalogue, findings: Iterable[Finding], at: int) -> Report:
    """Sort findings into roots, consequences and what is fine. What was found of a subject by
    several looks is told once, by the last of them.
    """
    told = {(finding.cause, finding.subject): finding for finding in findings}
    known = [finding for finding in told.values() if finding.cause in catalogue.causes]
    rank = {name: number for number, name in enumerate(catalogue.checks)}
    known.sort(key=lambda f: (rank[f.check], f.subject, f.cause))
    troubled = [f for f in known if catalogue.state(f) is not State.OK]
    beneath: dict[int, list[Finding]] = {}
    roots: list[Finding] = []
    for finding in troubled:
        top = _top(catalogue, finding, known)
        if top is finding:
            roots.append(finding)
        else:
            beneath.setdefault(id(top), []).append(finding)
    roots.sort(key=lambda f: ORDER.index(catalogue.state(f)))
    fine = tuple(f for f in known if catalogue.state(f) is State.OK)
    return Report(at, tuple(Root(f, tuple(beneath.get(id(f), ()))) for f in roots), fine)


def worst(catalogue: Catalogue, report: Report) -> State:
    """The verdict on the whole: what fails counts most, then what could not be seen."""
    states = {catalogue.state(root.finding) for root in report.roots}
    return next((s for s in (State.FAIL, State.UNKNOWN, State.WARN) if s in states), State.OK)


def _top(catalogue: Catalogue, finding: Finding, known: Sequence[Finding]) -> Finding:
    """Follow what explains a finding to what nothing explains."""
    seen = [finding]
    while (above := _above(catalogue, seen[-1], known)) is not None and above not in seen:
        seen.append(above)
    return seen[-1]


def _above(catalogue: Catalogue, finding: Finding, known: Sequence[Finding]) -> Finding | None:
    """What explains a finding: the first of its reasons that holds."""
    if catalogue.state(finding) is State.UNKNOWN:
        return _in_the_way(catalogue, finding, known)
    for name in catalogue.causes[finding.cause].because:
        for other in _of(name, finding, known):
            if catalogue.state(other) is State.FAIL:
                return other
    return None


def _in_the_way(catalogue: Catalogue, finding: Finding, known: Sequence[Finding]) -> Finding | None:
    """Why something could not be seen: what its check needs, the nearest first. What was well
    stood in nobody's way, nor does anything that was only needed for it.
    """
    seen: set[str] = set()
    queue = list(catalogue.checks[finding.check].needs)
    while queue:
        name = queue.pop(0)
        states = {catalogue.state(other): other for other in _of(name, finding, known)}
        for state in (State.FAIL, State.UNKNOWN):
            if state in states:
                return states[state]
        if name not in seen and not states:
            queue.extend(catalogue.checks[name].needs)
        seen.add(name)
    return None


def _of(name: str, finding: Finding, known: Sequence[Finding]) -> list[Finding]:
    """What a check found of the same subject."""
    return [other for other in known if other.check == name and _about(finding, other)]


def needed(catalogue: Catalogue, check: str) -> list[str]:
    """What a check needs, and what that needs, the nearest first."""
    found: list[str] = []
    queue = list(catalogue.checks[check].needs)
    while queue:
        name = queue.pop(0)
        if name not in found:
            found.append(name)
            queue.extend(catalogue.checks[name].needs)
    return found


def _about(one: Finding, other: Finding) -> bool:
    """Whether two findings concern each other."""
    a, b = one.subject, other.subject
    return not a or not b or a == b or a.endswith(f".{b}") or b.endswith(f".{a}")


AREAS: Mapping[Area, str] = {
    Area.MAIL: "mail",
    Area.SMS: "text messages",
    Area.PUSH: "messages to phones",
    Area.HOST: "the host",
    Area.DATABASE: "the database",
    Area.SETTINGS: "the settings",
    Area.WEB: "the web address",
}


#: what `headline` says, with {things}, {areas}, {so} and {others} filled in
UNSEEN = "Nothing is wrong as far as can be seen; {things} could not be looked at."
BETTER = "Everything works; {things} could be better."
FINE = "Everything that was looked at is in order."
FAILING = "Everything works but {areas}: {so}."
ONE_MORE, MORE = "1 more thing is wrong.", "{others} more things are wrong."
ONE_THING, THINGS, AND = "1 thing", "{number} things", "and"
HEADLINES = (UNSEEN, BETTER, FINE, FAILING, ONE_MORE, MORE, ONE_THING, THINGS, AND)


def headline(catalogue: Catalogue, report: Report, say: Callable[[str], str] = str) -> str:
    """The one sentence that says how things stand. `say`: see words.Manner."""
    by_state: dict[State, list[Finding]] = {}
    for root in report.roots:
        by_state.setdefault(catalogue.state(root.finding), []).append(root.finding)
    if failed := by_state.get(State.FAIL):
        return _failing(catalogue, failed, say)
    unseen, better = len(by_state.get(State.UNKNOWN, ())), len(by_state.get(State.WARN, ()))
    if unseen:
        return say(UNSEEN).format(things=_things(unseen, say))
    if better:
        return say(BETTER).format(things=_things(better, say))
    return say(FINE)


def _failing(catalogue: Catalogue, failed: Sequence[Finding], say: Callable[[str], str]) -> str:
    areas = list(dict.fromkeys(catalogue.checks[f.check].area for f in failed))
    names = [say(AREAS[area]) for area in areas]
    listed = f" {say(AND)} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    so = say(catalogue.causes[failed[0].cause].so)
    return and_more(say(FAILING).format(areas=listed, so=so), len(failed) - 1, say)


def and_more(said: str, others: int, say: Callable[[str], str] = str) -> str:
    """A sentence on one trouble, with how many others there are."""
    if not others:
        return said
    return f"{said} {say(ONE_MORE if others == 1 else MORE).format(others=others)}"


def _things(number: int, say: Callable[[str], str]) -> str:
    return say(ONE_THING if number == 1 else THINGS).format(number=number)
