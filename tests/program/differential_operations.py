"""Random operations of the DynamoDB API: mostly valid, often colliding, sometimes wrong.

Everything follows from the seed: the n-th operation of a seed is always the same.
"""

import base64
import random

# name -> (sort key type, partition key type, local index, global indexes)
TABLES = {
    "plain": ("", "S"),
    "pairs": ("S", "S"),
    "numbers": ("N", "N"),
    "bytes": ("B", "B"),
}


def tables():
    """CreateTable requests."""
    result = []
    for name, (sort, partition) in TABLES.items():
        attributes = {"pk": partition, "g": "S", "h": "N"}
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
        request = {"TableName": name, "BillingMode": "PAY_PER_REQUEST"}
        request["GlobalSecondaryIndexes"] = [
            global_index("by-g", "g", "", "ALL"),
            global_index("by-g-h", "g", "h", "KEYS_ONLY"),
        ]
        if sort:
            attributes["sk"] = sort
            attributes["l"] = "S"
            keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
            request["LocalSecondaryIndexes"] = [
                {
                    "IndexName": "by-l",
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": "l", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "n"]},
                }
            ]
        request["KeySchema"] = keys
        request["AttributeDefinitions"] = [
            {"AttributeName": n, "AttributeType": t} for n, t in attributes.items()
        ]
        result.append(request)
    return result


def global_index(name, partition, sort, projection):
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    if sort:
        keys.append({"AttributeName": sort, "KeyType": "RANGE"})
    return {
        "IndexName": name,
        "KeySchema": keys,
        "Projection": {"ProjectionType": projection},
    }


def b64(data):
    return base64.b64encode(data).decode()


