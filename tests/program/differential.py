"""The same random operations on the embedded engine and on DynamoDB Local, answer by answer.

    python3 differential.py [OPERATIONS] [--seed N] [--keep-going]

Stops at the first difference that is not in `known_difference`, whose names are those of
docs/embedded.md. Error texts are compared too, but only counted: AWS changes them.
"""

import argparse
import collections
import decimal
import http.client
import json
import re
import subprocess
import sys

import differential_operations
import harness

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems",
          "ExecuteStatement", "BatchExecuteStatement"}


class Embedded:
    """`dynamigrate serve` on a free port, in memory or on the project's store."""

    def __init__(self, project=None, program=harness.PROGRAM):
        self.port = harness.free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        place = [] if project else ["--memory"]
        self.process = subprocess.Popen(
            [program, "serve", *place, "--port", str(self.port)], cwd=project,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if "http" not in self.process.stdout.readline():
            raise RuntimeError("dynamigrate serve: " + self.process.communicate()[0])

    def stop(self):
        self.process.terminate()
        self.process.communicate()


class Wire:
    """One kept connection that speaks DynamoDB's protocol."""

    HEADERS = {
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
                         "SignedHeaders=host, Signature=0",
        "X-Amz-Date": "20260101T000000Z",
    }

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, operation, request):
        """(status, document)"""
        self.connection.request(
            "POST", "/", json.dumps(request),
            {**self.HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")


def settled(document):
    """The document without what may differ: the order of sets, and the spelling of numbers, which
    DynamoDB Local sometimes keeps as they were written."""
    if isinstance(document, dict):
        return {name: settled_member(name, value) for name, value in document.items()
                if name != "ItemCollectionMetrics"}
    if isinstance(document, list):
        return [settled(value) for value in document]
    return document


def settled_member(name, value):
    if name in ("SS", "BS") and isinstance(value, list):
        return sorted(value)
    if name == "NS" and isinstance(value, list):
        return sorted(spelled(number) for number in value)
    if name == "N" and isinstance(value, str):
        return spelled(value)
    return settled(value)


def spelled(number):
    value = decimal.Decimal(number).normalize(decimal.Context(prec=40))
    return str(abs(value) if value == 0 else value)


def in_any_order(values):
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))


def summary(operation, request, status, document):
    """What is compared: the answer, or the error's type and reasons."""
    document = settled(document)
    if status != 200:
        error = document.get("__type", "").rsplit("#")[-1]
        reasons = [{k: v for k, v in reason.items() if k != "Message"}
                   for reason in document.get("CancellationReasons", [])]
        return {"error": error, "reasons": reasons, "item": document.get("Item")}
    if "Items" in document and (operation == "Scan" or "IndexName" in request):
        document["Items"] = in_any_order(document["Items"])
    if operation == "BatchGetItem":
        document["Responses"] = {t: in_any_order(i) for t, i in document["Responses"].items()}
    if operation == "BatchExecuteStatement":
        for response in document["Responses"]:
            if "Error" in response:
                response.pop("TableName", None)
            if "Only single item select" not in response.get("Error", {}).get("Message", ""):
                response.get("Error", {}).pop("Message", None)
    if isinstance(document.get("ConsumedCapacity"), list):
        document["ConsumedCapacity"] = in_any_order(document["ConsumedCapacity"])
    return document


def costs_nothing(capacity):
    """Whether DynamoDB Local charged nothing, for one table or for all of a list."""
    if isinstance(capacity, list):
        return any(costs_nothing(part) for part in capacity)
    return capacity is not None and capacity.get("CapacityUnits") == 0


def charges_more(theirs, ours):
    """Whether DynamoDB Local charges more for an index, or in sum."""
    def units(document):
        capacity = document.get("ConsumedCapacity", [])
        return sum(part["CapacityUnits"] for part in
                   (capacity if isinstance(capacity, list) else [capacity]))
    return units(theirs) > units(ours)


def without(document, *names):
    return {name: value for name, value in document.items() if name not in names}


def removes(request):
    return re.search(r"\b(REMOVE|DELETE)\b", request.get("UpdateExpression", "")) is not None


def only_removes(request):
    if "AttributeUpdates" in request:
        return all(update.get("Action") == "DELETE"
                   for update in request["AttributeUpdates"].values())
    text = request.get("UpdateExpression", "")
    return bool(text) and not re.search(r"\b(SET|ADD)\b", text)


