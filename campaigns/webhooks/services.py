"""Write webhooks, queue calls, and record what became of them."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from campaigns.webhooks.models import CallState, WebhookCall, WebhookEndpoint
from lad import writes
from lad.db.identifiers import uuid7
from lad.notifier import WorkerNotifier
from lad.types import Actor, Values

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  (public)
SECRET_BYTES: Final = 32
CALLS_PER_STATEMENT: Final = 1_000
STARTED_AGAIN: Final = "The lead came to the step again before the call was sent."

notifier: Final = WorkerNotifier("campaigns.call_webhooks")


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call to queue."""

    endpoint_id: UUID
    campaign_id: UUID
    campaign_lead_id: UUID
    step_id: UUID
    activity_id: UUID


class EndpointWriter(writes.Writer[WebhookEndpoint]):
    """Writes webhooks. A new one gets a secret."""

    def prepare(self, row: WebhookEndpoint | None, values: Values, *, actor: Actor) -> Values:
        return {**values, "secret": new_secret()} if row is None else values


def new_secret() -> str:
    """Return a random secret, as receivers of Standard Webhooks enter it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


@transaction.atomic
def replace_secret(*, endpoint: WebhookEndpoint, actor: Actor) -> str:
    """Give the webhook another secret and return it: the only time that it can be read. The old one ends at once."""
    secret = new_secret()
    writes.update(endpoint, {"secret": secret}, actor=actor)
    return secret


def queue(calls: Sequence[NewCall], *, tenant_id: UUID) -> None:
    """Queue calls in the transaction that writes their activities. Earlier ones that still wait are cancelled."""
    earlier = WebhookCall.objects.filter(
        tenant=tenant_id, campaign_lead__in=[call.campaign_lead_id for call in calls], state=CallState.QUEUED
    )
    earlier.update(state=CallState.CANCELLED, error=STARTED_AGAIN, next_attempt_at=None, finished_at=Now())
    WebhookCall.objects.bulk_create(
        [
            WebhookCall(
                pk=uuid7(),
                tenant_id=tenant_id,
                endpoint_id=call.endpoint_id,
                campaign_id=call.campaign_id,
                campaign_lead_id=call.campaign_lead_id,
                step_id=call.step_id,
                activity_id=call.activity_id,
                next_attempt_at=Now(),
            )
            for call in calls
        ],
        batch_size=CALLS_PER_STATEMENT,
    )
    notifier.notify_on_commit()


writes.register(WebhookEndpoint, EndpointWriter)
