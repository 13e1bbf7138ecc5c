"""Events of numbers that rest. Created, updated, deleted and restored rows are in the catalogue already."""

from lad.outbox.catalogue import define

define("voice.number.rested", "{subject} rests until {until}: {reason}", fields=["until", "reason"])
define("voice.number.resumed", "{actor} let {subject} call again")