def is_filtered_batch(operation, theirs):
    return operation == "BatchExecuteStatement" and "Only single item select" in json.dumps(theirs)


def known_difference(operation, request, ours, theirs, text):
    """The name of a difference in which AWS's documentation supports the engine, or None.

    `text`: of the error.
    """
    if theirs.get("error") in ("InternalFailure", "InternalServerError"):
        return "failures-of-dynamodb-local"
    if "error" in ours and any(value in ("", []) for value in request.values()):
        return "empty-choices"
    if "enum value set" in text and "error" in ours and "error" in theirs:
        return "order-of-checks"
    if ours.get("error") == "SerializationException":
        return "types-of-parameters"
    if "error" in ours and "error" in theirs:
        if {ours["error"], theirs["error"]} == {"DuplicateItemException", "DuplicateItem"}:
            return "duplicate-item-exception"
        if operation == "TransactWriteItems" and "document path" in text:
            return "removal-from-a-missing-item"
        if theirs["error"] == "ResourceNotFoundException":
            return "order-of-checks"
        if operation == "TransactWriteItems" and "multiple operations on one item" in text:
            return "two-actions-on-one-item"
        if ours["error"] == "TransactionCanceledException" and any(
                reason.get("Code") == "ValidationError" for reason in ours["reasons"]):
            return "validation-in-transactions"
        return None
    if "for Index Key" in text or "Key attributes must be scalars" in text:
        return "types-of-index-keys"
    if "error" in theirs:
        updates = [request] if operation == "UpdateItem" else [
            action["Update"] for action in request.get("TransactItems", []) if "Update" in action]
        if any(removes(update) for update in updates) and "path" in text:
            return "removal-from-a-missing-item"
        return None
    if "error" in ours:
        if "multiple operations on one item" in text:
            return "two-actions-on-one-item"
        if is_filtered_batch(operation, theirs):
            return "filters-in-batches-of-selects"
        return None
    if without(ours, "ConsumedCapacity") == without(theirs, "ConsumedCapacity"):
        if costs_nothing(theirs.get("ConsumedCapacity")):
            return "reads-that-find-nothing"
        if operation == "TransactWriteItems":
            return "capacity-of-transactions"
        if operation in WRITES and charges_more(theirs, ours):
            return "entries-of-sparse-indexes"
        if "IndexName" not in request and operation not in WRITES and charges_more(ours, theirs):
            return "reads-that-find-nothing"
        if operation in ("Query", "Scan") and "IndexName" in request:
            return "fetches-through-local-indexes"
        if "ConsumedCapacity" not in ours and "ReturnConsumedCapacity" not in request:
            return "capacity-that-nobody-asked-for"
    if is_filtered_batch(operation, theirs):
        return "filters-in-batches-of-selects"
    if operation == "BatchExecuteStatement" and re.search(r"SELECT \w+[.\[]", json.dumps(request)):
        return "names-of-nested-paths"
    if operation == "Query" and without(ours, "LastEvaluatedKey") == theirs:
        return "ends-of-ranges"
    if operation == "Scan" and "FilterExpression" in request and "IndexName" in request:
        return "filters-beyond-an-index"
    if operation == "UpdateItem" and without(ours, "Attributes") == without(theirs, "Attributes"):
        if only_removes(request):
            return "removal-from-a-missing-item"
        if request.get("ReturnValues", "").startswith("UPDATED"):
            return "fragments-of-nested-paths"
    return None


