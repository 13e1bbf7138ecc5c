"""Bodies of the searches' endpoints."""

from typing import Any, Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer
from leads.companies.apollo.queries import MAX_PAGE, MAX_PER_PAGE

MAX_WORDS: Final = 200
MAX_LENGTH: Final = 500


def _words(**options: Any) -> serializers.ListField:
    item = serializers.CharField(max_length=MAX_LENGTH)
    return serializers.ListField(child=item, required=False, max_length=MAX_WORDS, **options)


class CompanyFilterSerializer(InputSerializer):
    """Filters by the company, in Apollo's own names. Ranges of employees are written as ``11,50``."""

    organization_locations = _words()
    organization_industries = _words()
    organization_num_employees_ranges = _words()
    q_organization_keyword_tags = _words()
    q_organization_domains_list = _words()
    page = serializers.IntegerField(default=1, min_value=1, max_value=MAX_PAGE)
    per_page = serializers.IntegerField(default=25, min_value=1, max_value=MAX_PER_PAGE)
    refresh = serializers.BooleanField(default=False, help_text="Ask the directory even if the page is stored.")


class PeopleFilterSerializer(CompanyFilterSerializer):
    """Filters of people, in Apollo's own names."""

    person_titles = _words()
    include_similar_titles = serializers.BooleanField(default=True)
    person_seniorities = _words()
    person_locations = _words()
    q_keywords = serializers.CharField(required=False, allow_blank=True, max_length=MAX_LENGTH)
    hide_contacted = serializers.BooleanField(default=False, help_text="Leave out people who were contacted.")


class MarksResponse(serializers.Serializer):
    """What the tenant knows of the person. ``reveals`` has the state by kind."""

    lead_id = serializers.UUIDField(allow_null=True)
    contacted_at = serializers.DateTimeField(allow_null=True)
    reveals = serializers.DictField(child=serializers.CharField())


class FoundPersonResponse(serializers.Serializer):
    """A person of a search. ``email`` and ``phone`` are empty until they are revealed."""

    id = serializers.CharField()
    name = serializers.CharField()
    title = serializers.CharField()
    company_name = serializers.CharField()
    company_domain = serializers.CharField()
    location = serializers.CharField()
    linkedin_url = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    has_email = serializers.BooleanField(allow_null=True)
    has_phone = serializers.BooleanField(allow_null=True)
    marks = MarksResponse()


class CompanyResponse(serializers.Serializer):
    """A company of a search."""

    id = serializers.CharField()
    name = serializers.CharField()
    domain = serializers.CharField()
    industry = serializers.CharField()
    employees = serializers.IntegerField(allow_null=True)
    location = serializers.CharField()


class PageResponse(serializers.Serializer):
    """One page. ``total`` counts all results; ``credits`` is what this page cost, which is nothing if it was stored."""

    total = serializers.IntegerField()
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()
    has_more = serializers.BooleanField()
    cached = serializers.BooleanField()
    fetched_at = serializers.DateTimeField(allow_null=True)
    credits = serializers.DecimalField(max_digits=18, decimal_places=6)
    hidden = serializers.IntegerField()


class PeoplePageResponse(PageResponse):
    results = FoundPersonResponse(many=True)


class CompaniesPageResponse(PageResponse):
    results = CompanyResponse(many=True)
