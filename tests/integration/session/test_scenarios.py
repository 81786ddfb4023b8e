"""The catalogue of callers: each call ends as it should, with the right words, nobody cut off or left waiting."""

from pathlib import Path

import pytest

from benchmarks.rehearsal import faults_of, hold, load_catalogue
from engine.work.replay import logged_actions, replayed_actions

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "scenarios" / "catalogue.toml")


def test_the_catalogue_is_large_and_its_names_differ():
    names = [rehearsal.name for rehearsal in CATALOGUE]
    assert len(set(names)) == len(names) >= 40


@pytest.mark.parametrize("rehearsal", CATALOGUE, ids=lambda each: each.name)
def test_a_caller_of_the_catalogue(rehearsal, tmp_path):
    outcome = hold(rehearsal, tmp_path)
    assert faults_of(rehearsal, outcome) == []
    assert replayed_actions(outcome.records, outcome.plan) == logged_actions(outcome.records)
