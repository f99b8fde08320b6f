"""Pin notes."""

import docopt
import six
import tabulate


def main() -> None:
    """Print the notes."""
    print(tabulate.tabulate([["note", 1]], tablefmt="plain"))
    print("pinboard", docopt.__version__, six.__name__)
