"""A name server of our own on loopback: a table of records, and names that it is silent about."""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[str, Mapping[str, Sequence[str]]]
#: what fits into an answer over UDP without further ado
PLAIN = 1232


class NameServer:
    """See the module.

    Attributes:
        records: names with records by kind, as in a memory twin; TXT is split as it must be.
        mute: names that get no answer; `failing`: names that get SERVFAIL.
        asked: names asked for, with their kinds; `streams`: how many came over TCP.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.mute: set[str] = set()
        self.failing: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.streams = 0
        self.port = 0

    def answer(self, raw: bytes, most: int) -> bytes | None:
        """The answer to one message, cut to `most` octets; None for none at all."""
        query = dns.message.from_wire(raw)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower().removesuffix(".")
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.mute:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        found = self.records.get(name)
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif kind in found:
            texts = [_spelled(kind, value) for value in found[kind]]
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        wire = reply.to_wire(max_size=65_535)
        if len(wire) > most:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            wire = reply.to_wire()
        return wire


def _spelled(kind: str, value: str) -> str:
    """A record as a zone file has it."""
    if kind == "TXT":
        octets = value.encode("latin-1")
        parts = [octets[i : i + 255] for i in range(0, len(octets), 255)] or [b""]
        return " ".join('"' + "".join(f"\\{octet:03d}" for octet in part) + '"' for part in parts)
    if kind in {"MX", "PTR", "NS"}:
        return f"{value}." if not value.endswith(".") else value
    return value


@contextlib.contextmanager
def name_server(records: Records) -> Iterator[NameServer]:
    """One that runs, on a port of UDP and TCP."""
    server = NameServer(records)

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            raw, link = self.request
            wire = server.answer(raw, PLAIN)
            if wire is not None:
                link.sendto(wire, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            server.streams += 1
            (length,) = struct.unpack(">H", self.rfile.read(2))
            wire = server.answer(self.rfile.read(length), 65_535)
            if wire is not None:
                self.wfile.write(struct.pack(">H", len(wire)) + wire)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream) as streams:
        server.port = streams.server_address[1]
        address = ("127.0.0.1", server.port)
        with socketserver.ThreadingUDPServer(address, Datagram) as datagrams:
            both: list[Any] = [streams, datagrams]
            threads = [threading.Thread(target=one.serve_forever) for one in both]
            for thread in threads:
                thread.start()
            try:
                yield server
            finally:
                for one in both:
                    one.shutdown()
                for thread in threads:
                    thread.join()
