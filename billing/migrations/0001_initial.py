import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import lad.db.constraints
import lad.db.fields
import lad.db.identifiers
import lad.db.shapes


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0002_shared_rows"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="UserCredit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "balance",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, editable=False, max_digits=10),
                ),
                (
                    "monthly_usage",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, editable=False, max_digits=10),
                ),
                (
                    "last_usage_reset",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    lad.db.fields.TenantUserKey(
                        db_index=False,
                        member=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "legacy credits of a user",
                "verbose_name_plural": "legacy credits",
                "db_table": "user_credits",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="user_credits_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "user"),
                        name="user_credits_user_key",
                        violation_error_message="This user has legacy credits already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance__gte", 0), ("monthly_usage__gte", 0)),
                        name="user_credits_not_negative",
                        violation_error_message="Neither balance nor usage can be negative.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="user_credits_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="user_credits_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="user_credits_user_fkey",
                        on_delete="NO ACTION",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="user_credits_user_same_tenant",
                        on_delete="NO ACTION",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="user_credits_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="user_credits_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="user_credits_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="user_credits_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="user_credits_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditTransaction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, help_text="Positive adds credits, negative takes them.", max_digits=10
                    ),
                ),
                (
                    "transaction_type",
                    models.CharField(
                        choices=[
                            ("purchase", "Purchase"),
                            ("debit", "Debit"),
                            ("deduction", "Deduction"),
                            ("usage", "Usage"),
                            ("refund", "Refund"),
                            ("adjustment", "Adjustment"),
                        ],
                        max_length=50,
                    ),
                ),
                ("reference_type", models.CharField(blank=True, db_default="", default="", max_length=50)),
                ("reference_id", models.UUIDField(blank=True, null=True)),
                ("balance_before", models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True)),
                ("balance_after", models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict)),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    lad.db.fields.TenantUserKey(
                        db_index=False,
                        member=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user_credit",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transactions",
                        to="billing.usercredit",
                    ),
                ),
            ],
            options={
                "verbose_name": "legacy credit transaction",
                "db_table": "credit_transactions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="credit_transactions_newest"),
                    models.Index(fields=["tenant", "user_credit", "-created_at"], name="credit_transactions_credit"),
                    models.Index(fields=["tenant", "user", "-created_at"], name="credit_transactions_user"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("balance_after__isnull", True), ("balance_before__isnull", True)),
                            models.Q(
                                (
                                    "balance_after",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("balance_before"), "+", models.F("amount")
                                    ),
                                ),
                                ("balance_after__gte", 0),
                                ("balance_after__isnull", False),
                                ("balance_before__gte", 0),
                                ("balance_before__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="credit_transactions_sum",
                        violation_error_message="The balance after must be the balance before plus the amount.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gte", 0), ("transaction_type__in", ("purchase", "refund"))),
                            models.Q(("amount__lte", 0), ("transaction_type__in", ("debit", "deduction", "usage"))),
                            ("transaction_type", "adjustment"),
                            _connector="OR",
                        ),
                        name="credit_transactions_sign",
                        violation_error_message="Purchases and refunds add credits; debits, deductions and usage take them.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="credit_transactions_row_security",
                        platform_privileges=("SELECT", "INSERT"),
                        privileges=("SELECT", "INSERT"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="credit_transactions_user_fkey",
                        on_delete="NO ACTION",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="credit_transactions_user_same_tenant",
                        on_delete="NO ACTION",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user_credit"),
                        name="credit_transactions_user_credit_same_tenant",
                        on_delete="NO ACTION",
                        to="billing.UserCredit",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="credit_transactions_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "transaction_type__in",
                                ["purchase", "debit", "deduction", "usage", "refund", "adjustment"],
                            )
                        ),
                        name="credit_transactions_transaction_type_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OR DELETE",
                        function="lad_refuse_change",
                        level="ROW",
                        name="credit_transactions_append_only",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="TRUNCATE",
                        function="lad_refuse_change",
                        level="STATEMENT",
                        name="credit_transactions_no_truncate",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "current_balance",
                    models.DecimalField(db_default=0, decimal_places=6, default=0, editable=False, max_digits=18),
                ),
                (
                    "reserved_balance",
                    models.DecimalField(db_default=0, decimal_places=6, default=0, editable=False, max_digits=18),
                ),
                ("currency", models.CharField(db_default="USD", default="USD", max_length=3)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("suspended", "Suspended"), ("closed", "Closed")],
                        db_default="active",
                        default="active",
                        max_length=20,
                    ),
                ),
                (
                    "low_balance_threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        help_text="Below this available balance the tenant is told; empty for never.",
                        max_digits=18,
                        null=True,
                    ),
                ),
                ("low_balance_notified_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict, editable=False)),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        help_text="Empty for the wallet of the tenant itself.",
                        member=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "billing_wallets",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_wallets_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "user"),
                        name="billing_wallets_user_key",
                        violation_error_message="This user has a wallet already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("user__isnull", True)),
                        fields=("tenant",),
                        name="billing_wallets_tenant_key",
                        violation_error_message="The tenant has a wallet of its own already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("current_balance__gte", models.F("reserved_balance")), ("reserved_balance__gte", 0)
                        ),
                        name="billing_wallets_not_overdrawn",
                        violation_error_message="The wallet does not hold that much.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("low_balance_threshold__gte", 0)),
                        name="billing_wallets_threshold_positive",
                        violation_error_message="The threshold cannot be negative; leave it empty for no notice.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="billing_wallets_currency_code",
                        violation_error_message="Write the currency as a code of three capital letters, such as USD.",
                    ),
                    lad.db.constraints.TableStorage(
                        name="billing_wallets_storage",
                        parameters={
                            "autovacuum_vacuum_scale_factor": "0.02",
                            "autovacuum_vacuum_threshold": "200",
                            "fillfactor": "50",
                        },
                    ),
                    lad.db.constraints.RowSecurity(
                        name="billing_wallets_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="billing_wallets_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="billing_wallets_user_fkey",
                        on_delete="NO ACTION",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="billing_wallets_user_same_tenant",
                        on_delete="NO ACTION",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="billing_wallets_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "suspended", "closed"])),
                        name="billing_wallets_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="billing_wallets_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_wallets_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_wallets_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_wallets_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerTransaction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "transaction_type",
                    models.CharField(
                        choices=[
                            ("topup", "Top-up"),
                            ("debit", "Debit"),
                            ("credit", "Credit"),
                            ("adjustment", "Adjustment"),
                            ("reservation", "Reservation"),
                            ("release", "Release"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Positive adds to the wallet, negative takes from it.",
                        max_digits=18,
                    ),
                ),
                ("balance_before", models.DecimalField(decimal_places=6, max_digits=18)),
                ("balance_after", models.DecimalField(decimal_places=6, max_digits=18)),
                (
                    "reference_type",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What caused it: usage_event, invoice, manual, stripe_payment or another kind of thing.",
                        max_length=50,
                    ),
                ),
                ("reference_id", models.UUIDField(blank=True, null=True)),
                ("idempotency_key", models.CharField(max_length=255)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict)),
                (
                    "created_by",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_column="created_by",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "wallet",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger_transactions",
                        to="billing.wallet",
                    ),
                ),
            ],
            options={
                "db_table": "billing_ledger_transactions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_ledger_newest"),
                    models.Index(fields=["tenant", "wallet", "-created_at"], name="billing_ledger_wallet"),
                    models.Index(
                        condition=models.Q(("reference_id__isnull", False)),
                        fields=["tenant", "reference_id"],
                        name="billing_ledger_reference",
                    ),
                    models.Index(
                        condition=models.Q(("transaction_type__in", ["topup", "credit", "adjustment"])),
                        fields=["tenant", "transaction_type", "-created_at"],
                        name="billing_ledger_rare_types",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"),
                        name="billing_ledger_transactions_idempotency_key",
                        violation_error_message="This movement is in the ledger already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "balance_after",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("balance_before"), "+", models.F("amount")
                                ),
                            )
                        ),
                        name="billing_ledger_transactions_sum",
                        violation_error_message="The balance after must be the balance before plus the amount.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance_after__gte", 0), ("balance_before__gte", 0)),
                        name="billing_ledger_transactions_not_overdrawn",
                        violation_error_message="The wallet does not hold that much.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gt", 0), ("transaction_type__in", ("topup", "credit", "release"))),
                            models.Q(("amount__lte", 0), ("transaction_type", "debit")),
                            models.Q(("amount__lt", 0), ("transaction_type", "reservation")),
                            models.Q(("transaction_type", "adjustment"), models.Q(("amount", 0), _negated=True)),
                            _connector="OR",
                        ),
                        name="billing_ledger_transactions_sign",
                        violation_error_message="Top-ups, credits and releases add; debits and reservations take.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        name="billing_ledger_transactions_keyed",
                        violation_error_message="Give the key under which this movement happens once only.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="billing_ledger_transactions_row_security",
                        platform_privileges=("SELECT", "INSERT"),
                        privileges=("SELECT", "INSERT"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="billing_ledger_transactions_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "wallet"),
                        name="billing_ledger_transactions_wallet_same_tenant",
                        on_delete="NO ACTION",
                        to="billing.Wallet",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("created_by",),
                        name="billing_ledger_transactions_created_by_fkey",
                        on_delete="NO ACTION",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="billing_ledger_transactions_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "transaction_type__in",
                                ["topup", "debit", "credit", "adjustment", "reservation", "release"],
                            )
                        ),
                        name="billing_ledger_transactions_transaction_type_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OR DELETE",
                        function="lad_refuse_change",
                        level="ROW",
                        name="billing_ledger_transactions_append_only",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="TRUNCATE",
                        function="lad_refuse_change",
                        level="STATEMENT",
                        name="billing_ledger_transactions_no_truncate",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FeatureEntitlement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("feature_key", models.CharField(max_length=100)),
                ("enabled", models.BooleanField(db_default=True, default=True)),
                (
                    "monthly_quota",
                    models.DecimalField(
                        blank=True, decimal_places=6, help_text="Empty: no limit.", max_digits=18, null=True
                    ),
                ),
                (
                    "daily_quota",
                    models.DecimalField(
                        blank=True, decimal_places=6, help_text="Empty: no limit.", max_digits=18, null=True
                    ),
                ),
                ("allow_overages", models.BooleanField(db_default=False, default=False)),
                (
                    "overage_rate",
                    models.DecimalField(
                        blank=True,
                        decimal_places=10,
                        help_text="The price of one unit beyond the quota.",
                        max_digits=18,
                        null=True,
                    ),
                ),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict, editable=False)),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "billing_feature_entitlements",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_entitlements_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "feature_key"),
                        name="billing_feature_entitlements_key",
                        violation_error_message="The tenant has an entitlement for this feature already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("feature_key", ""), _negated=True),
                        name="billing_feature_entitlements_feature",
                        violation_error_message="Name the feature.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("monthly_quota__gte", 0), ("monthly_quota__isnull", True), _connector="OR"),
                            models.Q(("daily_quota__gte", 0), ("daily_quota__isnull", True), _connector="OR"),
                        ),
                        name="billing_feature_entitlements_quota",
                        violation_error_message="A quota cannot be negative; leave it empty for no limit.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("overage_rate__gte", 0), ("overage_rate__isnull", False)),
                            models.Q(("allow_overages", False), ("overage_rate__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_feature_entitlements_overage",
                        violation_error_message="Use beyond the quota needs a price, which may be 0 but not negative.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="billing_feature_entitlements_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT",),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="billing_feature_entitlements_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="billing_feature_entitlements_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="billing_feature_entitlements_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_feature_entitlements_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_feature_entitlements_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_feature_entitlements_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "invoice_number",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="A draft may do without.", max_length=50
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("pending", "Pending"),
                            ("paid", "Paid"),
                            ("voided", "Voided"),
                            ("overdue", "Overdue"),
                        ],
                        db_default="draft",
                        default="draft",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("subtotal", models.DecimalField(decimal_places=6, default=0, editable=False, max_digits=18)),
                ("tax", models.DecimalField(db_default=0, decimal_places=6, default=0, max_digits=18)),
                ("total", models.DecimalField(decimal_places=6, default=0, editable=False, max_digits=18)),
                ("currency", models.CharField(db_default="USD", default="USD", max_length=3)),
                ("period_start", models.DateTimeField()),
                ("period_end", models.DateTimeField()),
                ("paid_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "payment_method",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=50),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                (
                    "line_items",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "items": {
                                        "properties": {
                                            "amount": {"pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,6})?$", "type": "string"},
                                            "description": {"minLength": 1, "type": "string"},
                                            "feature_key": {"type": "string"},
                                            "quantity": {"pattern": "^[0-9]{1,12}(\\.[0-9]{1,6})?$", "type": "string"},
                                            "unit_price": {
                                                "pattern": "^[0-9]{1,8}(\\.[0-9]{1,10})?$",
                                                "type": "string",
                                            },
                                        },
                                        "required": ["description", "quantity", "unit_price", "amount"],
                                        "type": "object",
                                    },
                                    "type": "array",
                                }
                            )
                        ],
                    ),
                ),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict, editable=False)),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "billing_invoices",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_invoices_newest"),
                    models.Index(fields=["tenant", "status", "due_at"], name="billing_invoices_due"),
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "overdue"])),
                        fields=["due_at"],
                        name="billing_invoices_unpaid",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("invoice_number", ""), _negated=True),
                        fields=("tenant", "invoice_number"),
                        name="billing_invoices_number_key",
                        violation_error_message="Another invoice of the tenant has this number.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "voided"]),
                            models.Q(("invoice_number", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="billing_invoices_numbered",
                        violation_error_message="Give the invoice a number before it is issued.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("subtotal"), "+", models.F("tax")
                                ),
                            )
                        ),
                        name="billing_invoices_total",
                        violation_error_message="The total must be the subtotal plus the tax.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("subtotal__gte", 0), ("tax__gte", 0)),
                        name="billing_invoices_not_negative",
                        violation_error_message="Neither subtotal nor tax can be negative.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period_end__gt", models.F("period_start"))),
                        name="billing_invoices_period",
                        violation_error_message="The period must end after it begins.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_at__isnull", False), ("status", "paid")),
                            models.Q(models.Q(("status", "paid"), _negated=True), ("paid_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_invoices_paid_at",
                        violation_error_message="A paid invoice says when it was paid; others do not.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "overdue"), _negated=True), ("due_at__isnull", False), _connector="OR"
                        ),
                        name="billing_invoices_overdue_since",
                        violation_error_message="An invoice without a due date cannot be overdue.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="billing_invoices_currency_code",
                        violation_error_message="Write the currency as a code of three capital letters, such as USD.",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OR DELETE",
                        function="lad_status_steps",
                        level="ROW",
                        name="billing_invoices_steps",
                        parameters=(
                            "{draft}",
                            "{paid_at,payment_method,metadata,status,updated_at}",
                            "{draft>pending,draft>voided,pending>paid,pending>overdue,pending>voided,overdue>paid,overdue>voided}",
                        ),
                        transition="",
                        violation_error_message="An invoice that was issued stays as it is; only its status moves on.",
                        when="BEFORE",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="billing_invoices_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="billing_invoices_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="billing_invoices_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "pending", "paid", "voided", "overdue"])),
                        name="billing_invoices_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="billing_invoices_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_invoices_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_invoices_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_invoices_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("enrichment", "Enrichment"),
                            ("llm", "Language model"),
                            ("llm_prompt", "Language model, prompt"),
                            ("llm_completion", "Language model, completion"),
                            ("stt", "Speech to text"),
                            ("tts", "Text to speech"),
                            ("telephony", "Telephony"),
                            ("vm_infrastructure", "Servers"),
                        ],
                        max_length=50,
                    ),
                ),
                ("provider", models.CharField(max_length=50)),
                (
                    "model",
                    models.CharField(
                        help_text="The exact model, or * for any other model of the provider.", max_length=255
                    ),
                ),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("record", "Record"),
                            ("token", "Token"),
                            ("second", "Second"),
                            ("minute", "Minute"),
                            ("character", "Character"),
                            ("message", "Message"),
                        ],
                        max_length=30,
                    ),
                ),
                ("unit_price", models.DecimalField(decimal_places=10, help_text="In US dollars.", max_digits=18)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                (
                    "effective_from",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                ("effective_to", models.DateTimeField(blank=True, help_text="Empty: until further notice.", null=True)),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict, editable=False)),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "billing_pricing_catalog",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_prices_newest"),
                    models.Index(
                        fields=["tenant", "category", "provider", "model", "unit", "-effective_from"],
                        name="billing_prices_lookup",
                    ),
                    models.Index(
                        fields=["category", "provider", "model", "unit", "-effective_from"],
                        name="billing_prices_component",
                    ),
                ],
                "constraints": [
                    lad.db.constraints.NoOverlap(
                        condition=models.Q(("is_active", True)),
                        end="effective_to",
                        fields=("tenant", "category", "provider", "model", "unit"),
                        name="billing_pricing_catalog_one_price",
                        start="effective_from",
                        violation_error_message="Another active price holds in this period: end it first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to__gt", models.F("effective_from")),
                            ("effective_to__isnull", True),
                            _connector="OR",
                        ),
                        name="billing_pricing_catalog_period",
                        violation_error_message="A price must end after it begins.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("unit_price__gte", 0)),
                        name="billing_pricing_catalog_not_negative",
                        violation_error_message="A price cannot be negative.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("provider", django.db.models.functions.text.Lower("provider")),
                            models.Q(("provider", ""), _negated=True),
                            models.Q(("model", ""), _negated=True),
                        ),
                        name="billing_pricing_catalog_component",
                        violation_error_message="Write the provider in lower case, and name a model or *.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="billing_pricing_catalog_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT",),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="billing_pricing_catalog_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="billing_pricing_catalog_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "category__in",
                                [
                                    "enrichment",
                                    "llm",
                                    "llm_prompt",
                                    "llm_completion",
                                    "stt",
                                    "tts",
                                    "telephony",
                                    "vm_infrastructure",
                                ],
                            )
                        ),
                        name="billing_pricing_catalog_category_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("unit__in", ["record", "token", "second", "minute", "character", "message"])
                        ),
                        name="billing_pricing_catalog_unit_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OF tenant_id",
                        function="lad_keep_tenant",
                        level="ROW",
                        name="billing_pricing_catalog_keep_tenant",
                        parameters=("tenant_id",),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="billing_pricing_catalog_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_pricing_catalog_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_pricing_catalog_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="billing_pricing_catalog_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("feature_key", models.CharField(max_length=100)),
                (
                    "usage_items",
                    models.JSONField(
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "items": {
                                        "properties": {
                                            "category": {"maxLength": 50, "minLength": 1, "type": "string"},
                                            "cost": {"pattern": "^[0-9]{1,12}(\\.[0-9]{1,6})?$", "type": "string"},
                                            "description": {"type": "string"},
                                            "model": {"maxLength": 255, "minLength": 1, "type": "string"},
                                            "price_id": {"format": "uuid", "type": "string"},
                                            "provider": {"maxLength": 50, "minLength": 1, "type": "string"},
                                            "quantity": {"pattern": "^[0-9]{1,12}(\\.[0-9]{1,6})?$", "type": "string"},
                                            "unit": {"maxLength": 30, "minLength": 1, "type": "string"},
                                            "unit_price": {
                                                "pattern": "^[0-9]{1,8}(\\.[0-9]{1,10})?$",
                                                "type": "string",
                                            },
                                        },
                                        "required": [
                                            "category",
                                            "provider",
                                            "model",
                                            "unit",
                                            "quantity",
                                            "unit_price",
                                            "cost",
                                        ],
                                        "type": "object",
                                    },
                                    "minItems": 1,
                                    "type": "array",
                                }
                            )
                        ]
                    ),
                ),
                ("total_quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("total_cost", models.DecimalField(decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", default="USD", max_length=3)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("charged", "Charged"),
                            ("voided", "Voided"),
                            ("failed", "Failed"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("charged_at", models.DateTimeField(blank=True, null=True)),
                ("idempotency_key", models.CharField(max_length=255)),
                (
                    "external_reference_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The call, campaign or request it came from.",
                        max_length=255,
                    ),
                ),
                ("error_message", models.TextField(blank=True, db_default="", default="", max_length=5000)),
                ("retry_count", models.PositiveIntegerField(db_default=0, default=0)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict)),
                (
                    "ledger_transaction",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_events",
                        to="billing.ledgertransaction",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "billing_usage_events",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_usage_newest"),
                    models.Index(fields=["tenant", "status", "-created_at"], name="billing_usage_status"),
                    models.Index(fields=["tenant", "feature_key", "-created_at"], name="billing_usage_feature"),
                    models.Index(
                        condition=models.Q(("user__isnull", False)),
                        fields=["tenant", "user", "-created_at"],
                        name="billing_usage_user",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "failed"])),
                        fields=["created_at"],
                        name="billing_usage_unsettled",
                    ),
                    models.Index(
                        condition=models.Q(("external_reference_id", ""), _negated=True),
                        fields=["tenant", "external_reference_id"],
                        name="billing_usage_external",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"),
                        name="billing_usage_events_idempotency_key",
                        violation_error_message="This use is recorded already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ledger_transaction__isnull", False)),
                        fields=("tenant", "ledger_transaction"),
                        name="billing_usage_events_debit_key",
                        violation_error_message="This debit paid for another use.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        name="billing_usage_events_keyed",
                        violation_error_message="Give the key under which this use is recorded once only.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("total_cost__gte", 0), ("total_quantity__gte", 0)),
                        name="billing_usage_events_not_negative",
                        violation_error_message="Quantity and cost cannot be negative.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("charged_at__isnull", False),
                                ("ledger_transaction__isnull", False),
                                ("status__in", ["charged", "voided"]),
                            ),
                            models.Q(
                                models.Q(("status", "charged"), _negated=True),
                                ("charged_at__isnull", True),
                                ("ledger_transaction__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="billing_usage_events_charged_by_debit",
                        violation_error_message="A charged use names its debit and the moment of it; others have neither.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "failed"), _negated=True),
                            models.Q(("error_message", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="billing_usage_events_failure_explained",
                        violation_error_message="Say why the charge failed.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="billing_usage_events_currency_code",
                        violation_error_message="Write the currency as a code of three capital letters, such as USD.",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OR DELETE",
                        function="lad_status_steps",
                        level="ROW",
                        name="billing_usage_events_steps",
                        parameters=(
                            "{pending,failed}",
                            "{user_id,metadata,retry_count,status,updated_at}",
                            "{pending>charged,pending>voided,pending>failed,failed>pending,failed>voided,charged>voided}",
                        ),
                        transition="",
                        violation_error_message="A use that was charged or voided stays as it is.",
                        when="BEFORE",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="billing_usage_events_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="billing_usage_events_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="billing_usage_events_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "ledger_transaction"),
                        name="billing_usage_events_ledger_transaction_same_tenant",
                        on_delete="NO ACTION",
                        to="billing.LedgerTransaction",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="billing_usage_events_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "charged", "voided", "failed"])),
                        name="billing_usage_events_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="billing_usage_events_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
    ]
