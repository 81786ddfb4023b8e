from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.event_files import FileEventLog, is_being_written, parse
from engine.errors import Conflict
from engine.ports import EventRecord

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.builds(
    EventRecord,
    sequence=st.integers(0, 10**6),
    at_ms=st.integers(0, 10**8),
    kind=st.sampled_from(["signal", "action", "fact"]),
    name=st.text(min_size=1),
    data=st.dictionaries(st.text(), values, max_size=4),
)


def record(sequence: int) -> EventRecord:
    return EventRecord(sequence, sequence * 20, "fact", "stage_changed", {"stage": "asking"})


@given(written=st.lists(records, max_size=6), cut=st.integers(0, 5000))
def test_a_log_cut_anywhere_gives_back_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, written: list[EventRecord], cut: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "call.jsonl"
    log = FileEventLog(path)
    for each in written:
        log.append(each)
    log.close()
    content = path.read_bytes()

    whole, size = parse(content[:cut])

    assert list(whole) == written[: len(whole)]
    assert size == len(b"".join(line + b"\n" for line in content.split(b"\n")[: len(whole)]))
    assert list(parse(content)[0]) == written


def test_a_line_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    log = FileEventLog(tmp_path / "calls" / "call.jsonl")
    log.append(record(0))
    assert list(parse((tmp_path / "calls" / "call.jsonl").read_bytes())[0]) == [record(0)]
    log.close()
    log.close()


def test_a_log_is_held_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    log = FileEventLog(path)
    assert is_being_written(path)
    with pytest.raises(Conflict):
        FileEventLog(path)
    log.close()
    assert not is_being_written(path)


def test_a_torn_last_line_is_cut_off_and_the_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    log = FileEventLog(path)
    log.append(record(0))
    log.append(record(1))
    log.close()
    with path.open("ab") as file:
        file.write(b'{"sequence":2,"at_')

    again = FileEventLog(path)

    assert (again.next_sequence, again.last_at_ms) == (2, 20)
    again.append(record(2))
    again.close()
    assert [each.sequence for each in parse(path.read_bytes())[0]] == [0, 1, 2]


def test_damage_in_the_middle_costs_only_the_damaged_line(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    log = FileEventLog(path)
    for sequence in range(3):
        log.append(record(sequence))
    log.close()
    lines = path.read_bytes().splitlines(keepends=True)
    content = lines[0] + b"\xff\x00 not a record\n" + b"[1, 2]\n" + lines[2]

    assert [each.sequence for each in parse(content)[0]] == [0, 2]


def test_lines_with_every_kind_of_newline_in_their_text_stay_one_line(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    odd = EventRecord(0, 0, "fact", "turn_ended", {"text": "a\nb\r\nc\u2028d\x85e\x0bf"})
    log = FileEventLog(path)
    log.append(odd)
    log.close()
    assert list(parse(path.read_bytes())[0]) == [odd]
