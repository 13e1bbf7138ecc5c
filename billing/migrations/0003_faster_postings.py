from django.db import migrations

from billing import posting

# A database that knows them from before gets the engine's functions as they are now.
RENAMED = "DROP FUNCTION IF EXISTS billing_append(billing_wallets, billing_ledger_transactions[], timestamptz)"


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_the_ledger")]

    operations = [migrations.RunSQL(RENAMED + ";" + posting.INSTALL, migrations.RunSQL.noop)]
