"""Deepgram's models that the product can use, as far as they are known. The table serves messages at start."""

from typing import Final

_AURA_VOICES: Final = (
    "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia delia draco electra "
    "harmonia helena hera hermes hyperion iris janus juno jupiter luna mars minerva neptune odysseus ophelia orion "
    "orpheus pandora phoebe pluto saturn selene thalia theia vesta zeus"
)
_FLUX_VOICES: Final = (
    "alexis bree brittany brooke bruce cliff cole colin conor donovan drew elise gemma haley hannah heather jack kai "
    "kelsey kit maeve marcelo marcus meena meghan miles naveen paige priya rufus sean sharon sienna tanner wade wes"
)
KNOWN_MODELS: Final[dict[str, tuple[str, ...]]] = {
    "DEEPGRAM_STT_MODEL": (
        "nova-3",
        "nova-3-general",
        "nova-3-medical",
        "nova-2",
        "nova-2-phonecall",
        "nova-2-meeting",
    ),
    "DEEPGRAM_FLUX_STT_MODEL": ("flux-general-en", "flux-general-multi"),
    "DEEPGRAM_TTS_MODEL": tuple(f"aura-2-{name}-en" for name in _AURA_VOICES.split()),
    "DEEPGRAM_FLUX_TTS_MODEL": tuple(f"flux-{name}-en" for name in _FLUX_VOICES.split()),
}
"""By the variable that names one."""


def model_fault(variable: str, name: str) -> str | None:
    """Why the model cannot be used, as one line that names the variable and what would do; None when it can."""
    known = KNOWN_MODELS[variable]
    if name in known:
        return None
    return f"{variable} names the model {name!r}, which is not known; known ones: {', '.join(known)}."
