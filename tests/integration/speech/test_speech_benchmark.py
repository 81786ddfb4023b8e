"""The speech benchmark as a command: its figures, and its refusal to invent any."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from engine.audio import mulaw

pytestmark = pytest.mark.speech

SOURCES = Path(__file__).parents[3]
ANSWERS = SOURCES / "telephony" / "simulator" / "recordings"


def bench(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.speech", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=SOURCES, timeout=100, check=False)


def clip(folder: Path, name: str) -> str:
    content = (ANSWERS / f"{name}.wav").read_bytes()
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(mulaw.decode(content[content.index(b"data") + 8 :]))
    return f"{name}.wav"


def test_the_last_line_holds_the_figures(tmp_path: Path) -> None:
    rows = [
        f"{clip(tmp_path, 'consent')}\tYes, that is fine with me.",
        f"{clip(tmp_path, 'probe')}\tI would have to look that up. I have nothing to add right now.",
    ]
    (tmp_path / "transcripts.tsv").write_text("file\ttranscript\n" + "\n".join(rows) + "\n")
    done = bench(tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    assert figures["clips"] == 2
    assert 0 <= figures["wer"] <= 0.2
    assert 0 < figures["final_latency_ms_p50"] <= figures["final_latency_ms_p95"]
    assert figures["cpu_s_per_audio_s"] > 0


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        (None, "does not exist"),
        ("name\ttext\na\tb\n", "header row"),
        ("file\ttranscript\nmissing.wav\thello\n", "cannot be read"),
    ],
)
def test_without_usable_data_it_says_why_and_prints_no_figure(tmp_path: Path, listing: str | None, reason: str) -> None:
    if listing is not None:
        (tmp_path / "transcripts.tsv").write_text(listing)
    done = bench(tmp_path)
    assert done.returncode != 0
    assert reason in done.stderr
    assert done.stdout == ""
