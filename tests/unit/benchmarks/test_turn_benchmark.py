"""The turn benchmark: how it reads labels, how it counts cut-offs and dead air, and what it refuses."""

import wave
from pathlib import Path

import pytest

from benchmarks.turn_data import CannotRun, LabelledTurn, kind_of, read_turns
from benchmarks.turn_evidence import Evidence
from benchmarks.turn_replay import Point, dead_air_at, false_cutoffs_at, measure, play
from benchmarks.turns import main
from engine.audio.endpoint import FixedEndpoint

HEADER = "file\tquestion_kind\tpauses\tend_ms\ttext\n"
LOUD = (b"\x00\x20" * 8 + b"\x00\xe0" * 8) * 10


def folder_with(folder: Path, rows: str) -> Path:
    (folder / "labels.tsv").write_text(HEADER + rows)
    return folder


def said(*stretches: tuple[bool, int]) -> Evidence:
    """Speech and silence in ms; the last stretch of speech ends the turn."""
    flags = [is_speech for is_speech, ms in stretches for _ in range(ms // 20)]
    at, pauses = 0, []
    for is_speech, ms in stretches:
        if not is_speech:
            pauses.append((at, at + ms))
        at += ms
    turn = LabelledTurn(Path("turn.wav"), "open", tuple(pauses), at, "", ())
    frames = tuple(LOUD if flag else bytes(320) for flag in flags)
    return Evidence(turn, frames, tuple(flags), ())


def test_labels_are_read_with_and_without_pauses_and_word_times(tmp_path: Path) -> None:
    rows = "a.wav\topen\t100-300, 500-900\t2000\tthe words\nb.wav\tyes/no\t\t700.0\tyes\n"
    first, second = read_turns(folder_with(tmp_path, rows))
    assert first.pauses == ((100, 300), (500, 900))
    assert (first.end_ms, first.words) == (2000, ())
    assert (second.kind, second.pauses, second.end_ms) == ("yes_no", (), 700)
    (tmp_path / "labels.tsv").write_text(HEADER[:-1] + "\twords\na.wav\topen\t\t900\tso a b\tso@1-2 a@b@3-4\n")
    assert read_turns(tmp_path)[0].words == (("so", 1, 2), ("a@b", 3, 4))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Yes/No", "yes_no"), ("short fact", "short"), ("think-hard", "think"), ("open", "open"), ("anything", "open")],
)
def test_other_names_for_the_kinds_of_question_are_understood(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("a.wav\topen\t5\t900\tx\n", "'5' is no pause"),
        ("a.wav\topen\t\tlate\tx\n", "end_ms is 'late'"),
        ("", "rows below"),
    ],
)
def test_labels_that_make_no_sense_are_refused_with_the_place(tmp_path: Path, rows: str, reason: str) -> None:
    with pytest.raises(CannotRun, match=reason):
        read_turns(folder_with(tmp_path, rows))


def test_the_benchmark_says_why_it_cannot_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "labels.tsv does not exist" in capsys.readouterr().err
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(3200))
    folder_with(tmp_path, "a.wav\topen\t\t100\tx\n")
    (tmp_path / "labels.tsv").write_text(HEADER[:-1] + "\twords\na.wav\topen\t\t100\tx\tx@0-100\n")
    assert main([str(tmp_path)]) == 2
    assert "not 8 kHz, mono" in capsys.readouterr().err


def test_a_pause_longer_than_the_timer_is_a_cut_off_and_the_turn_is_played_on() -> None:
    evidence = said((True, 1000), (False, 700), (True, 1000), (False, 300), (True, 1000))
    patient, hasty = play(evidence, FixedEndpoint(1000)), play(evidence, FixedEndpoint(500))
    assert (patient.cut_pauses, hasty.cut_pauses) == (0, 1)
    assert patient.dead_air_ms == pytest.approx(1000, abs=100)
    assert hasty.dead_air_ms == pytest.approx(500, abs=100)


def test_rates_are_shares_of_pauses_and_of_turns() -> None:
    turns = [said((True, 1000), (False, 700), (True, 400), (False, 300), (True, 500)), said((True, 800))]
    point = measure(turns, lambda: FixedEndpoint(500), 500)
    assert (point.false_cutoffs, point.cut_turns) == (0.5, 0.5)


def test_the_trade_off_is_read_between_the_settings_measured() -> None:
    points = [Point(1, 0.2, 0, 300, 0, 0), Point(2, 0.1, 0, 500, 0, 0), Point(3, 0.0, 0, 900, 0, 0)]
    assert dead_air_at(points, 0.05) == pytest.approx(700)
    assert dead_air_at(points, 0.1) == pytest.approx(500)
    assert dead_air_at(points[:1], 0.1) is None
    assert false_cutoffs_at(points, 400) == pytest.approx(0.15)
    assert false_cutoffs_at(points, 2000) is None
