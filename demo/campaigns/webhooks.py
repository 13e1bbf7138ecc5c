"""The systems that the demo's tenants could call from a campaign."""

from campaigns.webhooks.models import WebhookEndpoint
from campaigns.webhooks.services import new_secret
from demo.demo_tenant import DemoTenant


def load(demo: DemoTenant) -> None:
    """Create a webhook that no step calls: the addresses of the demo lead nowhere."""
    WebhookEndpoint.objects.create(
        **demo.created(demo.ago(days=40)),
        tenant=demo.tenant,
        name="Enterprise resource planning",
        url=f"https://hooks.{demo.domain}/lad",
        secret=new_secret(),
    )
