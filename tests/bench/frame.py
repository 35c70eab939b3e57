"""The frame of benchmarks: each measures a value and its reference in one run, and says the ratio.

On shared machines absolute times mean little, so a goal is always a ratio. Value and reference are
measured in turns, and the median of each counts.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Benchmark:
    """One result, as `make bench` prints it."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float
    goal: float
    better: Better

    @classmethod
    def of_rates(
        cls, name: str, passports: int, times_s: tuple[float, float], reference: str, goal: float
    ) -> "Benchmark":
        """Return how many passports a second are made, and by the reference.

        Args:
            name: What the result is called.
            passports: How many were made in each of the two times.
            times_s: Seconds of the work and of its reference, as `in_turns` measures them.
            reference: What it is held against.
            goal: The least ratio of the two rates.
        """
        work_s, reference_s = times_s
        rate, reference_rate = passports / work_s, passports / reference_s
        ratio = rate / reference_rate
        return cls(name, rate, "passports/s", reference, reference_rate, ratio, goal, "higher")

    @property
    def reached(self) -> bool:
        """Tell whether the ratio reaches its goal."""
        return self.ratio >= self.goal if self.better == "higher" else self.ratio <= self.goal

    def to_document(self) -> dict[str, float | str]:
        """Return the line that is printed."""
        return asdict(self)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(
    work: Callable[[], object], reference: Callable[[], object], rounds: int = 5
) -> tuple[float, float]:
    """Return the median seconds of `work` and of `reference`, measured in turns after a warm-up."""
    work()
    reference()
    pairs = [(seconds(work), seconds(reference)) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
