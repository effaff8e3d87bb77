"""Keyturn gets people back into their accounts, safely, and says why they could not get in."""

__version__ = "0.1.0"
