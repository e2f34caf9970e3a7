"""What whole-program tests share: servers, projects, the program, faults on the wire.

Runs under Debian's python3 with boto3. The program is given by DYNAMIGRATE_PROGRAM.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = str(pathlib.Path(
    os.environ.get("DYNAMIGRATE_PROGRAM", ROOT / "build/release/dynamigrate")).resolve())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client(endpoint):
    """A real client that does not retry by itself for long."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=botocore.config.Config(retries={"max_attempts": 8}, read_timeout=120),
    )


class Server:
    """DynamoDB Local, dynalite or `dynamigrate serve` on a free port, in memory."""

    def __init__(self, kind="local"):
        self.kind = kind
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        if kind == "local":
            command = [str(ROOT / "scripts/dynamodb-local"), "start", str(self.port)]
        elif kind == "engine":
            command = [PROGRAM, "serve", "--memory", "--port", str(self.port)]
        else:
            command = [str(ROOT / "scripts/peers"), "dynalite", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.client = client(self.endpoint)
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 90
        while True:
            try:
                self.client.list_tables()
                return
            except botocore.exceptions.BotoCoreError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.kind} does not answer") from None
                time.sleep(0.1)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()


class Project:
    """A directory with a configuration and migrations, and the program run in it."""

    program = PROGRAM

    def __init__(self, endpoint, table="app", history="history", **settings):
        self._scratch = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self._scratch.name)
        self.endpoint = endpoint
        self.table = table
        self.environment = {}  # of the program, beside this process's without AWS_*
        (self.path / "migrations").mkdir()
        lines = [f"table: {table}", f"history: {{ layout: native, table: {history} }}"]
        lines += [f"{name}: {value}" for name, value in settings.items()]
        (self.path / "dynamigrate.yaml").write_text("\n".join(lines) + "\n")

    def close(self):
        self._scratch.cleanup()

    def migration(self, name, text):
        (self.path / "migrations" / name).write_text(text)

    def start(self, *arguments, endpoint=None):
        where = [] if arguments[:1] == ("deploy",) else ["--endpoint", endpoint or self.endpoint]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return subprocess.Popen(
            [self.program, *arguments, *where, "--yes"],
            cwd=self.path,
            env=environment | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, endpoint=None, expect=0, timeout=300):
        process = self.start(*arguments, endpoint=endpoint)
        out, err = process.communicate(timeout=timeout)
        if expect is not None and process.returncode != expect:
            raise AssertionError(
                f"dynamigrate {' '.join(arguments)}: exit {process.returncode}, not {expect}\n"
                f"--- stdout\n{out}\n--- stderr\n{err}"
            )
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextlib.contextmanager
def example(name):
    """A copy of an example; gives what runs the program in it and returns all that it prints."""
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / name
        shutil.copytree(ROOT / "examples" / name, path,
                        ignore=shutil.ignore_patterns(".dynamigrate"))

        def run(*arguments):
            done = subprocess.run(
                [PROGRAM, *arguments, "--yes"], cwd=path, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")})
            if done.returncode != 0:
                raise AssertionError(done.stdout)
            return done.stdout

        yield run


def node_modules(peer):
    """The packages that scripts/peers has installed for a test."""
    found = subprocess.run([str(ROOT / "scripts/peers"), peer],
                           check=True, capture_output=True, text=True)
    return found.stdout.strip()


def create_table(dynamodb, name, sort=False):
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    if sort:
        keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
        attributes.append({"AttributeName": "sk", "AttributeType": "S"})
    dynamodb.create_table(
        TableName=name,
        KeySchema=keys,
        AttributeDefinitions=attributes,
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def fill(dynamodb, table, items):
    for start in range(0, len(items), 25):
        pending = {table: [{"PutRequest": {"Item": i}} for i in items[start : start + 25]]}
        while pending:
            pending = dynamodb.batch_write_item(RequestItems=pending).get("UnprocessedItems")


def counters(count):
    return [{"pk": {"S": f"k{i:04}"}, "c": {"N": str(i)}} for i in range(count)]


def scan(dynamodb, table):
    items, start = {}, {}
    while True:
        page = dynamodb.scan(TableName=table, ConsistentRead=True, **start)
        for item in page["Items"]:
            items[item["pk"]["S"]] = item
        if "LastEvaluatedKey" not in page:
            return items
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


class Asked:
    """A script that answers lines (asked.mjs)."""

    def __init__(self, *command, **how):
        self._warnings = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(["node", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._warnings, text=True, **how)
        self._lock = threading.Lock()

    def ask(self, *arguments):
        with self._lock:
            self._process.stdin.write(json.dumps(list(map(str, arguments))) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            self._warnings.seek(0)
            raise AssertionError(self._warnings.read())
        said = json.loads(line)
        if "error" in said:
            raise AssertionError(said["error"])
        return said["answer"]

    def close(self):
        self._process.communicate()
        self._warnings.close()


class FaultProxy:
    """Stands before a server and does to each request what `fault(number, operation)` says:

    None or "pass"; "throttle"; "internal" (500, not applied); "lost" (applied, connection closed
    without an answer); "reset" (not applied, connection reset); "truncate" (applied, half an
    answer); "delay" (applied, answered late); "deny" (not applied, not allowed).
    `tls`: an ssl.SSLContext; then it speaks HTTPS.
    """

    def __init__(self, server_port, fault, tls=None):
        self._tls = tls
        self._port = server_port
        self._fault = fault
        self._lock = threading.Lock()
        self.connections = 0
        self.requests = 0
        self.faults = 0
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        scheme = "https" if tls else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        if self._tls:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                return
        self.connections += 1
        upstream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        reader = connection.makefile("rb")
        try:
            while self._one(connection, reader, upstream):
                pass
        except (OSError, http.client.HTTPException):
            pass
        finally:
            with contextlib.suppress(OSError):
                connection.close()
            reader.close()
            upstream.close()

    def _one(self, connection, reader, upstream):
        request = reader.readline()
        if not request:
            return False
        headers = {}
        while (line := reader.readline().decode().strip()):
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", 0)))
        operation = headers.get("x-amz-target", ".").split(".")[-1]
        with self._lock:
            self.requests += 1
            fault = self._fault(self.requests, operation)
            self.faults += fault not in (None, "pass")
        if fault == "throttle":
            self._answer(connection, 400, _error("ProvisionedThroughputExceededException"))
            return True
        if fault == "deny":
            self._answer(connection, 400, _error("AccessDeniedException"))
            return True
        if fault == "internal":
            self._answer(connection, 500, _error("InternalServerError"))
            return True
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        upstream.request("POST", "/", body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        if fault == "lost":
            return False
        if fault == "delay":
            time.sleep(0.3)
        names = ("content-type", "x-amzn-requestid", "x-amz-crc32")
        kept = {n: answer.headers[n] for n in names if answer.headers[n]}
        self._answer(connection, answer.status, content, kept, truncated=fault == "truncate")
        return fault != "truncate"

    @staticmethod
    def _answer(connection, status, body, headers=None, truncated=False):
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n"
        for name, value in (headers or {"content-type": "application/x-amz-json-1.0"}).items():
            head += f"{name}: {value}\r\n"
        sent = body[: len(body) // 2] if truncated else body
        connection.sendall(head.encode() + b"\r\n" + sent)


def _error(code):
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code}).encode()
