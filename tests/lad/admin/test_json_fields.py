"""JSON in the admin: errors name their place, and valid JSON is stored unchanged."""

import pytest

from aiicp.profiles.models import IcpProfile
from lad.admin.json_view import json_view
from lad.tenancy.context import platform_context
from tests.factories.aiicp import IcpProfileFactory

pytestmark = pytest.mark.usefixtures("all_features")

ADD = "/admin/aiicp/icpprofile/add/"


@pytest.fixture
def save(admin_of, owner, tenant):
    browser = admin_of(owner)

    def post(icp, search=""):
        entries = {"name": "Nordic fintech", "user": str(owner.pk), "icp_data": icp, "search_params": search}
        return browser.post(ADD, entries)

    return post


def errors(response, name):
    assert response.status_code == 200
    return " ".join(response.context["adminform"].form.errors.get(name, []))


def test_malformed_json_is_reported_with_line_and_column_and_kept(save):
    response = save('{\n  "roles": ["CFO"]\n  "locations": []\n}')
    assert "line 3, column 3: a comma" in errors(response, "icp_data")
    assert "&quot;locations&quot;: []" in response.content.decode()


@pytest.mark.parametrize("text", ['{"roles": NaN}', '{"deal_type": "\\u0000"}', '{"x": 1e999}', '{"x": 1, "x": 2}'])
def test_json_that_cannot_be_stored_is_rejected(save, text):
    assert errors(save(text), "icp_data")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"roles": "CFO"}', "roles must be a list."),
        ('{"roles": ["CFO", 3]}', "roles[1] must be text."),
        ('{"company_size": "huge"}', "company_size must be one of: smb, mid-market, enterprise."),
        ('["CFO"]', "The value must be an object."),
    ],
)
def test_json_that_breaks_its_schema_is_reported_with_its_path(save, text, says):
    assert says in errors(save(text), "icp_data")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"notes": "' + "x" * 70_000 + '"}', "at most 64 KB"),
        ('{"deep": ' + "[" * 40 + "]" * 40 + "}", "At most 32 levels"),
        ("[" * 600 + "]" * 600, "At most 64 levels"),
    ],
    ids=["large", "deep", "bottomless"],
)
def test_json_over_the_limit_of_its_column_is_rejected(save, text, says):
    assert says in errors(save(text), "icp_data")


def test_an_empty_entry_sets_the_default(save):
    assert save('{"roles": ["CFO"]}').status_code == 302
    with platform_context():
        assert IcpProfile.objects.get().search_params is None


def test_a_page_saved_untouched_changes_nothing(admin_of, owner, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = IcpProfileFactory.create(user=owner, icp_data={"roles": ["CFO"], "10": 1, "2": 1.50})
        unchanged = IcpProfile.objects.get(pk=row.pk).updated_at
    page = admin_of(owner).get(f"/admin/aiicp/icpprofile/{row.pk}/change/")
    form = page.context["adminform"].form
    posted = {name: form[name].value() or "" for name in ("name", "description", "icp_data", "search_params")}
    saved = admin_of(owner).post(f"/admin/aiicp/icpprofile/{row.pk}/change/", {**posted, "is_active": "on"})
    assert saved.status_code == 302
    with platform_context():
        assert IcpProfile.objects.get(pk=row.pk).updated_at == unchanged


def test_json_is_shown_as_a_table_to_users_who_may_only_view(admin_of, viewer, owner, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = IcpProfileFactory.create(
            user=owner, icp_data={"roles": ["CFO", "COO"], "capture_rules": {"form": "demo"}}
        )
    text = admin_of(viewer).get(f"/admin/aiicp/icpprofile/{row.pk}/change/").content.decode()
    assert '<span class="lad-chip">COO</span>' in text
    assert "<dt>form</dt>" in text
    assert "textarea" not in text.partition('id="content"')[2]


def test_json_values_are_escaped():
    shown = json_view({"<b>": ["<script>", {"deep": [[["<i>"]]]}], "nothing": None, "yes": True})
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "&lt;script&gt;" in shown


def test_long_json_is_cut_with_a_note():
    shown = json_view({"ids": list(range(500))})
    assert "and 300 more" in shown
    deep: dict = {}
    for _ in range(20):
        deep = {"in": deep}
    assert "<pre" in json_view(deep)
