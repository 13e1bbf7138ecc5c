from django.db import migrations

from billing import posting
from lad.db.constraints import TableStorage

# A database that knows them from before gets the engine's functions as they are now.
RENAMED = "DROP FUNCTION IF EXISTS billing_append(billing_wallets, billing_ledger_transactions[], timestamptz);"


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_the_ledger")]

    operations = [
        migrations.RunSQL(RENAMED + posting.INSTALL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="usageevent",
            constraint=TableStorage(
                name="billing_usage_events_storage",
                parameters={
                    "autovacuum_vacuum_scale_factor": "0.01",
                    "autovacuum_vacuum_insert_scale_factor": "0.01",
                    "autovacuum_analyze_scale_factor": "0.02",
                },
            ),
        ),
    ]
