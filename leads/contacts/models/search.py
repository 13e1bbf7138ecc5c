"""The texts by which leads are found, in a table of their own: most updates of a lead do not touch their index."""

from typing import Any, ClassVar, Final

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func

from lad.db.constraints import KeyConstraint, SqlConstraint
from lad.db.models import TenantModel
from lad.search import BYTE_ORDER

READ_ONLY: Final = ("SELECT",)


class OwnedByFunctions(SqlConstraint):
    """Let the functions that run as the table's owner read and write all its rows: row-level security binds it too."""

    def statement(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return f'CREATE POLICY "functions" ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)'

    def removal(self, model: Any, schema_editor: Any) -> str:
        return f'DROP POLICY IF EXISTS "functions" ON {schema_editor.quote_name(model._meta.db_table)}'


class LeadSearchText(TenantModel):
    """The text by which one lead is found. Its id is that of the lead; a trigger on leads keeps it."""

    event_name = "leads.search_text"

    updated_at = None
    text = models.TextField(db_collation=BYTE_ORDER, editable=False)
    lead_is_deleted = models.BooleanField(default=False, db_default=False, editable=False)

    audited = False
    announced = False
    tenant_key = False
    privileges: ClassVar[tuple[str, ...]] = READ_ONLY
    platform_privileges: ClassVar[tuple[str, ...]] = READ_ONLY

    class Meta:
        db_table = "lead_search_texts"
        constraints = [
            OwnedByFunctions(name="lead_search_texts_owned_by_functions"),
            KeyConstraint(
                name="lead_search_texts_lead_same_tenant",
                fields=("tenant", "id"),
                to="leads.Lead",
                to_fields=("tenant", "id"),
                on_delete="CASCADE",
            ),
        ]
        indexes = [
            GinIndex(
                Func(F("tenant"), F("text"), function="lad_search_grams"),
                name="lead_search_texts_grams",
                # New texts wait in a list that each search reads too, so it stays short.
                gin_pending_list_limit=512,
            )
        ]

    def __str__(self) -> str:
        return str(self.text)
