"""What auth tells others: the facts that have a message of their name in its events.proto."""

from cards.auth.v1 import events_pb2

PUBLIC = events_pb2
