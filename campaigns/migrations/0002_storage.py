from django.db import migrations

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("leads", "0002_activity_day"),
        ("tenants", "0003_session_caller"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="campaignlead",
            constraint=TableRule(
                name="campaign_leads_storage",
                create='ALTER TABLE "campaign_leads" SET (fillfactor = 85)',
                remove='ALTER TABLE "campaign_leads" RESET (fillfactor)',
            ),
        ),
    ]
