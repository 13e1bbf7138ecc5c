from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    dependencies = [("voice", "0010_dialing")]

    operations = [InstallSql("voice.dialer", "voice_note_placed", 1)]
