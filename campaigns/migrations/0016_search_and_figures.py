import django.contrib.postgres.indexes
from django.db import migrations, models

from lad.db.operations import InstallSql

# Names and addresses are found with the words of messages.
ADD_NAMES = """
ALTER TABLE leads NO FORCE ROW LEVEL SECURITY;
ALTER TABLE inbox_conversations NO FORCE ROW LEVEL SECURITY;
UPDATE inbox_message_texts AS texts SET text = texts.text
    || lad_search_text(concat_ws(' ', leads.first_name, leads.last_name, leads.company_name, leads.email))
FROM inbox_conversations AS kept JOIN leads ON leads.tenant_id = kept.tenant_id AND leads.id = kept.lead_id
WHERE kept.tenant_id = texts.tenant_id AND kept.id = texts.conversation_id;
ALTER TABLE inbox_conversations FORCE ROW LEVEL SECURITY;
ALTER TABLE leads FORCE ROW LEVEL SECURITY
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0015_figures")]

    operations = [
        InstallSql("campaigns.figures", "campaigns_count_activities", 2),
        InstallSql("campaigns.figures", "campaigns_count_enrolments", 2),
        InstallSql("campaigns.figures", "campaigns_count_messages", 2),
        migrations.RemoveIndex(model_name="messagetext", name="inbox_message_texts_words"),
        migrations.RunSQL(ADD_NAMES, migrations.RunSQL.noop),
        InstallSql("campaigns.inbox", "inbox_word_numbers", 2),
        migrations.AddIndex(
            model_name="messagetext",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(models.F("tenant"), models.F("said_at"), models.F("text"), function="inbox_word_numbers"),
                gin_pending_list_limit=512,
                name="inbox_message_texts_words",
            ),
        ),
        # A few installations have it from an earlier wording of 0013.
        migrations.RunSQL("DROP INDEX IF EXISTS inbox_message_texts_newest", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="messagetext",
            index=models.Index(fields=["tenant", "said_at"], name="inbox_message_texts_newest"),
        ),
        InstallSql("campaigns.inbox", "inbox_found", 2),
    ]
