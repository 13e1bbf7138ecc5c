"""Demo rows of the leads domain."""

from demo.company import DemoCompany
from demo.leads import attachments, bookings, companies, education
from demo.leads import leads as people


def load(company: DemoCompany) -> None:
    """Fill one company: leads with what hangs on them, then what builds on leads."""
    leads = people.load(company)
    bookings.load(company, leads)
    attachments.load(company)
    education.load(company)
    companies.load(company)
