"""An application for smoke tests: its first argument is what it does."""

SETUP = """\
from setuptools import setup
setup(name="tiny", version="1.0", packages=["tiny"],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
TINY = r"""import http.server
import os
import socket
import sys
import time
import urllib.request

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = self.server.answer()
        except Exception as error:
            status, text = 500, f"broken: {error}"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

def serve(answer, host="", handle="serve_forever"):
    print("listening", flush=True)
    server = http.server.HTTPServer((host, 8080), Page)
    server.answer = answer
    getattr(server, handle)()
    server.server_close()

def page():
    return 200, "Result:12"

def broken():
    return 500, "no result today"

def ask():
    return 200, urllib.request.urlopen(os.environ["REMOTE"]).read().decode() + "!"

def secret():
    token = open("/run/secrets/token").read()
    print("read", token, flush=True)
    return 200, token

def volume():
    path = os.environ.get("FOLDER", "/data") + "/file"
    open(path, "w").write("kept")
    return 200, open(path).read() + f" by {os.getuid()}"

def reached(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return "no"
    return "yes"

def environment():
    own = socket.gethostbyname(socket.gethostname())
    gateway = own.rpartition(".")[0] + ".1"
    try:
        open("/file", "w")
        root = "writable"
    except OSError:
        root = "no"
    caps = [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")]
    host = reached(gateway, int(os.environ["HOST_PORT"]))
    outside = reached("192.0.2.1", 80)
    return 200, f"outside:{outside} host:{host} root:{root} caps:{int(caps[0], 16)}"

def raw(answer):
    server = socket.create_server(("", 8080))
    print("listening", flush=True)
    while True:
        connection, _ = server.accept()
        connection.recv(1000)
        answer(connection)
        connection.close()

def trickle(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b".")
        time.sleep(0.2)

def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "page"
    if what == "sleep":
        time.sleep(600)
    elif what == "once":
        serve(page, handle="handle_request")
    elif what == "closes":
        serve(page, handle="handle_request")
        time.sleep(600)
    elif what == "garbage":
        raw(lambda connection: connection.sendall(b"* OK IMAP ready\r\n"))
    elif what == "endless":
        raw(trickle)
    elif what == "local":
        serve(page, host="127.0.0.1")
    elif what == "exit":
        print("the migration is done")
        sys.exit(int(sys.argv[2]))
    elif what == "write":
        open("/cache", "w")
    elif what == "memory":
        print(len([bytearray(b"x") * 2**20 for _ in range(4096)]))
    elif what == "check":
        print("checked", urllib.request.urlopen("http://127.0.0.1:8080/").read().decode())
    else:
        serve(globals()[what])
"""
DOCKERFILE = """\
FROM {}
COPY tiny.pex /
HEALTHCHECK CMD ["/tiny.pex", "check"]
ENTRYPOINT ["/tiny.pex"]
"""
