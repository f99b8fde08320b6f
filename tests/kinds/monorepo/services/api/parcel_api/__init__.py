from flask import Flask

from parcel_common import describe

app = Flask(__name__)


@app.get("/")
def index():
    return describe("api")
