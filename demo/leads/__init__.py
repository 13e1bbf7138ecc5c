"""Demo rows of the leads domain."""

from demo.demo_tenant import DemoTenant
from demo.leads import attachments, bookings, companies, education
from demo.leads import leads as people


def load(demo: DemoTenant) -> None:
    """Fill one tenant: leads with what hangs on them, then what builds on leads."""
    leads = people.load(demo)
    bookings.load(demo, leads)
    attachments.load(demo)
    education.load(demo)
    companies.load(demo)
