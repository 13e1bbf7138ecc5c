"""Measure the inbox of a large tenant beside that of a small one.

    python benchmarks/inbox.py [--small 10000] [--large 1000000] [--rounds 40] [--directory DIR]

Starts an embedded server and fills it with two tenants: so many messages each, five to a lead, over a year, in words of
which some are frequent and most are rare. Conversations and texts are made by LAD's own repair. Then a member of each
tenant does the same in turn, as the restricted role under row-level security, in the API and in the page's panes:

- list: the parts of the inbox, labels, a channel and a campaign,
- search: frequent and rare words, two of them, names, addresses, and what nobody has,
- thread: a conversation with its ways to answer; one in twenty is long.

Prints the 95th percentile of each kind for both tenants, and their ratio. The aims are a ratio of at most 1.3 for each
of the three, in both ways, and that the words of a message find it. The last line counts the aims that are reached.
"""

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import close  # noqa: E402  (importable only after sys.path is set)
from benchmarks.servers import migrated_servers  # noqa: E402

AIM_RATIO: Final = 1.3
SEED: Final = 17
MESSAGES_OF_LEAD: Final = 5
SENTENCES: Final = 20_000
WORDS: Final = 15_000
LONG_THREAD: Final = 400

SCHEMA: Final = """
SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SELECT setseed(0.17);
CREATE TEMP TABLE words AS
SELECT place, (SELECT string_agg((ARRAY['ba','be','bor','da','del','do','fa','fen','gar','hal','in','jo','ka','len',
    'lo','ma','mer','nor','pa','ri','sa','sel','ter','to','va','vin','wa','zo'])[1 + floor(random() * 28)::int], '')
    FROM generate_series(1, 2 + place %% 3 + (place * 0)::int)) AS word
FROM generate_series(1, {words}) AS place;
CREATE TEMP TABLE sentences AS
SELECT number, initcap(string_agg(word, ' ')) || '.' AS sentence FROM (
    SELECT number, floor(power(random(), 3) * {words})::int + 1 AS place
    FROM generate_series(1, {sentences}) AS number, generate_series(1, 12)
) AS drawn JOIN words USING (place) GROUP BY number;
CREATE UNIQUE INDEX ON sentences (number); ANALYZE words; ANALYZE sentences
"""
LEADS: Final = """
INSERT INTO leads (id, tenant_id, created_at, first_name, last_name, email, phone, company_name, stage, status, source,
    linkedin_url, last_activity_at)
SELECT gen_random_uuid(), %(tenant)s, made, initcap(first.word), initcap(last.word) || number,
    lower(first.word) || number || '@' || company.word || '.example', '+4930' || (1000000 + number),
    initcap(company.word) || ' AG', 'new', 'active', 'import', 'https://www.linkedin.com/in/p' || number, made
FROM (
    SELECT number, now() - interval '365 days' * random() AS made, floor(power(random(), 2) * {words})::int + 1 AS a,
        floor(random() * {words})::int + 1 AS b, floor(random() * {words})::int + 1 AS c
    FROM generate_series(1, %(leads)s) AS number
) AS drawn JOIN words AS first ON first.place = a JOIN words AS last ON last.place = b
JOIN words AS company ON company.place = c
"""
MESSAGES: Final = """
INSERT INTO messages (id, tenant_id, created_at, updated_at, lead_id, campaign_id, email_account_id,
    linkedin_account_id, channel, direction, action, kind, state, from_address, to_address, subject, body, occurred_at)
SELECT gen_random_uuid(), %(tenant)s, at, at, lead_id, CASE WHEN turn = 1 THEN %(campaign)s::uuid END,
    CASE WHEN mail THEN %(mailbox)s::uuid END, CASE WHEN NOT mail THEN %(profile)s::uuid END,
    CASE WHEN mail THEN 'email' ELSE 'linkedin' END, CASE WHEN turn %% 2 = 1 THEN 'outbound' ELSE 'inbound' END,
    'message', CASE WHEN turn %% 2 = 1 THEN 'outreach' ELSE 'reply' END,
    CASE WHEN turn %% 2 = 1 THEN 'sent' ELSE 'received' END, email, email, one.sentence,
    two.sentence || ' ' || three.sentence || ' ' || four.sentence || ' ref' || left(md5(lead_id::text || turn), 9), at
FROM (
    SELECT leads.id AS lead_id, leads.email, turn, least(leads.created_at + turn * interval '7 hours', now()) AS at,
        random() < 0.7 AS mail, floor(random() * {sentences})::int + 1 AS a,
        floor(random() * {sentences})::int + 1 AS b,
        floor(random() * {sentences})::int + 1 AS c, floor(random() * {sentences})::int + 1 AS d
    FROM leads, generate_series(1, {turns}) AS turn WHERE leads.tenant_id = %(tenant)s {which}
) AS drawn
JOIN sentences AS one ON one.number = a JOIN sentences AS two ON two.number = b
JOIN sentences AS three ON three.number = c JOIN sentences AS four ON four.number = d
"""
# Three of four conversations are closed, one of eight of the others is unread, and people have taken half of them.
STATES: Final = """
UPDATE inbox_conversations SET
    state = CASE WHEN hashtext(id::text) %% 4 = 0 THEN 'open' ELSE 'closed' END,
    unread_count = CASE WHEN hashtext(id::text) %% 32 = 0 THEN 1 ELSE 0 END,
    assigned_to_id = CASE WHEN hashtext(id::text) %% 8 IN (0, 1, 2) THEN %(user)s::uuid END,
    label = (ARRAY['', 'interested', 'not_now', 'question'])[1 + abs(hashtext(lead_id::text)) %% 4]
WHERE tenant_id = %(tenant)s
"""
INDEXES: Final = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(ARRAY['leads', 'lead_search_texts', 'messages', 'inbox_message_texts',
    'inbox_conversations']::regclass[])
    AND NOT indisunique AND NOT (indrelid = 'messages'::regclass AND pg_get_indexdef(indexrelid) LIKE '%%lead_id%%')
