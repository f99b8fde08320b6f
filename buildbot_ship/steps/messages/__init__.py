"""Messages to people: what was shipped, what waits for a review, and which bases are old."""
