"""Domains where anybody gets a mailbox. They stand for no company, so no company stop may cover them."""

from typing import Final

# Providers that have a domain in many countries, such as yahoo.co.uk.
_BRANDS: Final = frozenset({"gmail", "googlemail", "yahoo", "ymail", "hotmail", "outlook", "live", "msn", "gmx", "aol"})
_COUNTRY_SUFFIX_LENGTH: Final = 2
_SECOND_LEVELS: Final = frozenset({"co", "com", "net", "org"})
_LISTED: Final = """
icloud.com me.com mac.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com
fastmail.com fastmail.fm hey.com zoho.com zohomail.com mail.com email.com usa.com rocketmail.com rediffmail.com
web.de freenet.de t-online.de arcor.de posteo.de posteo.net mailbox.org online.de 1und1.de kabelmail.de vodafone.de
bluewin.ch hispeed.ch sunrise.ch chello.at aon.at a1.net
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr
libero.it virgilio.it alice.it tin.it tiscali.it fastwebnet.it email.it
telefonica.net terra.es sapo.pt
btinternet.com btopenworld.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk sky.com tiscali.co.uk
ziggo.nl kpnmail.nl xs4all.nl planet.nl home.nl telenet.be skynet.be
comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com optonline.net
shaw.ca rogers.com sympatico.ca telus.net videotron.ca
bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
wp.pl o2.pl onet.pl interia.pl op.pl seznam.cz centrum.cz azet.sk freemail.hu citromail.hu abv.bg mail.bg
mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net i.ua
qq.com 163.com 126.com yeah.net sina.com sohu.com foxmail.com aliyun.com 139.com 189.cn
naver.com daum.net hanmail.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp
uol.com.br bol.com.br terra.com.br ig.com.br globo.com r7.com
emirates.net.ae eim.ae walla.co.il walla.com mweb.co.za telkomsa.net vodamail.co.za
privaterelay.appleid.com users.noreply.github.com duck.com mozmail.com
"""
_DOMAINS: Final = frozenset(_LISTED.split())


def is_free_mail(domain: str) -> bool:
    """Return whether the domain, in lower case, is a mail provider's for everybody."""
    if domain in _DOMAINS:
        return True
    brand, _dot, suffix = domain.partition(".")
    return brand in _BRANDS and _is_suffix(suffix)


def _is_suffix(suffix: str) -> bool:
    first, _dot, rest = suffix.partition(".")
    if not rest:
        return first == "com" or first == "net" or len(first) == _COUNTRY_SUFFIX_LENGTH
    return first in _SECOND_LEVELS and len(rest) == _COUNTRY_SUFFIX_LENGTH
