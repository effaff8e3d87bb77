"""A real Kannel of our own in front of a message centre whose fates are chosen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.lab.centre import PASSWORD, USER
from tests.lab.own import free_port, listens, open_folder, program, running, until

CONF = """
group = core
admin-port = {admin}
admin-password = admin
admin-interface = 127.0.0.1
smsbox-interface = 127.0.0.1
smsbox-port = {box}
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
log-file = {folder}/bearerbox.log
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = CENTRE
host = 127.0.0.1
port = {centre}
transceiver-mode = true
smsc-username = {user}
smsc-password = {password}
system-type = ""
interface-version = 34
msg-id-type = 0x01

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 15550100
log-file = {folder}/smsbox.log

group = sendsms-user
username = keyturn
password = s3cret
concatenation = true
max-messages = 3
"""


@contextlib.contextmanager
def kannel_before(centre: int) -> Iterator[str]:
    """The address of its sendsms; it is bound to the message centre at port `centre`."""
    bearerbox, smsbox = program("bearerbox", "kannel"), program("smsbox", "kannel")
    ports = {name: free_port() for name in ("admin", "box", "sendsms")}
    with open_folder("kannel") as folder:
        conf = folder / "kannel.conf"
        conf.write_text(
            CONF.format(folder=folder, centre=centre, user=USER, password=PASSWORD, **ports)
        )
        with running(bearerbox, conf, log=folder / "bearerbox.out"):
            until(lambda: listens(ports["box"]), what="bearerbox")
            with running(smsbox, conf, log=folder / "smsbox.out"):
                until(lambda: listens(ports["sendsms"]), what="smsbox")
                yield f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms"
