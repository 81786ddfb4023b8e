"""Figures with labels for /metrics: engines' health, what the cache saved, what was used and what it cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from engine.adapters.speech_cache import CachedTextToSpeech
from engine.store.jobs import heartbeat_age_s, longest_wait_s, queue_lengths
from engine.store.usage import UsageRepository, month_of
from engine.work.health_reporting import Board

_STATES = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["counter", "gauge"] = "gauge"


def text_of(samples: Iterable[Sample]) -> str:
    """The samples in Prometheus' text form, each name's together under its type."""
    lines: list[str] = []
    last = ""
    for sample in sorted(samples, key=lambda sample: (sample.name, sorted(sample.labels.items()))):
        if sample.name != last:
            lines.append(f"# TYPE {sample.name} {sample.kind}")
            last = sample.name
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(sample.labels.items()))
        lines.append(
            f"{sample.name}{{{labels}}} {sample.value:.10g}" if labels else f"{sample.name} {sample.value:.10g}"
        )
    return "".join(f"{line}\n" for line in lines)


def health_samples(board: Board) -> list[Sample]:
    """Engines as this process sees them: the breaker (0 closed, 0.5 half open, 1 open) and failures in a row."""
    samples = []
    for engine in board.snapshots():
        port, _, name = engine.name.rpartition("/")
        labels = {"engine": name, "port": port}
        failures = float(engine.consecutive_failures)
        samples.append(Sample("vivavoce_engine_breaker_open", _STATES.get(engine.state, 1.0), labels))
        samples.append(Sample("vivavoce_engine_consecutive_failures", failures, labels))
    return samples


def cache_samples(caches: Iterable[CachedTextToSpeech]) -> list[Sample]:
    """How often this process found a phrase spoken already, and how often not, by voice."""
    samples = []
    for cache in caches:
        labels = {"voice": cache.voice}
        samples.append(Sample("vivavoce_speech_cache_hits_total", float(cache.hits), labels, "counter"))
        samples.append(Sample("vivavoce_speech_cache_misses_total", float(cache.misses), labels, "counter"))
    return samples


def month_samples(session: Session, now: datetime) -> list[Sample]:
    """Usage and cost of the calendar month (UTC) so far, of all processes together."""
    samples = []
    for used in UsageRepository(session).by_model_since(month_of(now)):
        labels = {"provider": used.provider, "model": used.model, "kind": used.kind}
        amounts = {
            "cost_usd": float(used.spending.usd),
            "requests": used.requests,
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
            "audio_seconds": used.audio_ms / 1000,
            "characters": used.characters,
        }
        samples += [Sample(f"vivavoce_month_{name}", float(amount), labels) for name, amount in amounts.items()]
        samples.append(Sample("vivavoce_month_has_unknown_prices", float(used.spending.has_unknown), labels))
    return samples


def queue_samples(session: Session, now: datetime) -> list[Sample]:
    """Jobs that wait and run, by queue; how long the most overdue one has waited, and a worker's last sign of life."""
    samples = [
        Sample("vivavoce_jobs", float(count), {"queue": queue, "status": status})
        for (queue, status), count in queue_lengths(session).items()
    ]
    samples.append(Sample("vivavoce_jobs_longest_wait_seconds", longest_wait_s(session, now)))
    age_s = heartbeat_age_s(session, now)
    return samples if age_s is None else [*samples, Sample("vivavoce_worker_heartbeat_age_seconds", age_s)]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
