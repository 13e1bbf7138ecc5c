from django.db import migrations

from lad.db import functions


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.RunSQL(functions.SHARED_ROWS, functions.REMOVE_SHARED_ROWS),
        migrations.RunSQL(functions.STATUS_STEPS, functions.REMOVE_STATUS_STEPS),
        # As it is now: a table may have columns named like the audit function's variables.
        migrations.RunSQL(functions.INSTALL, migrations.RunSQL.noop),
    ]
