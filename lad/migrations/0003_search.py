from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0002_client"),
    ]

    operations = [
        InstallSql("lad.search", "lad_search_text", 1),
        InstallSql("lad.search", "lad_search_grams", 1),
        InstallSql("lad.search", "lad_search_within", 1),
    ]
