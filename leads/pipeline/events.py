"""What happens in the leads domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes
from lad.tenancy.context import platform_context
from leads.pipeline.services import ensure

define("leads.stage.retired", "{actor} retired a stage", fields=["key", "moved_to", "moved"])


define("leads.stage.reordered", "{actor} put the stages in another order", fields=["keys"])


define("leads.status.retired", "{actor} retired a status", fields=["key", "moved_to", "moved"])


@consumes("tenants.tenant.created", name="first-pipeline")
def set_up_pipelines(batch: Batch) -> None:
    """Gives each new tenant its first stages and statuses."""
    for tenant_id in batch.tenant_ids:
        with platform_context(tenant_id=tenant_id):
            ensure(tenant_id)
