"""People read words: no key of a vocabulary reaches a page as it is stored."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models

from billing.filters import FeatureFilter
from lad.admin import defaults
from lad.db.fields import RegisteredKeyField
from lad.jobs.kinds import job_kinds
from lad.labels import in_words
from leads.contacts.admin.filters import SourceFilter
from tenants.features.selectors import PLANS_BY_FEATURE

# A word with an underscore, or one that only programs write without a capital.
RAW = re.compile(r"[a-z0-9]_[a-z0-9]|^[a-z]")
# Choices that the outside world spells in this way.
SPELLED_SO = {"ms", "x"}

WORDS = [
    ("linkedin_followup", "LinkedIn follow-up"),
    ("linkedin_connection", "LinkedIn connection"),
    ("apollo_io", "Apollo.io"),
    ("linkedin_search", "LinkedIn search"),
    ("inbound_csv", "Inbound CSV"),
    ("voice-agents", "Voice agents"),
    ("ai-icp-assistant", "AI ICP assistant"),
    ("closed_won", "Closed won"),
    ("email", "E-mail"),
    ("follow_up", "Follow-up"),
    ("no_show", "No-show"),
    ("openai", "OpenAI"),
    ("whatsapp", "WhatsApp"),
    ("billing.view", "Billing view"),
    ("Bank transfer", "Bank transfer"),
    ("Größe_1", "Größe_1"),
    ("", ""),
]


@pytest.mark.parametrize(("key", "words"), WORDS)
def test_a_key_is_read_as_words(key: str, words: str):
    assert in_words(key) == words


def labels() -> Iterator[tuple[str, str]]:
    """Yield where a label of a choice stands, and the label: of columns, registries and filters."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            for _value, label in getattr(field, "flatchoices", None) or ():
                yield f"{model.__name__}.{field.name}", str(label)
    for kind in job_kinds:
        yield "job kind", kind.label
    request: Any = None
    for each in (FeatureFilter, SourceFilter):
        bare: Any = each.__new__(each)
        for _value, label in bare.lookups(request, request):
            yield each.__name__, label
    for key in PLANS_BY_FEATURE:
        yield "feature", in_words(key)


def test_no_choice_registry_or_filter_shows_a_raw_key():
    found = list(labels())
    assert len(found) > 300
    assert [(where, label) for where, label in found if RAW.search(label) and label not in SPELLED_SO] == []


def test_columns_that_hold_keys_are_shown_in_words_in_every_list_and_page():
    site: Any = admin.site
    checked = 0
    for model, model_admin in site._registry.items():
        for field in model._meta.concrete_fields:
            if not defaults.holds_keys(field) or isinstance(field, RegisteredKeyField):
                continue
            row = model(**{field.attname: "linkedin_followup"})
            assert defaults.list_column(model, field.name)(row) == "LinkedIn follow-up"
            assert getattr(model_admin, f"{field.name}_words")(row) == "LinkedIn follow-up"
            checked += 1
    assert checked > 10


def test_a_column_without_choices_that_ends_like_a_key_is_known_or_named_here():
    """A new vocabulary either has choices, or is shown in words, or stands in this list with a reason."""
    named = {
        # Chosen by programs outside, and found again there by exactly this text.
        "idempotency_key": "names a request",
        "template_key": "the API's name of a template",
        "key": "the API's name of a row",
        "source_key": "what an event of a message is known by where it came from",
    }
    unknown = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.endswith("_key") and isinstance(field, models.CharField) and not defaults.holds_keys(field)
        if field.name not in named and not field.choices and not isinstance(field, models.GeneratedField)
        if not field.name.startswith(("name_", "company_", "session_", "search_"))
    ]
    assert unknown == []
