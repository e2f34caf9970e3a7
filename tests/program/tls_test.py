"""HTTPS: certificates are checked, connections are kept, faults behind TLS lose nothing."""

import pathlib
import ssl
import subprocess
import tempfile
import unittest

import differential
import harness

INCREMENT = """
up:
  - update: { expression: "SET c = c + :one", values: { ":one": 1 } }
"""


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = differential.Embedded()
        cls.dynamodb = harness.client(cls.server.endpoint)
        cls.folder = tempfile.TemporaryDirectory()
        cls.certificate = pathlib.Path(cls.folder.name) / "certificate.pem"
        key = pathlib.Path(cls.folder.name) / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key),
             "-out", str(cls.certificate)],
            check=True, capture_output=True,
        )
        cls.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.tls.load_cert_chain(cls.certificate, key)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def project(self, table, fault=lambda number, operation: None):
        proxy = harness.FaultProxy(self.server.port, fault, self.tls)
        self.addCleanup(proxy.close)
        harness.create_table(self.dynamodb, table)
        # 20 KB an item: requests and pages that TLS cannot take in one piece.
        items = [dict(item, text={"S": "x" * 20_000}) for item in harness.counters(200)]
        harness.fill(self.dynamodb, table, items)
        project = harness.Project(proxy.endpoint, table, f"{table}-history")
        project.environment = {
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1",
        }
        self.addCleanup(project.close)
        project.migration("1.0.0_change.yaml", INCREMENT)
        return project, proxy

    def test_migrates_over_few_kept_connections(self):
        project, proxy = self.project("kept")
        project.run("up")
        items = harness.scan(self.dynamodb, "kept")
        for i in range(200):
            self.assertEqual(items[f"k{i:04}"]["c"]["N"], str(i + 1))
        self.assertLess(proxy.connections, 10)
        self.assertGreater(proxy.requests, 20)

    def test_loses_nothing_and_repeats_nothing_when_answers_are_lost(self):
        kinds = ["lost", "reset", "truncate"]
        project, _ = self.project(
            "faults",
            lambda number, operation: kinds[number % 3]
            if number % 4 == 0 and operation == "BatchExecuteStatement" else None,
        )
        for _ in range(20):
            if project.run("up", expect=None).returncode == 0:
                break
        items = harness.scan(self.dynamodb, "faults")
        for i in range(200):
            self.assertEqual(items[f"k{i:04}"]["c"]["N"], str(i + 1))

    def test_refuses_a_certificate_that_nobody_vouches_for(self):
        project, proxy = self.project("untrusted")
        del project.environment["AWS_CA_BUNDLE"]
        result = project.run("up", expect=None)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("certificate", result.stderr)
        self.assertEqual(proxy.requests, 0)


if __name__ == "__main__":
    unittest.main()
