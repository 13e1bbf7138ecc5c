import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0001_initial"),
        ("tenants", "0003_session_caller"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_source",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_priority",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_activity",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_email",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_phone",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_company_domain",
        ),
        migrations.AddField(
            model_name="lead",
            name="last_activity_on",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Cast(
                    models.Func(models.Value("UTC"), "last_activity_at", function="timezone"), models.DateField()
                ),
                output_field=models.DateField(null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("source", ""), _negated=True)),
                fields=["tenant", "source", "-created_at"],
                name="leads_by_source",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("priority", 0), _negated=True)),
                fields=["tenant", "priority", "-created_at"],
                name="leads_by_priority",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["tenant", "-last_activity_on"],
                name="leads_by_activity_day",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("email", ""), _negated=True), fields=["tenant", "email"], name="leads_by_email"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("phone", ""), _negated=True), fields=["tenant", "phone"], name="leads_by_phone"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("company_domain", ""), _negated=True),
                fields=["tenant", "company_domain"],
                name="leads_by_company_domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=TableRule(
                name="leads_storage",
                create='ALTER TABLE "leads" SET (fillfactor = 85)',
                remove='ALTER TABLE "leads" RESET (fillfactor)',
            ),
        ),
    ]
