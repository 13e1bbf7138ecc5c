from django.conf import settings
from django.db import migrations

from lad.db.operations import InstallSql, TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0017_accepted_messages"),
        ("leads", "0012_search_of_addresses"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="message",
            name="messages_figures_update",
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=TableRule(
                name="messages_figures_update",
                create="""
                        CREATE TRIGGER "messages_figures_update" AFTER UPDATE OF state, kind, action, campaign_id, campaign_lead_id, step_id, email_account_id, linkedin_account_id, channel_account_id, occurred_at, opened_at, clicked_at, replied_at, bounced_at, delivered_at ON "messages"
                        FOR EACH ROW WHEN ((OLD.state IN ('sent', 'received') OR NEW.state IN ('sent', 'received')) AND (OLD.state, OLD.kind, OLD.action, OLD.campaign_id, OLD.campaign_lead_id, OLD.step_id, OLD.email_account_id, OLD.linkedin_account_id, OLD.channel_account_id, OLD.occurred_at, OLD.opened_at, OLD.clicked_at, OLD.replied_at, OLD.bounced_at, OLD.delivered_at) IS DISTINCT FROM (NEW.state, NEW.kind, NEW.action, NEW.campaign_id, NEW.campaign_lead_id, NEW.step_id, NEW.email_account_id, NEW.linkedin_account_id, NEW.channel_account_id, NEW.occurred_at, NEW.opened_at, NEW.clicked_at, NEW.replied_at, NEW.bounced_at, NEW.delivered_at))
                        EXECUTE FUNCTION campaigns_count_messages()
                        """,
                remove='DROP TRIGGER IF EXISTS "messages_figures_update" ON "messages"',
            ),
        ),
        InstallSql("campaigns.channels.sending", "campaigns_accept", 1),
        InstallSql("campaigns.channels.sending", "campaigns_begin", 1),
    ]
