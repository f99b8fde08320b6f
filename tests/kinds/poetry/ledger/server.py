from http.server import BaseHTTPRequestHandler, HTTPServer


class Balance(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"balance 12.30")


def serve(port: int) -> None:
    HTTPServer(("0.0.0.0", port), Balance).serve_forever()  # noqa: S104
