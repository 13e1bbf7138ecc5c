"""The audit log, read through the API."""

from typing import Any

import pytest

from lad.tenancy.context import tenant_context
from tenants.features.models import FeatureFlag
from tests.support.api import problem

pytestmark = pytest.mark.usefixtures("plain_writes")


def test_a_row_tells_who_changed_what_and_how(api: Any, owner: Any, admin: Any) -> None:
    made = api(owner).post("/api/v1/feature-flags/", {"feature_key": "campaigns"}, format="json").json()
    changed = api(admin).patch(f"/api/v1/feature-flags/{made['id']}/", {"is_enabled": True}, format="json")
    entries = api(owner).get("/api/v1/audit-entries/", {"row": made["id"]}).json()["results"]
    assert [(each["action"], each["actor_id"]) for each in entries] == [
        ("updated", str(admin.pk)),
        ("created", str(owner.pk)),
    ]
    assert entries[0]["changes"] == {"is_enabled": [False, True]}
    assert entries[0]["request_id"] == changed["X-Request-ID"]


def test_a_row_changed_among_many_is_found_too(api: Any, owner: Any, tenant: Any) -> None:
    with tenant_context(tenant.pk):
        flags = [FeatureFlag(feature_key=f"many-{number}", tenant=tenant) for number in range(150)]
        FeatureFlag.objects.bulk_create(flags)
    entries = api(owner).get("/api/v1/audit-entries/", {"row": flags[77].pk}).json()["results"]
    assert len(entries) == 1
    assert str(flags[77].pk) in entries[0]["row_ids"]


def test_the_log_is_for_those_with_the_right_and_of_one_tenant(
    api: Any, owner: Any, viewer: Any, other_owner: Any
) -> None:
    made = api(owner).post("/api/v1/feature-flags/", {"feature_key": "campaigns"}, format="json").json()
    assert problem(api(viewer).get("/api/v1/audit-entries/")) == (403, "missing_right")
    assert api(other_owner).get("/api/v1/audit-entries/", {"row": made["id"]}).json()["results"] == []
