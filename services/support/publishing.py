"""What the support service tells others: facts whose names are messages of its events.proto."""

from cards.support.v1 import events_pb2

PUBLIC = events_pb2
