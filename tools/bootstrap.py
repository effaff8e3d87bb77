"""Set up everything that work on Keyturn needs; run by `make setup`. Standard library only.

Makes .venv, installs the locked requirements (checked by their hashes) and Keyturn itself,
and, as root on Debian, the system packages that the test lab uses. A stamp in .venv makes
the second run instant. PostgreSQL for tests comes from pip, not from the system.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "keyturn-setup"
PYTHON = VENV / "bin" / "python"
LOCKED = ROOT / "requirements" / "dev.txt"
DECIDING = (LOCKED, ROOT / "pyproject.toml", Path(__file__))
LEAST = (3, 11)
SYSTEM = Path("/usr/bin/python3")
SUITS = f"""import ensurepip, pathlib, sys, sysconfig, venv
headers = pathlib.Path(sysconfig.get_path("include"), "Python.h")
raise SystemExit(sys.version_info < {LEAST} or not headers.exists())"""

LAB = {
    "chromium-headless-shell": "/usr/bin/chromium-headless-shell",
    # the whole browser: the smaller one denies notifications, whoever asks
    "chromium": "/usr/bin/chromium",
    # the one browser whose push service can be one of our own
    "firefox-esr": "/usr/bin/firefox-esr",
    # what a browser trusts (certutil): the demo's authority, for the length of a test
    "libnss3-tools": "/usr/bin/certutil",
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "postfix": "/usr/sbin/postfix",
    "kannel": "/usr/sbin/bearerbox",
    "kannel-extras": "/usr/lib/kannel/test/fakesmsc",
    "nginx": "/usr/sbin/nginx",
    "caddy": "/usr/bin/caddy",
    # domain controllers in network namespaces (src/keyturn/lab)
    "samba": "/usr/sbin/samba",
    "samba-ad-provision": "/usr/share/samba/setup/provision.ldif",
    "samba-dsdb-modules": "/usr/share/doc/samba-dsdb-modules/copyright",
    "samba-vfs-modules": "/usr/share/doc/samba-vfs-modules/copyright",
    "ldb-tools": "/usr/bin/ldbmodify",
    "ldap-utils": "/usr/bin/ldapsearch",
    "bind9-dnsutils": "/usr/bin/nsupdate",
    "iproute2": "/sbin/ip",
    # a stand-alone machine whose people are nobody's on this one (src/keyturn/lab/workgroup.py)
    "libnss-wrapper": "/usr/share/doc/libnss-wrapper/copyright",
    # an agent whose clock is off (src/keyturn/demo/play/health)
    "libfaketime": "/usr/share/doc/libfaketime/copyright",
    # an OpenLDAP server of the lab's own (src/keyturn/lab/openldap.py); the system's is not started
    "slapd": "/usr/sbin/slapd",
}
"""Debian package and a file by which it is known to be there."""

BUILD = {
    "libldap-dev": "/usr/include/ldap.h",
    "libsasl2-dev": "/usr/include/sasl/sasl.h",
    "gcc": "/usr/bin/gcc",
}
"""What python-ldap is built with: it comes as source."""

NEEDS_BUILD = "python-ldap"

NOISE = ("WARNING: Url", "WARNING: Location", "WARNING: Skipping page", "WARNING: Running pip as")
"""What pip says about how a machine is set up, and nobody here can mend."""


class CannotSetUp(Exception):
    """Setting up ends here; the message says what to do."""


def main(words: Sequence[str]) -> int:
    """0 when everything that was possible is there.

    Args:
        words: "--exactly": with the Python that runs this, and no other.
    """
    better = None if "--exactly" in words else _better_python()
    if better is not None:
        os.execv(better, [str(better), __file__, "--exactly"])  # noqa: S606  ourselves again
    try:
        _check_python()
        if _stamp() != (STAMP.read_text() if STAMP.exists() else ""):
            _make_venv()
            _install()
            STAMP.write_text(_stamp())
        _system_packages()
    except CannotSetUp as reason:
        print(f"\nCannot set up: {reason}", file=sys.stderr)
        return 1
    return 0


def _check_python() -> None:
    if sys.version_info >= LEAST:
        return
    have, want = (".".join(map(str, version)) for version in (sys.version_info[:2], LEAST))
    raise CannotSetUp(
        f"this is Python {have} ({sys.executable}), Keyturn needs {want} or newer.\n"
        f"Install one and run: make setup PYTHON=python{want}"
    )


def _better_python() -> Path | None:
    """The system's own, if it suits and the one that runs this was built without profile-guided
    optimisation (pyenv does so unless it is told otherwise): everything takes a fifth longer then.
    """
    plain = "--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    same = Path(sys.executable).resolve() == SYSTEM.resolve()
    return SYSTEM if plain and not same and _works(SYSTEM, SUITS) else None


def _stamp() -> str:
    """Changes when anything that decides about the installation does."""
    digest = hashlib.sha256(f"{sys.executable} {sys.version_info} {ROOT}".encode())
    for path in DECIDING:
        digest.update(path.read_bytes())
    digest.update(str([sign for sign in BUILD.values() if Path(sign).exists()]).encode())
    return digest.hexdigest()


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def _run(command: Sequence[str | Path], **environment: str) -> None:
    """Run quietly; on failure show everything it said. Raises CannotSetUp."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(NOISE)]
    if done.returncode:
        print("\n".join(lines), file=sys.stderr)
        raise CannotSetUp(f"this failed: {' '.join(map(str, command))}")


