"""Lambda on this machine: the Runtime API for one function, run as processes the way Lambda runs
them, and the Invoke API for several of them.

A sandbox is a process with its Runtime API. It answers one invocation at a time; it is killed at the
deadline and when more is resident than the function's memory, and a new one takes its place. Concurrency
is limited too, beyond which Invoke says 429.
"""

import contextlib
import http.server
import json
import os
import pathlib
import queue
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

MAX_PAYLOAD = 6 * 1024 * 1024
SANITIZED = bool(re.search("/(asan|tsan)/", os.environ.get("DYNAMIGRATE_PROGRAM", "")))  # takes far more memory


class Fault:
    """What befalls a process while it works: a kill, or a halt, so that its time runs out."""

    def __init__(self, seconds, halts=False):
        self.seconds = seconds
        self.signal = signal.SIGSTOP if halts else signal.SIGKILL


class Invocation:
    def __init__(self, event, timeout):
        self.id = str(uuid.uuid4())
        self.event = event
        self.timeout = timeout
        self.trace = f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]};Sampled=0"
        self.answer = queue.Queue()  # (payload, function error or None)


class _Api(http.server.BaseHTTPRequestHandler):
    """The Runtime API of one sandbox."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _send(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        sandbox = self.server.sandbox
        if self.path != "/2018-06-01/runtime/invocation/next":
            return self._send(404)
        sandbox.is_ready()
        invocation = sandbox.take()
        if invocation is None:
            return self.close_connection
        deadline = int((time.time() + invocation.timeout) * 1000)
        self._send(200, invocation.event, {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": sandbox.function.arn,
            "Lambda-Runtime-Trace-Id": invocation.trace,
        })

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sandbox = self.server.sandbox
        if self.path == "/2018-06-01/runtime/init/error":
            sandbox.init_error = json.loads(body)
            return self._send(202, b'{"status":"OK"}')
        found = re.fullmatch(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)", self.path)
        running = sandbox.running
        if not found or running is None or running.id != found.group(1):
            return self._send(403, b'{"errorMessage":"","errorType":"InvalidRequestID"}')
        if found.group(2) == "response" and len(body) > MAX_PAYLOAD:
            return self._send(413, b'{"errorMessage":"","errorType":"RequestEntityTooLarge"}')
        if found.group(2) == "error":
            sandbox.error_types.append(self.headers["Lambda-Runtime-Function-Error-Type"])
        sandbox.running = None
        self._send(202, b'{"status":"OK"}')
        running.answer.put((body, None if found.group(2) == "response" else "Unhandled"))


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a process that was killed
            super().handle_error(request, client_address)


class Sandbox:
    """One process of a function."""

    def __init__(self, function):
        self.function = function
        self.running = None
        self.init_error = None
        self.error_types = []
        self.cpu_to_first_request = None  # milliseconds
        self.log = []
        self._invocations = queue.Queue()
        self._started = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Api)
        self._server.sandbox = self
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.process = subprocess.Popen(
            function.command, cwd=function.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env=self._environment(), preexec_fn=self._limit)
        self._started.set()
        threading.Thread(target=self._read_log, daemon=True).start()

    def _environment(self):
        name = self.function.name
        return {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/01/01/[$LATEST]{uuid.uuid4().hex}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "LAMBDA_TASK_ROOT": self.function.task_root,
        } | self.function.environment

    def _limit(self):
        # Far above what may be resident, against what grows between two looks.
        if not SANITIZED:
            limit = self.function.memory_mb * 1024 * 1024 * 8
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def peak_mb(self):
        """The most that was resident; 0 when it is gone."""
        with contextlib.suppress(OSError):
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
                return int(peak.group(1)) / 1024
        return 0

    def _takes_too_much(self):
        return not SANITIZED and self.peak_mb() > self.function.memory_mb

    def _read_log(self):
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))
            self.function.log.append(line.rstrip("\n"))

    def is_ready(self):
        """The first request has come: the cold start is over."""
        self._started.wait()
        if self.cpu_to_first_request is None:
            tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
            with contextlib.suppress(OSError):
                nanoseconds = sum(int((task / "schedstat").read_text().split()[0])
                                  for task in tasks.iterdir())
                self.cpu_to_first_request = nanoseconds / 1e6

    def take(self):
        return self._invocations.get()

    def invoke(self, event, timeout, fault=None):
        """(payload, function error)"""
        invocation = Invocation(event, timeout)
        self.running = invocation
        self._invocations.put(invocation)
        begin = time.monotonic()
        end = begin + timeout
        while True:
            if fault and time.monotonic() >= begin + fault.seconds:
                with contextlib.suppress(ProcessLookupError):
                    self.process.send_signal(fault.signal)
                fault = None
            if self._takes_too_much():
                self.kill()
                return json.dumps({"errorMessage": f"RequestId: {invocation.id} Error: Runtime exited with error: "
                                   "signal: killed", "errorType": "Runtime.ExitError"}).encode(), "Unhandled"
            try:
                return invocation.answer.get(timeout=0.05)
            except queue.Empty:
                pass
            if self.process.poll() is not None and invocation.answer.empty():
                message = f"RequestId: {invocation.id} Error: Runtime exited"
                if self.init_error:
                    return json.dumps(self.init_error).encode(), "Unhandled"
                return json.dumps({"errorMessage": message, "errorType": "Runtime.ExitError"}).encode(), "Unhandled"
            if time.monotonic() > end:
                self.kill()
                return json.dumps({"errorMessage": f"Task timed out after {timeout:.2f} seconds"}).encode(), "Unhandled"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close()

    def is_alive(self):
        return self.process.poll() is None

    def close(self):
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()


class Function:
    """A function made of `command`, which runs in `directory`."""

    def __init__(self, name, command, directory, environment=None, timeout=30, memory_mb=512,
                 concurrency=10, task_root=None):
        self.name, self.command, self.directory = name, command, str(directory)
        self.environment = environment or {}
        self.timeout, self.memory_mb, self.concurrency = timeout, memory_mb, concurrency
        self.task_root = task_root or self.directory
        self.arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        self.log = []
        self.sandboxes = []
        self._idle = []
        self._lock = threading.Lock()
        self._busy = 0

    def invoke(self, event, fault=None):
        """(payload, function error); None when too many are under way."""
        with self._lock:
            if self._busy >= self.concurrency:
                return None
            self._busy += 1
            while self._idle and not self._idle[-1].is_alive():
                self._idle.pop()
            sandbox = self._idle.pop() if self._idle else None
        if sandbox is None:
            sandbox = Sandbox(self)
            self.sandboxes.append(sandbox)
        try:
            return sandbox.invoke(event, self.timeout, fault)
        finally:
            with self._lock:
                self._busy -= 1
                if sandbox.is_alive():
                    self._idle.append(sandbox)

    def call(self, event):
        """The payload as JSON, of a function that does not fail."""
        payload, error = self.invoke(json.dumps(event).encode())
        if error:
            raise AssertionError(f"{self.name} fails: {payload.decode()}\n" + "\n".join(self.log))
        return json.loads(payload)

    def logged(self, is_it):
        """The first line of the log, parsed, of which `is_it` says so; lines come a little late."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for line in map(json.loads, list(self.log)):
                if is_it(line):
                    return line
            time.sleep(0.02)
        raise AssertionError("no such line in the log:\n" + "\n".join(self.log))

    def close(self):
        for sandbox in self.sandboxes:
            if sandbox.is_alive():
                sandbox.kill()


