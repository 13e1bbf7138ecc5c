"""The demo's language model: the sandbox's, switched on for one tenant."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from demo.aiicp import language_models
from lad.llm.completions import Completion, Source
from lad.llm.endpoints import endpoints
from lad.llm.messages import Message
from lad.llm.models import ModelConnection
from lad.llm.purposes import CONNECTION_TEST
from lad.llm.questions import Question
from lad.llm.services import NO_MODEL, complete
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.support.sandbox import Sandbox


def answer_of(tenant: Tenant, slug: str) -> Completion:
    """Load the demo's models for a tenant and ask one."""
    with platform_context():
        language_models.load_shared(timezone.now())
    demo = SimpleNamespace(slug=slug, tenant=tenant, ago=lambda days: timezone.now() - timedelta(days=days))
    with platform_context(tenant_id=tenant.pk):
        language_models.load(demo)  # type: ignore[arg-type]
    question = Question(tenant.pk, CONNECTION_TEST, [Message("user", "Clinics in Dubai")])
    return complete(question, embedded=lambda: "The embedded words.")


@pytest.mark.parametrize(
    ("slug", "source"), [(language_models.SWITCHED_ON, Source.MODEL), ("harbour-finch", Source.EMBEDDED)]
)
def test_one_tenant_of_the_demo_uses_the_sandboxs_model(
    tenant: Tenant, sandbox: Sandbox, slug: str, source: Source
) -> None:
    assert answer_of(tenant, slug).source == source
    with platform_context():
        shared = ModelConnection.objects.get(name=language_models.NAME)
    assert (shared.tenant_id, endpoints.is_sandbox(shared.base_url)) == (None, True)


def test_without_a_sandbox_the_demo_answers_by_itself(tenant: Tenant, settings) -> None:
    settings.SANDBOX_URL = ""
    found = answer_of(tenant, language_models.SWITCHED_ON)
    assert (found.source, found.reason) == (Source.EMBEDDED, NO_MODEL)