class Operations:
    """The random operations of one seed."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.makers = [
            (12, self.put_item),
            (14, self.update_item),
            (6, self.delete_item),
            (8, self.get_item),
            (12, self.query),
            (4, self.scan),
            (4, self.batch_write),
            (3, self.batch_get),
            (5, self.transact_write),
            (2, self.transact_get),
            (10, self.statement),
            (4, self.batch_statement),
            (3, self.legacy_write),
            (3, self.legacy_read),
        ]
        self.weights = [weight for weight, _ in self.makers]

    def next(self):
        """(operation, request)"""
        maker = self.chance.choices([m for _, m in self.makers], self.weights)[0]
        operation, request = maker()
        if self.chance.random() < 0.04:
            self.spoil(request)
        return operation, request

    # Parts.

    def one_in(self, n):
        return self.chance.randrange(n) == 0

    def pick(self, *choices):
        return self.chance.choice(choices)

    def table(self):
        return self.pick("plain", "pairs", "pairs", "pairs", "numbers", "bytes")

    def key_value(self, kind):
        i = self.chance.randrange(8)
        if kind == "S":
            return {"S": self.pick("a", "b", "user#1", "user#2", "ä", "z" * 40, "B", "a#")}
        if kind == "N":
            return {"N": self.pick("0", "1", "-1", "10", "1.5", "2", "100", "-0.001")}
        return {"B": b64(bytes([i, 255 - i]) if i < 6 else b"\0" * (i - 4))}

    def key(self, table):
        sort, partition = TABLES[table]
        key = {"pk": self.key_value(partition)}
        if sort:
            key["sk"] = self.key_value(sort)
        return key

    def number(self):
        return self.pick(
            "0", "1", "2", "-3", "10", "0.1", "1e3", "007", "1.50", "-0", "+5", "99999999999999999999",
            "0.00000000000000000001", "3.1415926535897932384626433832795028842",
        )

    def scalar(self):
        kind = self.pick("S", "S", "N", "N", "B", "BOOL", "NULL")
        if kind == "S":
            return {"S": self.pick("", "x", "y", "hello", "hello world", "a\"b\\c\n", "ö€😀")}
        if kind == "N":
            return {"N": self.number()}
        if kind == "B":
            return {"B": b64(self.pick(b"", b"x", b"\x00\xff", b"hello"))}
        if kind == "BOOL":
            return {"BOOL": self.pick(True, False)}
        return {"NULL": True}

    def value(self, depth=0):
        kind = self.chance.random()
        if depth > 2 or kind < 0.55:
            return self.scalar()
        if kind < 0.65:
            return {"SS": self.chance.sample(["x", "y", "z", "hello"], self.chance.randint(1, 3))}
        if kind < 0.72:
            return {"NS": self.chance.sample(["1", "2", "3.5", "-4"], self.chance.randint(1, 3))}
        if kind < 0.75:
            return {"BS": [b64(b) for b in self.chance.sample([b"x", b"y", b"zz"], 2)]}
        if kind < 0.87:
            return {"L": [self.value(depth + 1) for _ in range(self.chance.randrange(4))]}
        names = self.chance.sample(["a", "b", "c d", "x"], self.chance.randrange(4))
        return {"M": {name: self.value(depth + 1) for name in names}}

    def attribute(self):
        return self.pick("a", "b", "n", "s", "m", "li", "g", "h", "l", "status")

    def fitting(self, name):
        """A value that an index admits, mostly."""
        if name in ("g", "l"):
            return {"S": self.pick("g1", "g2", "g3")} if not self.one_in(30) else self.value()
        if name == "h":
            return {"N": self.pick("1", "2", "3")} if not self.one_in(30) else self.value()
        if name == "n":
            return {"N": self.number()}
        if name == "li":
            return {"L": [self.value(1) for _ in range(self.chance.randrange(4))]}
        if name == "m":
            return {"M": {k: self.value(1) for k in self.chance.sample(["a", "b", "c d"], 2)}}
        return self.value()

    def item(self, table):
        item = self.key(table)
        for _ in range(self.chance.randrange(7)):
            name = self.attribute()
            item[name] = self.fitting(name)
        if self.one_in(12):
            item["big"] = {"S": "x" * self.chance.choice([900, 1100, 5000])}
        return item

    def options(self, request, *names):
        choices = {
            "ReturnConsumedCapacity": ["TOTAL", "INDEXES", "NONE"],
            "ReturnValuesOnConditionCheckFailure": ["ALL_OLD", "NONE"],
            "ConsistentRead": [True, False],
        }
        for name in names:
            if self.one_in(3):
                request[name] = self.chance.choice(choices[name])

    def spoil(self, request):
        """Makes the request wrong, perhaps."""
        name = self.chance.choice(sorted(request))
        change = self.chance.randrange(5)
        if change == 0:
            del request[name]
        elif change == 1:
            request[name] = self.pick("", "nonsense", 5, {}, [], True)
        elif change == 2:
            request["TableName"] = self.pick("absent", "x", "bad name")
        elif change == 3 and "Key" in request:
            request["Key"] = self.pick({}, {"pk": {"S": ""}}, {"pk": {"BOOL": True}},
                                       {**request["Key"], "more": {"S": "x"}})
        else:
            request["ReturnValues"] = self.pick("ALL_NEW", "SOME", "UPDATED_OLD")

    # Expressions.

    class Words:
        """Collects the substitutions of a request."""

        def __init__(self):
            self.names, self.values = {}, {}

        def value(self, value):
            placeholder = f":v{len(self.values)}"
            self.values[placeholder] = value
            return placeholder

        def name(self, name):
            placeholder = f"#n{len(self.names)}"
            self.names[placeholder] = name
            return placeholder

        def into(self, request):
            if self.names:
                request["ExpressionAttributeNames"] = self.names
            if self.values:
                request["ExpressionAttributeValues"] = self.values

    def path(self, words, nested=True):
        name = self.attribute()
        if name == "status" or self.one_in(4):
            text = words.name(name)
        else:
            text = name
        while nested and self.one_in(3):
            text += self.pick(".a", ".b", "[0]", "[1]", "[2]") if self.one_in(2) else (
                "." + words.name("c d"))
        return text

    def operand(self, words):
        if self.one_in(4):
            return self.path(words)
        if self.one_in(10):
            return f"size({self.path(words)})"
        return words.value(self.value(1))

    def condition(self, words, depth=0):
        kind = self.chance.randrange(14 if depth < 3 else 10)
        if kind < 4:
            operator = self.pick("=", "<>", "<", "<=", ">", ">=")
            return f"{self.path(words)} {operator} {self.operand(words)}"
        if kind == 4:
            low, high = sorted([self.number(), self.number()], key=float)
            return (f"{self.path(words)} BETWEEN {words.value({'N': low})} AND "
                    f"{words.value({'N': high})}")
        if kind == 5:
            count = self.chance.randint(1, 3)
            return f"{self.path(words)} IN ({', '.join(self.operand(words) for _ in range(count))})"
        if kind < 8:
            return f"attribute_{self.pick('exists', 'not_exists')}({self.path(words)})"
        if kind == 8:
            function = self.pick("contains", "begins_with")
            value = self.scalar() if function == "contains" else {"S": self.pick("h", "x", "")}
            return f"{function}({self.path(words)}, {words.value(value)})"
        if kind == 9:
            types = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
            return f"attribute_type({self.path(words)}, {words.value({'S': self.pick(*types)})})"
        if kind == 10:
            return f"NOT {self.condition(words, depth + 1)}"
        if kind == 11:
            return f"({self.condition(words, depth + 1)})"
        glue = self.pick(" AND ", " OR ")
        return self.condition(words, depth + 1) + glue + self.condition(words, depth + 1)

    def set_action(self, words):
        path = self.path(words)
        kind = self.chance.randrange(8)
        if kind < 4:
            name = path if path in ("g", "h", "l", "n", "li", "m") else "a"
            return f"{path} = {words.value(self.fitting(name))}"
        if kind == 4:
            operator = self.pick("+", "-")
            return f"{path} = {self.pick('n', 'h', 'm.a')} {operator} {words.value({'N': self.number()})}"
        if kind == 5:
            return f"{path} = if_not_exists({self.path(words)}, {words.value(self.value(1))})"
        if kind == 6:
            return f"{path} = list_append({self.pick('li', 'm.b')}, {words.value({'L': [self.scalar()]})})"
        return f"{path} = {self.path(words)}"

    def update(self, words):
        clauses = []
        if not self.one_in(4):
            count = self.chance.randint(1, 3)
            clauses.append("SET " + ", ".join(self.set_action(words) for _ in range(count)))
        if self.one_in(3):
            count = self.chance.randint(1, 2)
            clauses.append("REMOVE " + ", ".join(self.path(words) for _ in range(count)))
        if self.one_in(4):
            value = self.pick({"N": self.number()}, {"SS": ["x", "q"]}, {"NS": ["1", "9"]})
            clauses.append(f"ADD {self.pick('n', 's', 'a', 'h')} {words.value(value)}")
        if self.one_in(6):
            value = self.pick({"SS": ["x"]}, {"NS": ["1", "2", "3.5"]})
            clauses.append(f"DELETE {self.pick('s', 'a', 'b')} {words.value(value)}")
        self.chance.shuffle(clauses)
        return " ".join(clauses) or "REMOVE a"

    def projection(self, words):
        paths = [self.path(words) for _ in range(self.chance.randint(1, 3))]
        return ", ".join(paths + (["pk"] if self.one_in(2) else []))

    # Operations.

    def conditional(self, request, words):
        if self.one_in(2):
            request["ConditionExpression"] = self.condition(words)
            self.options(request, "ReturnValuesOnConditionCheckFailure")

    def put_item(self):
        table, words = self.table(), self.Words()
        request = {"TableName": table, "Item": self.item(table)}
        self.conditional(request, words)
        if self.one_in(3):
            request["ReturnValues"] = self.pick("ALL_OLD", "NONE")
        self.options(request, "ReturnConsumedCapacity")
        words.into(request)
        return "PutItem", request

    def update_item(self):
        table, words = self.table(), self.Words()
        request = {"TableName": table, "Key": self.key(table)}
        request["UpdateExpression"] = self.update(words)
        self.conditional(request, words)
        if not self.one_in(3):
            request["ReturnValues"] = self.pick(
                "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "NONE")
        self.options(request, "ReturnConsumedCapacity")
        words.into(request)
        return "UpdateItem", request

    def delete_item(self):
        table, words = self.table(), self.Words()
        request = {"TableName": table, "Key": self.key(table)}
        self.conditional(request, words)
        if self.one_in(2):
            request["ReturnValues"] = "ALL_OLD"
        self.options(request, "ReturnConsumedCapacity")
        words.into(request)
        return "DeleteItem", request

    def get_item(self):
        table, words = self.table(), self.Words()
        request = {"TableName": table, "Key": self.key(table)}
        if self.one_in(3):
            request["ProjectionExpression"] = self.projection(words)
        self.options(request, "ReturnConsumedCapacity", "ConsistentRead")
        words.into(request)
        return "GetItem", request

    def sort_condition(self, words, name, kind):
        value = lambda: words.value(self.key_value(kind))  # noqa: E731
        form = self.chance.randrange(8)
        if form < 5:
            return f"{name} {('=', '<', '<=', '>', '>=')[form]} {value()}"
        if form == 5 and kind != "N":
            return f"begins_with({name}, {value()})"
        if kind == "N":
            low, high = sorted([self.key_value("N")["N"] for _ in range(2)], key=float)
            return f"{name} BETWEEN {words.value({'N': low})} AND {words.value({'N': high})}"
        low, high = sorted([self.key_value(kind) for _ in range(2)],
                           key=lambda v: v["S"].encode() if kind == "S" else base64.b64decode(v["B"]))
        return f"{name} BETWEEN {words.value(low)} AND {words.value(high)}"

    def index_of(self, table, request, words):
        """Chooses table or index and returns its key condition."""
        sort, partition = TABLES[table]
        choice = self.chance.randrange(6)
        if choice == 0:
            request["IndexName"] = "by-g"
            return f"g = {words.value({'S': self.pick('g1', 'g2', 'g3')})}"
        if choice == 1:
            request["IndexName"] = "by-g-h"
            text = f"g = {words.value({'S': self.pick('g1', 'g2', 'g3')})}"
            return text + (f" AND h {self.pick('<', '>=', '=')} {words.value({'N': '2'})}"
                           if self.one_in(2) else "")
        text = f"pk = {words.value(self.key_value(partition))}"
        if choice == 2 and sort:
            request["IndexName"] = "by-l"
            return text + (f" AND begins_with(l, {words.value({'S': 'g'})})" if self.one_in(2) else "")
        if sort and not self.one_in(3):
            text += " AND " + self.sort_condition(words, "sk", sort)
        return text

    def query(self):
        table, words = self.table(), self.Words()
        request = {"TableName": table}
        request["KeyConditionExpression"] = self.index_of(table, request, words)
        if self.one_in(3):
            request["FilterExpression"] = self.condition(words)
        if self.one_in(3):
            request["ProjectionExpression"] = self.projection(words)
        elif self.one_in(4):
            request["Select"] = self.pick("COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
        if self.one_in(2):
            request["ScanIndexForward"] = self.pick(True, False)
        if "IndexName" not in request and self.one_in(3):
            request["Limit"] = self.chance.randint(1, 4)
        if "IndexName" not in request or self.one_in(5):
            self.options(request, "ConsistentRead")
        self.options(request, "ReturnConsumedCapacity")
        words.into(request)
        return "Query", request

    def scan(self):
        table, words = self.table(), self.Words()
        request = {"TableName": table}
        if self.one_in(3):
            request["FilterExpression"] = self.condition(words)
        if self.one_in(4):
            request["IndexName"] = self.pick("by-g", "by-g-h", "by-l")
        if self.one_in(3):
            request["ProjectionExpression"] = self.projection(words)
        elif self.one_in(5):
            request["Select"] = "COUNT"
        self.options(request, "ReturnConsumedCapacity")
        words.into(request)
        return "Scan", request

    def batch_write(self):
        items = {}
        for _ in range(self.chance.randint(1, 6)):
            table = self.table()
            entry = ({"PutRequest": {"Item": self.item(table)}} if not self.one_in(3)
                     else {"DeleteRequest": {"Key": self.key(table)}})
            items.setdefault(table, []).append(entry)
        request = {"RequestItems": items}
        self.options(request, "ReturnConsumedCapacity")
        return "BatchWriteItem", request

    def batch_get(self):
        items = {}
        for _ in range(self.chance.randint(1, 6)):
            table = self.table()
            items.setdefault(table, {"Keys": []})["Keys"].append(self.key(table))
        for part in items.values():
            words = self.Words()
            if self.one_in(3):
                part["ProjectionExpression"] = self.projection(words)
            self.options(part, "ConsistentRead")
            if words.names:
                part["ExpressionAttributeNames"] = words.names
        request = {"RequestItems": items}
        self.options(request, "ReturnConsumedCapacity")
        return "BatchGetItem", request

    def transact_write(self):
        actions = []
        for _ in range(self.chance.randint(1, 4)):
            table, words = self.table(), self.Words()
            kind = self.pick("Put", "Put", "Update", "Update", "Delete", "ConditionCheck")
            action = {"TableName": table}
            if kind == "Put":
                action["Item"] = self.item(table)
            else:
                action["Key"] = self.key(table)
            if kind == "Update":
                action["UpdateExpression"] = self.update(words)
            if kind == "ConditionCheck":
                action["ConditionExpression"] = self.condition(words)
            elif self.one_in(3):
                self.conditional(action, words)
            words.into(action)
            actions.append({kind: action})
        request = {"TransactItems": actions}
        self.options(request, "ReturnConsumedCapacity")
        return "TransactWriteItems", request

    def transact_get(self):
        actions = []
        for _ in range(self.chance.randint(1, 4)):
            table, words = self.table(), self.Words()
            action = {"TableName": table, "Key": self.key(table)}
            if self.one_in(3):
                action["ProjectionExpression"] = self.projection(words)
                words.into(action)
            actions.append({"Get": action})
        request = {"TransactItems": actions}
        self.options(request, "ReturnConsumedCapacity")
        return "TransactGetItems", request

    # PartiQL.

    def where_key(self, table, parameters):
        sort, _ = TABLES[table]
        key = self.key(table)
        parameters.append(key["pk"])
        text = '"pk" = ?'
        if sort and not self.one_in(15):
            parameters.append(key["sk"])
            text += ' AND "sk" = ?'
        return text

    def guard(self, parameters):
        kind = self.chance.randrange(5)
        name = self.attribute()
        if kind == 0:
            return f'"{name}" IS MISSING'
        if kind == 1:
            return f'attribute_type("{name}", \'{self.pick("S", "N", "L")}\')'
        if kind == 2:
            parameters.append(self.scalar())
            return f'("{name}" IS MISSING OR "{name}" <> ?)'
        parameters.append(self.value(1))
        return f'"{name}" {self.pick("=", "=", "<>", "<", ">=")} ?'

    def statement_text(self):
        table, parameters = self.table(), []
        kind = self.chance.randrange(10)
        if kind < 3:
            columns = self.pick("*", "a, b", '"pk", "status"', "m.a", "li[0]")
            text = f'SELECT {columns} FROM "{table}" WHERE {self.where_key(table, parameters)}'
            if self.one_in(3):
                text += " AND " + self.guard(parameters)
        elif kind < 5:
            item, fields = self.item(table), []
            for name, value in item.items():
                parameters.append(value)
                fields.append(f"'{name}': ?")
            text = f'INSERT INTO "{table}" VALUE {{{", ".join(fields)}}}'
        elif kind < 9:
            changes = []
            for name in self.chance.sample(["a", "b", "n", "m", "status"], self.chance.randint(1, 3)):
                if self.one_in(4):
                    changes.append(f'REMOVE "{name}"')
                else:
                    parameters.append(self.fitting(name))
                    changes.append(f'SET "{name}" = ?')
            text = f'UPDATE "{table}" {" ".join(changes)} WHERE '
            text += self.where_key(table, parameters)
            if self.one_in(2):
                text += " AND " + self.guard(parameters)
            if self.one_in(3):
                text += f" RETURNING {self.pick('ALL', 'MODIFIED')} {self.pick('OLD', 'NEW')} *"
        else:
            text = f'DELETE FROM "{table}" WHERE {self.where_key(table, parameters)}'
            if self.one_in(2):
                text += " AND " + self.guard(parameters)
            if self.one_in(3):
                text += " RETURNING ALL OLD *"
        statement = {"Statement": text}
        if parameters:
            statement["Parameters"] = parameters
        return statement

    def statement(self):
        return "ExecuteStatement", self.statement_text()

    def batch_statement(self):
        writes = self.one_in(2)
        statements = []
        while len(statements) < self.chance.randint(1, 5):
            statement = self.statement_text()
            if statement["Statement"].startswith("SELECT") != writes:
                statements.append(statement)
        return "BatchExecuteStatement", {"Statements": statements}

    # Parameters of the time before expressions.

    def comparison(self):
        kind = self.pick("EQ", "NE", "LT", "GE", "NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS",
                         "BEGINS_WITH", "IN", "BETWEEN")
        if kind in ("NOT_NULL", "NULL"):
            return {"ComparisonOperator": kind}
        if kind == "IN":
            values = [self.scalar(), self.scalar()]
        elif kind == "BETWEEN":
            values = [{"N": "1"}, {"N": "5"}]
        elif kind == "BEGINS_WITH":
            values = [{"S": "h"}]
        else:
            values = [self.scalar()]
        return {"ComparisonOperator": kind, "AttributeValueList": values}

    def comparisons(self):
        names = self.chance.sample(["a", "b", "n", "s", "m"], self.chance.randint(1, 2))
        return {name: self.comparison() for name in names}

    def legacy_write(self):
        table = self.table()
        request = {"TableName": table}
        if self.one_in(2):
            request["Expected"] = self.comparisons()
            if len(request["Expected"]) > 1 and self.one_in(2):
                request["ConditionalOperator"] = self.pick("AND", "OR")
        if self.one_in(2):
            request["Item"] = self.item(table)
            return "PutItem", request
        request["Key"] = self.key(table)
        updates = {}
        for name in self.chance.sample(["a", "b", "n", "s", "li"], self.chance.randint(1, 3)):
            action = self.pick("PUT", "PUT", "DELETE", "ADD")
            updates[name] = {"Action": action}
            if action == "PUT":
                updates[name]["Value"] = self.fitting(name)
            elif action == "ADD":
                updates[name]["Value"] = self.pick({"N": "2"}, {"SS": ["x", "w"]})
            elif self.one_in(3):
                updates[name]["Value"] = {"SS": ["x"]}
        request["AttributeUpdates"] = updates
        if self.one_in(2):
            request["ReturnValues"] = self.pick("ALL_NEW", "UPDATED_NEW", "ALL_OLD")
        return "UpdateItem", request

    def legacy_read(self):
        table = self.table()
        sort, partition = TABLES[table]
        request = {"TableName": table}
        if self.one_in(3):
            request["AttributesToGet"] = self.pick(["a"], ["pk", "n"], ["m", "li", "status"])
        form = self.chance.randrange(3)
        if form == 0:
            request["Key"] = self.key(table)
            return "GetItem", request
        if form == 1:
            request["ScanFilter"] = self.comparisons()
            return "Scan", request
        request["KeyConditions"] = {
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [self.key_value(partition)]}}
        if sort and self.one_in(2):
            request["KeyConditions"]["sk"] = {
                "ComparisonOperator": self.pick("EQ", "LT", "GE"),
                "AttributeValueList": [self.key_value(sort)]}
        if self.one_in(2):
            request["QueryFilter"] = self.comparisons()
        return "Query", request
