"""The words of the soak `publish`: how a writer claims, and how it ends."""

STEPS, BOTH, BY_HAND, UNCLAIMED = "steps", "both", "by hand", "unclaimed"
"""How a writer claims: in the database, also as a git ref, only as a git ref, or not at all."""
SUCCESS, OVERWRITTEN = "success", "overwritten"
"""How a writer ends, or the name of its error if it stored nothing under the tag."""