# --- Python


def _make_venv() -> None:
    if _works(PYTHON, f"import pip, sys; raise SystemExit(sys.base_prefix != {sys.base_prefix!r})"):
        return
    if not _works(sys.executable, "import ensurepip, venv"):
        _install_venv_module()
    _say(f"making .venv with {sys.executable}")
    _run([sys.executable, "-m", "venv", "--clear", VENV])


def _works(python: str | Path, code: str) -> bool:
    if not shutil.which(python):
        return False
    return not subprocess.run([python, "-c", code], capture_output=True, check=False).returncode


def _install_venv_module() -> None:
    """Debian splits venv off Python's own library."""
    package = f"python3.{sys.version_info.minor}-venv"
    if not _may_install():
        raise CannotSetUp(
            "this Python lacks the modules venv and ensurepip.\n"
            f"On Debian and Ubuntu, as root: apt-get install {package}"
        )
    _apt([package])


def _install() -> None:
    _say("installing the locked requirements (hashes checked); this takes a minute or two")
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--quiet",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(LOCKED.read_text() if _can_build() else _without(NEEDS_BUILD))
        wanted.flush()
        _run([*pip, "--require-hashes", "--requirement", wanted.name])
    _say("installing Keyturn itself, editable")
    _run([*pip, "--no-build-isolation", "--no-deps", "--no-index", "--editable", ROOT])


def _can_build() -> bool:
    """Whether what python-ldap is built with is there; installed first, where that may be."""
    missing = [package for package, sign in BUILD.items() if not Path(sign).exists()]
    if missing and _may_install():
        _apt(missing)
        return True
    if missing:
        _left_out("the drivers for Active Directory and OpenLDAP, and every test of them", missing)
    return not missing


def _without(package: str) -> str:
    """The locked requirements, but for one of them."""
    blocks = re.split(r"(?m)^(?=\S)", LOCKED.read_text())
    return "".join(block for block in blocks if not block.startswith(f"{package}=="))


# --- the system


def _system_packages() -> None:
    missing = [package for package, sign in LAB.items() if not Path(sign).exists()]
    if not missing:
        return
    if _may_install():
        _apt(missing)
        return
    _left_out("tests in the lab that need real servers and a real browser from Debian", missing)


def _left_out(what: str, packages: Sequence[str]) -> None:
    wanted = " ".join(packages)
    print(
        "\n" + "!" * 78 + f"\nLEFT OUT: {what}.\n"
        f"Without root they are not installed. As root: apt-get install {wanted}\n" + "!" * 78,
        file=sys.stderr,
    )


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt(packages: Sequence[str]) -> None:
    """Install Debian packages; no daemon of theirs is started meanwhile."""
    _say(f"installing from Debian: {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if "postfix" in packages:
        _preseed("postfix postfix/main_mailer_type select No configuration")
    if "slapd" in packages:
        _preseed("slapd slapd/no_configuration boolean true")
    _run(["apt-get", "update", "-qq"], **quiet)
    with _NoDaemons():
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        _run([*install, *packages], **quiet)


def _preseed(answer: str) -> None:
    """Install without a configuration: the lab brings its own, in a folder of its own."""
    subprocess.run(["debconf-set-selections"], input=f"{answer}\n", text=True, check=True)


class _NoDaemons:
    """While this is open, packages cannot start their services (Debian's policy-rc.d).

    Postfix and Kannel would otherwise listen on this machine's own ports.
    """

    POLICY = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        self._ours = not self.POLICY.exists()
        if self._ours:
            with tempfile.NamedTemporaryFile("w", dir=self.POLICY.parent, delete=False) as draft:
                draft.write("#!/bin/sh\nexit 101\n")
            Path(draft.name).chmod(0o755)
            Path(draft.name).rename(self.POLICY)

    def __exit__(self, *_error: object) -> None:
        if self._ours:
            self.POLICY.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