class HostedFunction:
    """A function that is a Python callable: event bytes in, (payload, function error) out."""

    def __init__(self, name, handler):
        self.name = name
        self.arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        self.invoke = handler


def function_name(text):
    """Of a name or an ARN, either with a version or without."""
    return text.split(":function:")[-1].split(":")[0]


class _Invoke(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _send(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server.owner
        found = re.fullmatch(r"/2015-03-31/functions/([^/]+)/invocations", self.path)
        name = function_name(urllib.parse.unquote(found.group(1))) if found else ""
        server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        if "/lambda/aws4_request" not in self.headers.get("Authorization", ""):
            return self._send(403, b'{"Message":"no signature"}', {"x-amzn-ErrorType": "AccessDeniedException"})
        if name not in server.functions:
            return self._send(404, b'{"Message":"Function not found"}',
                              {"x-amzn-ErrorType": "ResourceNotFoundException"})
        fault = server.fault(len(server.requests), body) if server.fault else None
        if fault == "throttle":
            return self._send(429, b'{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}',
                              {"x-amzn-ErrorType": "TooManyRequestsException"})
        function = server.functions[name]
        if fault == "stall":
            server.closed.wait()
        if fault in ("hang up", "twice"):
            threading.Thread(target=function.invoke, args=(body,), daemon=True).start()
        if fault != "hang up":
            answer = function.invoke(body, fault) if isinstance(fault, Fault) else function.invoke(body)
        if fault in ("lose", "hang up", "stall"):
            self.close_connection = True
            self.connection.close()
            return None
        if answer is None:
            return self._send(429, b"{}", {"x-amzn-ErrorType": "TooManyRequestsException"})
        payload, error = answer
        return self._send(200, payload, {"X-Amz-Function-Error": error} if error else {})


class LambdaService:
    """The Invoke API for some functions. `fault(number, body)`: None, "throttle", "lose" (the
    function runs, the answer is lost), "hang up" (the caller is left while the function runs),
    "stall" (nothing is answered until the service ends), "twice" (it is invoked once more at the
    same time), a Fault."""

    def __init__(self, *functions, fault=None):
        self.functions = {function.name: function for function in functions}
        self.fault = fault
        self.requests = []
        self.closed = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Invoke)
        self._server.owner = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def events(self):
        return [json.loads(request["body"]) for request in self.requests]

    def close(self):
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
