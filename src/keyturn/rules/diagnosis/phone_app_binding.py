"""Why no phone is bound: the activation link, and the code to scan."""

from __future__ import annotations

from keyturn.rules.activation import LinkState
from keyturn.rules.diagnosis.cause import CERTAIN, LIKELY, Cause, Say, Symptom, Test, when
from keyturn.rules.matching import Ended

_APP = (Symptom.APP,)
_LINK = ("app.bound", "app.link", "app.link_at", "app.link_ends")
_CODE = ("app.bound", "app.code", "app.code_at")
_MAILBOX = "Whether the mail was read cannot be seen; what became of it stands with the mails."
_PAGE = "Whether the page was still open cannot be seen."


def _link(state: LinkState, strength: int) -> Test:
    return when(
        lambda f, _: f.value("app.bound") is False and f.word("app.link") == state,
        strength, "app.link", "app.link_ends",
    )  # fmt: skip


def _code(reason: Ended) -> Test:
    return when(
        lambda f, _: f.value("app.bound") is False and f.word("app.code") == reason,
        LIKELY, "app.code", "app.code_at",
    )  # fmt: skip


CAUSES = (
    Cause(
        id="app.link-expired",
        title="The activation link has expired",
        symptoms=_APP,
        needs=_LINK,
        test=_link(LinkState.EXPIRED, CERTAIN),
        person=Say(
            "Your activation link was mailed at {app.link_at:time} and ended at "
            "{app.link_ends:time}, after 48 hours. No phone was bound by it.",
            "Open the link all the same: its page can mail you a new one. If it offers none, ask "
            "the help desk.",
        ),
        help_desk=Say(
            "The newest activation link ended at {app.link_ends:time}, and no phone is bound.",
            "Choose Reset User in the ⋯ menu of the user's row: it mails a new link.",
        ),
        administrator=Say(
            "Newest link: made {app.link_at:time}, expired {app.link_ends:time}, not used.",
            "If many expire, see whether the mails arrive, and whether reminders go out.",
        ),
        unseen=_MAILBOX,
    ),
    Cause(
        id="app.link-withdrawn",
        title="The activation link was withdrawn",
        symptoms=_APP,
        needs=_LINK,
        test=_link(LinkState.WITHDRAWN, CERTAIN),
        person=Say(
            "Your activation link ended when your account was disabled. Enabling the account "
            "brings no link back.",
            "Ask the help desk for a new link.",
        ),
        help_desk=Say(
            "The account was disabled after the activation link was mailed, so the link is dead, "
            "whether the account is enabled by now or not.",
            "Enable the account if it is disabled, then choose Reset User: it mails a new link.",
        ),
        administrator=Say(
            "The newest link was withdrawn by user.disabled.",
            "See the audit trail for who disabled the account. Inviting again makes the next link.",
        ),
        unseen=_MAILBOX,
    ),
    Cause(
        id="app.link-open",
        title="The activation link waits to be opened",
        symptoms=_APP,
        needs=_LINK,
        test=_link(LinkState.OPEN, LIKELY - 1),
        person=Say(
            "No phone is bound yet. An activation link was mailed at {app.link_at:time}, and is "
            "good until {app.link_ends:time}.",
            "Look for the newest mail, also in the spam folder, and open its link.",
        ),
        help_desk=Say(
            "No phone is bound. The newest link is good until {app.link_ends:time}.",
            "Let the person look for the newest mail: older links are dead. Look at what became "
            "of the mail before sending another.",
        ),
        administrator=Say(
            "Newest link: made {app.link_at:time}, open until {app.link_ends:time}.",
            "Nothing to mend here.",
        ),
        unseen=_MAILBOX,
    ),
    Cause(
        id="app.code-expired",
        title="The code to scan has expired",
        symptoms=_APP,
        needs=_CODE,
        test=_code(Ended.EXPIRED),
        person=Say(
            "The code on the page ended at {app.code_at:time}: it can be scanned for ten minutes, "
            "and the number is asked for within five more.",
            "Ask the page for a new code, and scan that one.",
        ),
        help_desk=Say(
            "The newest code to scan ended at {app.code_at:time} by itself; no phone is bound.",
            "Let the person run Check my phone first, and then ask the page for a new code.",
        ),
        administrator=Say(
            "enrolment: the newest code ended with expired at {app.code_at:time}.",
            "Nothing to mend, unless scanning fails for many.",
        ),
        unseen=_PAGE,
    ),
    Cause(
        id="app.code-newer",
        title="An older code was scanned",
        symptoms=_APP,
        needs=_CODE,
        test=_code(Ended.NEWER),
        person=Say(
            "The code was replaced at {app.code_at:time}, by a newer code or a newer link.",
            "Close the older pages, open the newest mail's link, and scan the code on its page.",
        ),
        help_desk=Say(
            "The newest code to scan was replaced at {app.code_at:time}, and no other followed.",
            "Let the person close all pages and open the newest link.",
        ),
        administrator=Say(
            "enrolment: the newest code ended with newer at {app.code_at:time}.",
            "Nothing to mend: a newer link ends what an older one began.",
        ),
        unseen=_PAGE,
    ),
    Cause(
        id="app.code-number",
        title="Three wrong numbers ended the code",
        symptoms=_APP,
        needs=_CODE,
        test=_code(Ended.NUMBER),
        person=Say(
            "The number on the page was typed wrong three times, so the code ended at "
            "{app.code_at:time}.",
            "Ask the page for a new code. If you typed no number, somebody else scanned the code: "
            "tell the help desk.",
        ),
        help_desk=Say(
            "Three wrong numbers ended the code at {app.code_at:time}. Whoever typed them had "
            "scanned the code and did not read the page.",
            "Ask whether the person typed them. If not, somebody sees their screen: go on in "
            "another place.",
        ),
        administrator=Say(
            "enrolment: the newest code ended with number at {app.code_at:time}.",
            "After three such codes in a day no more are made for the user; see the audit trail "
            "for where the scans came from.",
        ),
        unseen="Whose phone it was that scanned cannot be seen.",
    ),
)
