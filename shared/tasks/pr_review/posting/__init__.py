"""What GitHub is told of a review, once: one comment below the pull request that is kept true over
pushes, new findings on their lines, and threads that are resolved when what they tell is gone.

last_review   what the review before this one told, kept in a signed mark of that comment
identity      which findings of two reviews are the same
carrying      what of the last review still holds where nothing changed
publishing    the stage: `publishing.POSTING`
"""
