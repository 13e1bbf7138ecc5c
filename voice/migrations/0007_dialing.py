from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0010_employee_matched_at"),
        ("tenants", "0014_booking_link"),
        ("voice", "0006_agent_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="callbatch",
            index=models.Index(
                condition=models.Q(
                    ("deleted_at__isnull", True), ("paused_at__isnull", True), ("status__in", ("queued", "running"))
                ),
                fields=["tenant", "scheduled_at"],
                name="voice_call_batches_calling",
            ),
        ),
        migrations.AddIndex(
            model_name="callplacement",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["placing", "placed", "unknown"]), ("hang_up_asked_at__isnull", False)
                ),
                fields=["hang_up_asked_at"],
                name="voice_placements_hang_up",
            ),
        ),
    ]
