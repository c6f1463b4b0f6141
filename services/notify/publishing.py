"""What the notify service tells others: facts whose names are messages of its events.proto."""

from cards.notify.v1 import events_pb2

PUBLIC = events_pb2