class Comparison:
    """Both servers with the same tables."""

    def __init__(self, ours, theirs):
        self.ours, self.theirs = Wire(ours.port), Wire(theirs.port)
        self.known = collections.Counter()
        self.texts = collections.Counter()
        self.operations = collections.Counter()
        for request in differential_operations.tables():
            for wire in (self.ours, self.theirs):
                status, document = wire.call("CreateTable", request)
                assert status == 200, document

    def compare(self, operation, request):
        """None, or what differs in a way that is not known."""
        ours = self.ours.call(operation, request)
        theirs = self.theirs.call(operation, request)
        self.operations[operation] += 1
        a, b = (summary(operation, request, *answer) for answer in (ours, theirs))
        if a == b:
            self.compare_texts(ours, theirs)
            if ours[0] != 200 and operation == "BatchExecuteStatement":
                self.make_equal()  # what DynamoDB Local refuses it may have done in part
            if ours[0] == 200 and "Update" in operation + json.dumps(request):
                self.remove_what_only_a_removal_made(operation, request)
            return None
        errors = [json.dumps(d) for status, d in (ours, theirs) if status != 200]
        name = known_difference(operation, request, a, b, "".join(errors))
        if operation in WRITES:
            self.make_equal()
        if name:
            self.known[name] += 1
            return None
        return {"operation": operation, "request": request, "ours": ours, "theirs": theirs}

    def compare_texts(self, ours, theirs):
        if ours[0] == 200:
            return
        texts = [d.get("message", d.get("Message", "")) for _, d in (ours, theirs)]
        if texts[0] != texts[1]:
            self.texts[tuple(texts)] += 1

    def remove_what_only_a_removal_made(self, operation, request):
        """DynamoDB Local makes an item of a missing one when an update only removes."""
        if operation not in ("UpdateItem", "TransactWriteItems"):
            return
        actions = [request] if operation == "UpdateItem" else [
            action["Update"] for action in request.get("TransactItems", []) if "Update" in action]
        for action in actions:
            if only_removes(action):
                name = {"TableName": action["TableName"], "Key": action["Key"]}
                if "Item" not in self.ours.call("GetItem", name)[1]:
                    self.theirs.call("DeleteItem", name)

    def items(self, wire, table):
        items, start = {}, {}
        while True:
            _, page = wire.call("Scan", {"TableName": table, **start})
            for item in page["Items"]:
                key = {n: item[n] for n in ("pk", "sk") if n in item}
                items[json.dumps(key, sort_keys=True)] = item
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def make_equal(self):
        """Brings DynamoDB Local to where the engine is; indexes need that the item goes first."""
        for table in differential_operations.TABLES:
            ours, theirs = self.items(self.ours, table), self.items(self.theirs, table)
            for key, item in theirs.items():
                if key not in ours:
                    self.theirs.call("DeleteItem", {"TableName": table, "Key": json.loads(key)})
            for key, item in ours.items():
                if settled(item) != settled(theirs.get(key)):
                    self.theirs.call("PutItem", {"TableName": table, "Item": item})

    def state_difference(self):
        """None, or the table or index whose items differ."""
        for request in differential_operations.tables():
            indexes = [""] + [index["IndexName"] for kind in ("Global", "Local")
                              for index in request.get(f"{kind}SecondaryIndexes", [])]
            for index in indexes:
                scan = {"TableName": request["TableName"], **({"IndexName": index} if index else {})}
                a, b = (in_any_order(settled(wire.call("Scan", scan)[1]["Items"]))
                        for wire in (self.ours, self.theirs))
                if a != b:
                    return {"operation": "Scan", "request": scan,
                            "only ours": [i for i in a if i not in b],
                            "only theirs": [i for i in b if i not in a]}
        return None


def run(count, seed, keep_going=False, every=250):
    """Returns the comparison and the differences."""
    ours, theirs = Embedded(), harness.Server()
    differences = []
    try:
        comparison = Comparison(ours, theirs)
        operations = differential_operations.Operations(seed)
        for number in range(count):
            found = comparison.compare(*operations.next())
            if not found and number % every == every - 1:
                found = comparison.state_difference()
                if found:
                    comparison.make_equal()
            if found:
                differences.append({"number": number, **found})
                if not keep_going:
                    break
        return comparison, differences
    finally:
        ours.stop()
        theirs.stop()


def masked(text):
    return re.sub(r'"[^"]*"|\[[^\]]*\]|:v\d+|#n\d+|\d+', "_", text)


def report(comparison, differences, out=sys.stdout):
    total = sum(comparison.operations.values())
    print(f"{total} operations: {dict(comparison.operations)}", file=out)
    print(f"known differences: {dict(comparison.known)}", file=out)
    print(f"other differences: {len(differences)}", file=out)
    texts = collections.Counter()
    for (ours, theirs), times in comparison.texts.items():
        texts[masked(ours), masked(theirs)] += times
    for (ours, theirs), times in texts.most_common(40):
        print(f"{times} times the text\n  ours   {ours}\n  theirs {theirs}", file=out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("operations", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep-going", action="store_true")
    arguments = parser.parse_args()
    comparison, differences = run(arguments.operations, arguments.seed, arguments.keep_going)
    for difference in differences[:60]:
        print(json.dumps(difference, ensure_ascii=False))
    report(comparison, differences)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
