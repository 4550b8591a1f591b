"""Takes POSTs over HTTPS. The first part of a path says what to answer: statuses with commas between, one after the
other and the last for ever; "silence" answers after a long time. Each POST becomes a line of JSON in the file."""
import collections, http.server, json, ssl, sys, threading, time
from standardwebhooks.webhooks import Webhook

port, chain, key, secret, out = int(sys.argv[1]), *sys.argv[2:6]
judge, lock, seen = Webhook(secret), threading.Lock(), collections.Counter()


class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            judge.verify(body, headers)
            is_authentic = True
        except Exception:
            is_authentic = False
        answers = self.path.split("/")[1].split("?")[0].split(",")
        with lock:
            answer = answers[min(seen[self.path], len(answers) - 1)]
            seen[self.path] += 1
            with open(out, "a") as file:
                line = {"path": self.path, "headers": headers, "body": body, "is_authentic": is_authentic}
                file.write(json.dumps(line) + "\n")
        if answer == "silence":
            time.sleep(30)
        self.send_response(int(answer) if answer.isdigit() else 200)
        self.send_header("content-length", "0")
        if answer.startswith("3"):
            self.send_header("location", "/200/redirected")
        self.end_headers()

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, address):
        # The handshake in the request's own thread: who never ends one holds up nobody.
        super().finish_request(context.wrap_socket(request, server_side=True), address)

    def handle_error(self, *_):
        pass


Server(("127.0.0.1", port), Taker).serve_forever()
