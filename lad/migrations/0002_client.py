from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_client"),
        ("lad", "0001_functions"),
    ]

    operations = [
        InstallSql("lad.audit", "lad_packing_query", 2),
        InstallSql("lad.audit", "lad_audit", 2),
        InstallSql("lad.audit", "lad_audit_row", 2),
    ]
