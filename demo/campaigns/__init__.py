"""Demo data of the campaigns app."""

from datetime import datetime

from campaigns.figures.recounting import request_recounts
from demo.campaigns import (
    accounts,
    graph,
    inbox,
    network_accounts,
    outreach,
    templates,
    try_networks,
    try_out,
    webhooks,
)
from demo.demo_tenant import DemoTenant


def load_shared(now: datetime) -> None:
    """Create the templates that all tenants share."""
    templates.load_shared()


def load(demo: DemoTenant) -> None:
    """Create templates, sending accounts, campaigns, the inbox and webhooks."""
    templates.load(demo)
    profiles = accounts.load(demo)
    network_accounts.load(demo)
    outreach.load(demo, profiles)
    try_out.load(demo)
    try_networks.load(demo)
    graph.load(demo)
    inbox.load(demo)
    webhooks.load(demo)
    # The history's activities were written before their messages, so each was counted twice.
    request_recounts(demo.tenant.pk, reason="The demo's history was loaded.")
