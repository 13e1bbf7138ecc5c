"""Factories of the leads app: files, the education vertical and the caches of outside directories."""

import hashlib
from typing import Any

from django.utils import timezone
from factory import LazyAttribute, LazyFunction, SubFactory

from lad.db.identifiers import uuid7
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.models import CompanySearchCache, EmployeeCache
from leads.companies.reveals.models import Reveal, RevealKind, RevealRequest, RevealState
from leads.companies.saving.models import LeadFieldSource
from leads.companies.search.models import DirectorySearch, SearchKind
from leads.companies.sources import APOLLO
from leads.education.models import EducationCounsellor, EducationStudent, Month
from leads.files.models import LeadAttachment
from tests.factories.base import SharedModelFactory, TenantModelFactory, unique
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MemberFactory

OFFICE_HOURS = {
    "weekly": {
        "monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "17:30"}],
        "friday": [{"start": "09:00", "end": "13:00"}],
    },
    "exceptions": [{"date": "2027-01-01", "windows": [], "reason": "New Year"}],
}


class LeadAttachmentFactory(TenantModelFactory[LeadAttachment]):
    """A row without a stored file."""

    lead = SubFactory(LeadFactory)
    file_name = unique("offer-%d.pdf")
    file_url: Any = LazyAttribute(lambda row: f"{row.lead.tenant_id}/{row.lead.pk}/{uuid7()}.pdf")
    file_type = "application/pdf"
    file_size = 1024
    checksum: Any = LazyAttribute(lambda row: hashlib.sha256(row.file_url.encode()).hexdigest())

    class Meta:
        model = LeadAttachment


class EducationStudentFactory(TenantModelFactory[EducationStudent]):
    lead = SubFactory(LeadFactory)
    student_parent_name = unique("Parent %d")
    parent_designation = "Engineer"
    program_interested_in = "MSc Data Science"
    country_interested = "Ireland"
    intake_year = 2027
    intake_month = Month.SEPTEMBER

    class Meta:
        model = EducationStudent


class EducationCounsellorFactory(TenantModelFactory[EducationCounsellor]):
    user = SubFactory(MemberFactory)
    counselor_code = unique("C-%d")
    display_name = unique("Counsellor %d")
    designation = "Senior counsellor"
    specialization = "Engineering"
    timezone = "Asia/Dubai"
    availability_rules = OFFICE_HOURS
    max_sessions_per_day = 8

    class Meta:
        model = EducationCounsellor


class CompanySearchCacheFactory(TenantModelFactory[CompanySearchCache]):
    search_keywords = "solar installers"
    search_location = "madrid"
    search_industry = "energy"
    apollo_organization_id = unique("org-%d")
    company_name = unique("Company %d")
    company_domain = unique("company%d.example")
    company_data: Any = LazyAttribute(lambda row: {"name": row.company_name, "employees": 120})

    class Meta:
        model = CompanySearchCache


class EmployeeCacheFactory(TenantModelFactory[EmployeeCache]):
    company_id = unique("org-%d")
    company_name = "Solaris"
    company_domain = "solaris.example"
    employee_name = unique("Person %d")
    employee_title = "Head of operations"
    employee_email = unique("person%d@solaris.example")
    apollo_person_id = unique("person-%d")

    class Meta:
        model = EmployeeCache


class DirectorySearchFactory(TenantModelFactory[DirectorySearch]):
    kind = SearchKind.PEOPLE
    key = unique("%064d")
    query: Any = LazyFunction(lambda: [["person_titles[]", "owner"]])
    per_page = 25
    total = 2
    results: Any = LazyFunction(lambda: ["person-1", "person-2"])
    fetched_at: Any = LazyFunction(timezone.now)

    class Meta:
        model = DirectorySearch


class RevealFactory(TenantModelFactory[Reveal]):
    person_id = unique("person-%d")
    person_name = unique("Person %d")
    kind = RevealKind.EMAIL
    state = RevealState.FOUND
    value = unique("person%d@solaris.example")

    class Meta:
        model = Reveal


class RevealRequestFactory(TenantModelFactory[RevealRequest]):
    created_by_user: Any = SubFactory(MemberFactory)
    person_ids: Any = LazyFunction(lambda: ["person-1"])
    kinds: Any = LazyFunction(lambda: [RevealKind.EMAIL.value])

    class Meta:
        model = RevealRequest


class LeadFieldSourceFactory(TenantModelFactory[LeadFieldSource]):
    lead = SubFactory(LeadFactory)
    field = "title"
    source = APOLLO
    value = "Head of operations"
    fetched_at: Any = LazyFunction(timezone.now)

    class Meta:
        model = LeadFieldSource


class DirectoryAccountFactory(SharedModelFactory[DirectoryAccount]):
    name = unique("Directory %d")
    # Tests that want answers set up the sandbox.
    base_url = "https://directory.example/api/v1"
    api_key = "a-key-of-a-directory"

    class Meta:
        model = DirectoryAccount
