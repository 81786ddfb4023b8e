"""Twilio's side of the wire, without Twilio: calls our webhooks and plays the caller of a scenario file."""
