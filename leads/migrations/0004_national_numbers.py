from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0003_search"),
        ("tenants", "0012_country"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("base_number__isnull", False)),
                fields=["tenant", "base_number"],
                name="leads_by_national_number",
            ),
        ),
    ]
