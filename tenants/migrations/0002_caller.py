from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        InstallSql("tenants.features", "tenants_feature_settings", 1),
        InstallSql("tenants.accounts", "tenants_caller", 1),
    ]
