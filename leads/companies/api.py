"""The company caches in the API. Searches write them; the API only reads."""

from lad.api import router
from leads.companies.features import FEATURE
from leads.companies.models import CompanySearchCache, EmployeeCache

router.register(
    CompanySearchCache,
    area="companies",
    feature=FEATURE,
    exclude=["name_text"],
    filters=[
        "search_keywords",
        "search_location",
        "search_industry",
        "apollo_organization_id",
        "company_domain",
        "page_number",
        "created_at",
        "last_accessed_at",
    ],
    order=["-created_at", "-last_accessed_at"],
    methods=router.READ,
)
router.register(
    EmployeeCache,
    area="companies",
    feature=FEATURE,
    exclude=["name_text"],
    filters=["company_id", "company_domain", "employee_email", "data_source", "created_at"],
    order=["-created_at"],
    methods=router.READ,
)
