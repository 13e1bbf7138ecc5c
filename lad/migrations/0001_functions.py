from django.db import migrations

from lad.audit import trigger
from lad.db import functions


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(functions.INSTALL, functions.REMOVE),
        migrations.RunSQL(trigger.INSTALL, trigger.REMOVE),
        migrations.RunSQL(functions.SHARED_ROWS, functions.REMOVE_SHARED_ROWS),
        migrations.RunSQL(functions.STATUS_STEPS, functions.REMOVE_STATUS_STEPS),
        migrations.RunSQL(trigger.INSTALL_ROW, trigger.REMOVE_ROW),
    ]
