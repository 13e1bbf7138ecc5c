"""Words of absence notes in twelve languages, written as people write them; they are compared folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.channels.email.receiving.words import Phrases, words


@dataclass(frozen=True, slots=True)
class AbsenceWords:
    """One language. ``back`` and ``until`` stand before the date, ``back_after`` and ``until_after`` behind it."""

    months: Mapping[tuple[str, ...], int]
    weekdays: Mapping[tuple[str, ...], int]
    back: Phrases
    until: Phrases
    away: Phrases
    joins: Phrases
    back_after: Phrases
    until_after: Phrases
    tomorrow: Phrases
    next_week: Phrases


def _numbered(text: str) -> dict[tuple[str, ...], int]:
    """Return the number of each word: groups are separated by spaces, other forms of one word by ``/``."""
    return {
        tuple(words(form.replace("_", " "))): number
        for number, group in enumerate(text.split(), start=1)
        for form in group.split("/")
    }


def _language(
    months: str,
    weekdays: str,
    *,
    back: str,
    until: str,
    away: str = "",
    joins: str = "",
    back_after: str = "",
    until_after: str = "",
    tomorrow: str = "",
    next_week: str = "",
) -> AbsenceWords:
    return AbsenceWords(
        months=_numbered(months),
        weekdays=_numbered(weekdays),
        back=Phrases.of(back),
        until=Phrases.of(until),
        away=Phrases.of(away),
        joins=Phrases.of(f"- | – | — | {joins}"),
        back_after=Phrases.of(back_after),
        until_after=Phrases.of(until_after),
        tomorrow=Phrases.of(tomorrow),
        next_week=Phrases.of(next_week),
    )


LANGUAGES: Final = {
    "en": _language(
        "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sept/sep october/oct"
        " november/nov december/dec",
        "monday/mon tuesday/tue/tues wednesday/wed thursday/thu/thurs friday/fri saturday/sat sunday/sun",
        back="back | return | returning | returns | resume | available again | available from | available on"
        " | reachable again | reachable from",
        until="until | till | til | through | thru | up to | ending",
        away="out of office on | out of the office on | away on | unavailable on | not available on | on leave on",
        joins="to | until | till | through | and",
        tomorrow="tomorrow",
        next_week="next week",
    ),
    "de": _language(
        "januar/jan/jänner februar/feb/feber märz/mär april/apr mai juni/jun juli/jul august/aug september/sep/sept"
        " oktober/okt november/nov dezember/dez",
        "montag/mo dienstag/di mittwoch/mi donnerstag/do freitag/fr samstag/sa/sonnabend sonntag/so",
        back="wieder | zurück | ab dem | ab | zurück am | rückkehr",
        until="bis | bis zum | bis einschließlich | bis inklusive",
        away="abwesend am | nicht im büro am | außer haus am | am",
        joins="bis | bis zum | bis einschließlich | und",
        back_after="wieder | zurück",
        tomorrow="morgen",
        next_week="nächste woche | nächster woche | kommende woche | kommender woche",
    ),
    "fr": _language(
        "janvier/janv février/févr/fév mars avril/avr mai juin juillet/juil août septembre/sept octobre/oct"
        " novembre/nov décembre/déc",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        back="retour | de retour | reviens | reviendrai | revenir | à partir du | à compter du | dès le | reprendrai"
        " | joignable",
        until="jusqu'au | jusqu'à | jusque | jusqu'au soir du",
        away="absent le | absente le | absent ce | absente ce",
        joins="au | à | jusqu'au | et",
        tomorrow="demain",
        next_week="la semaine prochaine | semaine prochaine",
    ),
    "es": _language(
        "enero/ene febrero/feb marzo/mar abril/abr mayo/may junio/jun julio/jul agosto/ago septiembre/sept/sep"
        " octubre/oct noviembre/nov diciembre/dic",
        "lunes martes miércoles jueves viernes sábado domingo",
        back="regreso | regresaré | regresare | vuelvo | volveré | de vuelta | de regreso | vuelta | a partir del"
        " | reincorporo | reincorporaré | disponible",
        until="hasta | hasta el",
        away="ausente el | fuera de la oficina el",
        joins="al | hasta | hasta el | a | y",
        tomorrow="mañana",
        next_week="la próxima semana | la semana que viene",
    ),
    "ar": _language(
        "يناير/كانون_الثاني فبراير/شباط مارس/آذار أبريل/ابريل/نيسان مايو/أيار/ايار يونيو/حزيران يوليو/تموز"
        " أغسطس/اغسطس/آب سبتمبر/أيلول أكتوبر/اكتوبر/تشرين_الأول نوفمبر/تشرين_الثاني ديسمبر/كانون_الأول",
        "الاثنين/الإثنين الثلاثاء الأربعاء/الاربعاء الخميس الجمعة السبت الأحد/الاحد",
        back="سأعود | أعود | العودة | عودتي | وأعود | وسأعود | اعتبارا من | ابتداء من",
        until="حتى | لغاية | ولغاية | وحتى",
        joins="إلى | الى | حتى | لغاية",
        tomorrow="غدا",
        next_week="الأسبوع القادم | الأسبوع المقبل",
    ),
    "nl": _language(
        "januari/jan februari/feb maart/mrt april/apr mei juni/jun juli/jul augustus/aug september/sep oktober/okt"
        " november/nov december/dec",
        "maandag/ma dinsdag/di woensdag/wo donderdag/do vrijdag/vr zaterdag/za zondag/zo",
        back="terug | weer | vanaf | terugkeer | opnieuw | bereikbaar",
        until="tot | tot en met | t/m | t.e.m",
        away="afwezig op | niet aanwezig op",
        joins="tot | tot en met | t/m | en",
        back_after="weer | terug",
        tomorrow="morgen",
        next_week="volgende week",
    ),
    "pl": _language(
        "stycznia/styczeń lutego/luty marca/marzec kwietnia/kwiecień maja/maj czerwca/czerwiec lipca/lipiec"
        " sierpnia/sierpień września/wrzesień października/październik listopada/listopad grudnia/grudzień",
        "poniedziałek/poniedziałku wtorek/wtorku środa/środę/środy czwartek/czwartku piątek/piątku sobota/sobotę/soboty"
        " niedziela/niedzielę/niedzieli",
        back="wracam | powrót | wrócę | wrócę do pracy | powracam | dostępny od | dostępna od | powrotu",
        until="do | do dnia | aż do",
        away="nieobecny w dniu | nieobecna w dniu | nieobecny dnia",
        joins="do | do dnia | i",
        tomorrow="jutro",
        next_week="w przyszłym tygodniu",
    ),
    "pt": _language(
        "janeiro/jan fevereiro/fev março/mar abril/abr maio/mai junho/jun julho/jul agosto/ago setembro/set outubro/out"
        " novembro/nov dezembro/dez",
        "segunda/segunda-feira terça/terça-feira quarta/quarta-feira quinta/quinta-feira sexta/sexta-feira sábado"
        " domingo",
        back="volto | voltarei | de volta | retorno | retornarei | regresso | regressarei | a partir de | a partir do"
        " | disponível",
        until="até | até ao | até o | até ao dia | até o dia | até dia",
        away="ausente em | ausente no dia",
        joins="a | até | ao | até ao | e",
        tomorrow="amanhã",
        next_week="na próxima semana | próxima semana",
    ),
    "tr": _language(
        "ocak/oca şubat/şub mart/mar nisan/nis mayıs/may haziran/haz temmuz/tem ağustos/ağu eylül/eyl ekim/eki"
        " kasım/kas aralık/ara",
        "pazartesi salı çarşamba perşembe cuma cumartesi pazar",
        back="dönüş tarihim | dönüş tarihi | dönüşüm | dönüş",
        until="",
        joins="ile | ve",
        back_after="döneceğim | dönüyorum | dönmüş olacağım | geri | itibaren | itibariyle | ofiste olacağım",
        until_after="kadar | tarihine kadar | e kadar | a kadar | arasında | tarihleri arasında",
        tomorrow="yarın",
        next_week="gelecek hafta | önümüzdeki hafta",
    ),
    "hi": _language(
        "जनवरी फरवरी/फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर/सितम्बर अक्टूबर/अक्तूबर नवंबर/नवम्बर दिसंबर/दिसम्बर",
        "सोमवार मंगलवार बुधवार गुरुवार/बृहस्पतिवार शुक्रवार शनिवार रविवार",
        back="वापसी",
        until="",
        joins="से",
        back_after="को वापस | को लौट | वापस | लौटूंगा | लौटूंगी | को उपलब्ध | से उपलब्ध",
        until_after="तक",
        tomorrow="कल",
        next_week="अगले सप्ताह | अगले हफ्ते",
    ),
    "it": _language(
        "gennaio/gen febbraio/feb marzo/mar aprile/apr maggio/mag giugno/giu luglio/lug agosto/ago settembre/set/sett"
        " ottobre/ott novembre/nov dicembre/dic",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        back="rientro | rientrerò | rientrerò il | torno | tornerò | di ritorno | ritorno | a partire dal | di nuovo",
        until="fino al | fino a | sino al | sino a | al",
        away="assente il | fuori ufficio il",
        joins="al | fino al | e",
        tomorrow="domani",
        next_week="la prossima settimana | prossima settimana",
    ),
    # Dates are written as 3/3 and words apart before they are compared.
    "ja": _language(
        "", "", back="", until="", joins="", back_after="から | より | に", until_after="まで", tomorrow="明日"
    ),
}
