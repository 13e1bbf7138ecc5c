"""What voice work looks like for one member: their defaults, and what they may use."""

from django.db import models

from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.models import SoftDeletable, TenantModel
from lad.db.shapes import OBJECT, Shape
from voice.shapes import PREFERENCES


class VoiceProfile(SoftDeletable, TenantModel):
    """One member's defaults for calling."""

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    default_agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    default_number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    preferences = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(PREFERENCES)])
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])

    class Meta:
        db_table = "voice_user_profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_user_profiles_user_key",
                violation_error_message="This member has a profile already.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="voice_user_profiles_newest")]

    def __str__(self) -> str:
        # The person's address where it is at hand: a name must not cost a query.
        return str(self._state.fields_cache.get("user") or self.user_id)


class VoicePermission(SoftDeletable, TenantModel):
    """One member's right to call from a number, to use a voice, or to use both together."""

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    number = TenantForeignKey(
        "voice.VoiceNumber",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="permissions",
        db_index=False,
    )
    voice = SharedForeignKey(
        "voice.Voice", on_delete=models.PROTECT, null=True, blank=True, related_name="permissions", db_index=False
    )
    is_active = models.BooleanField(default=True, db_default=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(OBJECT)])

    class Meta:
        db_table = "voice_permissions"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__isnull=False) | models.Q(voice__isnull=False),
                name="voice_permissions_target",
                violation_error_message="Choose a number, a voice or both.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "user", "number", "voice"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_permissions_target_key",
                nulls_distinct=False,
                violation_error_message="This member has this permission already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_permissions_newest"),
            models.Index(fields=["tenant", "number"], name="voice_permissions_number"),
            models.Index(fields=["tenant", "voice"], name="voice_permissions_voice"),
        ]

    def __str__(self) -> str:
        known = self._state.fields_cache
        targets = [str(known.get(name) or name) for name in ("number", "voice") if getattr(self, f"{name}_id")]
        return f"{known.get('user') or self.user_id} · {' and '.join(targets)}"
