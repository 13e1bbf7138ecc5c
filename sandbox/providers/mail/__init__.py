"""Mail: submission by SMTP, mailboxes by IMAP, and the people who receive."""

import asyncio
import functools
from typing import Any

from sandbox.core import Core
from sandbox.http import Problem, Request, Response, reply
from sandbox.providers import register
from sandbox.providers.mail.imap.connection import MAX_LINE
from sandbox.providers.mail.imap.session import ImapSession
from sandbox.providers.mail.mailboxes import Mailboxes
from sandbox.providers.mail.post_office import PostOffice
from sandbox.providers.mail.sign_in import SignIn
from sandbox.providers.mail.smtp import SmtpSession

KEPT_CONTENTS = 1000


@register
class Mail:
    """The provider: servers on four ports, and questions about them on the control port."""

    name = "mail"

    def __init__(self, core: Core) -> None:
        self._core = core
        self.mailboxes = Mailboxes(core)
        self.sign_in = SignIn(core, self.mailboxes)
        self.post_office = PostOffice(core, self.mailboxes, keep=KEPT_CONTENTS)
        self.people = self.post_office.people
        core.addresses = self.mailboxes.addresses
        self._sessions: set[ImapSession] = set()

    async def start(self) -> None:
        for name, tls_first in (("smtp", False), ("smtps", True)):
            make = functools.partial(SmtpSession, self._core, self.sign_in, self.post_office, tls_first=tls_first)
            await asyncio.get_running_loop().create_server(make, sock=self._core.ports.bind(name), backlog=1024)
        for name, tls_first in (("imap", False), ("imaps", True)):
            serve = functools.partial(self._serve_imap, tls_first=tls_first)
            await asyncio.start_server(serve, sock=self._core.ports.bind(name), limit=MAX_LINE)
        route = self._core.http.route
        route("GET", "/mailboxes", self._list_mailboxes)
        route("POST", "/mailboxes", self._save_mailbox)
        route("DELETE", "/mailboxes/{address}", self._delete_mailbox)
        route("GET", "/mailboxes/{address}/{folder}", self._list_mails)
        route("POST", "/mailboxes/{address}/{folder}", self._change_folder)
        route("GET", "/mailboxes/{address}/{folder}/{uid}", self._show_mail)
        route("GET", "/messages", self._find_messages)
        route("GET", "/messages/{n}", self._show_message)
        route("POST", "/mail", self._configure)
        route("POST", "/imap/drop", self._drop_connections)
        route("GET", "/people/{address}", self._show_person)
        route("POST", "/people", self._describe_people)
        route("POST", "/web", self._map_hosts)

    def reset(self) -> None:
        self.mailboxes.forget()
        self.people.reset()
        self.post_office.keep = KEPT_CONTENTS
        for session in tuple(self._sessions):
            session.abort()

    def stats(self) -> dict[str, object]:
        return {
            "mailboxes": len(self.mailboxes.all()),
            "imap_connections": len(self._sessions),
            "duplicates": self.post_office.duplicates(),
        }

    async def _serve_imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, tls_first: bool) -> None:
        session = ImapSession(self._core, self.mailboxes, self.sign_in, reader, writer, tls_first=tls_first)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    async def _list_mailboxes(self, request: Request) -> Response:
        return reply({"mailboxes": [vars(mailbox) for mailbox in self.mailboxes.all()]})

    async def _save_mailbox(self, request: Request) -> Response:
        return reply(vars(self.mailboxes.save(request.json())), 201)

    async def _delete_mailbox(self, request: Request) -> Response:
        self.mailboxes.delete(request.names["address"].lower())
        return reply({})

    async def _list_mails(self, request: Request) -> Response:
        """List a folder, newest last: UID, flags, Message-ID."""
        folder = self._folder(request)
        rows = self._core.storage.rows(
            "SELECT uid, flags, message_id, length(content) FROM mails WHERE folder = ? ORDER BY uid", folder
        )
        names = ("uid", "flags", "message_id", "size")
        return reply({"mails": [dict(zip(names, row, strict=True)) for row in rows]})

    async def _show_mail(self, request: Request) -> Response:
        content = self.mailboxes.content(self._folder(request), int(request.names["uid"]))
        if not content:
            raise Problem(404, "There is no such message.")
        return Response(content, content_type="message/rfc822")

    async def _change_folder(self, request: Request) -> Response:
        """Deliver a message as it is, or give the folder a new UIDVALIDITY: ``{"renumber": true}``."""
        address, name = request.names["address"], request.names["folder"]
        if request.headers.get("content-type", "").startswith("message/rfc822"):
            delivered = self.post_office.deliver(address, request.body, kind="injected", folder=name)
            return reply({"delivered": delivered}, 201 if delivered else 404)
        if not request.json().get("renumber"):
            raise Problem(400, 'Send a message as message/rfc822, or {"renumber": true}.')
        folder = self.mailboxes.renumber(address, name)
        if folder is None:
            raise Problem(404, "There is no such folder.")
        return reply(vars(folder))

    async def _find_messages(self, request: Request) -> Response:
        """Answer like a server's queue: was a message with this Message-ID accepted?"""
        return reply({"messages": self.post_office.submissions(request.query["message_id"])})

    async def _show_message(self, request: Request) -> Response:
        content = self.post_office.content(int(request.names["n"]))
        if content is None:
            raise Problem(404, "The content of this message is not kept.")
        return Response(content, content_type="message/rfc822")

    async def _configure(self, request: Request) -> Response:
        """Set how many contents are kept and whether unknown addresses may sign in."""
        values: dict[str, Any] = request.json()
        self.post_office.keep = int(values.get("keep", self.post_office.keep))
        self.mailboxes.open = bool(values.get("open", self.mailboxes.open))
        return reply({"keep": self.post_office.keep, "open": self.mailboxes.open})

    async def _drop_connections(self, request: Request) -> Response:
        """Cut the IMAP connections of an account, or all."""
        account = request.json().get("account")
        chosen = [session for session in self._sessions if account in (None, session.address)]
        for session in chosen:
            session.abort()
        return reply({"dropped": len(chosen)})

    async def _show_person(self, request: Request) -> Response:
        person = self.people.person(request.names["address"].lower())
        return reply({**vars(person), "details": sorted(person.details)})

    async def _describe_people(self, request: Request) -> Response:
        """Say what people do: one person, or ``{"people": [...]}``; ``mixed`` concerns all that are not described."""
        values = request.json()
        if "mixed" in values:
            self.people.mix(bool(values["mixed"]))
        described = values.get("people", [values] if "address" in values else [])
        for each in described:
            self.people.describe(each)
        return reply({"described": len(described)}, 201)

    async def _map_hosts(self, request: Request) -> Response:
        """Let host names in links stand for servers of this computer: ``{"hosts": {"a.b": "127.0.0.1:8000"}}``."""
        self.people.fetcher.map(request.json()["hosts"])
        return reply({"hosts": self.people.fetcher.hosts})

    def _folder(self, request: Request) -> int:
        folder = self.mailboxes.folder(request.names["address"].lower(), request.names["folder"])
        if folder is None:
            raise Problem(404, "There is no such folder.")
        return folder.id
