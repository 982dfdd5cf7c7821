"""Run all measurements and print them as ratios: `python -m benchmarks.run [--assets N]`.

Every figure is a child process of its own; CPU is its user and system time, memory its peak.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import timeit
from pathlib import Path

from auditor.secrets import scan_text
from benchmarks import generate, terraform
from benchmarks.measure import AUDITOR, audit, best, measure

_PARSE = "import orjson, sys\nfor line in open(sys.argv[1], 'rb', buffering=1 << 20): orjson.loads(line)"


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--assets", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=Path("bench-data"))
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument(
        "--access", type=float, default=0.2, help="scale of the organisation for access; 1 is the goal's"
    )
    given = parser.parse_args()
    large, small = given.data / f"{given.assets}.ndjson", given.data / f"{given.assets // 4}.ndjson"
    for path, assets in ((large, given.assets), (small, given.assets // 4)):
        if not path.exists():
            print(f"writing {path} …", flush=True)
            generate.write(path, assets)
    print(
        f"{given.assets:,} assets, {large.stat().st_size / 1e9:.2f} GB; ratios to orjson.loads of every line",
        flush=True,
    )
    measure([*AUDITOR, "checks"])
    parse = best([sys.executable, "-c", _PARSE, str(large)], given.times)
    print(f"orjson.loads of every line          {parse.cpu:7.1f} s CPU", flush=True)
    for title, options in (
        ("auditor scan", ()),
        ("  --all checks", ("--all",)),
        ("  --severity high", ("--severity", "high")),
        ("  --severity critical", _FEW),
    ):
        whole, quarter = best(audit(large, *options), given.times), measure(audit(small, *options))
        print(
            f"{title:<35} {whole.cpu:7.1f} s CPU, ratio {whole.cpu / parse.cpu:.2f}; "
            f"{whole.memory:.0f} MB, {whole.memory - quarter.memory:+.0f} MB from a quarter of the assets",
            flush=True,
        )
    script = "#!/bin/bash\nset -eu\nlogger 'the agent is installed from the mirror'\n" * 30
    clean = min(timeit.repeat(lambda: scan_text(script[:2048]), number=100, repeat=5)) / 100
    print(f"looking for secrets in a clean text of 2 KB {clean * 1e6:4.0f} µs")
    nothing = min(measure([sys.executable, "-c", "pass"]).wall for _ in range(10))
    helped = min(measure([*AUDITOR, "--help"]).wall for _ in range(10))
    print(
        f"auditor --help                      {helped * 1000:7.0f} ms, ratio {helped / nothing:.1f} to python -c pass"
    )
    subprocess.run([sys.executable, "-m", "benchmarks.access", "--scale", str(given.access)], check=True)
    terraform.compare(given.data, given.times)


_FEW = ("--severity", "critical")
"""Few findings: what the memory grows by without them."""


if __name__ == "__main__":
    main()
