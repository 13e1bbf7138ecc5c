"""Demo data of the leads app."""

from demo.demo_tenant import DemoTenant
from demo.leads import attachments, bookings, companies, education, jobs, leads, permission


def load(demo: DemoTenant) -> None:
    """Create leads, then everything that refers to them."""
    created = leads.load(demo)
    bookings.load(demo, created)
    attachments.load(demo)
    education.load(demo)
    companies.load(demo)
    permission.load(demo)
    jobs.load(demo)
