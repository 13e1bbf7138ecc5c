from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_invoices_that_add_up"),
        ("tenants", "0010_joined_grants"),
    ]

    operations = [
        migrations.AddField(
            model_name="billingprofile",
            name="language",
            field=models.CharField(db_default="en", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["en", "de", "fr", "es", "ar"])),
                name="billing_profiles_language_valid",
            ),
        ),
    ]
