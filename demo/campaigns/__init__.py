"""Demo rows of the campaigns domain."""

from datetime import datetime

from demo.campaigns import accounts, outreach, templates
from demo.demo_tenant import DemoTenant


def load_shared(now: datetime) -> None:
    """Make the templates everybody may use."""
    templates.load_shared()


def load(demo: DemoTenant) -> None:
    """Fill one tenant: what it sends from, what it says, and its campaigns."""
    templates.load(demo)
    profiles = accounts.load(demo)
    outreach.load(demo, profiles)
