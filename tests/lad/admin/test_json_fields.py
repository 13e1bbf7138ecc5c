"""JSON in the admin: what is wrong with it is said where, what is right is kept as it was meant."""

import pytest

from aiicp.profiles.models import IcpProfile
from lad.admin.json_view import json_view
from lad.tenancy.context import platform_context
from tests.factories.aiicp import IcpProfileFactory

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


def test_a_fault_is_named_by_line_and_column_and_the_text_is_kept(save):
    response = save('{\n  "roles": ["CFO"]\n  "locations": []\n}')
    assert "line 3, column 3: a comma" in errors(response, "icp_data")
    assert "&quot;locations&quot;: []" in response.content.decode()


@pytest.mark.parametrize("text", ['{"roles": NaN}', '{"deal_type": "\\u0000"}', '{"x": 1e999}', '{"x": 1, "x": 2}'])
def test_what_cannot_be_stored_is_refused(save, text):
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
def test_a_wrong_shape_names_the_path(save, text, says):
    assert says in errors(save(text), "icp_data")


def test_what_is_left_empty_is_nothing(save):
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


def test_who_may_only_look_reads_a_table(admin_of, viewer, owner, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = IcpProfileFactory.create(
            user=owner, icp_data={"roles": ["CFO", "COO"], "capture_rules": {"form": "demo"}}
        )
    text = admin_of(viewer).get(f"/admin/aiicp/icpprofile/{row.pk}/change/").content.decode()
    assert '<span class="lad-chip">COO</span>' in text
    assert "<dt>form</dt>" in text
    assert "textarea" not in text.partition('id="content"')[2]


def test_what_is_shown_is_text_and_never_markup():
    shown = json_view({"<b>": ["<script>", {"deep": [[["<i>"]]]}], "nothing": None, "yes": True})
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "&lt;script&gt;" in shown


def test_what_is_too_long_to_read_is_cut_with_a_word():
    shown = json_view({"ids": list(range(500))})
    assert "and 300 more" in shown
    deep: dict = {}
    for _ in range(20):
        deep = {"in": deep}
    assert "<pre" in json_view(deep)
