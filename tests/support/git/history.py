"""Real git repositories, made by tests."""

import subprocess
from pathlib import Path

from infra.local.github.repository import git

_WHO = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Ann"), ("EMAIL", "ann@example.com"))
}


class History:
    """A repository in `folder`, on branch `main`; files are written and then committed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        git(folder, "init", "--quiet", "-b", "main")

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        """Commit all that is there, after writing `files`; the commit's name."""
        self.write(files or {})
        git(self.folder, "-c", "core.autocrlf=false", "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", "a change", env=_WHO)
        return self.sha()

    def amend(self, files: dict[str, str | bytes]) -> str:
        """Another commit in place of the last; its name."""
        self.write(files)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--amend", "-m", "another change", env=_WHO)
        return self.sha()

    def branch(self, name: str) -> None:
        """Begin a branch here and go there."""
        git(self.folder, "checkout", "--quiet", "-b", name)

    def go(self, name: str) -> None:
        git(self.folder, "checkout", "--quiet", name)

    def sha(self, revision: str = "HEAD") -> str:
        return git(self.folder, "rev-parse", revision).decode().strip()

    def text(self, revision: str, path: str) -> bytes:
        return git(self.folder, "cat-file", "blob", f"{revision}:{path}")


def patched(folder: Path, old: bytes, patch: str | None) -> bytes:
    """What git makes of `old` with a patch from its first `@@`; `folder` is any that is empty."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(old)
    whole = f"--- a/file\n+++ b/file\n{patch}\n".encode()
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=folder, input=whole, check=True)
    return (folder / "file").read_bytes()
