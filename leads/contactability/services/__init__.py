"""Services of contactability for campaigns and voice."""

from leads.contactability.services.consent import record_consent
from leads.contactability.services.deciding import decide, decide_channels
from leads.contactability.services.suppressing import (
    NewSuppression,
    company_of,
    forget_address,
    lift,
    stop_companies,
    stop_company,
    suppress,
    suppress_many,
)

__all__ = [
    "NewSuppression",
    "company_of",
    "decide",
    "decide_channels",
    "forget_address",
    "lift",
    "record_consent",
    "stop_companies",
    "stop_company",
    "suppress",
    "suppress_many",
]
