"""Subjects and words by which automatic messages and requests to unsubscribe are known, in several languages."""

from typing import Final

from campaigns.channels.email.receiving.words import Phrases

# Subjects begin with these, after any "Re:".
ABSENCE_SUBJECTS: Final = Phrases.of(
    "out of office|out of the office|out-of-office|ooo|automatic reply out of office|vacation|on vacation|on leave"
    "|annual leave|away from|i am away|i'm away|absence|abwesend|abwesenheit|abwesenheitsnotiz|abwesenheitsnachricht"
    "|abwesenheitsassistent|nicht im büro|im urlaub|absent|absence du bureau|réponse automatique absence|en congé"
    "|en congés|en vacances|fuera de la oficina|fuera de oficina|ausente|de vacaciones|ausencia|afwezig|afwezigheid"
    "|afwezigheidsbericht|met vakantie|nieobecność|nieobecny|nieobecna|poza biurem|na urlopie|urlop|fora do escritório"
    "|ausência|ausência temporária|de férias|ofis dışında|ofis dışı|izindeyim"
    "|خارج المكتب|في إجازة|رد تلقائي خارج المكتب"
    "|कार्यालय से बाहर|छुट्टी पर|fuori ufficio|fuori sede|assenza"
)
AUTOMATIC_SUBJECTS: Final = Phrases.of(
    "automatic reply|auto reply|autoreply|auto-reply|automated reply|automated response|auto response|autoresponse"
    "|automatische antwort|automatische antwoord|automatisch antwoord|réponse automatique|respuesta automática"
    "|automatyczna odpowiedź|odpowiedź automatyczna|resposta automática|otomatik yanıt|otomatik cevap|رد تلقائي"
    "|الرد التلقائي|स्वचालित उत्तर|स्वतः उत्तर|risposta automatica|autosvar|automatický"
)
TICKET_SUBJECTS: Final = Phrases.of(
    "ticket received|ticket created|request received|we received your|we have received your|we've received your"
    "|your request has been|your ticket|case created|support request|support ticket|thank you for contacting"
    "|thanks for contacting|thank you for your email|thank you for your message|ihre anfrage|eingangsbestätigung"
    "|vielen dank für ihre anfrage|nous avons bien reçu|accusé de réception|votre demande|hemos recibido"
    "|solicitud recibida|acuse de recibo|we hebben uw bericht ontvangen|ontvangstbevestiging|potwierdzenie otrzymania"
    "|recebemos sua|recebemos o seu|talebiniz alındı|تم استلام|لقد استلمنا"
)
# Words of an absence note. A note with other signs of an automatic message but none of these is of a ticket system.
ABSENCE_WORDS: Final = Phrases.of(
    "out of office|out of the office|out-of-office|on vacation|on holiday|on annual leave|on leave|on parental leave"
    "|on maternity leave|i am away|i'm away|i will be away|away from|limited access|back in the office|nicht im büro"
    "|im urlaub|urlaub|außer haus|abwesend|abwesenheit|nicht erreichbar|elternzeit|absent|absente|en congé|en congés"
    "|en vacances|de retour|congé maternité|fuera de la oficina|de vacaciones|ausente|vacaciones|afwezig|vakantie"
    "|verlof|niet op kantoor|nieobecny|nieobecna|urlopie|poza biurem|ausente|de férias|férias|fora do escritório"
    "|licença|izindeyim|izinliyim|izinde|ofis dışında|tatilde|خارج المكتب|في إجازة|إجازة|छुट्टी|कार्यालय से बाहर|अवकाश"
    "|fuori ufficio|in ferie|assente"
)
# Languages without spaces between words.
ABSENCE_UNSPACED: Final = ("不在", "休暇", "外出", "出張", "お休み", "休假", "不在办公室", "부재", "휴가")
CHALLENGES: Final = Phrases.of(
    "confirm that you are human|verify that you are|verify your email to deliver|to confirm your message|please confirm"
    " your message|needs to be verified|has not been delivered because|add yourself to my guest list|challenge response"
    "|requires verification|spamarrest|boxbe|unknown sender|click the link below to deliver|approve your address"
    "|confirm your e-mail address so that"
)
# Whole phrases: they ask for it wherever they stand in the writer's own words.
UNSUBSCRIBE_WORDS: Final = Phrases.of(
    "unsubscribe me|please unsubscribe|want to unsubscribe|like to unsubscribe|unsubscribe from|opt me out|opt out of"
    "|want to opt out|like to opt out|remove me from|remove my email|remove my e-mail|remove my address|take me off"
    "|take me out of|remove us from|delete my data|delete my email|stop emailing|stop e-mailing|stop mailing"
    "|stop sending me|stop contacting|stop spamming|do not contact me|don't contact me|do not email me|don't email me"
    "|do not write to me again|never contact me|no more emails|no more e-mails|cease and desist|leave me alone"
    "|bitte abmelden|melden sie mich ab|aus dem verteiler|aus ihrem verteiler|aus ihrer liste|von der liste|von ihrer"
    " liste|keine weiteren e-mails|keine weiteren mails|keine mails mehr|keine e-mails mehr|nicht mehr kontaktieren"
    "|nicht mehr anschreiben|löschen sie meine daten|werbung unterlassen|newsletter abbestellen"
    "|me désabonner|me désinscrire|désabonnez-moi|désinscrivez-moi|désinscription|retirez-moi|me retirer de"
    "|ne plus recevoir|ne me contactez plus|cessez de m'écrire|arrêtez de m'envoyer|supprimez mes données"
    "|darme de baja|dar de baja|darme de la lista|denme de baja|dadme de baja|no me envíen más|no me envíe más"
    "|no deseo recibir|no quiero recibir|eliminen mi correo|elimíneme|bórrenme|no me contacten|no me escriban"
    "|afmelden|schrijf mij uit|uitschrijven|van de lijst|geen e-mails meer|geen mails meer|niet meer mailen"
    "|verwijder mij|wypisz mnie|proszę o wypisanie|proszę mnie wypisać|usuńcie mnie|proszę o usunięcie|proszę usunąć"
    "|nie wysyłajcie|proszę nie wysyłać|nie życzę sobie|rezygnuję z subskrypcji"
    "|me descadastre|cancelar inscrição|cancelar a subscrição|remova-me|remover meu email|me remova|retirem-me"
    "|não quero receber|não desejo receber|não me envie|parem de enviar|pare de enviar"
    "|listeden çıkar|listeden çıkarın|abonelikten çık|abonelikten çıkmak|mail göndermeyin|e-posta göndermeyin"
    "|bana yazmayın|الغاء الاشتراك|إلغاء الاشتراك|إلغاء اشتراكي|احذفني|احذفوني|إزالتي من|لا ترسلوا|لا ترسل لي"
    "|توقفوا عن|सदस्यता समाप्त|मुझे हटा|सूची से हटा|ईमेल न भेजें|ईमेल मत भेजें|संपर्क न करें"
    "|disiscrivermi|cancellatemi|non desidero ricevere|toglietemi|отпишите|отписаться|удалите меня"
)
# Too ambiguous inside a sentence: they ask for it when they are nearly all that is said.
UNSUBSCRIBE_ALONE: Final = Phrases.of(
    "unsubscribe|unsubscribed|stop|opt out|optout|remove|remove me|no thanks unsubscribe|cancel|abmelden|austragen"
    "|abbestellen|désabonner|désinscrire|baja|cancelar|uitschrijven|afmelden|wypisz|wypisać|rezygnuję|descadastrar"
    "|sair|abonelikten çık|çıkar|dur|إلغاء|توقف|हटाएं|बंद करें"
)
# Words before a phrase that turn it around: "I did not ask to be removed", "how do your clients unsubscribe from".
REVERSING: Final = frozenset({"clients", "customers", "users", "kunden", "without", "never", "didn", "weren", "wasn"})


def asks_to_unsubscribe(text: list[str], *, alone: int) -> bool:
    """Return whether the words ask for no more messages. Up to ``alone`` words may be nothing but a catchword."""
    if not text:
        return False
    if len([word for word in text if word.isalpha()]) <= alone and UNSUBSCRIBE_ALONE.within(text):
        return True
    return any(
        UNSUBSCRIBE_WORDS.at(text, position) and not REVERSING.intersection(text[max(0, position - 3) : position])
        for position in range(len(text))
    )
