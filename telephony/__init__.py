"""The phone side: Twilio's wire, webhooks, the call session and the simulator."""
