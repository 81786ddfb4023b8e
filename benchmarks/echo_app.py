"""The cheapest media server there can be: Flask-Sock, which sends every message back. What calls are compared with."""

from flask import Flask
from flask_sock import Server, Sock

app = Flask(__name__)
sock = Sock(app)


@app.get("/health/ready")
def ready() -> str:
    return "ready"


@sock.route("/echo")
def echo(line: Server) -> None:
    while True:
        line.send(line.receive())
