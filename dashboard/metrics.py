"""Counts of this process in Prometheus' text form. Each web process has its own; the scraper adds them up."""

from collections import Counter
from threading import Lock

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[float] = Counter()
        self._count = 0
        self._sum_s = 0.0

    def observe(self, route: str, method: str, status: int, duration_s: float) -> None:
        with self._lock:
            self._requests[route, method, status] += 1
            self._count += 1
            self._sum_s += duration_s
            for bound in BUCKETS_S:
                if duration_s <= bound:
                    self._buckets[bound] += 1

    def text(self, gauges: dict[str, float]) -> str:
        """gauges: name -> value of what is read at scrape time, such as vivavoce_database_up."""
        with self._lock:
            lines = ["# TYPE vivavoce_requests_total counter"]
            lines += [
                f'vivavoce_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
                for (route, method, status), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE vivavoce_request_duration_seconds histogram")
            lines += [
                f'vivavoce_request_duration_seconds_bucket{{le="{bound:g}"}} {self._buckets[bound]}'
                for bound in BUCKETS_S
            ]
            lines.append(f'vivavoce_request_duration_seconds_bucket{{le="+Inf"}} {self._count}')
            lines.append(f"vivavoce_request_duration_seconds_sum {self._sum_s:.6f}")
            lines.append(f"vivavoce_request_duration_seconds_count {self._count}")
        for name, value in sorted(gauges.items()):
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"
