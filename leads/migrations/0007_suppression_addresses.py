from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0006_outreach"),
        ("tenants", "0013_user_timezone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="suppression",
            name="address",
            field=models.CharField(db_collation="C", db_default="", max_length=500),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                condition=models.Q(("address", ""), _negated=True),
                fields=["tenant", "address"],
                name="suppressions_address",
            ),
        ),
    ]
