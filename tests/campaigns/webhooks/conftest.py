"""A system of the tenant that listens, and the fixtures of the engine."""

from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.webhooks.models import WebhookEndpoint
from lad import writes
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.campaigns.engine.conftest import outreach, running  # noqa: F401  (fixtures)
from tests.support.https import Receiver, receiver


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Iterator[Receiver]:
    with receiver(tmp_path_factory.mktemp("receiver")) as made:
        yield made


@pytest.fixture
def crm(server: Receiver, settings: Any) -> Receiver:
    """The tenant's system. Its certificate is trusted, and it may be on this machine."""
    server.requests, server.answers, server.silent = [], [], False
    settings.WEBHOOK_INTERNAL_HOSTS = ["localhost"]
    settings.WEBHOOK_CA_FILE = str(server.certificate)
    return server


@pytest.fixture
def endpoint(tenant: Tenant, crm: Receiver) -> WebhookEndpoint:
    with tenant_context(tenant.pk):
        made: WebhookEndpoint = writes.create(WebhookEndpoint, {"name": "CRM", "url": crm.url})
    return made
