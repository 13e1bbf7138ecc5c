from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
    ]

    operations = [
        InstallSql("billing.ledger", "billing_settle", 2),
    ]
