"""Demo data of the campaigns app."""

from datetime import datetime

from demo.campaigns import accounts, graph, outreach, templates, try_out, webhooks
from demo.demo_tenant import DemoTenant


def load_shared(now: datetime) -> None:
    """Create the templates that all tenants share."""
    templates.load_shared()


def load(demo: DemoTenant) -> None:
    """Create templates, sending accounts, campaigns and webhooks."""
    templates.load(demo)
    profiles = accounts.load(demo)
    outreach.load(demo, profiles)
    try_out.load(demo)
    graph.load(demo)
    webhooks.load(demo)
