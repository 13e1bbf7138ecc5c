"""A name server that answers what the control port says: MX, SPF, DKIM and DMARC, right ones and wrong ones."""

import asyncio
from typing import Any, Final, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from sandbox.core import Core
from sandbox.http import Problem, Request, Response, reply
from sandbox.providers import register
from sandbox.reserved import is_reserved

TTL: Final = 60
# The longest answer that a client without EDNS takes by UDP; it asks again by TCP.
MAX_UDP: Final = 512
# Answers that are no records.
FAILURES: Final = {"SERVFAIL": dns.rcode.SERVFAIL, "REFUSED": dns.rcode.REFUSED}
SILENCE: Final = "SILENCE"
# A public key of 2048 bits whose private half nobody kept.
DKIM_KEY: Final = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqs/u7z9iEbtqE4Rgh0PchVR1o1xb9Nk5ZoqD8iDxHgxH6rWwuDf1a9hO"
    "ucf7/x/XuQFd475LlWztHS8M0EFoTMuyuMKz3npGBbg7S+cv4NmYbxaqmvu5oweI9bD9M6H9cVbeuxDDn1LxZ9UvI0bkevxEYWJH"
    "Z/PWROAB3wvIhfeYiuS0H91R6i4ZQkA+lxHDgZxUlIvwzc5XGXrAlSFjKceXdtNqJ4GF3RSMG58sRF0Jmtgv4U+gDlX7D0OMTXLs"
    "IiQHNOGCVdc5WwjOpGjmAQKaaUdhy89xmJ0SKd3aeRz6T9OinpxTa1TBOdF1HH22Vi/YtWIU5/RVQ3ZVOA4YvQIDAQAB"
)
# Record type and value by name; {domain} is filled in, and names stand before the domain.
Records = tuple[tuple[str, str, str], ...]
MX: Final = ("", "MX", "10 mx.{domain}.")
SPF: Final = ("", "TXT", "v=spf1 mx include:_spf.sandbox.example ~all")
DKIM: Final = ("default._domainkey", "TXT", f"v=DKIM1; k=rsa; p={DKIM_KEY}")
DMARC: Final = ("_dmarc", "TXT", "v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}")
PRESETS: Final[dict[str, Records]] = {
    "good": (MX, SPF, DKIM, DMARC),
    "empty": (),
    "no-mx": (SPF, DKIM, DMARC),
    "null-mx": (("", "MX", "0 ."), SPF, DKIM, DMARC),
    "no-spf": (MX, DKIM, DMARC),
    "two-spf": (MX, SPF, ("", "TXT", "v=spf1 a -all"), DKIM, DMARC),
    "spf-allows-all": (MX, ("", "TXT", "v=spf1 +all"), DKIM, DMARC),
    "spf-too-many-lookups": (
        MX,
        ("", "TXT", "v=spf1 " + " ".join(f"include:_spf{number}.sandbox.example" for number in range(12)) + " -all"),
        DKIM,
        DMARC,
    ),
    "no-dkim": (MX, SPF, DMARC),
    "revoked-dkim": (MX, SPF, ("default._domainkey", "TXT", "v=DKIM1; k=rsa; p="), DMARC),
    "no-dmarc": (MX, SPF, DKIM),
    "dmarc-none": (MX, SPF, DKIM, ("_dmarc", "TXT", "v=DMARC1; p=none")),
    "dmarc-broken": (MX, SPF, DKIM, ("_dmarc", "TXT", "v=DMARC1 p=reject")),
    "servfail": (("", "SERVFAIL", ""),),
    "silence": (("", SILENCE, ""),),
}
# What presets refer to.
SHARED: Final = {("_spf.sandbox.example", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"]}


@register
class DomainNames:
    """The provider: one port for UDP and TCP, and ``/dns`` on the control port."""

    name = "dns"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._questions = 0
        core.storage.create("records", "name TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL", index="name")

    async def start(self) -> None:
        tcp, udp = self._core.ports.bind_pair("dns")
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        await asyncio.start_server(self._serve, sock=tcp)
        self._core.http.route("GET", "/dns", self._list)
        self._core.http.route("POST", "/dns", self._set)
        self._core.http.route("DELETE", "/dns/{domain}", self._delete)

    def reset(self) -> None:
        self._questions = 0

    def stats(self) -> dict[str, object]:
        return {"questions": self._questions}

    def answer(self, wire: bytes, *, limit: int) -> bytes | None:
        """Return the answer to a question as it travels, or None for silence."""
        try:
            question = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        self._questions += 1
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        for asked in question.question:
            if not self._fill(answer, asked.name, asked.rdtype):
                return None
        if question.edns >= 0:
            limit = max(limit, question.payload)
        try:
            return answer.to_wire(max_size=limit)
        except dns.exception.TooBig:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            return answer.to_wire()

    def _fill(self, answer: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> bool:
        """Add the records of a name. Return False if the server is to stay silent."""
        plain = name.to_text(omit_final_dot=True).lower()
        rows = self._core.storage.rows("SELECT type, value FROM records WHERE name = ?", plain)
        known = {(plain, each): SHARED[plain, each] for each in ("TXT",) if (plain, each) in SHARED}
        rows += [(key[1], value) for key, values in known.items() for value in values]
        kinds = {row[0] for row in self._core.storage.rows("SELECT type FROM records WHERE name = ?", _parent(plain))}
        wrong = {row[0] for row in rows} | kinds
        if SILENCE in wrong:
            return False
        if failure := next((FAILURES[each] for each in sorted(wrong) if each in FAILURES), None):
            answer.set_rcode(failure)
            return True
        wanted = dns.rdatatype.to_text(kind)
        if not rows and not self._has_children(plain):
            # Of real domains it knows nothing, not even that they do not exist.
            answer.set_rcode(dns.rcode.NXDOMAIN if is_reserved(plain) else dns.rcode.REFUSED)
        for each in (wanted, "CNAME") if wanted != "CNAME" else ("CNAME",):
            if values := [_quoted(value) if each == "TXT" else value for type_, value in rows if type_ == each]:
                answer.answer.append(dns.rrset.from_text(name, TTL, dns.rdataclass.IN, each, *values))
        return True

    def _has_children(self, name: str) -> bool:
        return self._core.storage.row("SELECT 1 FROM records WHERE name LIKE ? LIMIT 1", f"%.{name}") is not None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                answer = self.answer(await reader.readexactly(size), limit=65_535)
                if answer is None:
                    return
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _list(self, request: Request) -> Response:
        rows = self._core.storage.rows("SELECT name, type, value FROM records ORDER BY name, type")
        records = [dict(zip(("name", "type", "value"), row, strict=True)) for row in rows]
        return reply({"records": records, "presets": sorted(PRESETS)})

    async def _set(self, request: Request) -> Response:
        """Replace a domain's records by those of a ``preset``, or by ``records`` of name, type and value."""
        values = request.json()
        domain = str(values["domain"]).lower().strip(".")
        records: list[tuple[str, str, str]] = []
        if preset := values.get("preset"):
            if preset not in PRESETS:
                raise Problem(400, f"There is no preset {preset}. Known: {', '.join(sorted(PRESETS))}")
            records += [(f"{name}.{domain}".strip("."), kind, value) for name, kind, value in PRESETS[preset]]
        records += [_record(each, domain) for each in values.get("records", [])]
        with self._core.storage.transaction():
            self._remove(domain)
            for name, kind, value in records:
                self._core.storage.execute(
                    "INSERT INTO records VALUES (?, ?, ?)", name, kind, value.replace("{domain}", domain)
                )
        return reply({"records": len(records)}, 201)

    async def _delete(self, request: Request) -> Response:
        self._remove(request.names["domain"].lower())
        return reply({})

    def _remove(self, domain: str) -> None:
        self._core.storage.execute("DELETE FROM records WHERE name = ? OR name LIKE ?", domain, f"%.{domain}")


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DomainNames) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an instance of that class in Python 3.11.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Any) -> None:
        if (answer := self._server.answer(data, limit=MAX_UDP)) is not None:
            self._transport.sendto(answer, address)


def _record(values: dict[str, str], domain: str) -> tuple[str, str, str]:
    """Return a record from the control port. Raise Problem if it cannot be sent."""
    name, kind, value = values.get("name", domain).lower().strip("."), values["type"].upper(), values["value"]
    if kind not in FAILURES and kind != SILENCE:
        try:
            dns.rrset.from_text(f"{name}.", TTL, "IN", kind, _quoted(value) if kind == "TXT" else value)
        except (dns.exception.DNSException, ValueError) as error:
            raise Problem(400, f"{kind} {value} is no record: {error}") from None
    return name, kind, value


def _quoted(text: str) -> str:
    """Return a TXT value in strings of at most 255 characters, as records hold them."""
    escaped = [
        text[place : place + 255].replace("\\", "\\\\").replace('"', '\\"') for place in range(0, len(text), 255)
    ]
    return " ".join(f'"{piece}"' for piece in escaped) or '""'


def _parent(name: str) -> str:
    """Return the domain of a name such as default._domainkey.a.example, whose failures hold for all below."""
    labels = name.split(".")
    while labels and (labels[0].startswith("_") or (len(labels) > 1 and labels[1].startswith("_"))):
        labels = labels[1:]
    return ".".join(labels)
