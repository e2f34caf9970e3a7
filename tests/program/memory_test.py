"""Memory does not grow with the table, nor with what items look like on the wire.

A server of its own answers scans with pages that are small for DynamoDB and large on the wire:
items that are lists of booleans, where 1 MB of items is 7 MB of JSON. It takes every write.
"""

import http.server
import json
import os
import pathlib
import re
import threading
import time
import unittest
import zlib

import harness

# Sanitizers keep memory of their own: there only that it runs is tested.
LIMIT_MB = 64 if not re.search("/(asan|tsan)/", harness.PROGRAM) else 4096
PAGE_BYTES = 1024 * 1024
MIGRATION = """
up:
  - transform: { set: { migrated: "yes" } }
"""


def booleans(count):
    return '{"L":[' + ",".join(['{"BOOL":true}'] * count) + "]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    items_per_segment = 0
    item_bytes = 0
    flags = ""
    real = None
    scanned = 0  # by the run
    looked_at = 0  # before it

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[-1]
        request = json.loads(body)
        if request.get("TableName") == "wide" and operation == "Scan":
            self.answer(self.scan(request))
        elif operation == "BatchExecuteStatement":
            self.answer({"Responses": [{"TableName": "wide"}] * len(request["Statements"])})
        else:
            self.forward(body)

    def scan(self, request):
        segment = request.get("Segment", 0)
        start = int(request.get("ExclusiveStartKey", {"pk": {"S": "x-0"}})["pk"]["S"].split("-")[1])
        count = min(request.get("Limit", 10**9), max(1, PAGE_BYTES // self.item_bytes))
        end = min(start + count, self.items_per_segment)
        items = ",".join(
            f'{{"pk":{{"S":"s{segment}-{n}"}},"flags":{self.flags}}}' for n in range(start, end)
        )
        page = f'{{"Items":[{items}],"Count":{end - start},"ScannedCount":{end - start}'
        if end < self.items_per_segment:
            page += f',"LastEvaluatedKey":{{"pk":{{"S":"s{segment}-{end}"}}}}'
        if "Segment" in request:
            type(self).scanned += end - start
        else:
            type(self).looked_at += end - start
        return page + "}"

    def forward(self, body):
        connection = harness.http.client.HTTPConnection("127.0.0.1", self.real)
        headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.answer(content, answer.status)
        connection.close()

    def answer(self, content, status=200):
        if isinstance(content, dict):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.end_headers()
        self.wfile.write(content)


def peak_memory(process):
    """The process's peak in MB, read while it runs."""
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, int(re.search(r"VmHWM:\s+(\d+)", status)[1]))
        except (OSError, TypeError):
            pass
        time.sleep(0.02)
    return peak / 1024


class MemoryTest(unittest.TestCase):
    def peak(self, items_per_segment, flags):
        server = harness.Server()
        self.addCleanup(server.stop)
        harness.create_table(server.client, "wide")
        Handler.real = server.port
        Handler.items_per_segment = items_per_segment
        Handler.item_bytes = 2 * flags + 20
        Handler.flags = booleans(flags)
        Handler.scanned = Handler.looked_at = 0
        front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        front.daemon_threads = True
        threading.Thread(target=front.serve_forever, daemon=True).start()
        self.addCleanup(front.shutdown)
        endpoint = f"http://127.0.0.1:{front.server_port}"
        project = harness.Project(endpoint, "wide", "wide-history")
        self.addCleanup(project.close)
        project.migration("1.0.0_flag.yaml", MIGRATION)
        process = project.start("up", "--lanes", "16", "--segments", "16", "--quiet",
                                "--max-rcu", "1000000", "--max-wcu", "1000000")
        peak = peak_memory(process)
        out, error = process.communicate()
        self.assertEqual(process.returncode, 0, out + error)
        self.assertEqual(Handler.scanned, 16 * items_per_segment)
        self.assertLessEqual(Handler.looked_at, 25)
        return peak

    def test_pages_of_small_wide_items(self):
        peak = self.peak(400, 1000)
        print(f"16 lanes, 6400 items of 1000 booleans: peak {peak:.1f} MB", flush=True)
        self.assertLess(peak, LIMIT_MB)

    def test_items_near_the_size_limit(self):
        peak = self.peak(3, 190_000)
        print(f"16 lanes, 48 items of 190,000 booleans: peak {peak:.1f} MB", flush=True)
        self.assertLess(peak, LIMIT_MB)


if __name__ == "__main__":
    unittest.main()
