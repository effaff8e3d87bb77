"""Reports as mail systems write them: Postfix, Exim, Exchange and the standard's examples."""

from __future__ import annotations

ID = "01k2m3n4p5q6r7s8t9v0w1x2y3"


def dsn(
    to: str,
    action: str = "failed",
    status: str = "5.1.1",
    words: str = "smtp; 550 5.1.1 <ada@far.test>: no such user",
    *,
    envid: str = "",
    recipients: str = "",
) -> bytes:
    """A report like Postfix's. `recipients`: further blocks."""
    about = f"\nOriginal-Envelope-Id: {envid}" if envid else ""
    return f"""\
Return-Path: <>
Delivered-To: {to}
Received: by mail.northwind.test (Postfix) id 4F1; Fri, 3 Jul 2026 12:57:00 +0000 (UTC)
Date: Fri, 3 Jul 2026 12:57:00 +0000 (UTC)
From: MAILER-DAEMON@mail.northwind.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1.1783083420/mail.northwind.test"

This is a MIME-encapsulated message.

--4F1.1783083420/mail.northwind.test
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4F1.1783083420/mail.northwind.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.northwind.test{about}
X-Postfix-Sender: rfc822; bounce@northwind.test
Arrival-Date: Fri, 3 Jul 2026 12:57:00 +0000 (UTC)

Final-Recipient: rfc822; ada@far.test
Original-Recipient: rfc822;ada@far.test
Action: {action}
Status: {status}
Remote-MTA: dns; mx.far.test
Diagnostic-Code: {words}
{recipients}
--4F1.1783083420/mail.northwind.test
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <bounce@northwind.test>
Subject: Your Northwind code

--4F1.1783083420/mail.northwind.test--
""".encode()


HOLIDAY = b"""\
Return-Path: <>
To: TO
From: ada@far.test
Subject: Out of office
Auto-Submitted: auto-replied
Content-Type: text/plain

I am away until Monday. 550 5.1.1
"""

READ = b"""\
To: TO
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Your message was displayed.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; ada@far.test
Disposition: manual-action/MDN-sent-manually; displayed
--b--
"""

#: a person forwards somebody else's report: what a mail encloses is not its own
ENCLOSED = b"""\
To: TO
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Look what I got.
--b
Content-Type: message/rfc822

Content-Type: multipart/report; boundary=c

--c
Content-Type: message/delivery-status

Reporting-MTA: dns; a.test

Final-Recipient: rfc822; ada@far.test
Action: failed
Status: 5.1.1

--c--
--b--
"""

#: Exim names the address it delivered to in a field of its own, and gives no words
EXIM = b"""\
Envelope-to: TO
To: somebody@northwind.test
Content-Type: multipart/report; report-type=delivery-status; boundary=e

--e
Content-Type: text/plain

This message was created automatically by mail delivery software.
--e
Content-type: message/delivery-status

Reporting-MTA: dns; mx.far.test

Action: failed
Final-Recipient: rfc822;ada@far.test
Status: 5.0.0
Remote-MTA: dns; far.test
Diagnostic-Code: smtp; 550-Callout verification failed:
 550 5.2.1 The account is disabled
--e--
"""
