from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [
        ("sessions", "0001_initial"),
        ("tenants", "0002_caller"),
    ]

    operations = [
        InstallSql("tenants.accounts", "tenants_staff_caller", 1),
        InstallSql("tenants.accounts", "tenants_session_caller", 1),
    ]
