"""Keys of features and capabilities are chosen from those that exist, in the API and in the admin."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from lad import writes
from lad.db.models import LadModel
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from tenants.access.capabilities import capabilities
from tenants.access.models import UserCapability
from tenants.access.rights import ALL_RIGHTS, OWNERSHIP
from tenants.accounts.models import User
from tenants.features.catalogue import features
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.features.selectors import PLANS_BY_FEATURE
from tenants.teams.models import Tenant
from tests.contract.pages import form_of, untouched
from tests.support.api import field_problems
from tests.support.database import one

# Names of columns whose values are usually keys of something that exists.
NAMES_OF_KEYS = ("feature_key", "capability_key", "provider", "kind", "type", "step_type", "data_source", "category")
# Columns of such a name that people write freely, and why.
FREE = {
    "billing_feature_entitlements.feature_key": "quotas may count what LAD does not switch, such as a batch of calls",
    "billing_usage_events.feature_key": "written by LAD's engines, never in a form",
    "billing_pricing_catalog.provider": "LAD's own staff enter whatever a supplier bills",
    "campaign_lead_activities.provider": "written by the engine; LAD's own staff only correct it",
    "communication_templates.category": "a tenant's own headings",
    "model_usage.provider": "written with the call, never in a form",
    "data_exports.kind": "written with the export, never in a form",
    "user_identities.provider": "written at sign-in, never in a form",
    "attempt_budgets.kind": "written by the sign-in limits, never in a form",
    "billing_stripe_events.type": "Stripe's own names",
    "voice_carrier_reports.kind": "written with the callback, never in a form",
    "provider_reports.kind": "written with the report, never in a form",
    "provider_reports.provider": "written with the report, never in a form",
    "campaign_figures.step_type": "counted, never in a form",
    "campaign_figure_entries.step_type": "written by triggers, never in a form",
    "whatsapp_templates.category": "WhatsApp's own names",
}

SETTINGS = [
    (FeatureKillSwitch, {"feature_key": "voice-agnt", "reason": "Down"}, "feature_key"),
    (TenantFeature, {"feature_key": "voice-agnt"}, "feature_key"),
    (FeatureFlag, {"feature_key": "voice-agnt"}, "feature_key"),
    (UserCapability, {"capability_key": "billing.vew"}, "capability_key"),
    (UserCapability, {"capability_key": "billing.view", "feature_key": "voice-agnt"}, "feature_key"),
]


def free_texts() -> dict[str, Any]:
    found = {}
    for model in apps.get_models():
        if issubclass(model, LadModel):
            for field in model._meta.concrete_fields:
                if field.name in NAMES_OF_KEYS and isinstance(field, models.CharField) and not field.choices:
                    found[f"{model._meta.db_table}.{field.name}"] = field
    return found


def test_every_column_for_a_key_offers_what_exists_or_says_why_not() -> None:
    assert set(free_texts()) == set(FREE)
    assert set(PLANS_BY_FEATURE) <= {each.key for each in features}
    assert set(ALL_RIGHTS) - OWNERSHIP <= {each.key for each in capabilities}


@pytest.mark.parametrize(("model", "values", "field"), SETTINGS)
def test_an_unknown_key_is_refused_by_the_writer_whoever_calls_it(
    tenant: Tenant, member: User, superuser: User, model: Any, values: dict[str, Any], field: str
) -> None:
    more = {"user": member} if model is UserCapability else {}
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid) as refused:
        writes.create(model, {**values, **more}, actor=superuser)
    assert list(refused.value.errors) == [field]


def test_an_unknown_key_is_refused_by_api_and_admin(api: Any, root: Any, owner: User, member: User) -> None:
    body = {"user": str(member.pk), "capability_key": "billing.vew"}
    refused = api(owner).post("/api/v1/user-capabilities/", body, format="json")
    assert list(field_problems(refused)) == ["capability_key"]
    refused = api(owner).post("/api/v1/tenant-features/", {"feature_key": "voice-agnt"}, format="json")
    assert list(field_problems(refused)) == ["feature_key"]
    url = "/admin/tenants/featurekillswitch/add/"
    page = root.get(url)
    assert "voice-agent" in dict(form_of(page).fields["feature_key"].choices)
    entries = {**untouched(page, FeatureKillSwitch), "reason": "Down", "is_active": "on"}
    assert list(form_of(root.post(url, {**entries, "feature_key": "voice-agnt"})).errors) == ["feature_key"]
    assert root.post(url, {**entries, "feature_key": "voice-agent"}).status_code == 302


def test_a_row_with_a_key_that_is_gone_can_still_be_read_and_changed(root: Any) -> None:
    with platform_context():
        FeatureKillSwitch.objects.create(feature_key="fax", reason="Down", is_active=True)
    row = one(FeatureKillSwitch, feature_key="fax")
    url = f"/admin/tenants/featurekillswitch/{row.pk}/change/"
    entries = untouched(root.get(url), FeatureKillSwitch)
    assert entries["feature_key"] == "fax"
    assert root.post(url, {**entries, "reason": "Gone"}).status_code == 302
    assert (one(FeatureKillSwitch, pk=row.pk).feature_key, one(FeatureKillSwitch, pk=row.pk).reason) == ("fax", "Gone")
