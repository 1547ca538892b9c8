"""A package that brings a task type, put where an installed one lies."""

from pathlib import Path


def install_type(site: Path, name: str, value: str) -> None:
    """What pip leaves in a folder of packages; `value` is that of the entry point."""
    info = site / f"brings_{name.replace(' ', '_')}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: brings-{len(name)}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[amida.task_types]\n{name} = {value}\n")
