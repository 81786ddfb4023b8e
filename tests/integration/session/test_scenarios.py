"""The catalogue of callers: each call ends as it should, with the right words, nobody cut off or left waiting."""

from pathlib import Path

import pytest

from benchmarks.rehearsal import Engines, RecordedVoice, faults_of, hold, load_catalogue
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio.voice import GatedDetector
from engine.work.replay import logged_actions, replayed_actions
from telephony import simulator
from telephony.simulator.voices import read_wav

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "scenarios" / "catalogue.toml")


def test_the_catalogue_is_large_and_its_names_differ():
    names = [rehearsal.name for rehearsal in CATALOGUE]
    assert len(set(names)) == len(names) >= 40


@pytest.fixture(scope="module")
def engines():
    """The detector of real calls, and somebody's recorded speech for our voice."""
    model = SileroModel()
    speech = read_wav(Path(simulator.__file__).parent / "recordings" / "databases-transactions.wav")
    return Engines(
        neural_detector=lambda: GatedDetector(WebRtcGate(), SileroJudge(model)), recorded_voice=RecordedVoice(speech)
    )


@pytest.mark.parametrize("rehearsal", CATALOGUE, ids=lambda each: each.name)
def test_a_caller_of_the_catalogue(rehearsal, engines, tmp_path):
    outcome = hold(rehearsal, tmp_path, engines)
    assert faults_of(rehearsal, outcome) == []
    assert replayed_actions(outcome.records, outcome.plan) == logged_actions(outcome.records)
