"""Tell the pages of accounts where their provider must report, and the word that it must know."""

from campaigns.accounts.models import ChannelAccount
from campaigns.accounts.providers import TWILIO, WHATSAPP_CLOUD
from campaigns.accounts.report_places import ReportPlace, reports_at
from campaigns.channels.reported import report_address
from campaigns.channels.whatsapp.connecting import verify_token

WHATSAPP_HINT = (
    "In your Meta app, open WhatsApp, then Configuration. Enter both below Webhook and subscribe to “messages”."
)
TWILIO_HINT = "At Twilio, enter it for the number or messaging service: “A message comes in”, as a webhook with POST."


@reports_at(WHATSAPP_CLOUD)
def whatsapp_reports(account: ChannelAccount) -> ReportPlace:
    return ReportPlace(report_address(account), WHATSAPP_HINT, verify_token(account))


@reports_at(TWILIO)
def twilio_reports(account: ChannelAccount) -> ReportPlace:
    return ReportPlace(report_address(account), TWILIO_HINT)
