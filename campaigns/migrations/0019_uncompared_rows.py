from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0018_kept_plans")]

    operations = [
        InstallSql("campaigns.figures", "campaigns_count_activities", 3),
        InstallSql("campaigns.figures", "campaigns_count_enrolments", 3),
    ]
