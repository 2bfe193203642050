"""Receivers that answer as they are told: HTTP with and without TLS, and SMTP with STARTTLS."""
import base64
import http.server
import socketserver
import ssl
import subprocess
import threading
import time


def make_certificate(folder, host="127.0.0.1"):
    """A certificate that signs itself, for 127.0.0.1 and the name receiver.test: (certificate, key)."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=receiver.test",
                    "-addext", f"subjectAltName=IP:{host},DNS:receiver.test", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


class HttpReceiver:
    """Keeps (path, headers, body) of each request. Answers by the path: /ok, /status/400, /retry-after/2, /slow, /cut."""

    def __init__(self, certificate=None):
        self.requests = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                parts = self.path.strip("/").split("/")
                if parts[0] == "cut":
                    self.connection.close()
                    return
                if parts[0] == "slow":
                    time.sleep(3)
                status = 200
                if parts[0] == "status":
                    # /status/500,200: the first answer, then the others; the last one stays.
                    steps = parts[1].split(",")
                    seen = sum(1 for path, _, _ in receiver.requests if path == self.path)
                    status = int(steps[min(seen, len(steps)) - 1])
                answer = b"told"
                if parts[0] == "retry-after":
                    status = 429
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "2")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class SmtpReceiver:
    """Keeps (whether it was encrypted, user, sender, recipients, data) of each mail. `refuse`: recipients that are not taken;
    `auth`: offered mechanisms; `starttls`: whether it is offered; `busy`: answers 421 to DATA."""

    def __init__(self, certificate, starttls=True, auth="PLAIN LOGIN", refuse=(), busy=False):
        self.mails = []
        receiver = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def read(self):
                return self.rfile.readline().decode().rstrip("\r\n")

            def handle(self):
                encrypted, user, sender, recipients = False, None, None, []
                self.say("220 fake ready")
                while line := self.read():
                    word = line.split(" ")[0].upper()
                    if word == "EHLO":
                        extensions = ["fake"]
                        if starttls and not encrypted:
                            extensions.append("STARTTLS")
                        if auth:
                            extensions.append("AUTH " + auth)
                        for i, extension in enumerate(extensions):
                            self.say(f"250{' ' if i == len(extensions) - 1 else '-'}{extension}")
                    elif word == "STARTTLS":
                        self.say("220 go on")
                        try:
                            self.connection = context.wrap_socket(self.connection, server_side=True)
                        except (ssl.SSLError, OSError):
                            return
                        self.rfile = self.connection.makefile("rb")
                        self.wfile = self.connection.makefile("wb", 0)
                        encrypted = True
                    elif word == "AUTH":
                        words = line.split(" ")
                        if words[1] == "PLAIN":
                            token = words[2] if len(words) > 2 else (self.say("334 "), self.read())[1]
                            _, user, password = base64.b64decode(token).decode().split("\0")
                        else:
                            self.say("334 VXNlcm5hbWU6")
                            user = base64.b64decode(self.read()).decode()
                            self.say("334 UGFzc3dvcmQ6")
                            password = base64.b64decode(self.read()).decode()
                        self.say("235 welcome" if password == "s3cret" else "535 5.7.8 who are you")
                    elif word == "MAIL":
                        sender = line
                        self.say("250 ok")
                    elif word == "RCPT":
                        address = line[line.index("<") + 1:line.index(">")]
                        if address in refuse:
                            self.say("550 5.1.1 nobody of that name")
                        else:
                            recipients.append(address)
                            self.say("250 ok")
                    elif word == "DATA":
                        if busy:
                            self.say("421 later")
                            return
                        self.say("354 go on")
                        data = b""
                        while (piece := self.rfile.readline()) != b".\r\n":
                            data += piece
                        receiver.mails.append((encrypted, user, sender, recipients, data.decode()))
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
