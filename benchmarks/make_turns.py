"""`python -m benchmarks.make_turns FOLDER`: interview answers with labelled pauses, to fit and measure turn-taking on.

FOLDER/train and FOLDER/test each hold labels.tsv and WAV files in the form that `make bench-turns` takes. The two share
no speaker, no topic and no carrier phrase. The same seed and versions give the same files. What such turns cannot tell
stands in docs/turn-taking.md: the voice is synthetic.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks import turn_texts, turn_voices
from benchmarks.turn_texts import TurnWriter, speakers
from benchmarks.turn_voices import CONDITIONS, TurnVoice, write_wav
from engine.questions.bank import QuestionBank, load_bank

COLUMNS = ("file", "question_kind", "pauses", "end_ms", "text", "words", "speaker", "condition")
SPEAKERS = {"train": 9, "test": 7}


def recipe_hash() -> str:
    """Names the recipe: the code that writes the turns."""
    paths = [Path(module.__file__ or "") for module in (turn_texts, turn_voices)] + [Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def make_split(folder: Path, voice: TurnVoice, bank: QuestionBank, turns: int, seed: int) -> None:
    """One split; `folder` is named after it."""
    is_test = folder.name == "test"
    rng = np.random.default_rng([seed, int(is_test)])
    people = speakers(is_test=is_test, count=SPEAKERS[folder.name], rng=rng)
    writer = TurnWriter(bank, is_test=is_test, rng=rng)
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["\t".join(COLUMNS)]
    for number in range(turns):
        speaker = people[number % len(people)]
        condition = CONDITIONS[number // len(people) % len(CONDITIONS)]
        written = writer.write(speaker)
        spoken = voice.speak(written, speaker, condition, rng)
        name = f"turn-{number + 1:04d}.wav"
        write_wav(folder / name, spoken.pcm)
        pauses = ",".join(f"{start}-{end}" for start, end in spoken.pauses)
        words = " ".join(f"{text}@{start}-{end}" for text, start, end in spoken.words)
        fields = (name, written.kind, pauses, str(spoken.end_ms), written.text, words, speaker.name, condition)
        rows.append("\t".join(fields))
    (folder / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make-turns", description="Generates labelled turns.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=1600, help="turns to fit on")
    parser.add_argument("--test", type=int, default=400, help="turns to measure on")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args(arguments)
    bank = load_bank()
    voice = TurnVoice(options.folder / "clips")
    for split, turns in (("train", options.train), ("test", options.test)):
        make_split(options.folder / split, voice, bank, turns, options.seed)
    recipe = {
        "recipe": recipe_hash(),
        "seed": options.seed,
        "bank": bank.version,
        "train": options.train,
        "test": options.test,
    }
    (options.folder / "recipe.json").write_text(json.dumps(recipe) + "\n", encoding="utf-8")
    print(json.dumps(recipe))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
