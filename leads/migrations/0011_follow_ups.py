from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0010_employee_matched_at"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="leadbooking",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("task_status", "scheduled")),
                fields=["task_scheduled_at", "tenant"],
                name="lead_bookings_to_call",
            ),
        ),
    ]
