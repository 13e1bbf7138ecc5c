"""Words that say how others are meant: excluded, removed, replaced, added, offered by the speaker."""

from functools import cache
from typing import Final

from aiicp.extraction.folding import key
from aiicp.extraction.vocabulary import Entry, Index

NAMES: Final = {
    # What follows is not wanted.
    "not": "no|not|non|none of|without|w/o|except|except for|excluding|exclude|excludes|excl|avoid|skip|ignore|never|don't want|"
    "do not want|dont want|doesn't want|don't need|anything but|everything but|everywhere but|anyone but|other than|apart from|aside from|"
    "but not|but no|stay away from|leave out|not interested in|not looking for|nothing in|nobody in|neither|nor|minus|"
    "don't target|do not target|don't include|do not include|dont include|dont target|don't contact|do not contact|"
    "not using|don't use|do not use|dont use|doesn't use|not in|steer clear of|rather not|no more|keep out|"
    "ohne|kein|keine|keinen|keiner|keinem|nicht|außer|ausser|ausgenommen|bis auf|ausschließen|"
    "sin|excepto|salvo|menos|nada de|excluir|excluyendo|excluye|excluyan|no quiero|no queremos|que no sean|evitar|todo menos|"
    "sauf|pas de|pas d|pas les|pas des|pas|hors|sans|excepté|à l'exception de|à l'exception des|exclure|excluant|excluez|"
    "en dehors de|tout sauf|à part|ni|"
    "ما عدا|ماعدا|باستثناء|بدون|ليس|ليست|لا|غير|إلا|دون|عدا|بخلاف|وليس|مش",
    # What follows is taken out again.
    "drop": "remove|drop|delete|take out|take off|get rid of|forget|forget about|scratch|no longer|take away|lose|kick out|cut out|"
    "entferne|entfernen|streiche|streichen|lösche|löschen|weglassen|nimm|raus mit|"
    "quita|quitar|elimina|eliminar|borra|olvida|saca|enlève|enlever|retire|retirer|supprime|supprimer|oublie|"
    "احذف|ازل|أزل|شيل|الغ",
    # What follows gives way to the rest of the sentence.
    "instead_of": "instead of|rather than|in place of|statt|anstatt|anstelle von|en lugar de|en vez de|au lieu de|au lieu des|"
    "plutôt que|بدلا من|بدل",
    # What comes before "to" gives way to what comes after.
    "change": "change|switch|replace|swap|move|wechsle|ersetze|ersetzen|ändere|tausche|cambia|cambiar|reemplaza|sustituye|"
    "remplace|remplacer|changer|غير",
    "add": "also|add|plus|as well|as well as|too|additionally|in addition|include|including|auch|zusätzlich|füge|hinzu|dazu|ebenfalls|ergänze|"
    "außerdem|también|añade|añadir|agrega|agregar|incluye|además|suma|aussi|ajoute|ajouter|ajoutez|également|rajoute|"
    "أيضا|أضف|كذلك|زائد",
    "replace": "instead|actually|make it|make that|rather|set to|set it to|change it to|change to|change that to|switch to|"
    "correction|sorry|i meant|i mean|meant|wait|let's do|lets do|let's go with|go with|narrow it down|narrow down|narrow it|limit it to|restrict it to|restrict to|scratch that|update to|only|just|"
    "lieber|stattdessen|doch|eigentlich|nur|nur noch|sondern|besser|mach|mach daraus|"
    "mejor|en realidad|solo|sólo|solamente|únicamente|perdón|cambia a|cámbialo a|que sean|"
    "plutôt|finalement|en fait|seulement|uniquement|mets|mettez|pardon|"
    "بدلا من ذلك|فقط|بل|اجعلها|خليها|عفوا|في الواقع",
    "but": "but|sondern|sino|mais|pero|aber|however|jedoch|yet|بل|لكن|ولكن|instead just|only|nur|solo|uniquement",
    # After a name: it is not wanted.
    "after": "excluded|is out|are out|not needed|not wanted|ausgeschlossen|raus|nicht|excluidos|excluidas|exclus|exclues|out",
    # "not only clinics", "not sure": no exclusion.
    "never_mind": "not only|not just|not sure|not yet sure|not necessarily|not limited to|not too|not many|not much|not so|not really|no matter|"
    "no problem|no worries|no idea|no preference|not a problem|no more than|not more than|no less than|no fewer than|"
    "not less than|no bigger than|not bigger than|not over|not under|nicht nur|nicht mehr als|nicht sicher|kein problem|"
    "no solo|no sólo|no más de|no menos de|pas seulement|pas plus de|pas moins de|pas de problème|not yet|not fussy|"
    "don't care|doesn't matter|no limit|no budget|not important|no need|no doubt|not so much|why not|if not|or not|whether or not|"
    "no later than|menos de|sin problema|مو مهم",
    "from_now_on": "want|need|needs|looking|target|targeting|find|focus|focusing|should|prefer|please|keep|"
    "show|give|get|get me|give me|suche|suchen|will|wollen|möchte|brauche|brauchen|quiero|queremos|busco|buscamos|"
    "je veux|cherche|cherchons|voulons|أريد|نريد|ابحث|أبحث|bitte|por favor",
    "self": "we are|we re|i am|i m|i run|i own|we run|my company|our company|my agency|our agency|our team|our startup|my startup|"
    "wir sind|ich bin|unsere firma|unser unternehmen|somos|soy|nuestra empresa|mi empresa|nous sommes|je suis|"
    "notre société|notre entreprise|on est|نحن|أنا|شركتنا|im a|im an|were a|were an|we re a|here at|i work at|i work for|i m with",
    "sell": "we sell|i sell|we offer|i offer|we provide|we build|we make|we develop|we produce|we do|we manufacture|who sells|that sells|"
    "our product is|our service is|our product|our software|our platform|our tool|our solution|our app|we created|we launched|"
    "we ve built|we built|sell our|selling our|sell my|selling my|sell a|selling a|we re selling|we are selling|i m selling|promote our|we re offering|we deliver|i do|i build|we supply|we distribute|"
    "wir verkaufen|wir bieten|wir entwickeln|wir machen|wir vertreiben|wir liefern|wir bauen|ich verkaufe|ich biete|verkaufe|"
    "unsere software|unsere lösung|unser produkt|wir produzieren|"
    "vendemos|ofrecemos|vendo|ofrezco|nuestro software|nuestra solución|desarrollamos|hacemos|fabricamos|vender nuestro|vender nuestra|"
    "nous vendons|nous proposons|nous offrons|nous développons|on vend|on propose|je vends|notre logiciel|notre solution|vendre notre|vendre nos|"
    "nous fabriquons|nous éditons|نبيع|نقدم|نوفر|منتجنا|سوفت وير نقدمه",
    "help": "we help|i help|helps|helping|help|wir helfen|hilft|helfen|ayudamos|ayuda|ayudar|nous aidons|on aide|aide|aidons|aider|نساعد|we work with|we serve|serves",
    "towards": "to|for|an|für|a|al|para|à|aux|au|pour|at|ل|لل|إلى|into|towards|aimed at",
    "seek": "looking|want|need|searching|target|targeting|find|seek|seeking|interested|after|focused|focusing|focus on|going|going after|"
    "reach|trying to reach|get in front of|like to|customer|client|buyer|show|give me|prospect|ideal customer|icp|who|selling to|sell to|sells to|sell into|sold to|"
    "suchen|suche|sucht|brauchen|brauche|wollen|möchten|möchte|zielgruppe|kunden|verkaufen an|"
    "buscamos|busco|queremos|quiero|necesitamos|necesito|buscando|clientes|nuestro cliente ideal|vender a|"
    "cherchons|cherche|voulons|veux|recherchons|recherche|ciblons|cible|cibler|clients|vendre aux|vendre à|"
    "نبحث|أبحث|نريد|أريد|نستهدف|عملاء|زبائن|عملاؤنا",
    "tail": "to|with|by|um|bei|mit|dabei|zu|beim|reduce|increase|improve|automate|save|cut|grow|manage|con|mediante|à|avec|par|through|via|"
    "so that|so they|على|get|find|handle|scale|build|streamline|digitise|digitize",
    "place": "in|from|near|around|across|within|throughout|based in|based|located|outside|of|aus|bei|um|nach|im|innerhalb|rund um|en|de|desde|"
    "cerca de|del|à|au|aux|dans|depuis|près de|autour de|du|في|من|داخل|to|into|for|covering|region|area|city of|außerhalb|"
    "not|except|without|ohne|sin|sauf|excepto|außer|in der|in den|also|auch|también|aussi|only|nur|solo|about|remove|drop|add|location|locations|"
    "country|countries|instead of|than|standort|ort|städte|cities|city|towns|places|markets|market|geo|geography|hq|headquartered|hqs|"
    "ville|villes|ciudad|ciudades|pays|país|países|land|länder",
    "people": "team|teams|department|departments|dept|people|folks|leaders|leader|leadership|staff|professionals|professional|roles|role|side|personas|"
    "profiles|function|functions|persona|guys|vp|vps|decision makers|decision maker|heads|head|directors|director|managers|manager|"
    "executive|executives|exec|execs|titles|lead|leads in|contacts|abteilung|abteilungen|"
    "leute|mitarbeiter|verantwortliche|verantwortlichen|leiter|leitung|departamento|departamentos|equipo|equipos|personas de|"
    "responsables|equipe|équipe|équipes|service|services|départements|département|قسم|فريق|أقسام|مسؤولي|مدراء|specialists|managers in|chefs|"
    "people in|someone in|anyone in|somebody in|guys in|folks in|work in|works in|working in|persons|verantwortlicher|cargos",
    "use": "use|uses|using|used|run on|running|runs on|runs|built on|on|powered by|customers of|users of|with|have|tech stack|stack|"
    "technology|technologies|tool|tools|software like|migrating from|switching from|moving from|nutzen|nutzt|verwenden|"
    "einsetzen|arbeiten mit|mit|usan|usen|utilizan|utilicen|con|utilisent|utilisant|utilise|sous|avec|يستخدمون|تستخدم|user",
    "company_list": "companies like|company like|firms like|brands like|businesses like|companies such as|firms such as|similar to|people at|"
    "employees of|employees at|works at|working at|work at|work for|working for|works for|competitors of|competitors like|customers like|clients like|someone at|"
    "accounts like|logos like|lookalikes of|target accounts|unternehmen wie|firmen wie|kunden wie|ähnlich wie|leute bei|mitarbeiter von|"
    "empresas como|compañías como|clientes como|similares a|que trabajen en|que trabajan en|entreprises comme|sociétés comme|clients comme|chez|شركات مثل|"
    "decision makers at|anyone at|executives at|managers at|companies are|folks at|contacts at|target companies",
    "and": "and|or|und|oder|y|o|e|et|ou|nor|&|plus|sowie|و|او|as well as",
}


@cache
def cues() -> Index:
    """Return the cues by their words, to be found as names are."""
    index = Index()
    for kind, names in NAMES.items():
        for name in names.split("|"):
            index.add(key(name, plural=True), Entry("cue", kind))
    return index
