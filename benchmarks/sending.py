"""Measure sending: python benchmarks/sending.py [--messages 1000] [--accounts 4] [--workers 2] [--rounds 3]

Starts a durable embedded server and the sandbox. Each round queues that many messages to as many leads from accounts
without a gap and lets worker processes drain them as production's workers do: claim, decide, mark, transmit and record,
one durable commit a message. Then as many processes hand the same mails to the same sandbox over the same number of
connections with a bare smtplib loop, which records nothing. Rounds alternate; medians are printed.

The aim is half of the bare loop's messages a second.
"""

import argparse
import multiprocessing
import os
import shutil
import smtplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.servers import migrated_servers  # noqa: E402
from tests.support.sandbox import HOST, Sandbox, start, wait_for_ports  # noqa: E402

AIM: Final = 0.5
TENANT: Final = uuid4()
PASSWORD: Final = "secret"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--accounts", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-sending-"))
    home = directory / "sandbox"
    home.mkdir()
    process = start(home, "--speed", "0", "--people", "silent")
    try:
        sandbox = Sandbox(home, wait_for_ports(home, process))
        os.environ["MAIL_SANDBOX_HOSTS"] = HOST
        with migrated_servers(directory / "servers", DB_POOL="false") as database:
            import django

            django.setup()
            _measure(database, sandbox, options)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(directory, ignore_errors=True)


def _measure(database: psycopg.Connection[Any], sandbox: Sandbox, options: argparse.Namespace) -> None:
    accounts = _accounts(database, sandbox, options.accounts)
    rates: dict[str, list[float]] = {"LAD": [], "bare": []}
    for number in range(options.rounds):
        ids = _queue(database, accounts, options.messages)
        before = sandbox.stats()["log"].get("submission", 0)
        seconds = _in_processes([_drain] * options.workers)
        sent = sandbox.stats()["log"].get("submission", 0) - before
        assert sent == len(ids), f"{sent} of {len(ids)} messages were sent"
        assert sandbox.stats()["mail"]["duplicates"] == 0
        rates["LAD"].append(len(ids) / seconds)
        mails = _mails(ids)
        parts = [mails[each :: options.workers] for each in range(options.workers)]
        seconds = _in_processes([partial(_bare, sandbox, part) for part in parts])
        rates["bare"].append(len(mails) / seconds)
        print(f"round {number + 1}: LAD {rates['LAD'][-1]:,.0f}/s, bare {rates['bare'][-1]:,.0f}/s", flush=True)
    lad, bare = statistics.median(rates["LAD"]), statistics.median(rates["bare"])
    told = f"LAD {lad:,.0f} messages a second, bare {bare:,.0f}: {lad / bare:.2f}, aim {AIM}"
    tell([(told, lad / bare >= AIM)])


def _accounts(database: psycopg.Connection[Any], sandbox: Sandbox, count: int) -> list[UUID]:
    # Workers are forked: a pool of connections would be shared by all of them.
    database.execute("INSERT INTO tenants (id, name, slug, status) VALUES (%s, 'Bench', 'bench', 'active')", [TENANT])
    database.execute(
        "INSERT INTO contact_policies (id, tenant_id, contact_from, contact_until, skips_holidays, max_per_day,"
        " max_per_week) VALUES (gen_random_uuid(), %s, '00:00', '23:59:59.999999', false, 1000, 1000)",
        [TENANT],
    )
    from lad.db.fields import field_cipher

    keys = [uuid4() for _ in range(count)]
    for number, key in enumerate(keys):
        address = f"sender{number}@kestrel.example"
        sandbox.mailbox(address, password=PASSWORD, saves_sent=True)
        database.execute(
            "INSERT INTO email_accounts (id, tenant_id, email, smtp_host, smtp_port, smtp_secure, smtp_password,"
            " status, saves_sent, min_gap_seconds, daily_send_limit)"
            " VALUES (%s, %s, %s, %s, %s, false, %s, 'connected', true, 0, 100000)",
            [key, TENANT, address, *sandbox.smtp, field_cipher().encrypt(PASSWORD.encode()).decode()],
        )
    return keys


def _queue(database: psycopg.Connection[Any], accounts: Sequence[UUID], count: int) -> list[UUID]:
    from campaigns.messages.services import Draft, queue
    from lad.tenancy.context import tenant_context

    leads = [uuid4() for _ in range(count)]
    with database.cursor() as cursor, cursor.copy("COPY leads (id, tenant_id, email) FROM STDIN") as copy:
        for key in leads:
            copy.write_row((key, TENANT, f"{key.hex}@people.example"))
    database.execute("ANALYZE")
    drafts = [
        Draft(lead, "email", "How is your autumn?", TEXT, email_account_id=accounts[number % len(accounts)])
        for number, lead in enumerate(leads)
    ]
    with tenant_context(TENANT):
        ids = queue(drafts)
    # As autovacuum does while messages come in.
    database.execute("ANALYZE messages")
    return ids


def _drain() -> None:
    from campaigns.channels.sending import worker

    while worker.send_due(seconds=20):
        pass


def _mails(ids: Sequence[UUID]) -> list[tuple[str, str, bytes]]:
    """Return the mails that were sent, with other Message-IDs: sender, recipient and content."""
    from campaigns.channels.email.composing.mime import compose
    from campaigns.messages.models import Message
    from lad.tenancy.context import tenant_context

    mails = []
    with tenant_context(TENANT):
        for message in Message.objects.filter(pk__in=ids).select_related("email_account"):
            assert message.email_account is not None
            message.message_id = f"<{uuid4()}@bare.example>"
            mail = compose(message, message.email_account)
            mails.append((mail.sender, mail.recipient, mail.content))
    return mails


def _bare(sandbox: Sandbox, mails: Sequence[tuple[str, str, bytes]]) -> None:
    servers: dict[str, smtplib.SMTP] = {}
    for sender, recipient, content in mails:
        server = servers.get(sender)
        if server is None:
            server = servers[sender] = smtplib.SMTP(*sandbox.smtp, timeout=20)
            server.login(sender, PASSWORD)
        server.sendmail(sender, [recipient], content)
    for server in servers.values():
        server.quit()


def _in_processes(works: Sequence[Callable[[], None]]) -> float:
    """Run the works at the same moment in processes of their own. Return the seconds until the last has ended."""
    from django.db import connections

    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(works) + 1)

    def run(work: Callable[[], None]) -> None:
        barrier.wait()
        work()

    processes = [context.Process(target=run, args=(work,)) for work in works]
    for each in processes:
        each.start()
    barrier.wait()
    began = time.monotonic()
    for each in processes:
        each.join()
        assert each.exitcode == 0
    return time.monotonic() - began


TEXT: Final = "Hello,\n\nmay I show you how others in your trade find their customers?\n\nMaya Kestrel\n" * 4


if __name__ == "__main__":
    main()
