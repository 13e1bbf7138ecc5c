import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0008_grants_and_exports"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="tenant",
            name="tenants_live_name_key",
        ),
        migrations.AddField(
            model_name="tenant",
            name="self_named",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("deleted_at__isnull", True), ("self_named", False)),
                name="tenants_live_name_key",
            ),
        ),
    ]
