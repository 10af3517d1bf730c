"""What every benchmark shares: timing side by side, the machine, JSON results and the table made from them."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Result = tuple[str, dict[str, Any]]  # the name of a record and what was measured
SEED = 0
PACKAGES = ("torch", "tokenizers", "sacrebleu", "numpy")


def alternate(works: dict[str, Callable[[], object]], rounds: int, warmup: int = 1) -> dict[str, list[float]]:
    """Seconds of each work in each round. They take turns, so that a disturbance meets them all alike."""
    for _ in range(warmup):
        for work in works.values():
            work()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def summary(values: Iterable[float]) -> dict[str, float]:
    """The median and the quartiles; of two or three values, the smallest and the largest."""
    values = sorted(values)
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "low_quartile": max(low, values[0]), "high_quartile": min(high, values[-1])}


def spread(value: dict[str, float], digits: int = 0) -> str:
    """A median with its quartiles, for a table."""
    low, high = value["low_quartile"], value["high_quartile"]
    return f"{value['median']:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def mebibytes(size: float) -> str:
    """Bytes, for a table."""
    return f"{size / 2**20:,.{0 if size >= 10 * 2**20 else 1}f} MiB"


def limit(side: dict[str, Any]) -> str:
    """Which limit a side's work meets, and how much of it the side reaches."""
    return f"{100 * side['share']:.0f} %, {side['bound']}"


def limit_in_words(side: dict[str, Any], limits: dict[str, Any]) -> str:
    """The end of a sentence about a side's work: what it needs, which limit that meets, and how near it comes."""
    intensity = side["flops"] / side["bytes"]
    full = limits["flops"] if side["bound"] == "arithmetic" else limits["bandwidth"]
    unit = "FLOP/s" if side["bound"] == "arithmetic" else "B/s"
    return (
        f"needs {si(side['flops'])}FLOP and moves at least {si(side['bytes'])}B, {intensity:,.0f} operations a byte. "
        f"So its limit is {side['bound']}: ours reaches {si(side['share'] * full)}{unit}, "
        f"{100 * side['share']:.0f} % of what the machine can do ({si(limits['flops'])}FLOP/s, {limits['source']}; "
        f"{si(limits['bandwidth'])}B/s in a copy)."
    )


def si(value: float) -> str:
    """A number with its prefix, for a unit to follow: 12.3 G."""
    for power, prefix in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if value >= 10**power:
            number = value / 10**power
            return f"{number:,.0f} {prefix}" if number >= 100 else f"{number:.3g} {prefix}"
    return f"{value:.3g} "


def context(stored: dict[str, Any]) -> str:
    """The command and the machine of a record, for the end of a paragraph."""
    machine = stored["machine"]
    on_gpu = stored["name"].endswith("_cuda")
    device = machine["gpu"] if on_gpu else f"{machine['processor']}, threads used: {machine['threads']}"
    return f"`{stored['command']}` on {device}, load {machine['load']:.1f}, torch {machine['versions']['torch']}."


def machine() -> dict[str, Any]:
    """What the numbers depend on: processor, threads, versions, load."""
    import torch

    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = models[0] if models else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    """None where it is not installed: a machine lent for its GPU may lack what only translation needs."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def record(name: str, command: str, result: dict[str, Any]) -> dict[str, Any]:
    """Writes bench/results/NAME.json: the result with its command, date and machine. Returns what was written."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {
        "name": name,
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        **result,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return content


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
