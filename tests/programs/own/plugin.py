"""Found by its entry point."""


def plugin() -> str:
    return "plugged"
