"""JSON in the admin: errors name their place, and valid JSON is stored unchanged."""

import pytest

from lad.admin.json_view import json_view
from lad.tenancy.context import platform_context
from tests.factories.voice import VoiceFactory
from voice.agents.models import Voice

pytestmark = pytest.mark.usefixtures("all_features")

PAGES = "/admin/voice/voice/"


@pytest.fixture
def save(admin_of, owner):
    browser = admin_of(owner)

    def post(metadata):
        entries = {"provider": "cartesia", "provider_voice_id": "calm", "language": "en", "metadata": metadata}
        return browser.post(f"{PAGES}add/", entries)

    return post


def errors(response, name):
    assert response.status_code == 200
    return " ".join(response.context["adminform"].form.errors.get(name, []))


def test_malformed_json_is_reported_with_line_and_column_and_kept(save):
    response = save('{\n  "rules": {}\n  "locations": []\n}')
    assert "line 3, column 3: a comma" in errors(response, "metadata")
    assert "&quot;locations&quot;: []" in response.content.decode()


@pytest.mark.parametrize("text", ['{"rules": NaN}', '{"deal_type": "\\u0000"}', '{"x": 1e999}', '{"x": 1, "x": 2}'])
def test_json_that_cannot_be_stored_is_rejected(save, text):
    assert errors(save(text), "metadata")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"provider_config": "fast"}', "provider_config must be an object."),
        ('["CFO"]', "The value must be an object."),
    ],
)
def test_json_that_breaks_its_schema_is_reported_with_its_path(save, text, says):
    assert says in errors(save(text), "metadata")


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
    assert says in errors(save(text), "metadata")


def test_an_empty_entry_sets_the_default(save):
    assert save("").status_code == 302
    with platform_context():
        assert Voice.objects.get().metadata == {}


def test_a_page_saved_untouched_changes_nothing(admin_of, owner, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = VoiceFactory.create(tenant=tenant, metadata={"rules": {"inbound": True}, "10": 1, "2": 1.50})
        unchanged = Voice.objects.get(pk=row.pk).updated_at
    page = admin_of(owner).get(f"{PAGES}{row.pk}/change/")
    form = page.context["adminform"].form
    saved = admin_of(owner).post(f"{PAGES}{row.pk}/change/", {name: form[name].value() or "" for name in form.fields})
    assert saved.status_code == 302
    with platform_context():
        assert Voice.objects.get(pk=row.pk).updated_at == unchanged


def test_json_is_shown_as_a_table_to_users_who_may_only_view(admin_of, viewer, tenant):
    with platform_context(tenant_id=tenant.pk):
        row = VoiceFactory.create(tenant=tenant, metadata={"teams": ["North", "South"], "rules": {"inbound": True}})
    text = admin_of(viewer).get(f"{PAGES}{row.pk}/change/").content.decode()
    assert '<span class="lad-chip">South</span>' in text
    assert "<dt>inbound</dt>" in text
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
