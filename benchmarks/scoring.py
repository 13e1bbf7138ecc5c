"""Measure scores of leads: python benchmarks/scoring.py [--leads 1000000]

Starts an embedded server and fills it with that many leads of one tenant: of several thousand titles, companies and
places, every third with data of a directory, and a cache of their companies. Scores all of them in batches as the job
does, as the restricted role, first from nothing and then after a change of the profile, and reads the list of leads by
score. Prints leads a second of wall time and of this process's own time, the size of the table, and the plans.

The aim is a million leads in five minutes: 3,333 leads a second.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.servers import migrated_servers  # noqa: E402  (importable only after sys.path is set)

AIM: Final = 3_333
AIM_MILLISECONDS: Final = 50
SEED: Final = 15
TENANT, USER, PROFILE = uuid4(), uuid4(), uuid4()
COMPANIES: Final = 20_000
RANKS: Final = ("Head of", "VP", "Director of", "Senior Manager", "Chief", "Junior", "Lead", "Group Head of")
FIELDS: Final = ("Sales", "Operations", "Marketing", "IT", "Finance", "HR", "Procurement", "Quality", "Beekeeping")
PLACES: Final = ("Berlin, Germany", "München", "Paris, France", "Austin, TX", "Dubai", "Wien", "Somewhere", "")
INDUSTRIES: Final = ("fintech", "Hospital & Health Care", "Farming", "Software", "Logistics", "Marketing & Advertising")
ICP: Final = {
    "roles": ["Head of Operations", "COO"],
    "industries": ["Logistics & supply chain", "Hospitals & clinics"],
    "locations": ["DACH", "Dubai, United Arab Emirates"],
    "employees": {"min": 50, "max": 500},
    "keywords": ["cold chain"],
    "technologies": ["SAP"],
    "excluded": {"industries": ["Marketing & advertising"]},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-scoring-"))
    try:
        with migrated_servers(directory) as database:
            import django

            django.setup()
            keys = _fill(database, options.leads)
            _score(keys)
            database.execute("VACUUM ANALYZE ai_lead_scores")
            size = database.execute("SELECT pg_size_pretty(pg_total_relation_size('ai_lead_scores'))").fetchone()
            print(f"table and indexes: {size[0] if size else '?'}")
            _list()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _fill(database: psycopg.Connection[Any], count: int) -> list[UUID]:
    chosen = random.Random(SEED)
    database.execute("INSERT INTO tenants (id, name, slug) VALUES (%s, 'Bench', 'bench')", [TENANT])
    database.execute("INSERT INTO users (id, email) VALUES (%s, 'bench@example.com')", [USER])
    database.execute(
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), %s, %s, 'owner')",
        [TENANT, USER],
    )
    database.execute(
        "INSERT INTO ai_icp_profiles (id, organization_id, user_id, name, icp_data, scores_leads)"
        " VALUES (%s, %s, %s, 'Bench', %s, true)",
        [PROFILE, TENANT, USER, orjson.dumps(ICP).decode()],
    )
    keys = [uuid4() for _each in range(count)]
    with database.cursor() as cursor:
        columns = (
            "company_search_cache (tenant_id, search_keywords, apollo_organization_id, company_domain, company_data)"
        )
        with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
            for number in range(COMPANIES):
                copy.write_row((TENANT, "bench", f"org-{number}", f"company-{number}.example", _company(chosen)))
        columns = "leads (id, tenant_id, first_name, title, company_name, company_domain, location, raw_data)"
        with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
            for number, key in enumerate(keys):
                company = chosen.randrange(COMPANIES)
                title = f"{chosen.choice(RANKS)} {chosen.choice(FIELDS)}"
                title += f", team {chosen.randrange(2_000)}" if number % 4 == 0 else ""
                data = f'{{"organization": {_company(chosen)}}}' if number % 3 == 0 else None
                row = (f"Lead {number}", title, f"Company {company}", f"company-{company}.example")
                copy.write_row((key, TENANT, *row, chosen.choice(PLACES), data))
        cursor.execute("VACUUM ANALYZE")
    return keys


def _company(chosen: random.Random) -> str:
    return orjson.dumps(
        {
            "industry": chosen.choice(INDUSTRIES),
            "estimated_num_employees": chosen.randrange(5, 2_000),
            "keywords": [f"word {chosen.randrange(500)}" for _each in range(10)] + ["cold chain"] * chosen.randrange(2),
            "technology_names": chosen.sample(["SAP", "Slack", "Salesforce", "Shopify", "Jira"], 2),
            "short_description": "We move what others make. " * 20,
        }
    ).decode()


def _score(keys: Sequence[UUID]) -> None:
    from aiicp.profiles.models import IcpProfile
    from aiicp.scoring.storing import BATCH, score_leads
    from lad.tenancy.context import tenant_context

    print(f"{len(keys):,} leads in batches of {BATCH:,}; {os.cpu_count()} cores")
    changes: dict[str, dict[str, Any]] = {
        "from nothing": {},
        "after a change of the profile": {"weights": {"role": 60}, "criteria_version": 2},
        "again without a change": {},
    }
    for name, change in changes.items():
        with tenant_context(TENANT):
            IcpProfile.objects.filter(pk=PROFILE).update(**change) if change else None
            profile = IcpProfile.objects.get(pk=PROFILE)
        wall, own, written = time.perf_counter(), time.process_time(), 0
        for start in range(0, len(keys), BATCH):
            with tenant_context(TENANT):
                written += len(score_leads(profile, keys[start : start + BATCH]))
        wall, own = time.perf_counter() - wall, time.process_time() - own
        rate = len(keys) / wall
        print(
            f"{name}: {rate:,.0f} leads a second (aim {AIM:,}: {'reached' if rate >= AIM else 'not reached'}),"
            f" {len(keys) / own:,.0f} by own time, {written:,} written;"
            f" a million in {1_000_000 / rate / 60:.1f} minutes",
            flush=True,
        )


def _list() -> None:
    """Read the first page by score, and filtered by it, as the list of leads does."""
    from django.db.models import F, FilteredRelation, Q

    from lad.tenancy.context import tenant_context
    from leads.contacts.models import Lead

    joined = FilteredRelation("icp_scores", condition=Q(icp_scores__profile=PROFILE))
    scored = Q(icp_score__points__gte=0)
    pages: dict[str, tuple[Q, list[Any]]] = {
        "best first": (scored, [F("icp_score__points").desc(), "-pk"]),
        "worst first": (scored, [F("icp_score__points").asc(), "pk"]),
        "75 and more, newest first": (Q(icp_score__points__gte=75, icp_score__points__lte=100), ["-created_at", "-pk"]),
    }
    for name, (condition, order) in pages.items():
        with tenant_context(TENANT):
            rows = Lead.objects.annotate(icp_score=joined).filter(condition).order_by(*order)[:50]
            list(rows)
            began = time.perf_counter()
            list(rows)
            taken = (time.perf_counter() - began) * 1_000
            plan = rows.explain(analyze=True, buffers=True)
        reached = "reached" if taken <= AIM_MILLISECONDS else "not reached"
        print(f"{name}: {taken:.1f} ms (aim {AIM_MILLISECONDS} ms: {reached})\n{plan}", flush=True)


if __name__ == "__main__":
    main()
