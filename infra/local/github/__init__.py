"""A stand-in for GitHub's REST API over local git repositories, as far as a reviewer needs it.

    python -m infra.local.github --port 8803
    python -m infra.local.github --repo me/app=../app --pull me/app#1=main..feature:A title

Without `--repo` it serves a small sample, `example/shop` with pull request 1. A pull request is a
pair of revisions, looked up at each call: committing to the branch is pushing to the pull request.

Served under `/api/v3`: `GET /meta`, `/rate_limit`, pulls, their files, reviews and comments,
contents, git blobs and trees, compare; `POST …/pulls/{n}/reviews`; comments below a pull request
and replies; by GraphQL the threads of its comments and `resolveReviewThread`; and for people a page
at `/{owner}/{name}/pull/{n}`. GitHub's limits are kept: pages of 100, 3,000 files, no patch of
binary and very large files, no patch and no counts once the patches of a page reach 20,000 lines,
ETags, rate limits, and 422 for a review with one comment that is not on a line of the diff.
Anything else answers 404 or 422 and says so. `GET /__calls` tells a test what was asked: never the
body, only its SHA-256.
"""

API = "/api/v3"
GRAPHQL = "/api/graphql"
SAMPLE = "example/shop"
