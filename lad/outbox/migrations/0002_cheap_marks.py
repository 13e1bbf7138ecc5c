from django.db import migrations

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0001_initial"),
        ("tenants", "0002_caller"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="domainevent",
            name="domain_events_unprocessed",
        ),
        migrations.AddConstraint(
            model_name="domainevent",
            constraint=TableRule(
                name="domain_events_storage",
                create='ALTER TABLE "domain_events" SET (fillfactor = 75)',
                remove='ALTER TABLE "domain_events" RESET (fillfactor)',
            ),
        ),
    ]
