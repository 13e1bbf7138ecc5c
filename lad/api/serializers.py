"""Serializers generated from models. They validate input and select output; ``lad.writes`` writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache, cached_property
from typing import Any, Final

import orjson
from django.core.validators import EmailValidator, URLValidator
from django.db import models
from rest_framework import serializers
from rest_framework.utils.serializer_helpers import BindingDict
from rest_framework.validators import UniqueValidator

from lad import moments
from lad.api.compiled import compiled_output, fields_of, register_plain_field
from lad.api.renderers import to_json
from lad.api.times import DayField, TimeField
from lad.db.fields import (
    EncryptedTextField,
    LowercaseEmailField,
    RegisteredKeyField,
    TenantUserKey,
    is_replaceable,
    is_secret,
)
from lad.db.models import LadModel
from lad.db.normalised import WebAddressField
from lad.limits import MAX_UNKNOWN_FIELDS
from lad.tenancy.context import current_scope
from lad.tenancy.members import has_left, mark_as_member, member_ids

# Set by the kernel or the database, never by a caller.
READ_ONLY: Final = ("id", "tenant", "created_at", "updated_at", "deleted_at")
HIDDEN: Final = ("deletion_id", "is_deleted")
TIME_ZONE: Final = "timezone"


class KeyField(serializers.PrimaryKeyRelatedField):
    """A foreign key as the id it points to. An id that the caller cannot see is reported as unknown."""

    default_error_messages = {
        "does_not_exist": "There is no such {name} here.",
        "incorrect_type": "This is not an id.",
        "former_member": "This person is not a member of the tenant any more. Choose another one.",
    }

    def __init__(self, *, model: type[LadModel] | None = None, members_only: bool = False, **kwargs: Any) -> None:
        self.model: Any = model
        self.members_only = members_only
        if model is not None and not kwargs.get("read_only"):
            kwargs["queryset"] = model._default_manager
        super().__init__(**kwargs)

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        scope = current_scope()
        if self.members_only and scope is not None and scope.tenant_id is not None:
            queryset = queryset.filter(pk__in=member_ids())
        return queryset

    def run_validation(self, data: object = serializers.empty) -> Any:
        if data == "":  # the framework would read it as null
            self.fail("incorrect_type")
        return super().run_validation(data)

    def to_internal_value(self, data: object) -> Any:
        if isinstance(data, list | dict | bool | float):
            self.fail("incorrect_type")
        try:
            key = self.model._meta.pk.to_python(data)
        except Exception:  # the model field raises Django's errors, not the framework's
            self.fail("incorrect_type")
        row = self.get_queryset().filter(pk=key).first() or self._kept(key)
        if row is None and self.members_only and has_left(key):
            self.fail("former_member")
        if row is None:
            self.fail("does_not_exist", name=self.model._meta.verbose_name)
        if self.members_only:
            mark_as_member(row)
        return row

    def _kept(self, key: Any) -> Any:
        """Return the former member with this key if the row that is being written has it already."""
        written = _written.get() if self.members_only else None
        keys = (each for each in written._meta.concrete_fields if each.related_model is self.model) if written else ()
        return self.model(pk=key) if any(getattr(written, each.attname) == key for each in keys) else None


# The row that the current request changes. Fields are shared by requests, so they do not know it.
_written: ContextVar[models.Model | None] = ContextVar("lad_written", default=None)


class HexField(serializers.CharField):
    """Bytes as hexadecimal digits."""

    def to_representation(self, value: Any) -> str:
        return bytes(value).hex()


class RegisteredChoiceField(serializers.ChoiceField):
    """A key of an open vocabulary. The choices are read at each use: keys may be registered later."""

    def __init__(self, *, registered: Callable[[], list[tuple[Any, Any]]], **kwargs: Any) -> None:
        self.registered = registered
        super().__init__(choices=registered(), **kwargs)

    def _registered_choices(self) -> dict[Any, Any]:
        return dict(self.registered())

    choices = property(_registered_choices, serializers.ChoiceField._set_choices)

    def to_internal_value(self, data: Any) -> Any:
        self.choices = self.registered()
        return super().to_internal_value(data)


class EmailTextField(serializers.EmailField):
    """An e-mail address. The model's field or the service says what is accepted, and why a value is not."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [each for each in self.validators if not isinstance(each, EmailValidator)]


