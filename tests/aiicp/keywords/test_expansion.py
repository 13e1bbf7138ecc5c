"""Keyword expansion: the cache first, then the thesaurus, then the tenant's model."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aiicp.keywords import services
from aiicp.keywords.models import KeywordExpansion
from aiicp.keywords.services import MAX_KEYWORD, Origin, expand, plausible
from aiicp.keywords.thesaurus import related
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.helpers import EXPANSIONS
from tests.aiicp.paying import COMPLETION, PROMPT, books, fund, used
from tests.factories.aiicp import KeywordExpansionFactory
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import stored

pytestmark = pytest.mark.django_db(transaction=True)


def row(tenant: Any, **values: Any) -> KeywordExpansion:
    with platform_context(tenant_id=tenant.pk if tenant else None):
        return KeywordExpansionFactory.create(tenant=tenant, **values)


def test_the_tenants_own_row_comes_before_the_shared_one_and_hits_are_counted(tenant, other_tenant, member):
    shared = row(None, original_keyword="quux", context="industry", expanded_keywords=["shared"])
    own = row(tenant, original_keyword="quux", context="industry", expanded_keywords=["own"])
    before = timezone.now()
    found = expand("  QuuX ", "Industry", tenant_id=tenant.pk, actor=member)
    assert (found.origin, found.keywords, found.id, found.usage_count) == (Origin.CACHE, ("own",), own.pk, 2)
    assert stored(own).last_used_at >= before
    assert stored(shared).usage_count == 1
    theirs = expand("quux", "industry", tenant_id=other_tenant.pk, actor=None)
    assert (theirs.keywords, theirs.usage_count, stored(shared).usage_count) == (("shared",), 2, 2)
    # Another context is another key.
    assert expand("quux", "technology", tenant_id=tenant.pk, actor=member).origin == Origin.NOTHING


def test_look_ups_at_once_are_all_counted_and_make_one_row(tenant, member):
    run_together(*[lambda: expand("fintech", "industry", tenant_id=tenant.pk, actor=member)] * 3)
    with tenant_context(tenant.pk):
        found = KeywordExpansion.objects.get(tenant=tenant.pk, original_keyword="fintech")
    assert (found.usage_count, found.model) == (3, services.THESAURUS)


def test_the_api_expands_by_the_thesaurus_and_keeps_the_answer(tenant, member, viewer, api):
    first = api(member).post(f"{EXPANSIONS}expand/", {"keyword": "Steuerberater", "context": "industry"}, format="json")
    assert first.status_code == 200, first.content
    assert first.json()["origin"] == "thesaurus"
    assert "accounting firm" in first.json()["keywords"]
    again = api(member).post(f"{EXPANSIONS}expand/", {"keyword": "steuerberater", "context": "industry"}, format="json")
    assert (again.json()["origin"], again.json()["usage_count"]) == ("cache", 2)
    assert again.json()["keywords"] == first.json()["keywords"]
    assert problem(api(viewer).post(f"{EXPANSIONS}expand/", {"keyword": "crm"}, format="json"))[0] == 403
    for wrong in ({"keyword": ""}, {"keyword": "x" * (MAX_KEYWORD + 1)}, {"keyword": "a", "context": " "}, {}):
        assert problem(api(member).post(f"{EXPANSIONS}expand/", wrong, format="json")) == (400, "invalid")


def test_the_admin_has_a_button_for_it(tenant, member, admin_of):
    browser = admin_of(member)
    page = browser.post("/admin/aiicp/keywordexpansion/expand/", {"keyword": "CRM", "context": "technology"})
    assert "customer relationship management" in page.content.decode()
    assert "Expand a keyword" in browser.get("/admin/aiicp/keywordexpansion/").content.decode()
    empty = browser.post("/admin/aiicp/keywordexpansion/expand/", {"keyword": "", "context": "technology"})
    assert "required" in empty.content.decode()


def test_what_the_thesaurus_does_not_know_is_asked_of_the_model_once(tenant, member, connect, sandbox):
    unknown = expand("zymurgy supplies", tenant_id=tenant.pk, actor=member)
    assert (unknown.origin, unknown.keywords, unknown.usage) == (Origin.NOTHING, (), None)
    connect("sandbox-good")
    found = expand("zymurgy supplies", tenant_id=tenant.pk, actor=member)
    assert found.usage is not None
    assert (found.origin, found.model, found.usage.requests) == (Origin.MODEL, "sandbox-good", 1)
    assert found.keywords
    assert len(sandbox.log("model_call")) == 1
    assert expand("zymurgy supplies", tenant_id=tenant.pk, actor=member).origin == Origin.CACHE
    # What the thesaurus knows costs nothing.
    assert expand("k8s", "technology", tenant_id=tenant.pk, actor=member).usage is None
    assert len(sandbox.log("model_call")) == 1


@pytest.mark.parametrize("model", ["sandbox-refuses", "sandbox-invalid-json"])
def test_a_model_that_fails_leaves_nothing_behind(tenant, member, connect, model):
    connect(model)
    found = expand("zymurgy supplies", tenant_id=tenant.pk, actor=member)
    assert (found.origin, found.id) == (Origin.NOTHING, None)
    assert found.reason
    with tenant_context(tenant.pk):
        assert not KeywordExpansion.objects.filter(tenant=tenant.pk).exists()


def test_what_the_platforms_model_finds_is_paid_once(tenant, member, connect, priced):
    connect(platform=True)
    fund(tenant, "5")
    assert expand("zymurgy supplies", tenant_id=tenant.pk, actor=member).origin == Origin.MODEL
    inputs, outputs = used(tenant)
    assert books(tenant) == (inputs * PROMPT + outputs * COMPLETION, 0, ["charged"], 0)
    assert expand("zymurgy supplies", tenant_id=tenant.pk, actor=member).origin == Origin.CACHE
    assert books(tenant)[2] == ["charged"]


@pytest.mark.parametrize("model", ["sandbox-refuses", "sandbox-invalid-json"])
def test_a_model_that_finds_nothing_costs_nothing(tenant, member, connect, priced, model):
    connect(model, platform=True)
    fund(tenant, "5")
    assert expand("zymurgy supplies", tenant_id=tenant.pk, actor=member).origin == Origin.NOTHING
    assert books(tenant) == (0, 0, ["voided"], 0)


def test_without_credit_no_model_is_asked(tenant, member, connect, priced, sandbox):
    connect(platform=True)
    found = expand("zymurgy supplies", tenant_id=tenant.pk, actor=member)
    assert (found.origin, "no credit" in found.reason) == (Origin.NOTHING, True)
    assert sandbox.log("model_call") == []


def test_expansions_that_nobody_looks_up_are_forgotten_after_90_days(tenant):
    now = timezone.now()
    old, new = now - services.UNUSED_FOR - timedelta(hours=1), now - services.UNUSED_FOR + timedelta(hours=1)
    gone = [row(tenant, last_used_at=old), row(None, last_used_at=old)]
    kept = [row(tenant, last_used_at=new), row(tenant, last_used_at=old, model="")]
    assert services.prune(now=now) == 2
    with platform_context():
        left = set(KeywordExpansion.objects.values_list("pk", flat=True))
    assert left >= {each.pk for each in kept}
    assert left.isdisjoint(each.pk for each in gone)


@pytest.mark.parametrize(
    ("keyword", "context", "contains"),
    [
        ("fintech", "industry", "neobank"),
        ("Fintechs", "sector", "financial technology"),
        ("clinic", "industry", "hospital"),
        ("SFDC", "technology", "salesforce"),
        ("Geschäftsführer", "title", "ceo"),
        ("SME", "anything", "small business"),
        ("personalabteilung", "department", "human resources"),
    ],
)
def test_the_thesaurus(keyword, context, contains):
    found = related(keyword.lower(), context)
    assert contains in found
    assert len(found) == len(set(found)) <= 15
    assert keyword.lower() not in found


def test_the_thesaurus_says_nothing_of_what_it_does_not_know():
    assert related("zymurgy", "industry") == ()
    assert related("salesforce", "industry") == ()


def test_only_keywords_are_taken_from_a_models_answer():
    hostile = [
        "Real Keyword",
        "real  keyword",
        "![x](https://evil.example/?q=1)",
        "www.evil.example",
        "<script>",
        "a whole sentence that goes on and on for far too long",
        "asked",
        "c++ tools",
    ]
    assert plausible(hostile, "asked") == ("real keyword", "c++ tools")


@pytest.mark.parametrize("keyword", ["", "   ", "x" * 201, "two\nlines", "nul\x00"])
def test_a_keyword_that_cannot_be_looked_up(keyword):
    with pytest.raises(Invalid):
        expand(keyword, tenant_id=timezone.now(), actor=None)  # type: ignore[arg-type]  # refused before it is used
