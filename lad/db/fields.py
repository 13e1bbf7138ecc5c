"""Model fields: keys that cannot cross tenants, open vocabularies, normalised text, secrets."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression

from lad import emails
from lad.registry import Registry, SpecT
from lad.tenancy.context import current_scope, default_tenant_id

SECRET_MASK = "••••••"  # noqa: S105  (shown in place of a secret)

Target = str | type[models.Model]
OnDelete = Callable[..., None]


class DatabaseKey(models.ForeignKey):
    """A foreign key. The base model adds a ``KeyConstraint`` with its ON DELETE rule to the database."""

    def __init__(self, to: Target, on_delete: OnDelete, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs

    def validate(self, value: object, model_instance: models.Model | None) -> None:
        """Require a value unless the key may be empty. The database checks that the row exists."""
        models.Field.validate(self, value, model_instance)


class TenantKey(DatabaseKey):
    """The tenant a row belongs to. A new row gets the current tenant by default."""

    def __init__(self, to: Target = "tenants.Tenant", on_delete: OnDelete = models.CASCADE, **kwargs: Any) -> None:
        kwargs.setdefault("related_name", "+")
        kwargs.setdefault("editable", False)
        # Every index of a tenant table starts with the tenant, so its own index would be redundant.
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add:
            self.fill(model_instance)
        return super().pre_save(model_instance, add)

    def fill(self, row: models.Model) -> None:
        """Set the current tenant on a row without one. Outside a tenant, shared rows stay without."""
        scope = current_scope()
        shared = self.null and (scope is None or scope.platform)
        if getattr(row, self.attname) is None and not shared:
            setattr(row, self.attname, default_tenant_id())


class TenantForeignKey(DatabaseKey):
    """A key to a row of the same tenant, in the database ``(tenant_id, x_id) → (tenant_id, id)``.

    A plain foreign key would let a tenant reference another tenant's row, and so keep it from being deleted:
    referential checks bypass row-level security.
    """


class SharedForeignKey(DatabaseKey):
    """A key to a row of a shared table: one of the same tenant, or one without a tenant.

    A composite key cannot express "or without a tenant"; a trigger that the base model adds checks it.
    """


class TenantUserKey(DatabaseKey):
    """A key to a user. With ``member=True`` the user must be or have been a member of the row's tenant."""

    def __init__(
        self,
        to: Target = "tenants.User",
        on_delete: OnDelete = models.SET_NULL,
        *,
        member: bool = False,
        **kwargs: Any,
    ) -> None:
        self.member = member
        kwargs.setdefault("related_name", "+")
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self.member:
            kwargs["member"] = True
        return name, path, args, kwargs


class LowercaseCharField(models.CharField):
    """Text stored trimmed and in lower case, so that plain equality ignores case and uses an index."""

    def get_prep_value(self, value: object) -> Any:
        value = super().get_prep_value(value)
        return value.strip().lower() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value


class Stored(str):
    """Text that another row holds already. A NormalisedField takes it as it is, even if it is older than the rules."""

    __slots__ = ()


class NormalisedField(models.Field):
    """Text that people write in many ways and that is stored in one, which ``normalise`` decides.

    Validating a value normalises it, so every writer and every form stores that spelling. An unchanged value is not
    validated again, so old rows keep what they have. The base of text fields, before Django's class.
    """

    def normalise(self, text: str, row: models.Model | None) -> str:
        """Return the stored spelling of a text that is not empty. ``row`` gets it. Raise ValidationError."""
        raise NotImplementedError

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        text = self.to_python(value)
        if isinstance(text, str) and (text := text.strip()):
            # The limit of the length comes first: nothing reads a text of any length.
            self.run_validators(text)
            text = str(value) if isinstance(value, Stored) else self.normalise(text, model_instance)
        return super().clean(text, model_instance)

    def formfield(self, **kwargs: Any) -> Any:
        # The form field of an address would refuse what ``normalise`` accepts.
        return super().formfield(**{**kwargs, "form_class": forms.CharField})