class WebAddressTextField(serializers.URLField):
    """A web address, with or without its scheme. The model's field says what is accepted."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [each for each in self.validators if not isinstance(each, URLValidator)]


register_plain_field(EmailTextField)
register_plain_field(WebAddressTextField)
register_plain_field(KeyField)
register_plain_field(RegisteredChoiceField)
register_plain_field(HexField, converted=True)


class StrictFields:
    """Reject a body with unknown fields instead of ignoring them.

    A read-only field may be sent back unchanged, so that a caller can edit what they read and PUT it.
    """

    def to_internal_value(self, data: object) -> Any:
        errors = self._unexpected(data) if isinstance(data, Mapping) else {}
        # Times without an offset are in the zone that the same body names.
        zone = data.get(TIME_ZONE) if isinstance(data, Mapping) else None
        try:
            with moments.reading_in(zone):
                values = super().to_internal_value(data)  # type: ignore[misc]
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**error.detail, **errors}) from error
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _unexpected(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        fields: Mapping[str, Any] = self.fields  # type: ignore[attr-defined]
        writable = sorted(name for name, field in fields.items() if not field.read_only)
        errors = {}
        unknown = [name for name in data if name not in fields]
        if len(unknown) > MAX_UNKNOWN_FIELDS:
            errors["non_field_errors"] = [f"There are {len(unknown) - MAX_UNKNOWN_FIELDS:,} more unknown fields."]
        named = frozenset(unknown[:MAX_UNKNOWN_FIELDS])
        for name in data:
            if name in named:
                errors[str(name)] = [f"There is no such field. Use one of: {', '.join(writable)}."]
            elif name in fields and fields[name].read_only and not self._unchanged(name, data[name]):
                errors[str(name)] = ["This field cannot be set."]
        return errors

    def _unchanged(self, name: str, value: object) -> bool:
        row = getattr(self, "instance", None)
        if row is None:
            return False
        shown = orjson.loads(to_json(self.to_representation(row).get(name)))  # type: ignore[attr-defined]
        return bool(shown == value or (shown is not None and str(shown) == value))


class InputSerializer(StrictFields, serializers.Serializer):
    """The base of hand-written request serializers."""

    @classmethod
    def read(cls, data: object) -> dict[str, Any]:
        """Return the validated values; a missing body counts as empty. Raise a ValidationError for bad fields."""
        form = cls(data=data or {})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)


class ModelSerializer(StrictFields, serializers.ModelSerializer):
    """The base of generated serializers.

    Uniqueness and the rules of the row are checked by the writer, in one place for API and admin.
    """

    serializer_related_field = KeyField
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateField: DayField,
        models.DateTimeField: TimeField,
    }

    @cached_property
    def fields(self) -> BindingDict:
        return fields_of(self)

    def to_internal_value(self, data: object) -> Any:
        token = _written.set(self.instance if isinstance(self.instance, models.Model) else None)
        try:
            return super().to_internal_value(data)
        finally:
            _written.reset(token)

    def to_representation(self, instance: Any) -> Any:
        return compiled_output(type(self)).show(instance, self)

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if kwargs.get("read_only") and "choices" in kwargs and model_field.blank and not model_field.null:
            # What is only read may be empty too, and the document must say so.
            kwargs["allow_blank"] = True
        if isinstance(model_field, RegisteredKeyField) and kwargs.pop("choices", None) is not None:
            return RegisteredChoiceField, {**kwargs, "registered": lambda: list(model_field.flatchoices)}
        if isinstance(model_field, LowercaseEmailField):
            field_class = EmailTextField
        if isinstance(model_field, WebAddressField):
            field_class = WebAddressTextField
        if isinstance(model_field, EncryptedTextField):
            return serializers.CharField, _secret_options(model_field)
        if isinstance(model_field, models.BinaryField):
            return HexField, {"read_only": True, "help_text": model_field.help_text}
        validators = kwargs.get("validators", [])
        kwargs["validators"] = [each for each in validators if not isinstance(each, UniqueValidator)]
        if not kwargs["validators"]:
            del kwargs["validators"]
        return field_class, kwargs

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        if issubclass(field_class, KeyField):
            kwargs.pop("view_name", None)
            kwargs.pop("queryset", None)
            kwargs.pop("validators", None)
            model_field = relation_info.model_field
            kwargs["model"] = relation_info.related_model
            kwargs["members_only"] = isinstance(model_field, TenantUserKey) and model_field.member
        return field_class, kwargs

    def get_validators(self) -> list[Any]:
        return []

    def get_unique_together_constraints(self, model: type[LadModel]) -> Iterator[Any]:
        return iter(())


# Longer than any password, token or set of cookies.
MAX_SECRET_LENGTH: Final = 20_000


def _secret_options(field: EncryptedTextField) -> dict[str, Any]:
    """Return the options of a write-only secret. Omitting it keeps it; an empty text removes it."""
    return {
        "write_only": True,
        "required": False if field.blank else not field.has_default(),
        "allow_blank": field.blank,
        "trim_whitespace": False,
        "max_length": MAX_SECRET_LENGTH,
        "help_text": "Never returned. Omit it to keep the stored value.",
        "style": {"input_type": "password"},
    }


def shown_fields(model: type[LadModel], *, fields: Iterable[str] | None, exclude: Iterable[str]) -> list[str]:
    """Return the names of the fields to read or write: all, or those named. Secrets only if they can be replaced."""
    hidden = {*HIDDEN, *exclude}
    known = {field.name: field for field in model._meta.concrete_fields}
    names = list(fields) if fields is not None else [name for name in known if name not in hidden]
    return [n for n in names if n not in known or not is_secret(known[n]) or is_replaceable(known[n])]


def make_serializer(
    model: type[LadModel],
    *,
    fields: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    read_only: Iterable[str] = (),
) -> type[ModelSerializer]:
    """Return a serializer of the model's columns. Secrets are write-only, even if named in ``fields``.

    Equal arguments return the same class, so that it is one component of the OpenAPI document.
    """
    return _make_serializer(model, None if fields is None else tuple(fields), tuple(exclude), tuple(read_only))


@cache
def _make_serializer(
    model: type[LadModel], fields: tuple[str, ...] | None, exclude: tuple[str, ...], read_only: tuple[str, ...]
) -> type[ModelSerializer]:
    shown = shown_fields(model, fields=fields, exclude=exclude)
    meta = type(
        "Meta",
        (),
        {
            "model": model,
            "fields": shown,
            "read_only_fields": [name for name in shown if name in {*READ_ONLY, *read_only}],
        },
    )
    return type(
        f"{model.__name__}Serializer",
        (ModelSerializer,),
        {"Meta": meta, "__doc__": model.__doc__, "__module__": model.__module__},
    )
