"""How much memory a process takes at its peak, as Linux counts it."""

from pathlib import Path


def reset_peak(pid: int) -> int:
    """Begin to measure the peak anew; what is in use now, in KiB."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """KiB."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
