import click

from ledger.server import serve


@click.command()
@click.option("--port", default=8080, show_default=True)
def main(port: int) -> None:
    """Answer with the balance."""
    serve(port)
