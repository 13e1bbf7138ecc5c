"""Write a telephone number into the three columns of a table."""

from typing import Any, Final, Protocol
from uuid import UUID

from django.core.exceptions import ValidationError

from lad import phones
from lad.errors import Invalid
from lad.phones import Phone
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.types import Values

NUMBER_MISSING: Final = "Write the number, for example +39 06 5550 1234."
_PARTS: Final = ("country_code", "base_number", "leading_zeros")
TWO_NUMBERS: Final = "This is another number than the one in the columns. Send one of the two."


class HasPhone(Protocol):
    @property
    def phone(self) -> Phone: ...


def with_number(values: Values, row: HasPhone | None, tenant_id: UUID, *, prefix: str = "") -> dict[str, Any]:
    """Return the values with the number's three columns, read from ``phone`` or from the columns that were given.

    ``phone`` is a text, or a Phone that was read already. A national number given as text keeps its zeros:
    ``0655501234`` of ``+39``. Without a country code it is read in the tenant's country. Returns the values without
    the columns if they do not change ``row``. Raises Invalid.
    """
    kept = dict(values)
    written = kept.pop("phone", None)
    if isinstance(written, Phone):
        return {**kept, **written.columns(prefix)}
    given = {name: kept.pop(f"{prefix}{name}") for name in _PARTS if f"{prefix}{name}" in kept}
    text = str(written or "").strip()
    if row is not None:
        given = {name: value for name, value in given.items() if value != getattr(row.phone, name)}
        text = "" if text in (row.phone.e164, row.phone.international) else text
        if not given and not text:
            return kept
    parts = _parsed_parts(given, row, tenant_id, prefix) if given else None
    phone = parsed(text, tenant_id, field="phone") if text else parts
    if phone is None:
        raise Invalid(errors={"phone": [NUMBER_MISSING]})
    if parts is not None and phone != parts:
        raise Invalid(errors={"phone": [TWO_NUMBERS]})
    return {**kept, **phone.columns(prefix)}


def tenant_of_new(values: Values) -> UUID:
    """Return the id of the tenant that a new row with these values will belong to."""
    tenant = values.get("tenant")
    return current_tenant_id() if tenant is None else tenant.pk


def parsed(text: str, tenant_id: UUID | None, *, field: str) -> Phone:
    """Return the number, read in the tenant's country if it has no country code. Raise Invalid at the field."""
    try:
        return phones.parse(text, "" if phones.is_international(text) else country_of(tenant_id))
    except ValidationError as error:
        raise Invalid(errors={field: error.messages}) from error


def _parsed_parts(given: dict[str, Any], row: HasPhone | None, tenant_id: UUID, prefix: str) -> Phone:
    before = {name: getattr(row.phone, name) for name in _PARTS} if row is not None else {}
    parts = {**before, **given}
    base = str(parts.get("base_number") or "").strip()
    national = phones.digits_of(base)
    if not national:
        raise Invalid(errors={f"{prefix}base_number": ["Write the national number in digits."]})
    if not national.startswith("0"):
        national = "0" * int(parts.get("leading_zeros") or 0) + national
    code = str(parts.get("country_code") or "").strip()
    try:
        code = phones.country_code(code) if code else ""
    except ValidationError as error:
        raise Invalid(errors={f"{prefix}country_code": error.messages}) from error
    return parsed(f"{code}{national}", tenant_id, field=f"{prefix}base_number")
