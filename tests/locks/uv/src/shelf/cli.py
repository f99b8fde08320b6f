"""The command line of shelf."""

import docopt
import packaging
import tabulate
from shelf_core import books


def main() -> None:
    """Print the books."""
    print(tabulate.tabulate(books(), tablefmt="plain"))
    print("shelf", docopt.__version__, packaging.__version__)
