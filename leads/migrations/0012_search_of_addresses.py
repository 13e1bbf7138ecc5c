from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [("leads", "0011_follow_ups")]

    operations = [InstallSql("leads.contacts", "leads_found", 2)]