class LowercaseEmailField(NormalisedField, LowercaseCharField, models.EmailField):
    """An e-mail address, stored trimmed and in lower case.

    With ``any_script`` letters of any script are accepted before the @-sign, as many mail servers do. LAD's own mail
    cannot be sent to such an address.
    """

    default_validators = []

    def __init__(self, *args: Any, any_script: bool = False, **kwargs: Any) -> None:
        self.any_script = any_script
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        # Django clones fields from these. Migrations leave it out.
        return name, path, args, {**kwargs, "any_script": True} if self.any_script else kwargs

    def normalise(self, text: str, row: models.Model | None) -> str:
        return emails.normalise(text, any_script=self.any_script)


class RegisteredKeyField(models.CharField):
    """A key of an open vocabulary: the application accepts registered keys only, the database accepts any text.

    Forms, filters and labels use the registry as choices. The base model adds no CHECK, and migrations
    see a plain CharField, so a new key changes no table.
    """

    def __init__(self, *args: Any, registry: Registry[SpecT] | None = None, **kwargs: Any) -> None:
        # Django clones fields from what deconstruct() returns, which leaves the registry out.
        if registry is not None:
            kwargs["choices"] = registry.choices
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("choices", None)
        return name, "django.db.models.CharField", args, kwargs


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("Set FIELD_ENCRYPTION_KEYS to one or more Fernet keys, the newest first.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS holds a value that is not a Fernet key (32 bytes in URL-safe base64)."
        ) from error


def field_cipher() -> MultiFernet:
    """Return the cipher of the configured keys. It encrypts with the first and decrypts with any."""
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS))


class EncryptedTextField(models.TextField):
    """Text encrypted at rest with Fernet. ``manage.py rotate_field_keys`` re-encrypts it after a key change."""

    secret = True

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            # Every encryption of the same text differs, so no comparison can match.
            raise FieldError(f"{self.name} is encrypted: only isnull can be queried.")
        return super().get_lookup(lookup_name)

    def get_prep_value(self, value: object) -> Any:
        if value is None or value == "":
            return value
        return field_cipher().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> str | None:
        if value is None or value == "":
            return value
        try:
            return field_cipher().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                f"{self.model._meta.label}.{self.name} was encrypted with a key that is not configured: "
                "add it to FIELD_ENCRYPTION_KEYS."
            ) from error


class SecretHashField(models.CharField):
    """The hash of a secret. It is masked wherever values are shown."""

    secret = True


class PlatformSecretField(SecretHashField):
    """A hash that only the platform role may read: queries of a tenant get NULL for it.

    A model with such a field leaves it out of rows that a tenant's query made, see ``without_platform_secrets``.
    """

    platform_secret = True

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return ("NULL", ()) if _in_tenant() else (sql, params)


def without_platform_secrets(
    model: type[models.Model], names: Sequence[str], values: Sequence[Any]
) -> tuple[list[str], list[Any]]:
    """Return the names and values for ``from_db`` without what a tenant's query could not read.

    The row then reads it when it is used, in the scope of that moment.
    """
    if not _in_tenant():
        return list(names), list(values)
    hidden = {field.attname for field in model._meta.concrete_fields if hasattr(field, "platform_secret")}
    shown = [(name, value) for name, value in zip(names, values, strict=True) if name not in hidden]
    return [name for name, _value in shown], [value for _name, value in shown]


def _in_tenant() -> bool:
    scope = current_scope()
    return scope is not None and not scope.platform


def is_secret(field: object) -> bool:
    """Return whether the field's value must never be shown, logged or audited."""
    return bool(getattr(field, "secret", False))


def is_replaceable(field: object) -> bool:
    """Return whether people may set the secret, although nobody can read it."""
    return isinstance(field, EncryptedTextField) and field.editable
