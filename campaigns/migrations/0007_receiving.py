from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_engine"),
        ("leads", "0007_contactability"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("to_address", ""), _negated=True),
                fields=["tenant", "to_address", "-created_at"],
                name="messages_recipient",
            ),
        ),
    ]
