"""Demo rows of the leads domain."""

from leads.demo import attachments, bookings, companies, education
from leads.demo import leads as people
from tenants.demo.company import DemoCompany


def load(company: DemoCompany) -> None:
    """Fill one company: leads with what hangs on them, then what builds on leads."""
    leads = people.load(company)
    bookings.load(company, leads)
    attachments.load(company)
    education.load(company)
    companies.load(company)
