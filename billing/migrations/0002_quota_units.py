from django.db import migrations, models

from lad.db.operations import InstallSql

# What was counted so far was counted in the entitlement's unit. Policies let the platform's role change every row.
KEEP_UNITS = """
SET LOCAL ROLE lad_platform;
UPDATE billing_entitlement_usage AS counted SET quota_unit = terms.quota_unit
FROM billing_feature_entitlements AS terms
WHERE terms.tenant_id = counted.tenant_id AND terms.id = counted.entitlement_id AND terms.quota_unit <> 'use';
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="entitlementuse",
            name="quota_unit",
            field=models.CharField(db_default="use", max_length=30),
        ),
        migrations.RunSQL(KEEP_UNITS, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="entitlementuse",
            name="billing_entitlement_usage_window_key",
        ),
        migrations.AddConstraint(
            model_name="entitlementuse",
            constraint=models.UniqueConstraint(
                fields=("tenant", "entitlement", "window", "window_start", "quota_unit"),
                name="billing_entitlement_usage_window_key",
            ),
        ),
        migrations.AddField(
            model_name="usageevent",
            name="quota_unit",
            field=models.CharField(db_default="", max_length=30),
        ),
        InstallSql("billing.ledger", "billing_settle", 2),
    ]
