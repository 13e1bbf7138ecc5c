"""A tenant with stages, and job kinds of the tests' own."""

from collections.abc import Callable, Iterator

import pytest

from lad.errors import Conflict
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.pipeline import services as pipeline
from tenants.teams.models import PlanTier, Tenant
from tests.factories.tenants import TenantFactory

PART_SIZE = 4
POISON = "000003"


class NotThisOne(Conflict):
    """This lead cannot be changed."""


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        tenant: Tenant = TenantFactory.create(slug="acme-outreach", plan_tier=PlanTier.ENTERPRISE)
    with platform_context(tenant_id=tenant.pk):
        pipeline.ensure(tenant.pk)
    return tenant


MakeKind = Callable[..., JobKind]


@pytest.fixture
def make_kind() -> Iterator[MakeKind]:
    """``make_kind(change)`` registers a kind that archives leads with ``change``, a few in each transaction."""
    made: list[JobKind] = []

    def make(change: Callable[[Rows], None] = lambda rows: None, *, outside_effects: bool = False) -> JobKind:
        def archive(rows: Rows) -> list[RowOutcome]:
            change(rows)
            Lead.objects.filter(pk__in=rows.keys).update(is_archived=True)
            return [RowOutcome(key, Verdict.CHANGED) for key in rows.keys]

        kind = JobKind(
            key="tests.archive",
            label="Archive leads a few at a time",
            change=archive,
            model=lambda _parameters: Lead,
            right=lambda _parameters: "leads.update",
            title=lambda _parameters, rows: f"Archive {rows}",
            done=lambda _parameters: "archived",
            part_size=PART_SIZE,
            outside_effects=outside_effects,
        )
        made.append(job_kinds.register(kind))
        return kind

    yield make
    for kind in made:
        job_kinds.unregister(kind.key)


def refuse_poison(rows: Rows) -> None:
    """Raise for every selection that holds the lead named POISON."""
    if Lead.objects.filter(pk__in=rows.keys, last_name=POISON).exists():
        raise NotThisOne
