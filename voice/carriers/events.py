"""Events of carrier accounts. Created, updated, deleted and restored rows are in the catalogue already."""

from lad.outbox.catalogue import define

define("voice.carrier_account.paused", "{subject} is paused until {until}: {reason}", fields=["until", "reason"])
define("voice.carrier_account.resumed", "{actor} resumed {subject}")
