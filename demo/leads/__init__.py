"""Demo data of the leads app."""

from datetime import datetime

from demo.demo_tenant import DemoTenant
from demo.leads import attachments, bookings, companies, directories, education, jobs, leads, permission, prospecting


def load_shared(now: datetime) -> None:
    """Connect the directory that tenants without an account of their own use."""
    directories.load_shared(now)


def load(demo: DemoTenant) -> None:
    """Create leads, then everything that refers to them."""
    created = leads.load(demo)
    bookings.load(demo, created)
    attachments.load(demo)
    education.load(demo)
    companies.load(demo)
    prospecting.load(demo)
    permission.load(demo)
    jobs.load(demo)
