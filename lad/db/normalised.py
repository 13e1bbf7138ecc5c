"""Fields for what people write in many ways: telephone numbers, web addresses, time zones, countries."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models

from lad import countries, phones, timezones
from lad.db.fields import NormalisedField
from lad.tenancy.context import default_tenant_id
from lad.tenancy.countries import country_of

_check_web_address: Final = URLValidator(schemes=["http", "https"])


class PhoneField(NormalisedField, models.CharField):
    """A telephone number in E.164. One without a country code is read in the country of the row's tenant.

    A model whose numbers belong elsewhere has a method ``country_of_numbers()``, which returns a country or "".
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 50)
        super().__init__(*args, **kwargs)

    def normalise(self, text: str, row: models.Model | None) -> str:
        return phones.normalise(text, "" if phones.is_international(text) else country_for(row))


def country_for(row: models.Model | None) -> str:
    """Return the country in which a row's numbers without a country code are read, or an empty string."""
    own = getattr(row, "country_of_numbers", None)
    if own is not None:
        return str(own())
    return country_of(getattr(row, "owning_tenant_id", None) or default_tenant_id())


class WebAddressField(NormalisedField, models.URLField):
    """An http or https address. One without a scheme gets ``https://``."""

    default_validators = []

    def normalise(self, text: str, row: models.Model | None) -> str:
        return web_address(text)


class WebAddressTextField(NormalisedField, models.TextField):
    """A web address in a column without a length."""

    def normalise(self, text: str, row: models.Model | None) -> str:
        return web_address(text)


def web_address(text: str) -> str:
    """Return an http or https address with its scheme. Raise ValidationError."""
    address = text if "://" in text else f"https://{text.removeprefix('//')}"
    try:
        _check_web_address(address)
    except ValidationError as error:
        raise ValidationError(
            f"“{text[:200]}” is not a web address. Write it as in https://www.linkedin.com/in/somebody.", code="url"
        ) from error
    return address


class TimeZoneField(NormalisedField, models.CharField):
    """A time zone by its IANA name. An alias, such as Asia/Calcutta, is stored as the name it stands for."""

    def normalise(self, text: str, row: models.Model | None) -> str:
        return timezones.canonical(text)


class CountryField(NormalisedField, models.CharField):
    """A country by its two-letter ISO code, in capitals."""

    def normalise(self, text: str, row: models.Model | None) -> str:
        code = text.upper()
        countries.validate(code)
        return code
