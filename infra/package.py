"""`python -m infra.package [FILE]`: the zip that a deployment consists of.

It holds what `.funcignore` does not name, by git's rules, as `azd deploy` and `func azure
functionapp publish` take it. The platform installs requirements.txt itself.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pathspec import GitIgnoreSpec

ROOT = Path(__file__).parents[1]
_DEFAULT = ROOT / ".build/package.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def deployed_files() -> Iterator[Path]:
    """What is deployed, in order. Folders that are ignored are not entered."""
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    ignored = GitIgnoreSpec.from_lines(lines)

    def below(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            name = path.relative_to(ROOT).as_posix()
            if path.is_dir() and not ignored.match_file(f"{name}/"):
                yield from below(path)
            elif path.is_file() and not ignored.match_file(name):
                yield path

    return below(ROOT)


def build(target: Path) -> None:
    """Write the zip; the same files make the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path in deployed_files():
            name = path.relative_to(ROOT).as_posix()
            archive.writestr(ZipInfo(name, _EPOCH), path.read_bytes(), ZIP_DEFLATED)


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else _DEFAULT
    build(target)
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
