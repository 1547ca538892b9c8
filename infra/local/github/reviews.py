"""The reviews that were posted: kept in memory, and in a file if there is one."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.github import API
from infra.local.github.pulls import Present, user_json
from infra.local.github.review_rules import Review

REVIEWER = "reviewer"


class Reviews:
    """By pull request, in the order in which they came; `file` outlives the process."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        exists = file is not None and file.exists()
        self._kept: dict[str, dict[str, list[Any]]] = (
            json.loads(file.read_text()) if file and exists else {}
        )

    def reviews(self, now: Present) -> list[dict[str, Any]]:
        return list(self._of(now)["reviews"])

    def comments(self, now: Present) -> list[dict[str, Any]]:
        """Those made at another commit than the present head have lost their line."""
        return [
            comment if comment["commit_id"] == now.head else {**comment, "line": None}
            for comment in self._of(now)["comments"]
        ]

    def add(self, origin: str, now: Present, review: Review) -> dict[str, Any]:
        """The review as GitHub answers it."""
        with self._lock:
            kept = self._of(now)
            number = 1 + sum(len(pull["reviews"]) for pull in self._kept.values())
            made = _review_json(origin, now, review, number)
            first = self._next_comment()
            kept["comments"] += [
                _about(origin, now, review, f"discussion_r{number}")
                | comment.model_dump(mode="json")
                | {"id": number, "pull_request_review_id": made["id"]}
                for number, comment in enumerate(review.comments, first)
            ]
            kept["reviews"].append(made)
            self._write()
        return made

    def reply(self, origin: str, now: Present, to: int, body: str) -> dict[str, Any] | None:
        """A reply to a comment on lines; None where there is no such comment."""
        with self._lock:
            comments = self._of(now)["comments"]
            first = next((one for one in comments if one["id"] == to), None)
            if first is None:
                return None
            number = self._next_comment()
            about = {"id": number, "in_reply_to_id": to, "body": body}
            comments.append({**first, **about, "html_url": f"{origin}/#discussion_r{number}"})
            self._write()
        return dict(comments[-1])

    def said(self, now: Present) -> list[dict[str, Any]]:
        """The comments below the pull request."""
        return list(self._of(now).get("said", []))

    def say(self, origin: str, now: Present, body: str) -> dict[str, Any]:
        with self._lock:
            number = 1 + sum(len(pull.get("said", [])) for pull in self._kept.values())
            path = f"{now.hosted.name}/pull/{now.pull.number}#issuecomment-{number}"
            made = {
                "id": number,
                "user": user_json(REVIEWER),
                "body": body,
                "html_url": f"{origin}/{path}",
            }
            self._of(now).setdefault("said", []).append(made)
            self._write()
        return made

    def say_again(self, repository: str, number: int, body: str) -> dict[str, Any] | None:
        """Another text for a comment of a repository; None where there is none of this number."""
        with self._lock:
            for key, pull in self._kept.items():
                for one in pull.get("said", []):
                    if key.rpartition("#")[0] == repository and one["id"] == number:
                        one["body"] = body
                        self._write()
                        return dict(one)
        return None

    def resolve(self, number: int) -> bool:
        """Resolve the thread that this comment begins; False where there is none."""
        with self._lock:
            for pull in self._kept.values():
                if any(one["id"] == number for one in pull["comments"]):
                    pull.setdefault("resolved", []).append(number)
                    self._write()
                    return True
        return False

    def is_resolved(self, now: Present, number: int) -> bool:
        return number in self._of(now).get("resolved", [])

    def _next_comment(self) -> int:
        return 1 + sum(len(pull["comments"]) for pull in self._kept.values())

    def _of(self, now: Present) -> dict[str, list[Any]]:
        key = f"{now.hosted.name}#{now.pull.number}"
        return self._kept.setdefault(key, {"reviews": [], "comments": []})

    def _write(self) -> None:
        if self._file is not None:
            partial = self._file.with_suffix(".new")
            partial.write_text(json.dumps(self._kept))
            partial.replace(self._file)


def _review_json(origin: str, now: Present, review: Review, number: int) -> dict[str, Any]:
    about = _about(origin, now, review, f"pullrequestreview-{number}")
    own = {"id": number, "body": review.body, "state": review.event.state}
    return about | own | {"submitted_at": about["created_at"]}


def _about(origin: str, now: Present, review: Review, anchor: str) -> dict[str, Any]:
    path = f"{now.hosted.name}/pull/{now.pull.number}"
    return {
        "user": user_json(REVIEWER),
        "commit_id": review.commit_id,
        "html_url": f"{origin}/{path}#{anchor}",
        "pull_request_url": f"{origin}{API}/repos/{now.hosted.name}/pulls/{now.pull.number}",
        "created_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
