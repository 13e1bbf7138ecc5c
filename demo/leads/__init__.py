"""Demo data of the leads app."""

from demo.demo_tenant import DemoTenant
from demo.leads import attachments, bookings, companies, education
from demo.leads import leads as people


def load(demo: DemoTenant) -> None:
    """Create leads, then everything that refers to them."""
    leads = people.load(demo)
    bookings.load(demo, leads)
    attachments.load(demo)
    education.load(demo)
    companies.load(demo)
