"""Wrong files, flags, configurations, expressions and server answers: each with its exact message.

A case is a file bad_input/NAME.case of sections that begin with `=== `:

    === run ARGUMENTS     what the program is started with
    === server KIND       none (default), dynalite, or an answer of the table ANSWERS
    === file NAME         a file of the project; `\\xNN` is a byte where `hex` stands behind NAME
    === exit CODE         expected
    === stdout, stderr    expected, with paths, ports, run numbers and times replaced

    bad_input_test.py --bless     writes what the program says now into the cases, to be read and judged
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import zlib

import harness

CASES = pathlib.Path(__file__).resolve().parent / "bad_input"
ITEMS = [{"pk": {"S": "a"}, "n": {"N": "1"}, "name": {"S": "Ann"}},
         {"pk": {"S": "b"}, "n": {"N": "2"}, "name": {"N": "5"}}]
DESCRIPTION = json.dumps({"Table": {
    "TableName": "app", "TableStatus": "ACTIVE", "ItemCount": 0, "TableSizeBytes": 0,
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}})


def error(code, message="as it is"):
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message})


# status, body, headers; "crc" is the body's checksum unless it is given
ANSWERS = {
    "html": (200, "<html><body>Sign in to the Wi-Fi</body></html>", {"Content-Type": "text/html"}),
    "html_error": (503, "<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"}),
    "garbage": (200, "\x00\x01\x02garbage", {}),
    "empty": (200, "", {}),
    "truncated_json": (200, DESCRIPTION[:60], {}),
    "wrong_crc": (200, DESCRIPTION, {"x-amz-crc32": "1"}),
    "array": (200, "[]", {}),
    "no_table": (200, "{}", {}),
    "unknown_error": (400, error("SomethingNewException"), {}),
    "error_without_type": (400, "{}", {}),
    "too_large": (413, error("RequestEntityTooLarge"), {}),
    "access_denied": (400, error("AccessDeniedException",
                                 "User is not authorized to perform: dynamodb:DescribeTable"), {}),
    "bad_signature": (403, error("InvalidSignatureException", "The signature does not match"), {}),
    "unknown_key": (403, error("UnrecognizedClientException",
                               "The security token included in the request is invalid."), {}),
    "expired_token": (400, error("ExpiredTokenException", "The security token expired"), {}),
    "validation": (400, error("ValidationException", "One parameter was wrong"), {}),
    "not_found": (404, "Not Found", {"Content-Type": "text/plain"}),
    "redirect": (301, "", {"Location": "http://127.0.0.1:1/"}),
}


class AnswerServer:
    """Answers every request in the same way."""

    def __init__(self, status, body, headers):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = body.encode()
                self.send_response(status)
                given = {"Content-Type": "application/x-amz-json-1.0",
                         "x-amz-crc32": str(zlib.crc32(sent)),
                         "Content-Length": str(len(sent)), **headers}
                for name, value in given.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def read_case(path):
    sections, name = [], None
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("=== "):
            name = line[4:].strip()
            sections.append([name, ""])
        else:
            sections[-1][1] += line
    return sections


def write_case(path, sections):
    path.write_text("".join(f"=== {name}\n{body}" for name, body in sections))


def unescape(body):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), body.encode())


class BadInputTest(unittest.TestCase):
    maxDiff = None
    bless = False

    @classmethod
    def setUpClass(cls):
        cls.dynalite = harness.Server("dynalite")

    @classmethod
    def tearDownClass(cls):
        cls.dynalite.stop()

    def endpoint(self, kind, table):
        if kind == "dynalite":
            harness.create_table(self.dynalite.client, table)
            harness.fill(self.dynalite.client, table, ITEMS)
            return self.dynalite.port
        if kind == "none":
            return harness.free_port()
        server = AnswerServer(*ANSWERS[kind])
        self.addCleanup(server.stop)
        return server.port

    def perform(self, sections, number):
        """What the program says, and its exit code."""
        table = f"app{number:03}"
        port = self.endpoint(dict(s[0].split(" ", 1) for s in sections if " " in s[0]).get(
            "server", "none"), table)
        with tempfile.TemporaryDirectory() as scratch:
            directory = pathlib.Path(scratch)
            (directory / "migrations").mkdir()
            names = [name.split()[1] for name, _ in sections if name.startswith("file ")]
            if not any(n.startswith(("dynamigrate.", "migrate.")) for n in names):
                (directory / "dynamigrate.yaml").write_text(
                    f"table: {table}\nhistory: {{ table: {table}-history }}\n"
                    f"endpoint: http://127.0.0.1:{port}\n")
            for name, body in sections:
                if not name.startswith("file "):
                    continue
                words = name.split()
                body = body.replace("<port>", str(port)).replace("<table>", table)
                path = directory / words[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(unescape(body[:-1]) if "hex" in words else body.encode())
            arguments = next(n for n, _ in sections if n.startswith("run"))[4:]
            arguments = arguments.replace("<port>", str(port)).split()
            environment = {"PATH": os.environ["PATH"], "HOME": scratch,
                           "AWS_EC2_METADATA_DISABLED": "true", "TZ": "UTC"}
            ended = subprocess.run([harness.PROGRAM, *arguments], cwd=directory, env=environment,
                                   stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
            said = [["stdout", ended.stdout], ["stderr", ended.stderr]]
            return ended.returncode, [
                [name, self.normalised(text.decode(errors="backslashreplace"), directory, port,
                                       table)] for name, text in said if text]

    @staticmethod
    def normalised(said, directory, port, table):
        said = said.replace(str(directory), "<dir>").replace(str(port), "<port>")
        said = said.replace(table, "<table>")
        said = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "<time>", said)
        said = re.sub(r"after \d+ ms", "after <time>", said)
        said = re.sub(r", \d+ s\n", ", <time>\n", said)
        said = re.sub(r"key [0-9a-f]{12}", "key <digest>", said)
        return re.sub(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "<run>", said)

    def check(self, path, number):
        sections = read_case(path)
        code, said = self.perform(sections, number)
        if self.bless:
            kept = [s for s in sections if not s[0].startswith(("exit ", "stdout", "stderr"))]
            write_case(path, [*kept, [f"exit {code}", ""], *said])
            return
        at = next(i for i, (name, _) in enumerate(sections) if name.startswith("exit "))
        self.assertEqual("".join(f"{n}: {s}" for n, s in sections[at + 1:]),
                         "".join(f"{n}: {s}" for n, s in said))
        self.assertEqual(int(sections[at][0][5:]), code)
        self.assertNotEqual(code, 0)


def add_cases():
    for number, path in enumerate(sorted(CASES.glob("*.case"))):
        def test(self, path=path, number=number):
            self.check(path, number)
        setattr(BadInputTest, f"test_{path.stem.replace('-', '_')}", test)


add_cases()

if __name__ == "__main__":
    if "--bless" in sys.argv:
        sys.argv.remove("--bless")
        BadInputTest.bless = True
    unittest.main()
