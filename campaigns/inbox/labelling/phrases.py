"""The phrases by which a reply is labelled, in the languages that people answer in. ``|`` separates them.

A longer phrase wins over one inside it: "not interested" over "interested". ``UNSPACED`` are those of languages that
write words without spaces. Requests to unsubscribe are those of ``campaigns.channels.email.receiving.phrases``, with
the ones below.
"""

from collections.abc import Mapping
from typing import Final

from campaigns.inbox.models import Label

PHRASES: Final[Mapping[Label, str]] = {
    Label.UNSUBSCRIBE: (
        "please remove me|remove me please|take me off|stop messaging me|stop texting me|stop writing to me"
        "|do not message me|don't message me|do not text me|don't text me|do not write to me"
        "|don't write to me|no more messages|bitte nicht mehr schreiben|schreiben sie mir nicht mehr"
        "|keine nachrichten mehr|nehmen sie mich aus|streichen sie mich|ne m'écrivez plus|ne plus m'écrire"
        "|plus de messages|me retirer de votre liste|no me escriba más|no me escribas más|no me manden más"
        "|dejen de escribirme|deje de escribirme|non scrivetemi più|non mi scriva più|smettete di scrivermi"
        "|cancellarmi dalla|cancellarmi da|stuur mij geen berichten meer|geen berichten meer|haal mij van"
        "|haal mij alstublieft van|stop met berichten|proszę nie pisać|nie piszcie do mnie"
        "|proszę przestać pisać|não me escreva|não me escrevam|não me mandem|parem de escrever|bana yazmayın"
        "|mesaj atmayın|لا تراسلني|لا تراسلوني|मुझे संदेश न भेजें"
    ),
    Label.WRONG_PERSON: (
        "wrong person|not the right person|not the right contact|not the correct person|not the best person"
        "|not the person you|not my area|not my department|not my responsibility|not responsible for"
        "|i'm not responsible|i am not responsible|don't handle|do not handle|no longer work|no longer works"
        "|no longer with|don't work here|doesn't work here|does not work here|left the company"
        "|has left the company|not in charge|wrong number|you have the wrong|you've got the wrong"
        "|don't deal with|someone else handles|please contact my colleague|please reach out to my colleague"
        "|better person to talk|retired last|i have retired|falscher ansprechpartner"
        "|falsche ansprechpartnerin|nicht der richtige ansprechpartner|nicht die richtige ansprechpartnerin"
        "|nicht der richtige|nicht die richtige|nicht zuständig|nicht mehr im unternehmen|nicht mehr bei uns"
        "|arbeite nicht mehr|arbeitet nicht mehr|falsche nummer|falsche person|wenden sie sich bitte an"
        "|wenden sie sich an|mauvaise personne|pas la bonne personne|pas le bon interlocuteur"
        "|pas la bonne interlocutrice|ne travaille plus|plus dans l'entreprise|pas responsable de"
        "|ne suis pas en charge|mauvais numéro|ne m'occupe pas|adressez-vous à|persona equivocada"
        "|no soy la persona|no soy el responsable|no soy la responsable|ya no trabajo|ya no trabaja"
        "|número equivocado|no me encargo|no es mi área|persona sbagliata|non sono la persona"
        "|non sono il responsabile|non sono la responsabile|non mi occupo|non lavoro più|non lavora più"
        "|numero sbagliato|si rivolga a|verkeerde persoon|niet de juiste persoon|niet verantwoordelijk"
        "|ga hier niet over|werk niet meer|werkt niet meer|verkeerd nummer|niet mijn afdeling"
        "|niewłaściwa osoba|nie jestem właściwą osobą|nie jestem odpowiednią osobą|nie zajmuję się"
        "|już nie pracuję|już nie pracuje|nie pracuję już|nie pracuje już|zły numer|pomyłka|pessoa errada"
        "|não sou a pessoa|não sou o responsável|não sou a responsável|já não trabalho|já não trabalha"
        "|não trabalho mais|não trabalha mais|número errado|não é a minha área|yanlış kişi|doğru kişi değilim"
        "|ilgili kişi değilim|artık çalışmıyorum|artık çalışmıyor|الشخص الخطأ|لست الشخص|لم أعد أعمل|رقم خاطئ"
        "|गलत व्यक्ति|सही व्यक्ति नहीं|गलत नंबर"
    ),
    Label.NOT_NOW: (
        "not now|not right now|not at this time|not at the moment|not this quarter|not this year|not yet"
        "|maybe later|perhaps later|later this year|next quarter|next year|come back to us|come back to me"
        "|come back in|get back to me in|reach out again|check back|check in again|circle back"
        "|touch base again|try again in|bad timing|timing isn't right|timing is not right|too busy"
        "|no budget this|no budget until|no capacity|contract until|under contract until|in a few months"
        "|in six months|in three months|after the summer|after summer|revisit this|on hold|no time right now"
        "|another time|im moment nicht|momentan nicht|derzeit nicht|zurzeit nicht|zur zeit nicht"
        "|aktuell nicht|nicht jetzt|jetzt nicht|gerade nicht|später noch einmal|später wieder|nächstes jahr"
        "|nächstes quartal|im nächsten jahr|im nächsten quartal|im herbst|in ein paar monaten"
        "|melden sie sich in|kein budget in diesem|vertraglich gebunden|pas maintenant|pas pour le moment"
        "|pas pour l'instant|pas en ce moment|plus tard|l'année prochaine|le trimestre prochain"
        "|dans quelques mois|après l'été|recontactez-moi|revenez vers|pas le bon moment|ahora no"
        "|ahora mismo no|por ahora no|de momento no|por el momento no|en este momento no|más adelante"
        "|el próximo año|el año que viene|próximo trimestre|dentro de unos meses|después del verano|non ora"
        "|non adesso|per ora no|al momento no|per il momento no|più avanti|l'anno prossimo|il prossimo anno"
        "|prossimo trimestre|tra qualche mese|dopo l'estate|niet nu|nu niet|op dit moment niet|momenteel niet"
        "|voorlopig niet|later dit jaar|volgend jaar|volgend kwartaal|over een paar maanden|na de zomer"
        "|nie teraz|teraz nie|na razie nie|obecnie nie|w tej chwili nie|później|w przyszłym roku"
        "|w następnym kwartale|za kilka miesięcy|po wakacjach|agora não|de momento não|por enquanto não"
        "|neste momento não|mais tarde|mais para a frente|no próximo ano|ano que vem|daqui a alguns meses"
        "|depois do verão|şimdi değil|şu anda değil|şu an değil|daha sonra|gelecek yıl|önümüzdeki yıl"
        "|ليس الآن|لاحقا|لاحقًا|العام القادم|السنة القادمة|अभी नहीं|बाद में|अगले साल"
    ),
    Label.NOT_INTERESTED: (
        "not interested|no interest|not of interest|isn't of interest|no longer interested|don't need"
        "|do not need|no need|no thanks|no thank you|not for us|not a fit|not a good fit|isn't a fit"
        "|we'll pass|we will pass|i'll pass|i will pass|happy with our current|happy with what we"
        "|already have a provider|already have a supplier|already use|already work with|not looking for"
        "|not relevant|decline|kein interesse|nicht interessiert|keinen bedarf|kein bedarf|nein danke"
        "|nicht interessant|nicht relevant|bereits versorgt|haben bereits einen anbieter|sind zufrieden mit"
        "|pas intéressé|pas intéressée|pas intéressés|ne nous intéresse pas|ne m'intéresse pas|pas besoin"
        "|non merci|aucun intérêt|no me interesa|no nos interesa|no estoy interesado|no estoy interesada"
        "|no estamos interesados|no gracias|no necesitamos|no lo necesito|non sono interessato"
        "|non sono interessata|non siamo interessati|non interessa|non ci interessa|non mi interessa"
        "|no grazie|non ne abbiamo bisogno|geen interesse|niet geïnteresseerd|nee bedankt|nee dank u"
        "|geen behoefte|nie jestem zainteresowany|nie jestem zainteresowana|nie jesteśmy zainteresowani"
        "|brak zainteresowania|nie dziękuję|nie potrzebujemy|nie potrzebuję|não tenho interesse"
        "|não temos interesse|sem interesse|não estou interessado|não estou interessada"
        "|não estamos interessados|não obrigado|não obrigada|não precisamos|ilgilenmiyorum|ilgilenmiyoruz"
        "|ihtiyacımız yok|hayır teşekkürler|غير مهتم|غير مهتمة|غير مهتمين|لسنا مهتمين|لا شكرا|रुचि नहीं"
        "|दिलचस्पी नहीं|नहीं धन्यवाद"
    ),
    Label.INTERESTED: (
        "interested|interesting|sounds good|sounds great|sounds interesting|love to|would like to know more"
        "|like to learn more|tell me more|send me more|send more info|send more information"
        "|send me some times|send me two times|let's talk|let us talk|let's chat|let's schedule|let's set up"
        "|let's meet|happy to chat|happy to talk|happy to have a look|happy to meet|book a call"
        "|schedule a call|set up a call|set up a meeting|works for me|that works|count me in|yes please"
        "|call me|give me a call|demo please|see a demo|a demo|send me the|send us the|send over|keen to"
        "|looking forward to talking|interessiert|interesse|klingt gut|klingt interessant|klingt spannend"
        "|gerne mehr|mehr erfahren|mehr informationen|rufen sie mich an|passt mir|lassen sie uns|einen termin"
        "|schicken sie mir|senden sie mir|m'intéresse|nous intéresse|intéressé|intéressée|intéressés"
        "|intéressant|volontiers|avec plaisir|en savoir plus|appelez-moi|envoyez-moi|ça m'irait"
        "|prenons rendez-vous|me interesa|nos interesa|interesado|interesada|interesante|suena bien|saber más"
        "|más información|llámeme|llámame|envíeme|me gustaría|agendar|ci interessa|mi interessa|interessato"
        "|interessata|interessati|interessante|volentieri|saperne di più|maggiori informazioni|mi chiami"
        "|mi mandi|fissiamo|geïnteresseerd|interessant|klinkt goed|klinkt interessant|meer weten"
        "|meer informatie|bel mij|stuur mij|graag meer|afspraak maken|zainteresowany|zainteresowana"
        "|zainteresowani|brzmi ciekawie|brzmi dobrze|ciekawe|chętnie|więcej informacji|proszę o kontakt"
        "|proszę zadzwonić|umówmy się|temos interesse|tenho interesse|interessado|interessada|parece bom"
        "|saber mais|mais informações|ligue-me|envie-me|gostaria de|vamos marcar|ilgileniyorum|ilgileniyoruz"
        "|ilginç|kulağa hoş geliyor|daha fazla bilgi|beni arayın|مهتم|مهتمة|مهتمون|يبدو جيدا"
        "|المزيد من المعلومات|اتصل بي|रुचि है|दिलचस्पी है|अधिक जानकारी|मुझे कॉल करें"
    ),
}
UNSPACED: Final[Mapping[Label, tuple[str, ...]]] = {
    Label.UNSUBSCRIBE: ("配信を停止", "配信停止", "送らないで", "連絡しないで", "退订", "不要再发"),
    Label.WRONG_PERSON: (
        "担当ではありません",
        "担当ではない",
        "担当が違",
        "退職しました",
        "退職いたしました",
        "人違い",
    ),
    Label.NOT_NOW: ("今は", "現在は", "時期尚早", "来年", "来期", "改めて"),
    Label.NOT_INTERESTED: (
        "見送らせて",
        "必要ありません",
        "興味がありません",
        "興味はありません",
        "不要です",
        "不感兴趣",
    ),
    Label.INTERESTED: ("興味があります", "詳しく", "お話しできますか", "お話を伺", "資料を送", "ぜひ", "感兴趣"),
}
# Words in front of a phrase that turn interest around.
NEGATIONS: Final = (
    "not|no|don't|isn't|aren't|nicht|kein|keine|keinen|pas|ne|nunca|niet|geen|nie|não|non|değil|ليس|لا|नहीं|without"
    "|ohne|sans|sin"
)
# Who writes these wants the opposite of what they hold.
STAYING: Final = "do not take me off|don't take me off|do not remove me|don't remove me|do not unsubscribe me"
QUESTION_MARKS: Final = ("?", "？", "؟", "¿")
