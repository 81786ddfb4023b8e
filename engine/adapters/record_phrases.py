"""Records the phrases that need no engine: `python -m engine.adapters.record_phrases`, after changing their text."""

import sys
from pathlib import Path

from engine.adapters.local_hibari import HibariVoice
from engine.adapters.speech_cache import BUNDLED_PHRASES


def record(folder: Path) -> None:
    """Speak every bundled phrase into its file."""
    voice = HibariVoice()
    for name, text in BUNDLED_PHRASES.items():
        path = folder / f"{name}.ulaw"
        path.write_bytes(b"".join(voice.synthesise(text)))
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    record(Path(__file__).parent / "data")
