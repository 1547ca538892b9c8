"""What the base branch says of the files that a pull request changes, in which its author has no
say: which there are, and what its `.gitattributes` make of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import ChangedFile, ChangedFiles, NoPatch, Pull, PullRef
from shared.clients.github.trees import list_blobs
from shared.diffs.unread.git_attributes import FILE_NAME, GitAttributes
from shared.diffs.unread.skipping import GENERATED, VENDORED, is_called_binary
from shared.errors import PermanentFailure
from shared.models import FileStatus

_MAX_READ = 20
_MAX_TRIED = 5
"""Where it is not known which files there are."""

_MAX_CHARACTERS = 256 * 1024


@dataclass(frozen=True, slots=True)
class BaseBranch:
    """`blobs` are its files, each with its sha, None where they could not be told. What the
    attributes say below a folder of `unread` is not known, hence nothing."""

    blobs: Mapping[str, str] | None
    attributes: GitAttributes
    unread: frozenset[str] = frozenset()

    def may_have(self, path: str) -> bool:
        return self.blobs is None or path in self.blobs

    def find_attributes(self, file: ChangedFile) -> dict[str, str]:
        """Of a file that was moved, what holds of both its places."""
        places = [file.path, *filter(None, [file.previous_path])]
        first, *others = [self._find(place) for place in places]
        return {name: said for name, said in first.items() if all(name in one for one in others)}

    def _find(self, path: str) -> dict[str, str]:
        if self.unread.intersection(_list_folders(path)):
            return {}
        return self.attributes.find_values(path)

    async def reveal_hidden(
        self, github: GitHubClient, ref: PullRef, pull: Pull, changed: ChangedFiles
    ) -> ChangedFiles:
        """The files with what GitHub does not show of them although it changed: whoever calls a
        text binary, by an attribute of the head, makes its lines unseen."""
        files = list(map(self._settle, changed.files))
        hidden = [at for at, file in enumerate(files) if self._is_hidden(file)]
        for at in hidden:  # Until it is seen.
            files[at] = files[at].model_copy(update={"no_patch": NoPatch.NOT_GIVEN})
        if hidden:
            await github.compare_files(ref, pull, files, hidden)
        return changed.model_copy(update={"files": files})

    def _settle(self, file: ChangedFile) -> ChangedFile:
        same = file.no_patch is NoPatch.NO_LINES and self._has_content_of(file)
        return file.model_copy(update={"no_patch": NoPatch.SAME_CONTENT}) if same else file

    def _is_hidden(self, file: ChangedFile) -> bool:
        return (
            file.no_patch in (NoPatch.NO_LINES, NoPatch.SAME_TEXT)
            and not is_called_binary(file.path)
            and not self._has_content_of(file)
        )

    def _has_content_of(self, file: ChangedFile) -> bool:
        known = (self.blobs or {}).get(file.previous_path or file.path)
        return file.status is not FileStatus.REMOVED and known is not None and known == file.sha


async def read_base(
    github: GitHubClient, ref: PullRef, sha: str, changed: ChangedFiles
) -> BaseBranch:
    """One read, and one for each `.gitattributes` above a changed file. Raises RetryLater."""
    blobs = await list_blobs(github, ref, sha)
    paths = [path for file in changed.files for path in (file.path, file.previous_path) if path]
    folders = {folder for path in paths for folder in _list_folders(path)}
    if blobs is not None:
        folders = {folder for folder in folders if _name_in(folder) in blobs}
    texts: dict[str, str] = {}
    unread = set()
    limit = _MAX_TRIED if blobs is None else _MAX_READ
    for number, folder in enumerate(sorted(folders, key=lambda one: (one.count("/"), one))):
        try:
            text = await github.file_text(ref, _name_in(folder), sha) if number < limit else None
        except PermanentFailure:
            text = None
        if text is not None and len(text) <= _MAX_CHARACTERS:
            texts[folder] = text
        elif blobs is not None or number >= limit:
            unread.add(folder)
    return BaseBranch(blobs, GitAttributes(texts, (GENERATED, VENDORED)), frozenset(unread))


def _list_folders(path: str) -> Iterator[str]:
    """Those above a file; "" is the root."""
    for parent in PurePosixPath(path).parents:
        yield "" if parent == PurePosixPath() else str(parent)


def _name_in(folder: str) -> str:
    return f"{folder}/{FILE_NAME}" if folder else FILE_NAME
