"""`dynamigrate serve` with the clients that people use: boto3, awscli, the AWS SDKs for JavaScript,
dynamodb-onetable, dyno, dynamodb-admin; and with clients that nobody should use.

DYNAMIGRATE_TEST_ENDPOINT lets the good clients loose on another server instead.
"""

import concurrent.futures
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zlib

import boto3
import botocore.config
import botocore.exceptions
from boto3.dynamodb.conditions import Attr, Key

import harness

KEY, SECRET = "GATEWAYTESTKEY", "gateway/test+secret"
CLIENTS = harness.ROOT / "tests/peers/gateway-clients"
PATIENCE = 60


class Gateway:
    """`dynamigrate serve`, which tells its endpoint on the first line."""

    def __init__(self, *arguments, directory=None, secret=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        if secret:
            environment["DYNAMIGRATE_SECRET_KEY"] = secret
        self.process = subprocess.Popen(
            [harness.PROGRAM, "serve", "--port", "0", *arguments],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.line = self.process.stdout.readline()
        found = re.search(r"DynamoDB at (http://\S+:(\d+)), kept", self.line)
        if not found:
            raise AssertionError(f"serve says {self.line!r}, {self.process.stderr.read()}")
        self.endpoint, self.port = found.group(1), int(found.group(2))

    def stop(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


def boto(kind, endpoint, key=KEY, secret=SECRET, **config):
    return getattr(boto3, kind)(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=botocore.config.Config(retries={"max_attempts": 1}, **config),
    )


def code_of(call, **arguments):
    try:
        call(**arguments)
        return "no error"
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def http_call(port, method="POST", path="/", body="{}", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


TARGET = "DynamoDB_20120810."


class RealClients(unittest.TestCase):
    """All at once at one gateway that checks their signatures."""

    @classmethod
    def setUpClass(cls):
        modules = subprocess.run(
            [harness.ROOT / "scripts/peers", "clients"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
        cls.endpoint = os.environ.get("DYNAMIGRATE_TEST_ENDPOINT")
        cls.gateway = None
        if not cls.endpoint:
            cls.gateway = Gateway("--memory", "--access-key", KEY, secret=SECRET)
            cls.endpoint = cls.gateway.endpoint
        cls.environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL_DYNAMODB": cls.endpoint,
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NODE_PATH": modules,
            "NODE_NO_WARNINGS": "1",  # of the SDKs, about Node's age
        }
        cls.modules = pathlib.Path(modules)
        cls.scripts = {name: cls.start("node", CLIENTS / f"{name}.cjs")
                       for name in ("sdk", "onetable", "dyno")}

    @classmethod
    def tearDownClass(cls):
        for process in cls.scripts.values():
            if process.poll() is None:
                process.kill()
            process.communicate()
        if cls.gateway:
            cls.gateway.stop()

    @classmethod
    def start(cls, *command):
        return subprocess.Popen(
            [str(part) for part in command],
            env=cls.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def assert_script_passes(self, name):
        process = self.scripts[name]
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, out)

    def test_aws_sdk_for_javascript_3(self):
        self.assert_script_passes("sdk")

    def test_onetable(self):
        self.assert_script_passes("onetable")

    def test_dyno_on_aws_sdk_for_javascript_2(self):
        self.assert_script_passes("dyno")

    def test_boto3(self):
        table = boto("resource", self.endpoint).create_table(
            TableName="boto",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"},
                       {"AttributeName": "n", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "n", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        table.wait_until_exists()
        with table.batch_writer() as batch:
            for n in range(60):
                batch.put_item({"pk": "a", "n": n, "even": n % 2 == 0, "text": "ü" * 10})
        found = table.query(
            KeyConditionExpression=Key("pk").eq("a") & Key("n").between(10, 20),
            FilterExpression=Attr("even").eq(True),
            ReturnConsumedCapacity="TOTAL",
        )
        self.assertEqual([int(item["n"]) for item in found["Items"]], [10, 12, 14, 16, 18, 20])
        self.assertEqual(found["ScannedCount"], 11)
        self.assertGreater(found["ConsumedCapacity"]["CapacityUnits"], 0)
        updated = table.update_item(
            Key={"pk": "a", "n": 1},
            UpdateExpression="SET seen = :s",
            ConditionExpression=Attr("even").eq(False),
            ExpressionAttributeValues={":s": {"x", "y"}},
            ReturnValues="UPDATED_NEW",
        )
        self.assertEqual(updated["Attributes"]["seen"], {"x", "y"})
        client = boto("client", self.endpoint)
        self.assertEqual(
            code_of(client.put_item, TableName="boto", Item={"pk": {"S": "a"}, "n": {"N": "1"}},
                    ConditionExpression="attribute_not_exists(pk)"),
            "ConditionalCheckFailedException")
        self.assertEqual(code_of(client.describe_table, TableName="nowhere"),
                         "ResourceNotFoundException")
        pages = list(client.get_paginator("scan").paginate(
            TableName="boto", PaginationConfig={"PageSize": 25}))
        self.assertEqual([page["Count"] for page in pages], [25, 25, 10])

    def test_awscli(self):
        def aws(*arguments):
            process = self.start(shutil.which("aws"), "dynamodb", *arguments, "--endpoint-url",
                                 self.endpoint, "--output", "json")
            out, _ = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0, out)
            return json.loads(out) if out.strip() else {}

        aws("create-table", "--table-name", "cli", "--billing-mode", "PAY_PER_REQUEST",
            "--key-schema", "AttributeName=pk,KeyType=HASH",
            "--attribute-definitions", "AttributeName=pk,AttributeType=S")
        aws("put-item", "--table-name", "cli", "--item", '{"pk": {"S": "a"}, "n": {"N": "7"}}')
        self.assertIn("cli", aws("list-tables")["TableNames"])
        scan = aws("scan", "--table-name", "cli", "--filter-expression", "n > :n",
                   "--expression-attribute-values", '{":n": {"N": "6"}}')
        self.assertEqual(scan["Items"], [{"pk": {"S": "a"}, "n": {"N": "7"}}])

    def test_dynamodb_admin(self):
        client = boto("client", self.endpoint)
        harness.create_table(client, "admin-pages")
        client.put_item(TableName="admin-pages", Item={"pk": {"S": "shown"}, "v": {"S": "a value"}})
        port = harness.free_port()
        admin = self.start("node", self.modules / "dynamodb-admin/dist/dynamodb-admin.js", "--host",
                           "127.0.0.1", "--port", port, "--dynamo-endpoint", self.endpoint)
        try:
            self.assertIn("admin-pages", self.page(port, "/"))
            self.assertIn("admin-pages", self.page(port, "/api/tables"))
            self.assertIn('data-key-hash="pk"', self.page(port, "/tables/admin-pages"))
            items = json.loads(self.page(port, "/tables/admin-pages/items"))
            self.assertIn("a value", json.dumps(items))
            self.assertIn("KeySchema", self.page(port, "/tables/admin-pages/meta"))
            key = urllib.parse.quote("shown")
            self.assertIn("a value", self.page(port, f"/tables/admin-pages/items/{key}"))
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/tables/admin-pages/add-item", method="PUT",
                data=json.dumps({"pk": "added", "n": 5}).encode(),
                headers={"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=PATIENCE).close()
            added = client.get_item(TableName="admin-pages", Key={"pk": {"S": "added"}})
            self.assertEqual(added["Item"]["n"], {"N": "5"})
        finally:
            admin.kill()
            admin.communicate()

    def page(self, port, path):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}",
                                            timeout=PATIENCE) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError:
                raise
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def test_strangers_stay_outside(self):
        if not self.gateway:
            self.skipTest("only of the gateway")
        ask = {"TableName": "boto"}
        stranger = boto("client", self.endpoint, key="STRANGER")
        self.assertEqual(code_of(stranger.describe_table, **ask), "UnrecognizedClientException")
        guesser = boto("client", self.endpoint, secret="guess")
        self.assertEqual(code_of(guesser.describe_table, **ask), "InvalidSignatureException")
        unsigned = boto("client", self.endpoint, signature_version=botocore.UNSIGNED)
        self.assertEqual(code_of(unsigned.describe_table, **ask),
                         "MissingAuthenticationTokenException")


class BadClients(unittest.TestCase):
    """Whatever some do, the others are answered."""

    def setUp(self):
        self.gateway = Gateway("--memory")
        self.client = boto("client", self.gateway.endpoint, read_timeout=10)
        self.sockets = []

    def tearDown(self):
        for opened in self.sockets:
            opened.close()
        code, _, err = self.gateway.stop()
        self.assertEqual(code, 0, err)

    def connect(self, text=b""):
        opened = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=PATIENCE)
        self.sockets.append(opened)
        opened.sendall(text)
        return opened

    def assert_served(self):
        self.assertEqual(self.client.list_tables()["TableNames"], [])

    def test_silent_slow_and_half_open_connections(self):
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        for _ in range(100):
            self.connect()
            self.connect(head)
            self.connect(head + b"\r\n{").shutdown(socket.SHUT_WR)
        for opened in self.sockets[::3]:
            opened.sendall(b"P")
        self.assert_served()

    def test_idle_kept_alive_connections(self):
        call = (f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {TARGET}ListTables\r\n"
                "Content-Length: 2\r\n\r\n{}").encode()
        for _ in range(150):
            self.assertTrue(self.connect(call).recv(1000).startswith(b"HTTP/1.1 200 OK"))
        self.assert_served()
        for opened in self.sockets:
            opened.sendall(call)
        for opened in self.sockets:
            self.assertTrue(opened.recv(1000).startswith(b"HTTP/1.1 200 OK"))

    def test_malformed_requests(self):
        for text in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            answer = b""
            opened = self.connect(text)
            while part := opened.recv(10_000):
                answer += part
            self.assertRegex(answer, rb"^HTTP/1.1 (400|505) ")
            self.assertIn(b"MalformedHttpRequestException", answer)
        self.assert_served()

    def test_oversized_requests(self):
        status, _, body = http_call(self.gateway.port, body=b" " * (17 << 20),
                                    X_Amz_Target=TARGET + "ListTables")
        self.assertEqual(status, 413)
        self.assertIn(b"RequestEntityTooLargeException", body)
        self.assertEqual(self.client.list_tables()["TableNames"], [])

    def test_bodies_that_are_no_json(self):
        for body in (b"", b"nonsense", b"[]", b'{"TableName":', b"\xff\xfe"):
            status, _, answer = http_call(self.gateway.port, body=body,
                                          X_Amz_Target=TARGET + "DescribeTable")
            self.assertEqual(status, 400, answer)
            self.assertIn("__type", json.loads(answer))
        self.assert_served()

    def test_pages_of_other_sites(self):
        call = {"X_Amz_Target": TARGET + "ListTables"}
        self.assertEqual(http_call(self.gateway.port, Origin="https://example.com", **call)[0], 403)
        self.assertEqual(http_call(self.gateway.port, Host="example.com", **call)[0], 403)
        status, headers, _ = http_call(self.gateway.port, Origin="http://localhost:3000", **call)
        self.assertEqual(status, 200)
        self.assertEqual(headers["Access-Control-Allow-Origin"], "http://localhost:3000")


class Serving(unittest.TestCase):
    def test_the_wire(self):
        gateway = Gateway("--memory")
        status, headers, body = http_call(gateway.port, X_Amz_Target=TARGET + "ListTables")
        self.assertEqual((status, json.loads(body)), (200, {"TableNames": []}))
        self.assertEqual(headers["Content-Type"], "application/x-amz-json-1.0")
        self.assertEqual(int(headers["x-amz-crc32"]), zlib.crc32(body))
        self.assertRegex(headers["x-amzn-RequestId"], "^[A-Z0-9]{52}$")
        self.assertNotIn("Server", headers)
        status, headers, body = http_call(gateway.port, X_Amz_Target=TARGET + "DescribeTable",
                                          body='{"TableName":"nowhere"}')
        self.assertEqual(status, 400)
        self.assertEqual(json.loads(body)["__type"],
                         "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException")
        status, _, body = http_call(gateway.port, X_Amz_Target="DynamoDBStreams_20120810.ListStreams")
        self.assertEqual((status, json.loads(body)["__type"].split("#")[1]),
                         (400, "UnknownOperationException"))
        status, _, body = http_call(gateway.port, X_Amz_Target=TARGET + "ListTables",
                                    body=gzip.compress(b"{}"), Content_Encoding="gzip")
        self.assertEqual(status, 200)
        self.assertEqual(http_call(gateway.port, "GET", body=None)[2].split(b":")[0], b"healthy")
        self.assertEqual(gateway.stop(signal.SIGINT)[0], 0)

    def test_a_store_outlives_its_server_and_has_one(self):
        with tempfile.TemporaryDirectory() as directory:
            gateway = Gateway(directory=directory)
            self.assertIn(".dynamigrate/store", gateway.line)
            client = boto("client", gateway.endpoint)
            harness.create_table(client, "kept")
            client.put_item(TableName="kept", Item={"pk": {"S": "a"}})
            second = subprocess.run(
                [harness.PROGRAM, "serve", "--port", "0", "--store", ".dynamigrate/store"],
                cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=PATIENCE)
            self.assertEqual(second.returncode, 3, second.stderr)
            self.assertIn(str(gateway.process.pid), second.stderr)
            gateway.process.kill()
            gateway.process.communicate()
            gateway = Gateway(directory=directory)
            items = boto("client", gateway.endpoint).scan(TableName="kept")["Items"]
            self.assertEqual(items, [{"pk": {"S": "a"}}])
            self.assertEqual(gateway.stop()[0], 0)

    def test_calls_under_way_are_finished_when_it_stops(self):
        gateway = Gateway("--memory")
        client = boto("client", gateway.endpoint)
        harness.create_table(client, "busy")
        written = 0

        def write():
            nonlocal written
            with contextlib.suppress(botocore.exceptions.BotoCoreError,
                                     botocore.exceptions.ClientError):
                while True:
                    client.put_item(TableName="busy", Item={"pk": {"S": "a"}})
                    written += 1

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in range(4):
                pool.submit(write)
            while written < 20:
                time.sleep(0.01)
            before = time.monotonic()
            code, _, err = gateway.stop()
            self.assertLess(time.monotonic() - before, 10)
        self.assertEqual((code, err), (0, ""))

    def test_a_made_up_key_lets_in(self):
        gateway = Gateway("--memory", "--access-key", "random")
        found = re.search(r"AWS_ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+)", gateway.line)
        client = boto("client", gateway.endpoint, key=found.group(1), secret=found.group(2))
        self.assertEqual(client.list_tables()["TableNames"], [])
        self.assertEqual(code_of(boto("client", gateway.endpoint).list_tables),
                         "UnrecognizedClientException")
        gateway.stop()

    def test_what_is_refused(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            for arguments, code, text in (
                (["--host", "0.0.0.0"], 3, "--access-key"),
                (["--host", "::", "--port", "0"], 3, "--access-key"),
                (["--port", port], 1, port),
                (["--port", "eighty"], 2, "--port"),
                (["--store", "x"], 2, "--memory"),
                (["--access-key", "KEY"], 2, "--secret-key"),
                (["--secret-key", "SECRET"], 2, "--access-key"),
            ):
                run = subprocess.run([harness.PROGRAM, "serve", "--memory", *arguments],
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                     timeout=PATIENCE)
                self.assertEqual((run.returncode, run.stdout), (code, ""), run.stderr)
                self.assertIn(text, run.stderr)
                self.assertNotIn("SECRET", run.stderr.replace("DYNAMIGRATE_SECRET_KEY", ""))


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # boto3 leaves its connections open
