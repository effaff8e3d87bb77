"""How the play is told on the terminal, and what it adds up to."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from keyturn.demo.play.browser import Page
from keyturn.demo.play.stage import Letter
from keyturn.demo.spool import SpooledText

_WIDE, _TOKEN = 96, 30


@dataclass(slots=True)
class Played:
    """A scene that was played: its checks, and what went wrong."""

    behaviour: str
    title: str
    good: int = 0
    bad: list[str] = field(default_factory=list)


def _short(path: str) -> str:
    """A path without the long token in it."""
    return "/".join(p if len(p) < _TOKEN else f"{p[:6]}…" for p in path.split("/"))


class Teller:
    """Prints a play as it is lived, and keeps count."""

    def __init__(self) -> None:
        self.out = Console(highlight=False, soft_wrap=False)
        self.out.width = min(self.out.width, _WIDE)
        self.scenes: list[Played] = []

    def scene(self, behaviour: str, title: str) -> None:
        """A new scene begins."""
        self.scenes.append(Played(behaviour, title))
        self.out.print()
        heading = Text.assemble((f"{behaviour}  ", "bold cyan"), (title, "bold"))
        self.out.print(Rule(heading, align="left", style="dim"))

    def tell(self, text: str) -> None:
        """What somebody does."""
        self._print("", text, "")

    def page(self, page: Page) -> Page:
        """What a page says."""
        self._print("  page  ", f"“{page.sentence}” ({page.status} {_short(page.path)})", "cyan")
        return page

    def mail(self, letter: Letter, *quotes: str) -> Letter:
        """A mail that arrived, and some of its lines: those that hold one of `quotes`."""
        mail = letter.kept.mail
        signed = "DKIM verified" if mail.genuine else "DKIM NOT VERIFIED"
        self._print(
            "  mail  ", f"to {mail.to} from {mail.sender}, {signed}: {mail.subject}", "blue"
        )
        for line in letter.text.splitlines():
            if any(quote in line for quote in quotes):
                self._print("        ", f"“{line.strip()}”", "dim")
        return letter

    def text(self, kept: SpooledText) -> SpooledText:
        """A text that arrived."""
        self._print("  text  ", f"to {kept.text.to}: “{kept.text.text.splitlines()[0]}”", "blue")
        return kept

    def seen(self, what: str) -> None:
        """Something else that was seen."""
        self._print("  seen  ", what, "dim")

    def check(self, what: str, good: object, seen: object = "") -> None:
        """Whether it was as it must be; `seen`: what was there instead."""
        scene = self.scenes[-1]
        if good:
            scene.good += 1
            self._print("  ✓     ", what, "green")
        else:
            scene.bad.append(what)
            self._print("  ✗     ", f"{what}  (seen: {str(seen)[:300]!r})", "bold red")

    def broke(self, error: BaseException) -> None:
        """The scene could not go on."""
        self.check(f"the scene goes on to its end: {type(error).__name__}", good=False, seen=error)

    def _print(self, mark: str, text: str, style: str) -> None:
        """Wrapped, with everything after `mark` in one column."""
        column = max(len(mark), 2)
        shown = Text("".join(c if c.isprintable() else "·" for c in text))
        lines = shown.wrap(self.out, self.out.width - column)
        for number, line in enumerate(lines):
            lead = mark if number == 0 else ""
            whole = Text(f"{lead:{column}}", style) + line
            self.out.print(whole, style="green" if style == "green" else None)

    def summary(self, seconds: float) -> bool:
        """The table at the end; whether every check held."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for title in ("", "Behaviour", "Scene", "Checks"):
            table.add_column(title, no_wrap=title == "Behaviour")
        for scene in self.scenes:
            mark = Text("✗", "bold red") if scene.bad else Text("✓", "green")
            total = scene.good + len(scene.bad)
            table.add_row(mark, scene.behaviour, scene.title, f"{scene.good} of {total}")
        self.out.print()
        self.out.print(Rule(style="dim"))
        self.out.print(table)
        failed = [f"{s.behaviour}: {what}" for s in self.scenes for what in s.bad]
        total = sum(scene.good + len(scene.bad) for scene in self.scenes)
        self.out.print()
        if failed:
            self.out.print(Text(f"{len(failed)} of {total} checks failed:", "bold red"))
            for line in failed:
                self.out.print(Text(f"  {line}"))
        else:
            words = (
                f"All {total} checks held, in {len(self.scenes)} scenes and {seconds:.0f} seconds."
            )
            self.out.print(Text(words, "bold green"))
        return not failed
