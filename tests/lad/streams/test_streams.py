"""Streams of the real web server: who may listen, what they hear, and how they end."""

import signal
import socket
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.registry import UnknownKey
from lad.streams.publishing import publish
from lad.streams.tickets import Ticket, issue_ticket
from tests.lad.streams.conftest import STREAMS_PER_TENANT, Server, serve

DATA = {"changed": "activity"}
MESSAGE = 'data: {"changed":"activity"}\n\n'


@pytest.mark.django_db(transaction=True)
def test_a_tenants_streams_hear_what_was_committed_and_nobody_elses(server: Server) -> None:
    mine, other = uuid7(), uuid7()
    with server.stream(mine) as first, server.stream(mine) as second, server.stream(other) as foreign:
        with pytest.raises(RuntimeError), transaction.atomic():
            publish(mine, "activity", {"changed": "rolled back"})
            raise RuntimeError
        with transaction.atomic():
            publish(mine, "activity", DATA)
        assert "rolled back" not in first.wait_for(MESSAGE)
        second.wait_for(MESSAGE)
        publish(other, "activity", {"changed": "theirs"})
        assert MESSAGE not in foreign.wait_for("theirs")
        assert "theirs" not in first.received.decode()


def test_publishing_to_an_unknown_channel_fails(db: None) -> None:
    with pytest.raises(UnknownKey):
        publish(uuid7(), "activities", DATA)


def test_the_app_may_read_its_streams_from_its_own_origin(server: Server) -> None:
    with server.stream(uuid7()) as stream:
        head = stream.received.decode().lower()
    assert "access-control-allow-origin: http://localhost:5173" in head
    assert "content-type: text/event-stream" in head
    assert "retry: 3000" in head


def test_a_ticket_opens_its_own_channel_only_and_expires(server: Server) -> None:
    ticket = Ticket(uuid7(), uuid7(), "activity")
    expired, _ = issue_ticket(ticket, now=timezone.now() - timedelta(seconds=70))
    good, _ = issue_ticket(ticket)
    header, claims, signature = good.split(".")
    forged = f"{header}.{claims}.{signature[::-1]}"
    for bad in ("", expired, forged):
        status, document = server.refusal(bad)
        assert (status, document["code"]) == (401, "invalid_ticket")
    status, document = server.refusal(good, channel="billing")
    assert (status, document["code"]) == (403, "another_channel")


def test_a_tenant_holds_no_more_streams_than_allowed_and_others_still_can(server: Server) -> None:
    mine = uuid7()
    ticket, _ = issue_ticket(Ticket(mine, uuid7(), "activity"))
    streams = [server.stream(mine) for _ in range(STREAMS_PER_TENANT)]
    for each in streams:
        each.__enter__()
    try:
        status, document = server.refusal(ticket)
        assert (status, document["code"]) == (429, "too_many_streams")
        with server.stream(uuid7()) as other:
            assert other.received
    finally:
        for each in streams:
            each.__exit__(None, None, None)


def test_slow_bodies_leave_the_threads_to_others(server: Server) -> None:
    head = b"POST /api/v1/auth/sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        for client in clients:
            client.sendall(head)
        assert server.health() == 200
    finally:
        for client in clients:
            client.close()


def test_a_server_that_stops_ends_its_streams_first() -> None:
    with serve() as server, server.stream(uuid7()) as stream:
        server.process.send_signal(signal.SIGTERM)
        stream.wait_for("event: end")
        assert stream.ends()
        assert server.process.wait(10) == 0
