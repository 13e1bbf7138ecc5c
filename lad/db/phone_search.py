"""Find rows by a telephone number that somebody typed, in the current tenant's country."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from lad import phones
from lad.phones import PhoneTerm
from lad.tenancy.context import default_tenant_id
from lad.tenancy.countries import country_of


def phone_term(text: str) -> PhoneTerm | None:
    """Return what a search term may mean as a telephone number, or None if it does not look like one.

    A term in another form than the international one costs a query for the tenant's country.
    """
    if not phones.digits_of(text):
        return None
    return phones.search_term(text, "" if phones.is_international(text) else country_of(default_tenant_id()))


def phone_condition(field: str, text: str, *, national_field: str = "") -> Q:
    """Return the condition of a filter: the number itself if the text is a whole one, otherwise its beginning.

    With ``national_field`` a national number matches in every country. Old rows may hold a number as it was typed;
    that text matches too.
    """
    found, term = Q(**{field: text}), phone_term(text)
    if term is None:
        return found
    if term.number is not None:
        return found | Q(**{field: term.number.e164})
    if national_field and term.national is not None:
        found |= Q(**{national_field: term.national})
    return found | term.in_text(field)


class PhoneFilter(django_filters.CharFilter):
    """A telephone number in any form that is accepted for storing, or the beginning of one."""

    def __init__(self, *, national_field: str = "", **kwargs: Any) -> None:
        self.national_field = national_field
        super().__init__(**{"required": True, **kwargs})

    def filter(self, qs: QuerySet, value: str) -> Any:
        return qs.filter(phone_condition(self.field_name, value, national_field=self.national_field))


class PhoneColumnsFilter(django_filters.CharFilter):
    """A telephone number in three columns, in any form that is accepted for storing, or the beginning of one.

    ``prefix`` begins the names of the columns: ``to_`` for ``to_base_number``.
    """

    def __init__(self, *, prefix: str = "", **kwargs: Any) -> None:
        self.prefix = prefix
        super().__init__(**{"required": True, **kwargs})

    def filter(self, qs: QuerySet, value: str) -> Any:
        term = phone_term(value)
        return qs.none() if term is None else qs.filter(term.in_columns(self.prefix))
