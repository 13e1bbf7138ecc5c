from django.db import migrations, models

# What the usual keys mean. Policies let the platform's role change every row.
KNOWN_OUTCOMES = """
SET LOCAL ROLE lad_platform;
UPDATE lead_stages SET outcome = 'won' WHERE key IN ('won', 'closed_won', 'enrolled');
UPDATE lead_stages SET outcome = 'lost' WHERE key IN ('lost', 'closed_lost', 'rejected', 'withdrawn');
UPDATE lead_statuses SET outcome = 'won' WHERE key IN ('won', 'closed_won', 'enrolled');
UPDATE lead_statuses SET outcome = 'lost' WHERE key IN ('lost', 'closed_lost', 'rejected', 'withdrawn');
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0004_national_numbers"),
        ("tenants", "0010_joined_grants"),
    ]

    operations = [
        migrations.AddField(
            model_name="leadstage",
            name="outcome",
            field=models.CharField(db_default="open", max_length=10),
        ),
        migrations.AddField(
            model_name="leadstatus",
            name="outcome",
            field=models.CharField(db_default="open", max_length=10),
        ),
        migrations.RunSQL(KNOWN_OUTCOMES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="leadstage",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["open", "won", "lost"])), name="lead_stages_outcome_valid"
            ),
        ),
        migrations.AddConstraint(
            model_name="leadstatus",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["open", "won", "lost"])), name="lead_statuses_outcome_valid"
            ),
        ),
    ]
