"""Where a lead may be, the one form of an address, and domains that are no company."""

from uuid import uuid4

import phonenumbers
import pytest
from django.core.exceptions import ValidationError
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from lad import timezones
from leads.contactability.addresses import Address, Kind, company_domains, email, hashes, linkedin, recognise
from leads.contactability.free_mail import is_free_mail
from leads.contactability.places import place_of
from leads.contactability.whereabouts import whereabouts, zone_named, zones_of_number


@pytest.mark.parametrize(
    ("location", "country", "zones"),
    [
        ("Berlin", "DE", {"Europe/Berlin"}),
        ("Greater Munich Metropolitan Area", "DE", {"Europe/Berlin"}),
        ("São Paulo, Brasil", "BR", {"America/Sao_Paulo"}),
        ("Austin, Texas, United States", "US", {"America/Chicago"}),
        ("Portland, OR", "US", {"America/Los_Angeles"}),
        ("Washington, DC", "US", {"America/New_York"}),
        ("Toronto, CA", "CA", {"America/Toronto"}),
        ("Melbourne, Victoria, Australia", "AU", {"Australia/Melbourne"}),
        ("Tbilisi, Georgia", "GE", {"Asia/Tbilisi"}),
        ("Victoria", "", set()),  # in Canada or Australia
        ("Springfield", "", set()),
        ("", "", set()),
    ],
)
def test_a_location_names_a_place(location: str, country: str, zones: set[str]) -> None:
    place = place_of(location)
    assert (place.country, set(place.zones)) == (country, zones)


def test_zones_of_numbers_hold_those_of_the_library() -> None:
    """Here a number may have fewer zones, as in the Caribbean, or more where mobile numbers move. It has no others."""
    tried = 0
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None or not phonenumbers.is_valid_number(number):
                continue
            theirs = {timezones.canonical(name) for name in time_zones_for_number(number)}
            ours = zones_of_number(phonenumbers.format_number(number, PhoneNumberFormat.E164))
            assert ours <= theirs or (ours >= theirs and number.country_code != 1), region
            assert ours
            tried += 1
    assert tried > 500


@pytest.mark.parametrize(
    ("phone", "location", "country", "zones"),
    [
        ("+4930123456", "", "DE", ["Europe/Berlin"]),
        ("+14155550100", "Berlin", "US", ["America/Los_Angeles"]),  # the number decides
        ("+18005550100", "Austin, Texas", "US", ["America/Chicago"]),  # a location narrows what it leaves open
        ("", "Lisboa", "PT", ["Europe/Lisbon"]),
        ("", "", "AE", ["Asia/Dubai"]),  # the tenant's
        ("+999123456", "Atlantis", "AE", ["Asia/Dubai"]),
    ],
)
def test_where_a_lead_is(phone: str, location: str, country: str, zones: list[str]) -> None:
    found = whereabouts(phone, location, tenant_zone="Asia/Dubai", tenant_country="AE")
    assert (found.country, [zone.key for zone in found.zones]) == (country, zones)


def test_a_number_without_a_place_may_be_in_all_zones_of_its_country() -> None:
    found = whereabouts("+79161234567", "", tenant_zone="Europe/Moscow")
    assert found.country == "RU"
    assert len(found.zones) > 10
    assert found.zones[0].key == "Europe/Moscow"


def test_a_zone_without_data_is_utc() -> None:
    assert zone_named("Mars/Olympus").key == "UTC"
    assert [zone.key for zone in whereabouts("", "", tenant_zone="Mars/Olympus").zones] == ["UTC"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" Maya@ACME.example ", Kind.EMAIL, "maya@acme.example"),
        ("mailto:maya@acme.example", Kind.EMAIL, "maya@acme.example"),
        ("maya@xn--mnchen-3ya.example", Kind.EMAIL, "maya@münchen.example"),
        ("+971 50 123 4567", Kind.PHONE, "+971501234567"),
        ("050 123 4567", Kind.PHONE, "+971501234567"),
        ("https://de.linkedin.com/in/Maya-L%C3%B6w/?trk=x", Kind.LINKEDIN, "in/maya-löw"),
        ("instagram.com/maya", Kind.PROFILE, "instagram/maya"),
        ("https://www.Acme.example/about", Kind.DOMAIN, "acme.example"),
        ("@acme.example", Kind.DOMAIN, "acme.example"),
        ("xn--mnchen-3ya.example", Kind.DOMAIN, "münchen.example"),
    ],
)
def test_what_is_typed_is_recognised(text: str, kind: Kind, value: str) -> None:
    assert recognise(text, country="AE") == Address(kind, value)


@pytest.mark.parametrize(
    "text", ["", "maya", "maya@", "gmail.com", "@yahoo.co.uk", "123", "10.0.0.1", "\x00", "a" * 999]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        recognise(text)


def test_ways_to_write_an_address_have_one_form() -> None:
    assert email("Maya@MÜNCHEN.example") == email("maya@xn--mnchen-3ya.example")
    assert linkedin("maya-lopez") == linkedin("http://linkedin.com/in/Maya-Lopez/") == "in/maya-lopez"


def test_domains_of_a_company_are_its_own_and_those_it_belongs_to() -> None:
    assert company_domains("Acme.example", "maya@eu.mail.acme.example") == (
        "acme.example",
        "eu.mail.acme.example",
        "mail.acme.example",
    )
    assert company_domains("", "maya@gmail.com") == ()


@pytest.mark.parametrize("domain", ["gmail.com", "yahoo.co.uk", "hotmail.fr", "web.de", "gmx.net", "outlook.com.br"])
def test_a_mail_provider_is_no_company(domain: str) -> None:
    assert is_free_mail(domain)


@pytest.mark.parametrize(
    "domain", ["acme.example", "gmail.acme.com", "live.events", "yahoo.acme.co.uk", "outlook.agency"]
)
def test_a_company_may_be_named_like_a_provider(domain: str) -> None:
    assert not is_free_mail(domain)


def test_a_hash_tells_neither_the_address_nor_what_two_tenants_share(settings: object) -> None:
    first, second = uuid4(), uuid4()
    found = hashes(first, Kind.EMAIL, "maya@acme.example")
    assert found != hashes(second, Kind.EMAIL, "maya@acme.example")
    settings.ADDRESS_HASH_KEYS = ["new", "old"]  # type: ignore[attr-defined]
    newest, older = hashes(first, Kind.EMAIL, "maya@acme.example")
    settings.ADDRESS_HASH_KEYS = ["old"]  # type: ignore[attr-defined]
    assert hashes(first, Kind.EMAIL, "maya@acme.example") == [older] != [newest]
