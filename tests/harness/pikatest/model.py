"""A language model of a test's own: speaks chat completions on a free port, keeps what it was sent, and does what the
test says."""
import http.server
import json
import re
import threading


class Model:
    """`with Model() as model:`; model.url, model.requests, model.hold() and model.release(), model.fail(status)."""

    def __init__(self, summary="A greeting says something else now."):
        self.summary = summary
        self.requests = []  # (headers, body as JSON), in the order in which they came
        self.status = 200
        self.free = threading.Event()
        self.free.set()
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append((dict(self.headers), body))
                model.free.wait(timeout=300)
                text = json.dumps(model.answer(body) if model.status == 200 else {"error": {"message": "no"}}).encode()
                try:
                    self.send_response(model.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass  # who asked is gone

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.free.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self):
        return f"http://{self.host}"

    def hold(self):
        """From now on requests are taken and not answered."""
        self.free.clear()

    def release(self):
        self.free.set()

    def fail(self, status):
        self.status = status

    def answer(self, body):
        """A true answer about a change of one step: what was sent says which step and which hunks there are."""
        schema = body["response_format"]["json_schema"]["schema"]["properties"]
        if "steps" not in schema:  # the probe
            return {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": '{"ok": true}'}}]}
        step = schema["steps"]["items"]["properties"]
        hunks = step["hunks"]["items"]["enum"]
        told = {"summary": self.summary, "folded": [],
                "steps": [{"base_step": step["base_step"]["enum"][0], "title": "Say it otherwise", "intent": "",
                           "body_markdown": "", "hunks": hunks, "evidence": []}]}
        return {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(told)}}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 20}}

    def section(self, *more, repositories=("acme/*",)):
        """[model] of server.toml for this model."""
        names = ", ".join(f'"{name}"' for name in repositories)
        lines = ["[model]", 'protocol = "openai"', f'url = "{self.url}"', 'model = "small-7b"', f"repositories = [{names}]", *more]
        return "\n".join(lines) + "\n"


def shown_text(answer):
    """The text of a page as a person reads it, roughly: without tags, blanks squeezed."""
    import html
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", answer.text)))
