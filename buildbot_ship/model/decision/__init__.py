"""Pure decisions of verbs: plans for retag, derive, push, proposals and garbage collection."""
