"""Voice and telephony providers are open vocabularies: a new one needs no migration."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from lad.registry import Registry
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from voice.agents.models import Voice
from voice.agents.providers import VoiceProvider, voice_providers
from voice.numbers.models import VoiceNumber
from voice.numbers.providers import TelephonyProvider, telephony_providers


@pytest.mark.parametrize(
    ("model", "registry", "spec"),
    [
        (Voice, voice_providers, VoiceProvider("new", "New voices")),
        (VoiceNumber, telephony_providers, TelephonyProvider("new", "New carrier")),
    ],
)
def test_a_provider_is_accepted_from_the_moment_it_is_registered(
    model: type[models.Model], registry: Registry[Any], spec: Any
) -> None:
    field = model._meta.get_field("provider")
    assert isinstance(field, models.CharField)
    with pytest.raises(ValidationError):
        field.clean("new", None)
    registry.register(spec)
    try:
        assert field.clean("new", None) == "new"
    finally:
        registry.unregister("new")


@pytest.mark.parametrize("model", [Voice, VoiceNumber])
def test_the_database_has_no_check_on_providers(model: type[models.Model]) -> None:
    checks = [each.name for each in model._meta.constraints if isinstance(each, models.CheckConstraint)]
    assert checks
    assert not [name for name in checks if "provider" in name]


def test_an_unknown_provider_is_refused(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    body = {"country_code": "+39", "base_number": 655501234, "provider": "nobody"}
    response = api(admin).post("/api/v1/voice-agent-numbers/", body, format="json")
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"provider"}
