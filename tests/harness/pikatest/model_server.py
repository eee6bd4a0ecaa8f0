"""A language model's server for tests, in all three protocols, that behaves as well as it is told to."""
import http.server
import json
import ssl
import subprocess
import threading

PATHS = {"/v1/messages": "anthropic", "/v1/chat/completions": "openai", "/api/chat": "ollama"}


def schema_of(protocol, body):
    if protocol == "anthropic":
        return body["output_config"]["format"]["schema"]
    if protocol == "openai":
        return body["response_format"]["json_schema"]["schema"]
    return body["format"]


def prompt_of(protocol, body):
    return "\n".join(turn["content"] for turn in body["messages"])


def spoken(protocol, words):
    """An answer's JSON with these words of the model in it."""
    if protocol == "anthropic":
        return {"type": "message", "content": [{"type": "text", "text": words}], "stop_reason": "end_turn", "usage": {"input_tokens": 11, "output_tokens": 7}}
    if protocol == "openai":
        return {"choices": [{"message": {"role": "assistant", "content": words}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}
    return {"message": {"role": "assistant", "content": words}, "done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}


def telling(schema, summary="The branch in a model's words.", title="Told by a model", intent="A model's intent.", body="A model's sentence."):
    """An answer about all steps that the schema names. A function is called with the step's number."""
    fields = schema["properties"]["steps"]["items"]["properties"]
    say = lambda words, step: words(step) if callable(words) else words
    steps = [{"base_step": n, "title": say(title, n), "intent": say(intent, n), "body_markdown": say(body, n), "hunks": [], "evidence": []} for n in fields["base_step"]["enum"]]
    return {"summary": summary, "steps": steps, "folded": []}


class ModelServer:
    """`with ModelServer() as model:`; `model.act` answers: a function of (request handler, protocol, body) that gives
    (status, JSON or bytes, headers) or None when it wrote by itself. `seen` holds what came: (path, headers, body)."""

    def __init__(self, act=None, tls_folder=None):
        self.act = act or (lambda handler, protocol, body: (200, spoken(protocol, json.dumps(telling(schema_of(protocol, body)))), {}))
        self.seen = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.seen.append((self.path, dict(self.headers), body))
                answer = server.act(self, PATHS.get(self.path, ""), body)
                self.close_connection = True
                if answer is None:
                    return
                status, content, headers = answer
                content = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # a peer that goes is no news
        self.scheme = "http"
        if tls_folder:  # with a certificate that nobody vouches for
            key, certificate = f"{tls_folder}/key.pem", f"{tls_folder}/cert.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.scheme = "https"

    def __enter__(self):
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    @property
    def host(self):
        return f"127.0.0.1:{self.http.server_port}"

    @property
    def url(self):
        return f"{self.scheme}://{self.host}"
