"""`python -m tests.bench NAME`: one JSON object a line, for `make bench BENCH=NAME`."""

import importlib
import json
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.bench.frame import Benchmark

# One line a benchmark: its name and the module whose `run()` yields its results.
BENCHMARKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "issue": "tests.bench.issue_bench",
        "lca": "tests.bench.lca_bench",
        "signing": "tests.bench.signing_bench",
    }
)


def main() -> int:
    """Run the benchmarks named on the command line, or say which there are."""
    names = sys.argv[1:]
    unknown = [name for name in names if name not in BENCHMARKS]
    if not names or unknown:
        sys.stderr.write(f"name one of: {', '.join(BENCHMARKS)} (make bench BENCH=issue)\n")
        return 2
    for name in names:
        for result in importlib.import_module(BENCHMARKS[name]).run():
            line = result.to_document() if isinstance(result, Benchmark) else dict(result)
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
