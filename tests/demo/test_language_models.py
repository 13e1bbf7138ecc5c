"""The demo's language model: the sandbox's, switched on for one tenant."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from demo.aiicp import language_models
from lad.llm.completions import Source
from lad.llm.endpoints import is_sandbox
from lad.llm.messages import Message
from lad.llm.models import ModelConnection
from lad.llm.purposes import CONNECTION_TEST
from lad.llm.questions import Question
from lad.llm.services import complete
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.support.sandbox import Sandbox


@pytest.mark.parametrize(
    ("slug", "source"), [(language_models.SWITCHED_ON, Source.MODEL), ("harbour-finch", Source.EMBEDDED)]
)
def test_one_tenant_of_the_demo_uses_the_sandboxs_model(
    tenant: Tenant, sandbox: Sandbox, slug: str, source: Source
) -> None:
    with platform_context():
        language_models.load_shared(timezone.now())
    with platform_context(tenant_id=tenant.pk):
        language_models.load(SimpleNamespace(slug=slug, tenant=tenant))  # type: ignore[arg-type]
        assert is_sandbox(ModelConnection.objects.get(name=language_models.NAME).base_url)
    question = Question(tenant.pk, CONNECTION_TEST, [Message("user", "Clinics in Dubai")])
    found = complete(question, embedded=lambda: "The embedded words.")
    assert found.source == source


def test_without_a_sandbox_there_is_no_model(db: None, settings) -> None:
    settings.SANDBOX_URL = ""
    with platform_context():
        language_models.load_shared(timezone.now())
        assert not ModelConnection.objects.exists()
