"""Lock files of other tools: uv.lock, poetry.lock, and pylock.toml (PEP 751)."""
