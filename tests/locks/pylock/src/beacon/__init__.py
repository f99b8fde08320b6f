"""Blink."""

import attrs
import docopt


def main() -> None:
    """Print a sign."""
    print("beacon", attrs.__name__, docopt.__version__)
