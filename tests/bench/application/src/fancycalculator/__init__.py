"""One page that shows the product of 3 and 4, from the remote math service.

The service's address is in the environment: ``REMOTE_MATH=http://remotemath:8080``.
"""

import os

import requests
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

NUMBERS = [3, 4]
# The service takes five seconds to think.
PATIENCE_SECONDS = 30


def multiply(request: Request) -> Response:
    """Ask the remote math service for the product, and show it."""
    address = os.environ["REMOTE_MATH"].rstrip("/") + "/multiply"
    answer = requests.post(address, json=NUMBERS, timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    return Response(f"Result:{answer.json()}", content_type="text/plain")


def make_app():
    """Return the WSGI application: one page, at the top."""
    with Configurator() as configurator:
        configurator.add_route("multiply", "/")
        configurator.add_view(multiply, route_name="multiply")
        return configurator.make_wsgi_app()


app = make_app()
