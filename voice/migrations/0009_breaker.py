from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_counted_days"),
        ("leads", "0010_employee_matched_at"),
        ("tenants", "0014_booking_link"),
        ("voice", "0008_agent_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="callbatch",
            name="tripped_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="calllog",
            index=models.Index(
                condition=models.Q(("outcome", ""), _negated=True),
                fields=["tenant", "-ended_at"],
                name="voice_call_logs_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="calllog",
            index=models.Index(
                condition=models.Q(("outcome", ""), _negated=True), fields=["-ended_at"], name="voice_call_logs_last"
            ),
        ),
    ]
