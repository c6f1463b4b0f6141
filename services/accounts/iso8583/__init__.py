"""A second door: ISO 8583 (1987) over TCP, for card networks and their gateways."""
