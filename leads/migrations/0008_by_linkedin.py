from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0007_public_holidays_and_lines"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("linkedin_url", ""), _negated=True),
                fields=["tenant", "linkedin_url"],
                name="leads_by_linkedin",
            ),
        ),
    ]
