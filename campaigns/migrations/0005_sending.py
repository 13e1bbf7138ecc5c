from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_outreach"),
        ("leads", "0006_outreach"),
        ("tenants", "0013_user_timezone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="message",
            name="messages_queued",
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="failures",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="saves_sent",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="sent_folder",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="message",
            name="begun_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="copy_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="looks",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="message",
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "queued")),
                fields=["tenant", "email_account", "campaign", "next_attempt_at"],
                name="messages_queued",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("copy_due_at__isnull", False)), fields=["copy_due_at"], name="messages_copy_due"
            ),
        ),
    ]
