"""Time inside a call: integer milliseconds counted in samples received, never the wall clock."""

SAMPLE_RATE_HZ = 8000
"""The telephone's rate. Everything on the line is 8 kHz, mono, G.711 mu-law: one byte a sample."""

FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


def samples_to_ms(samples: int) -> int:
    """Whole milliseconds in a count of samples at 8 kHz, rounded down."""
    return samples // SAMPLES_PER_MS


def ms_to_samples(duration_ms: int) -> int:
    """Samples that a duration in milliseconds takes at 8 kHz."""
    return duration_ms * SAMPLES_PER_MS
