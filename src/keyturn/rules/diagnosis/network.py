"""The way to Keyturn: the network, the server, the browser's cookies and forms.

Everything here is the same for every name, so strangers are told it in full.
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    STRONG,
    Cause,
    Say,
    Symptom,
    when,
)

_ANY = (
    Symptom.SIGNIN,
    Symptom.SECOND,
    Symptom.SIGNUP,
    Symptom.CODE,
    Symptom.RECOVERY,
    Symptom.PAGE,
)

CAUSES = (
    Cause(
        id="network.too-many",
        title="Too many failures from this network",
        symptoms=(Symptom.SIGNIN, Symptom.PAGE),
        needs=("network.exhausted_until",),
        test=when(
            lambda f, now: f.ahead("network.exhausted_until", now),
            CERTAIN + 3,
            "network.exhausted_until",
        ),
        person=Say(
            "Too many wrong names or passwords came from this network. It may not try again "
            "before {network.exhausted_until:time}.",
            "Wait, or use another network, such as your phone's. In an office or on a VPN the "
            "tries may have been somebody else's.",
        ),
        help_desk=Say(
            "The caller's network is held back until {network.exhausted_until:time}, whatever "
            "name is typed (answer 429).",
            "Another network works at once. Known browsers are not held back.",
        ),
        administrator=Say(
            "Budget network spent until {network.exhausted_until:time}: failed tries of unknown "
            "clients per network (IPv4 /24, IPv6 /64) and hour.",
            "Raise the limit if many people share one address; check that trusted proxies are "
            "set, or all callers look like one network.",
        ),
        unseen="Who else shares this network cannot be seen.",
    ),
    Cause(
        id="server.busy",
        title="Too many people at this moment",
        symptoms=_ANY,
        needs=("here.refused",),
        test=when(lambda f, _: f.word("here.refused") == "busy", CERTAIN, "here.refused"),
        person=Say(
            "Too many people are signing in at this moment. Your try was not looked at and did "
            "not count.",
            "Try again in a few seconds.",
        ),
        help_desk=Say(
            "The server had no room for the try (answer 503); it did not count.",
            "Let the person try again shortly. If it goes on, tell the administrators.",
        ),
        administrator=Say(
            "The hash queue was full (about 3 s of work): answer 503, try uncounted.",
            "Look for a flood of tries; add processors or servers if it is honest load.",
        ),
        unseen="How long the rush lasts is not known.",
    ),
    Cause(
        id="server.store",
        title="Keyturn cannot reach its records",
        symptoms=_ANY,
        needs=("here.refused",),
        test=when(lambda f, _: f.word("here.refused") == "store", CERTAIN, "here.refused"),
        person=Say(
            "Keyturn cannot reach its records, so nobody can sign in. Nothing was changed.",
            "Try again in some minutes. Your password is not the reason.",
        ),
        help_desk=Say(
            "The database does not answer; nobody gets in.",
            "Tell the administrators. Do not let people reset passwords because of it.",
        ),
        administrator=Say(
            "The store is unavailable; every sign-in is refused (fail closed).",
            "Check the database, its disk and its connections; see the server's log.",
        ),
        unseen="When it comes back is not known.",
    ),
    Cause(
        id="browser.no-cookies",
        title="The browser keeps no cookies",
        symptoms=_ANY,
        needs=("browser.cookie", "here.refused"),
        test=when(
            lambda f, _: (
                f.value("browser.cookie") is False and f.word("here.refused") in {"form", "flow"}
            ),
            STRONG,
            "browser.cookie",
        ),
        person=Say(
            "This browser did not send back the cookie that the page needs.",
            "Allow cookies for this site, or open it in an ordinary window rather than inside "
            "another app, and load the page again.",
        ),
        help_desk=Say(
            "The person's browser keeps no cookies of this site.",
            "Ask for privacy settings, extensions, or a page opened inside a mail app.",
        ),
        administrator=Say(
            "POST without the browser's cookie.",
            "Check that the page is reached by the configured origin and over TLS; __Host- "
            "cookies need both.",
        ),
        unseen="Why the cookie is missing is known to the browser alone.",
    ),
    Cause(
        id="page.too-old",
        title="The page was open for too long",
        symptoms=_ANY,
        needs=("browser.cookie", "here.refused"),
        test=when(
            lambda f, _: f.flag("browser.cookie") and f.word("here.refused") == "form",
            STRONG,
            "here.refused",
        ),
        person=Say(
            "The page was open for too long, or belongs to an earlier visit.",
            "Load the page again and send it once more. Nothing was changed.",
        ),
        help_desk=Say(
            "The form's token did not fit the browser's cookie.",
            "Let the person load the page again, and close older tabs of it.",
        ),
        administrator=Say(
            "CSRF token and browser cookie do not match.",
            "Normal for old tabs. If everybody meets it, servers use different keys.",
        ),
        unseen="How long the page was open is not known.",
    ),
    Cause(
        id="page.flow-gone",
        title="Nothing is open in this browser",
        symptoms=_ANY,
        needs=("browser.cookie", "here.refused"),
        test=when(
            lambda f, _: f.flag("browser.cookie") and f.word("here.refused") == "flow",
            STRONG,
            "here.refused",
        ),
        person=Say(
            "There is nothing open in this browser that the page could go on with.",
            "Begin again from the start page, in the browser in which you read the code.",
        ),
        help_desk=Say(
            "This browser has no open flow of the sort: it was finished, given up or begun in "
            "another browser.",
            "Let the person begin again and stay in one browser.",
        ),
        administrator=Say(
            "No open flow of that kind for the browser's cookie.",
            "Nothing to mend.",
        ),
        unseen="Whether it was begun in another browser cannot be seen from here.",
    ),
    Cause(
        id="page.other-address",
        title="The form came from another address",
        symptoms=_ANY,
        needs=("here.refused",),
        test=when(lambda f, _: f.word("here.refused") == "origin", CERTAIN, "here.refused"),
        person=Say(
            "The form came from a page at another address than this site's own.",
            "Type the site's address yourself or use your bookmark. Do not enter the password "
            "on a page that a link led you to.",
        ),
        help_desk=Say(
            "The form was sent from a foreign address: a wrong link, or a page that imitates "
            "this one.",
            "Ask for the address in the browser. If it is not yours, report it, and let the "
            "person set a new password.",
        ),
        administrator=Say(
            "Origin header differs from the configured origin.",
            "If the address is one of yours, correct the configured origin or the proxy.",
        ),
        unseen="What was typed on the other page is not known.",
    ),
)
