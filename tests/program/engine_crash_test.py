"""The embedded engine killed while clients write: what it acknowledged is there, and whole."""

import http.client
import os
import pathlib
import random
import signal
import tempfile
import threading
import unittest

import differential

WRITERS = 4
KILLS = int(os.environ.get("DYNAMIGRATE_KILLS", "8"))


class Served(differential.Embedded):
    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()


class EngineCrash(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.project = pathlib.Path(scratch.name)
        (self.project / "dynamigrate.yaml").write_text(
            'table: pairs\nendpoint: "embedded:./store"\n')

    def write(self, port, writer, acknowledged, attempted):
        """Counts up pairs of items in transactions, and single items, until the server dies."""
        wire = differential.Wire(port)
        count = acknowledged[writer]
        while True:
            count += 1
            attempted[writer] = count
            value = {"N": str(count)}
            puts = [{"Put": {"TableName": "pairs", "Item": {
                "pk": {"S": f"{writer}-{half}"}, "g": {"S": f"{writer}"}, "n": value}}}
                for half in ("left", "right")]
            try:
                status, _ = wire.call("TransactWriteItems", {"TransactItems": puts})
            except (OSError, http.client.HTTPException):
                return
            if status != 200:
                return
            acknowledged[writer] = count

    def check(self, port, acknowledged, attempted):
        wire = differential.Wire(port)
        for writer in range(WRITERS):
            halves = [wire.call("GetItem", {"TableName": "pairs", "Key": {
                "pk": {"S": f"{writer}-{half}"}}})[1].get("Item") for half in ("left", "right")]
            if acknowledged[writer] == 0 and halves == [None, None]:
                continue
            numbers = {int(item["n"]["N"]) for item in halves}
            self.assertEqual(len(numbers), 1, "a transaction came back in halves")
            number = numbers.pop()
            self.assertGreaterEqual(number, acknowledged[writer], "an acknowledged write is lost")
            self.assertLessEqual(number, attempted[writer])
            acknowledged[writer] = number
            _, page = wire.call("Query", {
                "TableName": "pairs", "IndexName": "by-g", "KeyConditionExpression": "g = :g",
                "ExpressionAttributeValues": {":g": {"S": f"{writer}"}}})
            self.assertEqual([item["n"]["N"] for item in page["Items"]], [str(number)] * 2)

    def test_what_was_acknowledged_survives(self):
        chance = random.Random(7)
        acknowledged, attempted = [0] * WRITERS, [0] * WRITERS
        for kill in range(KILLS):
            server = Served(self.project)
            if kill == 0:
                status, answer = differential.Wire(server.port).call("CreateTable", {
                    "TableName": "pairs", "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"}
                                             for n in ("pk", "g")],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "GlobalSecondaryIndexes": [{
                        "IndexName": "by-g", "Projection": {"ProjectionType": "ALL"},
                        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}]})
                self.assertEqual(status, 200, answer)
            self.check(server.port, acknowledged, attempted)
            writers = [threading.Thread(target=self.write,
                                        args=(server.port, i, acknowledged, attempted))
                       for i in range(WRITERS)]
            for writer in writers:
                writer.start()
            threading.Event().wait(chance.uniform(0.05, 0.5))
            server.kill()
            for writer in writers:
                writer.join()
        server = Served(self.project)
        self.check(server.port, acknowledged, attempted)
        server.stop()
        self.assertGreater(sum(acknowledged), WRITERS)


if __name__ == "__main__":
    unittest.main()
