"""What the candidate asked or said beside the answers, for whoever reads the report: facts in, sentences out."""

from collections.abc import Iterable, Mapping
from typing import Any


def remarks_in_words(remarks: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[str, ...]:
    """One sentence each, in their order; remarks: the facts' names with their data, others than these are left out."""
    remarks = list(remarks)
    said = [sentence for name, data in remarks if (sentence := _in_words(name, data))]
    troubles = dict.fromkeys(str(data.get("trouble")) for name, data in remarks if name == "line_trouble")
    line = (f"Trouble on the line: {', '.join(troubles)}.",) if troubles else ()
    return (*dict.fromkeys(said), *line)


def _in_words(name: str, data: Mapping[str, Any]) -> str:
    text, answer = str(data.get("text") or "").strip(), str(data.get("answer") or "").strip()
    if name == "candidate_asked":
        told = f'The answer was: "{answer}"' if answer else "It has not been answered."
        return f'The candidate asked: "{text}" {told}'
    return f'The candidate added: "{text}"' if name == "candidate_remarked" else ""
