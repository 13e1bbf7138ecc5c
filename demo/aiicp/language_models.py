"""Language models of the demo: the platform's connection to the sandbox, and the tenant that has switched it on."""

from datetime import datetime
from typing import Final

from django.conf import settings

from demo.demo_tenant import DemoTenant
from lad.llm.learning import RUNG
from lad.llm.messages import Rung
from lad.llm.models import ConnectionStatus, ModelChoice, ModelConnection
from lad.llm.providers import OPENAI_COMPATIBLE

NAME: Final = "Sandbox model"
KEY: Final = "sandbox-demo"
# The others answer with the embedded assistant, as every new tenant does.
SWITCHED_ON: Final = "kestrel-analytics"


def load_shared(now: datetime) -> None:
    """Create the platform's connection to the sandbox, if there is one."""
    if not settings.SANDBOX_URL:
        return
    ModelConnection.objects.create(
        name=NAME,
        provider=OPENAI_COMPATIBLE,
        base_url=f"{settings.SANDBOX_URL}/v1",
        model="sandbox-good",
        api_key=KEY,
        status=ConnectionStatus.CONNECTED,
        tested_at=now,
        abilities={RUNG: Rung.JSON_SCHEMA.value},
        tokens_per_day=1_000_000,
    )


def load(demo: DemoTenant) -> None:
    """Let one tenant use the connection."""
    connection = ModelConnection.objects.filter(tenant__isnull=True, name=NAME).first()
    if demo.slug == SWITCHED_ON and connection is not None:
        ModelChoice.objects.create(tenant=demo.tenant, connection=connection)
