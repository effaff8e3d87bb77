r"""What people type for their directory account: ada, CORP\ada, ada@corp.example.test.

The directory is chosen by the page, so what stands before the backslash says nothing more.
"""

from __future__ import annotations


def spelt(name: str, domain: str) -> tuple[str, str]:
    """The account name (sAMAccountName, uid) and the user principal name that were typed; "" for
    what was not.

    Args:
        name: as rules.identifiers.canonical writes it.
        domain: the directory's DNS name; an account that has no UPN of its own is called
            name@domain (MS-ADTS 5.1.1.1.1).
    """
    if "\\" in name:
        return name.rpartition("\\")[2], ""
    here = name.removesuffix("@" + domain)
    if here != name:
        return here, name
    return ("", name) if "@" in name else (name, "")
