"""What Prometheus reads at ``/metrics``: counts and times, never a request's content."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.01, 0.02, 0.04, 0.06, 0.09, 0.12, 0.2, 0.4, 0.8, 1.6, 4.0, 8.0, 30.0)


class SigningEvents(Collector):
    """What happened in signing sessions. A dozen of them a signature: counting one is adding to a number, without a lock."""

    def __init__(self) -> None:
        self.counts: Counts[str] = Counts()

    def collect(self) -> Iterator[Metric]:
        """Tell all of them."""
        events = CounterMetricFamily("votive_signing_events", "What happened in signing sessions", labels=["event"])
        for name, count in self.counts.items():
            events.add_metric([name], count)
        yield events


class Metrics:
    """All metrics of one node, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("votive_requests", "Answered requests", ["endpoint", "status"], registry=self.registry)
        self.request_seconds = Histogram(
            "votive_request_seconds", "Seconds from body to answer", ["endpoint"], buckets=SECONDS, registry=self.registry
        )
        self.signing = Histogram("votive_signing_seconds", "Seconds of a signing session", buckets=SECONDS, registry=self.registry)
        self.decrypting = Histogram(
            "votive_decrypting_seconds", "Seconds of a decryption among nodes, for an action", buckets=SECONDS, registry=self.registry
        )
        self._events = SigningEvents()
        self.registry.register(self._events)
        self._answers: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.links = Gauge("votive_links", "Links to other nodes that are up", registry=self.registry)
        self.pairs = Gauge("votive_pairs", "Live pairwise set-ups", registry=self.registry)
        self.keys = Gauge("votive_keys", "Keys of this node", ["state"], registry=self.registry)
        self.unminted = Gauge("votive_unminted", "Unminted keys of the network at the newest final block", registry=self.registry)
        self.final_block = Gauge("votive_final_block", "Number of the newest final block", registry=self.registry)
        self.mesh = Gauge("votive_mesh", "Counters of the links", ["name", "peer"], registry=self.registry)
        self.serving = Gauge("votive_serving", "1 once the node serves", registry=self.registry)

    def event(self, name: str) -> None:
        """Count an event of a signing session."""
        self._events.counts[name] += 1

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count an answered request and its time; both metrics are looked up once for each endpoint and status."""
        found = self._answers.get((endpoint, status))
        if found is None:
            found = self._answers[endpoint, status] = (self.requests.labels(endpoint, status), self.request_seconds.labels(endpoint))
        found[0].inc()
        found[1].observe(seconds)

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)
