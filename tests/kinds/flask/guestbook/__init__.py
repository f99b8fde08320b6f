from flask import Flask, render_template


def create_app():
    app = Flask(__name__)
    app.config.from_prefixed_env("GUESTBOOK")

    @app.route("/")
    def index():
        return render_template("index.html", guests=["Ada", "Grace"])

    return app
