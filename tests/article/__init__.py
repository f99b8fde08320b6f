"""The end of the article on a real engine: smoke tests, secrets, orchestrators, state."""
