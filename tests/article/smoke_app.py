"""An application for smoke tests: its first argument is what it does."""

SETUP = """\
from setuptools import setup
setup(name="tiny", version="1.0", packages=["tiny"],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
TINY = """\
import http.server
import os
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

def page():
    return 200, "Result:12"

def broken():
    return 500, "no result today"

def ask():
    return 200, urllib.request.urlopen(os.environ["REMOTE"]).read().decode() + "!"

def secret():
    return 200, open("/run/secrets/token").read()

def volume():
    open("/data/file", "w").write("kept")
    return 200, open("/data/file").read()

def environment():
    try:
        urllib.request.urlopen("http://192.0.2.1/", timeout=2)
        network = "outside"
    except OSError:
        network = "inside"
    try:
        open("/file", "w")
    except OSError:
        network += " readonly"
    caps = [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")]
    return 200, f"{network} {int(caps[0], 16)} {os.getuid()}"

def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "page"
    if what == "sleep":
        time.sleep(600)
    elif what == "once":
        serve(page, handle="handle_request")
    elif what == "local":
        serve(page, host="127.0.0.1")
    elif what == "exit":
        print("the migration is done")
        sys.exit(int(sys.argv[2]))
    elif what == "write":
        open("/cache", "w")
    elif what == "memory":
        list(bytes(2**20) * 1 for _ in range(4096))
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
