"""How people and their mail programs write in nine languages."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final


@dataclass(frozen=True)
class Language:
    """Texts of one language. ``{name}``, ``{address}`` and date fields are filled in."""

    charset: str
    reply_prefix: str
    # How the mail program introduces the quoted message.
    quote: str
    automatic_prefix: str
    agrees: str
    declines: str
    away: str
    # {d}, {m}, {y} are numbers, {month} is a name.
    day: str
    months: str
    weekdays: str
    unsubscribe: str

    def written(self, day: date) -> str:
        return self.day.format(d=day.day, m=day.month, y=day.year, month=self.months.split()[day.month - 1])

    def introduction(self, moment: datetime, name: str, address: str) -> str:
        return self.quote.format(
            weekday=self.weekdays.split()[moment.weekday()],
            d=moment.day,
            month=self.months.split()[moment.month - 1],
            short=self.months.split()[moment.month - 1][:3],
            y=moment.year,
            m=moment.month,
            time=moment.strftime("%H:%M"),
            name=name or address,
            address=address,
        )


LANGUAGES: Final = {
    "en": Language(
        charset="utf-8",
        reply_prefix="Re: ",
        quote="On {weekday}, {short} {d}, {y} at {time} {name} <{address}> wrote:",
        automatic_prefix="Automatic reply: ",
        agrees="Hi,\n\nthanks for your message. Yes, that is interesting. Does Thursday at 10 work for a call?",
        declines="Hello,\n\nno thank you, we are not interested.",
        away="Thank you for your message. I am out of the office until {day} and will answer then.",
        day="{month} {d}, {y}",
        months="January February March April May June July August September October November December",
        weekdays="Mon Tue Wed Thu Fri Sat Sun",
        unsubscribe="Please remove me from your list.",
    ),
    "de": Language(
        charset="iso-8859-1",
        reply_prefix="AW: ",
        quote="Am {weekday}., {d}. {short}. {y} um {time} Uhr schrieb {name} <{address}>:",
        automatic_prefix="Automatische Antwort: ",
        agrees="Guten Tag,\n\nvielen Dank, das klingt gut. Wäre ein Gespräch am Donnerstag um 10 Uhr möglich?",
        declines="Guten Tag,\n\nnein danke, wir haben dafür keinen Bedarf.",
        away="Vielen Dank für Ihre Nachricht. Ich bin bis zum {day} nicht im Büro und antworte danach.",
        day="{d:02}.{m:02}.{y}",
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        weekdays="Mo Di Mi Do Fr Sa So",
        unsubscribe="Bitte nehmen Sie mich aus Ihrem Verteiler.",
    ),
    "fr": Language(
        charset="iso-8859-15",
        reply_prefix="Re : ",
        quote="Le {weekday}. {d} {short}. {y} à {time}, {name} <{address}> a écrit :",
        automatic_prefix="Réponse automatique : ",
        agrees="Bonjour,\n\nmerci pour votre message, cela nous intéresse. Jeudi à 10 h, ça vous irait ?",
        declines="Bonjour,\n\nmerci, mais cela ne nous intéresse pas.",
        away="Merci de votre message. Je suis absente jusqu’au {day} et vous répondrai à mon retour.",
        day="{d} {month} {y}",
        months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        weekdays="lun mar mer jeu ven sam dim",
        unsubscribe="Merci de me retirer de votre liste.",
    ),
    "es": Language(
        charset="windows-1252",
        reply_prefix="RE: ",
        quote="El {weekday}, {d} {short} {y} a las {time}, {name} (<{address}>) escribió:",
        automatic_prefix="Respuesta automática: ",
        agrees="Hola:\n\nGracias por escribir, nos interesa. ¿Podemos hablar el jueves a las 10?",
        declines="Hola:\n\nGracias, pero no nos interesa.",
        away="Gracias por su mensaje. Estaré fuera de la oficina hasta el {day} y le responderé entonces.",
        day="{d} de {month} de {y}",
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        weekdays="lun mar mié jue vie sáb dom",
        unsubscribe="Por favor, denme de baja de su lista.",
    ),
    "it": Language(
        charset="utf-8",
        reply_prefix="R: ",
        quote="Il giorno {weekday} {d} {short} {y} alle ore {time} {name} <{address}> ha scritto:",
        automatic_prefix="Risposta automatica: ",
        agrees="Buongiorno,\n\ngrazie, ci interessa. Possiamo sentirci giovedì alle 10?",
        declines="Buongiorno,\n\ngrazie, ma non siamo interessati.",
        away="Grazie per il messaggio. Sarò fuori ufficio fino al {day} e risponderò al mio ritorno.",
        day="{d} {month} {y}",
        months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        weekdays="lun mar mer gio ven sab dom",
        unsubscribe="Vi prego di cancellarmi dalla vostra lista.",
    ),
    "nl": Language(
        charset="utf-8",
        reply_prefix="Antw: ",
        quote="Op {weekday} {d} {short} {y} om {time} schreef {name} <{address}>:",
        automatic_prefix="Automatisch antwoord: ",
        agrees="Hallo,\n\nbedankt, dat klinkt goed. Kunnen we donderdag om 10 uur bellen?",
        declines="Hallo,\n\nnee bedankt, we hebben geen interesse.",
        away="Bedankt voor uw bericht. Ik ben afwezig tot en met {day} en antwoord daarna.",
        day="{d} {month} {y}",
        months="januari februari maart april mei juni juli augustus september oktober november december",
        weekdays="ma di wo do vr za zo",
        unsubscribe="Haal mij alstublieft van uw lijst.",
    ),
    "pl": Language(
        charset="iso-8859-2",
        reply_prefix="Odp: ",
        quote="{weekday}., {d} {short} {y} o {time} {name} <{address}> napisał(a):",
        automatic_prefix="Odpowiedź automatyczna: ",
        agrees="Dzień dobry,\n\ndziękuję, to brzmi ciekawie. Czy możemy porozmawiać w czwartek o 10?",
        declines="Dzień dobry,\n\ndziękuję, ale nie jesteśmy zainteresowani.",
        away="Dziękuję za wiadomość. Jestem poza biurem do {day} i odpowiem po powrocie.",
        day="{d:02}.{m:02}.{y}",
        months="stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        weekdays="pon wt śr czw pt sob niedz",
        unsubscribe="Proszę o usunięcie mnie z listy.",
    ),
    "pt": Language(
        charset="utf-8",
        reply_prefix="RES: ",
        quote="Em {weekday}., {d} de {short}. de {y} às {time}, {name} <{address}> escreveu:",
        automatic_prefix="Resposta automática: ",
        agrees="Olá,\n\nobrigado, temos interesse. Podemos falar na quinta-feira às 10h?",
        declines="Olá,\n\nobrigado, mas não temos interesse.",
        away="Obrigado pela mensagem. Estarei ausente até {day} e responderei quando voltar.",
        day="{d} de {month} de {y}",
        months="janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        weekdays="seg ter qua qui sex sáb dom",
        unsubscribe="Por favor, remova-me da sua lista.",
    ),
    "ja": Language(
        charset="iso-2022-jp",
        reply_prefix="Re: ",
        quote="{y}年{m}月{d}日({weekday}) {time} {name} <{address}>:",
        automatic_prefix="自動応答: ",
        agrees="お世話になっております。\n\nご連絡ありがとうございます。木曜日の10時にお話しできますか。",
        declines="お世話になっております。\n\n今回は見送らせていただきます。",
        away="メールをありがとうございます。{day}まで不在です。戻り次第お返事します。",
        day="{y}年{m}月{d}日",
        months="1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
        weekdays="月 火 水 木 金 土 日",
        unsubscribe="配信を停止してください。",
    ),
}
