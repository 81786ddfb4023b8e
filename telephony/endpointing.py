"""Which endpoint policy a call gets."""

from engine.audio.adaptive_endpoint import AdaptiveEndpoint
from engine.audio.endpoint import EndpointPolicy, FixedEndpoint
from engine.audio.endpoint_weights import EndpointWeights
from engine.config import EndpointSettings
from engine.dialogue.endings import clues_of


def new_endpoint(settings: EndpointSettings, weights: EndpointWeights) -> EndpointPolicy:
    """A policy for one call, as the settings say. An end-of-turn model would be handed over here as its vote."""
    if settings.policy == "fixed":
        return FixedEndpoint(settings.silence_ms, settings.threshold_dbfs)
    return AdaptiveEndpoint(weights, clues_of)
