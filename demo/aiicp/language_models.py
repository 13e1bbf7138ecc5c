"""Language models of the demo: the platform's connection to the sandbox, and the tenant that has switched it on."""

from datetime import datetime
from typing import Final

from django.conf import settings

from demo.demo_tenant import DemoTenant
from lad.llm.errors import SENTENCES, Fault
from lad.llm.learning import RUNG
from lad.llm.messages import Rung
from lad.llm.models import ConnectionStatus, ModelChoice, ModelConnection
from lad.llm.providers import ANTHROPIC, OPENAI_COMPATIBLE

NAME: Final = "Sandbox model"
KEY: Final = "sandbox-demo"
# Without a sandbox the connection leads nowhere and is switched off.
NOWHERE: Final = "https://models.example"
# The others answer with the embedded assistant, as every new tenant does.
SWITCHED_ON: Final = "kestrel-analytics"
# Connections that the tenant tried by itself, with what became of them.
TRIED: Final = (
    ("Our own server", OPENAI_COMPATIBLE, "small-7b", ConnectionStatus.UNREACHABLE, SENTENCES[Fault.UNREACHABLE]),
    ("Anthropic, old key", ANTHROPIC, "large-4", ConnectionStatus.REFUSED, SENTENCES[Fault.KEY_REFUSED]),
    ("Trial account", OPENAI_COMPATIBLE, "large-1", ConnectionStatus.FAILED, SENTENCES[Fault.NO_SUCH_MODEL]),
    ("For next quarter", OPENAI_COMPATIBLE, "large-2", ConnectionStatus.UNTESTED, ""),
)


def load_shared(now: datetime) -> None:
    """Create the platform's connection to the sandbox."""
    ModelConnection.objects.create(
        name=NAME,
        provider=OPENAI_COMPATIBLE,
        base_url=f"{settings.SANDBOX_URL or NOWHERE}/v1",
        model="sandbox-good",
        api_key=KEY,
        is_active=bool(settings.SANDBOX_URL),
        status=ConnectionStatus.CONNECTED,
        tested_at=now,
        abilities={RUNG: Rung.JSON_SCHEMA.value},
        tokens_per_day=1_000_000,
    )


def load(demo: DemoTenant) -> None:
    """Let one tenant use the platform's connection, and give it some of its own."""
    if demo.slug != SWITCHED_ON:
        return
    connection = ModelConnection.objects.filter(tenant__isnull=True, name=NAME).first()
    ModelChoice.objects.create(tenant=demo.tenant, connection=connection)
    for name, provider, model, status, reason in TRIED:
        ModelConnection.objects.create(
            tenant=demo.tenant,
            name=name,
            provider=provider,
            base_url=f"{NOWHERE}/v1",
            model=model,
            api_key=KEY,
            is_active=False,
            status=status,
            status_reason=reason,
            tested_at=None if status == ConnectionStatus.UNTESTED else demo.ago(days=12),
        )
