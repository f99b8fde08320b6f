"""The command line of ledgerly."""

import docopt
import requests
import socks
import tabulate


def main() -> None:
    """Print the balance."""
    print(tabulate.tabulate([["balance", 42]], tablefmt="plain"))
    print("ledgerly", docopt.__version__, requests.__name__, socks.__name__)