"""


@dataclass
class Side:
    """One tenant, and what its member asks for."""

    name: str
    messages: int
    tenant_id: Any
    user: Any
    api: Any
    admin: Any
    campaign: Any = None
    threads: list[Any] = field(default_factory=list)
    terms: list[tuple[str, str]] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def get(self, client: Any, address: str, parameters: dict[str, str] | None = None) -> Any:
        response = client.get(address, parameters or {})
        if response.status_code != 200:
            raise SystemExit(f"{address} answers {response.status_code}: {response.content[:300]!r}")
        return response


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def side(name: str, messages: int) -> Side:
    """Create a tenant with an owner who is signed in to the API and the admin."""
    from django.test import Client
    from rest_framework.test import APIClient

    from lad.tenancy.context import platform_context
    from tenants.access.roles import Role
    from tenants.accounts.models import User
    from tenants.accounts.tokens import issue_access_token
    from tenants.teams.models import Membership, PlanTier, Tenant, TenantStatus

    with platform_context():
        tenant = Tenant.objects.create(name=name, slug=name, plan_tier=PlanTier.ENTERPRISE, status=TenantStatus.ACTIVE)
        user = User.objects.create(
            email=f"owner@{name}.example", is_staff=True, email_verified=True, primary_tenant=tenant
        )
    with platform_context(tenant_id=tenant.pk):
        Membership.objects.create(user=user, role=Role.OWNER)
    token = issue_access_token(user=user, tenant_id=tenant.pk)
    admin = Client()
    admin.force_login(user)
    return Side(name, messages, tenant.pk, user, APIClient(HTTP_AUTHORIZATION=f"Bearer {token}"), admin)


def accounts(one: Side) -> dict[str, Any]:
    """Create the mailbox, the profile and the campaign of a tenant. Return their keys."""
    from campaigns.accounts.models import EmailAccount, EmailAccountStatus, LinkedinAccount
    from campaigns.design.models import Campaign
    from lad.tenancy.context import platform_context

    with platform_context(tenant_id=one.tenant_id):
        mailbox = EmailAccount.objects.create(
            email=f"sales@{one.name}.example", smtp_host="smtp.example", status=EmailAccountStatus.CONNECTED
        )
        profile = LinkedinAccount.objects.create(account_name="Sales", user=one.user, unipile_account_id=one.name)
        campaign = Campaign.objects.create(name="Autumn")
    one.campaign = campaign.pk
    return {"mailbox": mailbox.pk, "profile": profile.pk, "campaign": campaign.pk}


def fill(database: psycopg.Connection[Any], sides: list[Side]) -> None:
    """Write leads and messages without triggers, and make conversations of them as LAD's repair does."""
    from campaigns.inbox.services.repairing import repair

    began = time.perf_counter()
    known = {"words": WORDS, "sentences": SENTENCES}
    database.execute(SCHEMA.format(**known).replace("%%", "%"))
    indexes = database.execute(INDEXES.replace("%%", "%")).fetchall()
    for name, _definition in indexes:
        database.execute(f"DROP INDEX {name}")
    for one in sides:
        values = {"tenant": one.tenant_id, "leads": one.messages // MESSAGES_OF_LEAD, **accounts(one)}
        database.execute(LEADS.format(**known), values)
        long_one = " AND leads.id = (SELECT id FROM leads WHERE tenant_id = %(tenant)s ORDER BY id LIMIT 1)"
        for turns, which in ((MESSAGES_OF_LEAD, ""), (LONG_THREAD, long_one)):
            database.execute(MESSAGES.format(turns=turns, which=which, **known), values)
    database.execute(
        "INSERT INTO lead_search_texts (id, tenant_id, created_at, text, lead_is_deleted)"
        " SELECT id, tenant_id, created_at, search_text, false FROM leads"
    )
    database.execute("ANALYZE leads; ANALYZE messages")
    print(f"messages written after {time.perf_counter() - began:.0f} s", flush=True)
    for one in sides:
        started = time.perf_counter()
        count = repair(one.tenant_id)
        print(f"{one.name}: {count:,} conversations made in {time.perf_counter() - started:.0f} s", flush=True)
        database.execute(STATES, {"tenant": one.tenant_id, "user": one.user.pk})
    # LAD writes them as messages come, not lead by lead as the repair does.
    database.execute("CREATE INDEX in_time ON inbox_message_texts (said_at)")
    database.execute("CLUSTER inbox_message_texts USING in_time; DROP INDEX in_time")
    for _name, definition in indexes:
        database.execute(definition)
    for table in ("leads", "lead_search_texts", "messages", "inbox_conversations", "inbox_message_texts"):
        database.execute(f"VACUUM (ANALYZE) {table}")
    sizes = database.execute(
        "SELECT pg_size_pretty(pg_table_size('messages')), pg_size_pretty(pg_table_size('inbox_message_texts')),"
        " pg_size_pretty(pg_relation_size('inbox_message_texts_words')),"
        " pg_size_pretty(pg_total_relation_size('inbox_conversations'))"
    ).fetchone()
    assert sizes is not None
    print(
        f"ready after {time.perf_counter() - began:.0f} s; messages {sizes[0]}, texts {sizes[1]}, their index"
        f" {sizes[2]}, conversations with indexes {sizes[3]}",
        flush=True,
    )


def choose(database: psycopg.Connection[Any], one: Side, rounds: int) -> None:
    """Choose the conversations and terms that the tenant's member asks for."""
    chance = random.Random(SEED)
    rows = database.execute(
        "SELECT kept.id, messages.body, leads.first_name, leads.last_name, leads.email FROM inbox_conversations AS kept"
        " JOIN messages ON messages.id = kept.last_message JOIN leads ON leads.id = kept.lead_id"
        " WHERE kept.tenant_id = %s ORDER BY hashtext(kept.id::text) LIMIT 400",
        [one.tenant_id],
    ).fetchall()
    longest = database.execute(
        "SELECT conversation_id FROM inbox_message_texts WHERE tenant_id = %s"
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        [one.tenant_id],
    ).fetchall()[0][0]
    common = [word for (word,) in database.execute("SELECT word FROM words ORDER BY place LIMIT 12").fetchall()]
    for number in range(rounds):
        key, body, first, last, email = rows[number % len(rows)]
        words = body.replace(".", "").lower().split()
        one.threads.append(longest if number % 20 == 0 else key)
        one.terms += [
            ("frequent word", common[number % len(common)]),
            ("two frequent words", f"{common[number % 12]} {common[(number + 5) % 12]}"),
            ("a word", chance.choice(words[:-1])),
            ("two words", f"{words[0]} {words[5]}"),
            ("only one message", words[-1]),
            ("name", f"{first} {last}"),
            ("first name", first),
            ("e-mail address", email),
            ("nothing", f"zzqx{number}"),
        ]


def lists(one: Side) -> Iterator[dict[str, str]]:
    yield {}
    yield from ({"folder": each} for each in ("open", "mine", "unassigned", "unread", "closed", "snoozed"))
    yield {"folder": "open", "label": "interested"}
    yield {"folder": "open", "last_channel": "linkedin"}
    yield {"folder": "open", "campaign": str(one.campaign)}


def asks(one: Side, number: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what the tenant's member does in one round."""
    base = "/api/v1/inbox-conversations/"
    for query in lists(one):
        pane = {**query, "channel": query.get("last_channel", ""), "part": "list"}
        yield "API list", partial(one.get, one.api, base, query)
        yield "page list", partial(one.get, one.admin, "/admin/inbox/", pane)
    per_round = len(one.terms) // len(one.threads)
    for kind, term in one.terms[number * per_round : (number + 1) * per_round]:
        yield f"API search: {kind}", partial(one.get, one.api, base, {"search": term})
        yield "page search", partial(one.get, one.admin, "/admin/inbox/", {"q": term, "part": "list"})
    thread = one.threads[number]
    for _times in range(3):
        yield "API thread", lambda: one.get(one.api, f"{base}{thread}/thread/")
        yield "page thread", lambda: one.get(one.admin, "/admin/inbox/", {"c": str(thread), "part": "thread"})


def measure(sides: list[Side], rounds: int) -> None:
    for number in range(rounds):
        for pair in zip(*(asks(one, number) for one in sides), strict=True):
            for one, (kind, ask) in zip(sides, pair, strict=True):
                started = time.perf_counter()
                ask()
                # The first round fills caches that live as long as the process.
                if number:
                    one.times[kind].append((time.perf_counter() - started) * 1000)


def report(sides: list[Side]) -> list[bool]:
    small, large = sides
    print(f"\n| what | times | {small.messages:,} p50 | p95 ms | {large.messages:,} p50 | p95 ms | ratio of p95 |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    reached = []
    details = {kind: ([kind], False) for kind in small.times}
    whole = {
        f"{way} {what}, all": ([kind for kind in small.times if kind.startswith(f"{way} {what}")], True)
        for way in ("API", "page")
        for what in ("list", "search", "thread")
    }
    for title, (kinds, is_aim) in {**details, **whole}.items():
        few, many = ([each for kind in kinds for each in one.times[kind]] for one in sides)
        ratio = p95(many) / p95(few)
        print(
            f"| {title} | {len(few)} | {statistics.median(few):.1f} | {p95(few):.1f} | {statistics.median(many):.1f}"
            f" | {p95(many):.1f} | {ratio:.2f} |"
        )
        if is_aim:
            reached.append(ratio <= AIM_RATIO)
    return reached


def missed(one: Side) -> list[str]:
    """Return the terms that occur in one message only and do not find its conversation."""
    found = []
    for kind, term in one.terms:
        if kind == "only one message":
            answer = one.get(one.api, "/api/v1/inbox-conversations/", {"search": term}).json()["results"]
            if len(answer) != 1:
                found.append(f"{term}: {len(answer)}")
    return found


def run(database: psycopg.Connection[Any], options: argparse.Namespace) -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("collectstatic", verbosity=0, interactive=False)
    sides = [side("small", options.small), side("large", options.large)]
    fill(database, sides)
    for one in sides:
        choose(database, one, options.rounds)
    lost = {one.name: missed(one) for one in sides}
    print(f"words that do not find their message: {lost}", flush=True)
    measure(sides, options.rounds)
    reached = [*report(sides), not any(lost.values())]
    print()
    return 0 if close(reached) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-", dir=options.directory))
    try:
        with migrated_servers(directory, durable=False, THROTTLE_API="1000000/min", DB_POOL="false") as database:
            return run(database, options)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
