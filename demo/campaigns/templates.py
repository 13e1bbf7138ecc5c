"""Message templates: the built-in ones and those of the demo's tenants."""

from typing import Any, Final

from campaigns.templates.models import CommunicationTemplate
from demo.demo_tenant import DemoTenant

_HTML: Final = (
    '<div style="font-family:sans-serif;max-width:36rem;line-height:1.5"><h2>{{company_name}} and us</h2>'
    "<p>Hello {{first_name}},</p><p>%s</p></div>"
)
_SLOT: Final = {"slot": {"label": "Time offered", "sample": "Tuesday at 10:00"}}

# Key, channel, category, language, name, subject, body.
BUILTIN: Final = [
    (
        "intro",
        "email",
        "general",
        "en",
        "Introduction",
        "A question about {{company_name}}",
        '{Hello|Hi} {{ first_name | default: "there" }},\n\nwe help teams like yours spend less time on finding '
        'customers. May I show you how?\n\n{% render "sign-off" %}',
    ),
    (
        "intro",
        "email",
        "general",
        "de",
        "Vorstellung",
        "Eine Frage zu {{company_name}}",
        "Guten Tag {{first_name}} {{last_name}},\n\nwir helfen Teams wie Ihrem, schneller neue Kunden zu finden. "
        'Darf ich Ihnen zeigen, wie?\n\n{% render "sign-off" %}',
    ),
    (
        "intro",
        "email",
        "general",
        "fr",
        "Présentation",
        "Une question sur {{company_name}}",
        "Bonjour {{first_name}},\n\nnous aidons des équipes comme la vôtre à trouver de nouveaux clients. "
        "Puis-je vous montrer comment ?",
    ),
    (
        "follow-up",
        "email",
        "follow_up",
        "en",
        "Follow-up",
        "Once more about {{company_name}}",
        "Hello {{first_name}},\n\ndid my last note reach you? A short no is fine too.",
    ),
    (
        "meeting",
        "email",
        "meeting_invite",
        "en",
        "Meeting invitation",
        "Would {{slot}} suit you?",
        "Hello {{first_name}},\n\nwould {{slot}} suit you for half an hour?\n\n{{sender_name}}",
    ),
    (
        "connect",
        "linkedin",
        "linkedin_connection",
        "en",
        "LinkedIn: invitation",
        "",
        "Hello {{first_name}}, I follow what {{company_name}} does in {{industry}} and would like to stay in touch.",
    ),
    (
        "connect",
        "linkedin",
        "linkedin_followup",
        "en",
        "LinkedIn: after connecting",
        "",
        "Thank you for connecting, {{first_name}}. What is taking most of your time as {{title}} these days?",
    ),
    (
        "reminder",
        "whatsapp",
        "general",
        "en",
        "WhatsApp: reminder",
        "",
        "Hello {{first_name}}, a short reminder of our talk on {{slot}}.",
    ),
    (
        "reminder",
        "sms",
        "general",
        "en",
        "SMS: reminder",
        "",
        "{{first_name}}, we talk on {{slot}}. Reply STOP to cancel.",
    ),
    (
        "call-opening",
        "voice",
        "general",
        "en",
        "Call: opening",
        "",
        "Hello, is this {{full_name}}? I am calling about your request to us.",
    ),
    ("sign-off", "email", "snippet", "en", "Sign-off", "", "Kind regards\n{{ sender.name }}"),
    ("sign-off", "email", "snippet", "de", "Grußformel", "", "Freundliche Grüße\n{{ sender.name }}"),
    ("landing", "web", "general", "en", "Web: thank you", "", "Thank you, {{first_name}}. We will be in touch soon."),
]
OWN: Final[dict[str, list[tuple[str, str, str, str, str, str, str]]]] = {
    "kestrel-analytics": [
        (
            "benchmark",
            "email",
            "general",
            "en",
            "Benchmark report",
            "Your {{industry}} benchmark is ready",
            "Hello {{first_name}},\n\nwe compared 40 companies in {{industry}}. "
            "Shall I send you the page on {{company_name}}?",
        ),
        (
            "benchmark",
            "email",
            "general",
            "de",
            "Branchenvergleich",
            "Ihr Branchenvergleich liegt bereit",
            "Guten Tag {{first_name}},\n\nwir haben 40 Unternehmen verglichen. "
            "Soll ich Ihnen die Seite zu {{company_name}} senden?",
        ),
        (
            "founder-invite",
            "linkedin",
            "linkedin_connection",
            "en",
            "Founder's invitation",
            "",
            "Hello {{first_name}}, we build analytics for {{industry}} teams. Happy to connect.",
        ),
        # One variable that no lead has, as it happens.
        (
            "event",
            "email",
            "general",
            "en",
            "Dinner in their city",
            "Dinner on {{ custom.event_date }}",
            "Hello {{first_name}},\n\nwe are in {{ location | default: 'your city' }} next month "
            "and would be glad to see you.",
        ),
    ],
    "brightpath-education": [
        (
            "open-day",
            "email",
            "general",
            "en",
            "Open day",
            "Come and see us, {{first_name}}",
            "Dear {{first_name}},\n\nour next open day is on {{slot}}. Bring whoever helps you choose.",
        ),
        (
            "open-day",
            "email",
            "general",
            "pt-BR",
            "Dia aberto",
            "Venha nos conhecer, {{first_name}}",
            "Olá {{first_name}},\n\nnosso próximo dia aberto é {{slot}}. Traga quem ajuda você a escolher.",
        ),
        (
            "open-day",
            "whatsapp",
            "general",
            "en",
            "Open day on WhatsApp",
            "",
            "Hello {{first_name}}, shall we keep a place for you on {{slot}}?",
        ),
    ],
    "harbour-finch": [
        (
            "viewing",
            "email",
            "meeting_invite",
            "en",
            "Viewing",
            "Your viewing at {{slot}}",
            "Hello {{first_name}},\n\nwe have kept {{slot}} for your viewing. Does that suit you?",
        ),
    ],
}


def load_shared() -> None:
    """Create the built-in templates."""
    CommunicationTemplate.objects.bulk_create(
        CommunicationTemplate(tenant=None, is_builtin=True, **_values(each)) for each in BUILTIN
    )


def load(demo: DemoTenant) -> None:
    """Create the tenant's own templates. One of them is inactive."""
    rows = OWN.get(demo.slug, OWN["harbour-finch"])
    for place, each in enumerate(rows):
        moment = demo.ago(days=100 - place * 9)
        values = {**demo.created(moment), **_values(each), "is_active": place != len(rows) - 1 or place == 0}
        CommunicationTemplate.objects.create(tenant=demo.tenant, **values)


def _values(each: tuple[str, str, str, str, str, str, str]) -> dict[str, Any]:
    key, channel, category, language, name, subject, body = each
    variables = _SLOT if "{{slot}}" in subject + body else {}
    greeting, _blank, rest = body.partition("\n\n")
    html = _HTML % rest.replace("\n", "<br>") if channel == "email" and greeting and rest else ""
    return {
        "template_key": key,
        "channel": channel,
        "category": category,
        "language": language,
        "name": name,
        "subject": subject,
        "body": body,
        "html_content": html,
        "variables_schema": variables,
    }
