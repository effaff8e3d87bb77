"""What goes wrong on demand: links, controllers, TLS, replication."""

from __future__ import annotations

from collections.abc import Mapping

from keyturn.lab.certificates import Shown
from keyturn.lab.controllers import BASE, DOMAIN, OLD_TLS, PLAIN, Controller
from keyturn.lab.loopback import Loopback
from keyturn.lab.network import HOST, Namespaces
from keyturn.lab.people import apply, read

LDAPS = 636
DISABLE_INBOUND, DISABLE_OUTBOUND = 0x2, 0x4  # nTDSDSA options, MS-ADTS 6.1.1.2.2.1.2.1.1


def _server(name: str, site: str) -> str:
    return f"CN={name.upper()},CN=Servers,CN={site},CN=Sites,CN=Configuration,{BASE}"


class NoLinks(Exception):
    """There are no links to cut: this lab is one controller on loopback."""


class Faults:
    """Does damage, and mends it. Names: "dc1", "by-dc1" (the place beside it), "host"."""

    def __init__(
        self, controllers: Mapping[str, Controller], network: Namespaces | Loopback
    ) -> None:
        self._controllers = controllers
        self._network = network

    # --- links

    def cut(self, one: str, *others: str) -> None:
        """Nothing passes between them, in silence. Without `others`: all other controllers, so
        that `one` is still reached by the host and by whoever stands beside a controller.
        """
        self._links.cut(one, others or self._peers(one))

    def heal(self, one: str, *others: str) -> None:
        """Undo `cut`."""
        self._links.heal(one, others or self._peers(one))

    def unplug(self, one: str) -> None:
        """Pull its cable: nobody reaches it."""
        self._links.plug(one, in_=False)

    def plug(self, one: str) -> None:
        """Put the cable back."""
        self._links.plug(one, in_=True)

    def slow(self, one: str, bits_per_s: int) -> None:
        """Its line is narrow: everything to it and from it is late."""
        self._links.slow(one, bits_per_s)

    def hasten(self, one: str) -> None:
        """Undo `slow`."""
        self._links.slow(one, 0)

    def block(self, name: str, port: int = LDAPS) -> None:
        """A firewall before it drops what comes back from a TCP port."""
        self._links.shut(name, port, open_=False)

    def unblock(self, name: str, port: int = LDAPS) -> None:
        """Undo `block`."""
        self._links.shut(name, port, open_=True)

    def heal_all(self) -> None:
        """Every link as it was."""
        names = [name for name in self._links.nodes if name != HOST]
        for name in names:
            self._links.plug(name, in_=True)
            self._links.slow(name, 0)
            self._links.heal(name, [other for other in self._links.nodes if other != name])

    @property
    def _links(self) -> Namespaces:
        if isinstance(self._network, Loopback):
            raise NoLinks
        return self._network

    def _peers(self, one: str) -> list[str]:
        return [name for name in self._controllers if name != one]

    # --- controllers

    def stop(self, name: str) -> None:
        """Shut a controller down in good order."""
        self._controllers[name].stop()

    def kill(self, name: str) -> None:
        """End a controller as a power cut does."""
        self._controllers[name].kill()

    def start(self, name: str) -> None:
        """Start it again, and wait until it answers."""
        self._controllers[name].start()
        self._controllers[name].wait()

    def old_tls(self, name: str) -> None:
        """It offers TLS 1.0 and 1.1 alone. Restarts it."""
        self._controllers[name].restart(tls=OLD_TLS)

    def certificate(self, name: str, shown: Shown | str) -> None:
        """It shows this certificate ("expired", "other_name", …: Shown). Restarts it."""
        self._controllers[name].restart(shown=Shown(shown))

    def forget_old_passwords(self, name: str) -> None:
        """A replaced password ends at once instead of after an hour. Restarts it."""
        self._controllers[name].restart(old_password_minutes=0)

    def mend(self, name: str) -> None:
        """Undo old_tls, certificate and forget_old_passwords; start it if it is down."""
        controller = self._controllers[name]
        if controller.conduct != PLAIN:
            controller.stop()
            controller.configure(PLAIN)
        self.start(name)

    # --- what is left of a controller

    def leave_behind(self, at: str, name: str, site: str) -> str:
        """A decommissioned controller's server object in Sites and Services, without NTDS
        settings; its DNS name.
        """
        host = f"{name}.{DOMAIN}"
        apply(
            self._controllers[at],
            f"dn: {_server(name, site)}\nchangetype: add\nobjectClass: server\n"
            f"dNSHostName: {host}\n",
        )
        return host

    def clean_up(self, at: str, name: str, site: str) -> None:
        """Undo `leave_behind`."""
        apply(self._controllers[at], f"dn: {_server(name, site)}\nchangetype: delete\n")

    # --- replication

    def stop_replication(self, name: str) -> None:
        """It takes no changes from its partners, as `repadmin /options +DISABLE_INBOUND_REPL`."""
        self._options(name, DISABLE_INBOUND)

    def resume_replication(self, name: str) -> None:
        """Undo stop_replication."""
        self._options(name, 0)

    def _options(self, name: str, options: int) -> None:
        """Set the two switches in its own copy; other options stay."""
        controller = self._controllers[name]
        settings = controller.settings
        before = int(read(controller, settings, "options").get("options", ["0"])[0])
        wanted = before & ~(DISABLE_INBOUND | DISABLE_OUTBOUND) | options
        apply(
            controller,
            f"dn: {settings}\nchangetype: modify\nreplace: options\noptions: {wanted}\n",
        )
