"""Demo rows of the campaigns domain."""

from datetime import datetime

from demo.campaigns import accounts, outreach, templates
from demo.company import DemoCompany


def load_shared(now: datetime) -> None:
    """Make the templates everybody may use."""
    templates.load_shared()


def load(company: DemoCompany) -> None:
    """Fill one company: what it sends from, what it says, and its campaigns."""
    templates.load(company)
    profiles = accounts.load(company)
    outreach.load(company, profiles)
