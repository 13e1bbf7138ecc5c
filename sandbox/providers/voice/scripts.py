"""What agent and person say, by behaviour and language. The agent speaks first."""

from typing import Final

AGENT, PERSON = "agent", "person"
LANGUAGES: Final = ("en", "de", "es", "fr", "ar")
Line = tuple[str, str]

OPENING: Final = {
    "en": "Good morning, this is an automated assistant. May I ask you two short questions about your work?",
    "de": "Guten Tag, hier spricht ein automatischer Assistent. Darf ich Ihnen zwei kurze Fragen stellen?",
    "es": "Buenos días, le habla un asistente automático. ¿Puedo hacerle dos preguntas breves sobre su trabajo?",
    "fr": "Bonjour, ici un assistant automatique. Puis-je vous poser deux courtes questions sur votre travail ?",
    "ar": "صباح الخير، معك مساعد آلي. هل يمكنني أن أسألك سؤالين قصيرين عن عملك؟",
}

LINES: Final[dict[str, dict[str, list[Line]]]] = {
    "answers": {
        "en": [
            (PERSON, "Yes, go ahead, but I only have a minute."),
            (AGENT, "Thank you. How do you find new customers today?"),
            (PERSON, "Mostly by recommendation. Send me something I can read, please."),
            (AGENT, "I will do that. Thank you for your time, and goodbye."),
            (PERSON, "Goodbye."),
        ],
        "de": [
            (PERSON, "Ja, bitte, aber ich habe nur eine Minute."),
            (AGENT, "Danke. Wie finden Sie heute neue Kunden?"),
            (PERSON, "Meistens über Empfehlungen. Schicken Sie mir bitte etwas zum Lesen."),
            (AGENT, "Das mache ich. Vielen Dank für Ihre Zeit, auf Wiederhören."),
            (PERSON, "Auf Wiederhören."),
        ],
        "es": [
            (PERSON, "Sí, dígame, pero solo tengo un minuto."),
            (AGENT, "Gracias. ¿Cómo encuentra hoy nuevos clientes?"),
            (PERSON, "Casi siempre por recomendación. Envíeme algo para leer, por favor."),
            (AGENT, "Así lo haré. Gracias por su tiempo y hasta luego."),
            (PERSON, "Hasta luego."),
        ],
        "fr": [
            (PERSON, "Oui, allez-y, mais je n'ai qu'une minute."),
            (AGENT, "Merci. Comment trouvez-vous de nouveaux clients aujourd'hui ?"),
            (PERSON, "Surtout par recommandation. Envoyez-moi quelque chose à lire, s'il vous plaît."),
            (AGENT, "C'est noté. Merci de votre temps et au revoir."),
            (PERSON, "Au revoir."),
        ],
        "ar": [
            (PERSON, "نعم تفضل، لكن لدي دقيقة واحدة فقط."),
            (AGENT, "شكراً. كيف تجد عملاء جدداً اليوم؟"),
            (PERSON, "غالباً عن طريق التوصيات. أرسل لي شيئاً أقرؤه من فضلك."),
            (AGENT, "سأفعل ذلك. شكراً على وقتك ومع السلامة."),
            (PERSON, "مع السلامة."),
        ],
    },
    "books": {
        "en": [
            (PERSON, "Yes, you can. We have been looking for something like this."),
            (AGENT, "Wonderful. Would you like to see it on Thursday at ten in the morning?"),
            (PERSON, "Thursday at ten works for me. Let's do that."),
            (AGENT, "Booked: Thursday at ten. Goodbye."),
        ],
        "de": [
            (PERSON, "Ja, gern. So etwas suchen wir schon länger."),
            (AGENT, "Wunderbar. Möchten Sie es am Donnerstag um zehn Uhr sehen?"),
            (PERSON, "Donnerstag um zehn passt mir. Machen wir das."),
            (AGENT, "Ist eingetragen: Donnerstag um zehn. Auf Wiederhören."),
        ],
        "es": [
            (PERSON, "Sí, claro. Buscábamos algo así."),
            (AGENT, "Estupendo. ¿Le gustaría verlo el jueves a las diez de la mañana?"),
            (PERSON, "El jueves a las diez me viene bien. Hagámoslo."),
            (AGENT, "Reservado: el jueves a las diez. Hasta luego."),
        ],
        "fr": [
            (PERSON, "Oui, volontiers. Nous cherchions quelque chose de ce genre."),
            (AGENT, "Parfait. Voulez-vous le voir jeudi à dix heures ?"),
            (PERSON, "Jeudi à dix heures me convient. Faisons cela."),
            (AGENT, "C'est réservé : jeudi à dix heures. Au revoir."),
        ],
    },
    "tuesday": {
        "en": [
            (PERSON, "Not now, I am in a meeting. Can you call me on Tuesday at three?"),
            (AGENT, "Of course. I will call you on Tuesday at three in the afternoon. Goodbye."),
            (PERSON, "Perfect, Tuesday at three. Goodbye."),
        ],
        "de": [
            (PERSON, "Jetzt nicht, ich bin in einer Besprechung. Können Sie mich am Dienstag um drei anrufen?"),
            (AGENT, "Natürlich. Ich rufe Sie am Dienstag um fünfzehn Uhr an. Auf Wiederhören."),
            (PERSON, "Sehr gut, Dienstag um drei. Auf Wiederhören."),
        ],
        "es": [
            (PERSON, "Ahora no, estoy en una reunión. ¿Puede llamarme el martes a las tres?"),
            (AGENT, "Por supuesto. Le llamaré el martes a las tres de la tarde. Hasta luego."),
            (PERSON, "Perfecto, el martes a las tres. Hasta luego."),
        ],
        "fr": [
            (PERSON, "Pas maintenant, je suis en réunion. Pouvez-vous m'appeler mardi à quinze heures ?"),
            (AGENT, "Bien sûr. Je vous appelle mardi à quinze heures. Au revoir."),
            (PERSON, "Parfait, mardi à quinze heures. Au revoir."),
        ],
    },
    "email": {
        "en": [
            (PERSON, "I prefer to read it. Write to me at {email}, please."),
            (AGENT, "I have noted {email}. Thank you, and goodbye."),
        ],
        "de": [
            (PERSON, "Das lese ich lieber. Schreiben Sie mir bitte an {email}."),
            (AGENT, "Ich habe {email} notiert. Vielen Dank, auf Wiederhören."),
        ],
    },
    "never_again": {
        "en": [
            (PERSON, "No. Please take me off your list and never call this number again."),
            (AGENT, "I am sorry. I will make sure that you are not called again. Goodbye."),
        ],
        "de": [
            (PERSON, "Nein. Bitte streichen Sie mich von Ihrer Liste und rufen Sie hier nie wieder an."),
            (AGENT, "Das tut mir leid. Sie werden nicht mehr angerufen. Auf Wiederhören."),
        ],
        "es": [
            (PERSON, "No. Bórreme de su lista y no vuelva a llamar a este número."),
            (AGENT, "Lo siento. No volveremos a llamarle. Hasta luego."),
        ],
        "fr": [
            (PERSON, "Non. Retirez-moi de votre liste et ne rappelez plus jamais ce numéro."),
            (AGENT, "Je suis désolé. Nous ne vous rappellerons plus. Au revoir."),
        ],
        "ar": [
            (PERSON, "لا. احذف رقمي من قائمتك ولا تتصل بي مرة أخرى."),
            (AGENT, "أعتذر منك. لن نتصل بك مرة أخرى. مع السلامة."),
        ],
    },
    "not_interested": {
        "en": [
            (PERSON, "Thank you, but we are not interested. We have everything we need."),
            (AGENT, "I understand. Thank you for telling me, and goodbye."),
        ],
        "de": [
            (PERSON, "Danke, aber wir haben kein Interesse. Wir haben alles, was wir brauchen."),
            (AGENT, "Das verstehe ich. Danke für die Auskunft, auf Wiederhören."),
        ],
    },
    "hangs_up": {
        "en": [
            (PERSON, "Who is this?"),
            (AGENT, "I am calling on behalf of a company that helps businesses like yours to find new customers."),
        ],
        "de": [
            (PERSON, "Wer ist da?"),
            (AGENT, "Ich rufe für ein Unternehmen an, das Firmen wie Ihrer hilft, neue Kunden zu finden."),
        ],
    },
    "silent": {"en": [(AGENT, "Hello? Can you hear me? I will try again another time. Goodbye.")]},
    "voicemail": {
        "en": [(PERSON, "You have reached my voicemail. Please leave a message after the tone.")],
        "de": [(PERSON, "Dies ist die Mailbox. Bitte hinterlassen Sie nach dem Signalton eine Nachricht.")],
        "es": [(PERSON, "Ha llamado al buzón de voz. Deje un mensaje después de la señal.")],
        "fr": [(PERSON, "Vous êtes bien sur la messagerie. Laissez un message après le bip sonore.")],
    },
    "ivr": {
        "en": [
            (PERSON, "Welcome. For sales, press one. For support, press two. To hear this again, press nine."),
            (AGENT, "This is a menu, so I will end the call."),
        ],
    },
}


def lines_of(behaviour: str, language: str) -> list[Line]:
    """Return the lines after the opening. Who does not speak a language answers in English."""
    by_language = LINES[behaviour]
    return by_language.get(language) or by_language["en"]
