"""Every place that takes a telephone number, an e-mail address or a time zone reads it by the one function for it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import get_resolver

from lad import writes
from lad.api.serializers import InputSerializer
from lad.db.fields import LowercaseEmailField
from lad.db.normalised import PhoneField, TimeZoneField
from lad.db.sql_files import lad_apps
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from leads.pipeline import services as pipeline
from tenants.teams.models import Tenant
from tests.factories.tenants import TenantFactory

PHONES = {
    "campaigns.CampaignLead.phone",
    "leads.EmployeeCache.employee_phone",
    "leads.Lead.phone",
    "tenants.Tenant.phone",
    "tenants.User.phone",
    "voice.CallBatchEntry.to_phone",
    "voice.CallPlacement.to_phone",
}
# A directory lists people of any country, so a number without a country code belongs to none.
OF_ANY_COUNTRY = {"leads.EmployeeCache.employee_phone"}
COLUMNS = {"leads.Lead": "", "voice.CallLog": "to_", "voice.VoiceNumber": ""}
# Their services hand the number to the model's field, or to ``check_targets``.
IN_REQUESTS = {
    "CallLeadSerializer.phone",
    "CallTargetSerializer.phone",
    "ProfileSerializer.phone",
    "StartCallSerializer.phone",
}


def text_fields() -> Iterator[tuple[str, Any]]:
    for config in lad_apps():
        for model in config.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, models.CharField | models.TextField) and not field.choices:
                    yield f"{model._meta.label}.{field.name}", field


def named(*parts: str) -> dict[str, Any]:
    return {path: field for path, field in text_fields() if any(part in field.name for part in parts)}


@pytest.fixture
def emirates(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(country="AE")


def test_every_column_with_a_number_reads_it_in_the_tenants_country(emirates: Tenant) -> None:
    found = named("phone", "mobile", "telephone", "whatsapp")
    assert set(found) == PHONES
    for path, field in found.items():
        assert isinstance(field, PhoneField), path
        row = emirates if field.model is Tenant else field.model(**_of(field.model, emirates))
        local_extension = "no country is set" if path in OF_ANY_COUNTRY else "extension 7"
        with platform_context(tenant_id=emirates.pk):
            assert field.clean("+44 (0)20 7946 0958", row) == "+442079460958", path
            for text, understood in (("+44 1111", r"read as \+44 1111"), ("050 123 4567 x 7", local_extension)):
                with pytest.raises(ValidationError, match=understood):
                    field.clean(text, row)
            if path not in OF_ANY_COUNTRY:
                assert field.clean("٠٥٠ ١٢٣ ٤٥٦٧", row) == "+971501234567", path


def test_every_table_with_the_parts_of_a_number_is_written_by_the_one_function(emirates: Tenant) -> None:
    assert {field.model._meta.label for field in _fields() if field.name.endswith("base_number")} == set(COLUMNS)
    for label, prefix in COLUMNS.items():
        writer = writes.writer_for(apps.get_model(label))
        parts = {f"{prefix}country_code": "39", f"{prefix}base_number": "0655501234"}
        rome = {"phone": "+39 06 5550 1234"} if label == "leads.Lead" else parts
        with platform_context(tenant_id=emirates.pk):
            pipeline.ensure(emirates.pk)
            for given, number in (({"phone": "050 123 4567"}, ("+971", 501234567, 0)), (rome, ("+39", 655501234, 1))):
                values = writer.prepare(None, given, actor=None)
                names = [f"{prefix}{name}" for name in ("country_code", "base_number", "leading_zeros")]
                assert tuple(values[name] for name in names) == number, label
            with pytest.raises(Invalid) as error:
                writer.prepare(None, {"phone": "+44 1111"}, actor=None)
            assert "read as +44 1111" in error.value.errors["phone"][0]


def test_every_request_with_a_number_is_known() -> None:
    assert get_resolver().url_patterns
    found = {
        f"{form.__name__}.{name}" for form in _descendants(InputSerializer) for name in form().fields if "phone" in name
    }
    assert found == IN_REQUESTS


def test_every_address_and_every_time_zone_has_its_field() -> None:
    addresses, zones = named("email", "to_address"), named("timezone", "time_zone")
    # The address of a message depends on its channel.
    others = {"campaigns.Message.to_address"}
    assert {path for path, field in addresses.items() if not isinstance(field, LowercaseEmailField)} == others
    # A copy of the tenant's.
    copied = {"billing.EntitlementUse.timezone"}
    assert {path for path, field in zones.items() if not isinstance(field, TimeZoneField)} == copied
    assert len(addresses) >= 8
    assert len(zones) == 5


def _fields() -> Iterator[Any]:
    for config in lad_apps():
        for model in config.get_models():
            yield from model._meta.concrete_fields


def _of(model: type[models.Model], tenant: Tenant) -> dict[str, Any]:
    names = {field.name for field in model._meta.concrete_fields}
    return {"tenant_id": tenant.pk} if "tenant" in names else {"primary_tenant": tenant}


def _descendants(base: type) -> Iterator[Any]:
    for each in base.__subclasses__():
        yield each
        yield from _descendants(each)
