// The AWS SDK for JavaScript v3: client-dynamodb and lib-dynamodb, against AWS_ENDPOINT_URL_DYNAMODB.
const assert = require("node:assert/strict");
const dynamodb = require("@aws-sdk/client-dynamodb");
const documents = require("@aws-sdk/lib-dynamodb");

const TableName = "sdk-music";
const client = new dynamodb.DynamoDBClient({ maxAttempts: 2 });
const documentClient = documents.DynamoDBDocumentClient.from(client);
const send = (command) => client.send(command);
const sendDocument = (command) => documentClient.send(command);

async function createTable() {
    await send(new dynamodb.CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: "artist", KeyType: "HASH" }, { AttributeName: "song", KeyType: "RANGE" }],
        AttributeDefinitions: ["artist", "song", "year"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
        GlobalSecondaryIndexes: [{
            IndexName: "by-year",
            KeySchema: [{ AttributeName: "year", KeyType: "HASH" }],
            Projection: { ProjectionType: "ALL" },
        }],
    }));
    await dynamodb.waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName });
    const { TableNames } = await send(new dynamodb.ListTablesCommand({}));
    assert.ok(TableNames.includes(TableName));
}

async function writeAndReadItems() {
    const Item = {
        artist: "Holst", song: "Mars", year: "1914", parts: [1, 2.5], score: { tempo: "allegro" },
        performers: new Set(["LSO", "BBC"]), bytes: new Uint8Array([0, 255]), nothing: null, loud: true,
    };
    const put = await sendDocument(new documents.PutCommand({ TableName, Item, ReturnConsumedCapacity: "TOTAL" }));
    assert.ok(put.ConsumedCapacity.CapacityUnits >= 1);
    assert.match(put.$metadata.requestId, /\S/);
    const { Item: read } = await sendDocument(
        new documents.GetCommand({ TableName, Key: { artist: "Holst", song: "Mars" }, ConsistentRead: true }));
    assert.deepEqual({ ...read, bytes: [...read.bytes] }, { ...Item, bytes: [0, 255] });

    const { Attributes } = await sendDocument(new documents.UpdateCommand({
        TableName,
        Key: { artist: "Holst", song: "Mars" },
        UpdateExpression: "SET #p = list_append(#p, :more), plays = if_not_exists(plays, :zero) + :one REMOVE nothing",
        ExpressionAttributeNames: { "#p": "parts" },
        ExpressionAttributeValues: { ":more": [3], ":zero": 0, ":one": 1 },
        ReturnValues: "ALL_NEW",
    }));
    assert.deepEqual(Attributes.parts, [1, 2.5, 3]);
    assert.equal(Attributes.plays, 1);
    assert.ok(!("nothing" in Attributes));
}

async function failAsDocumented() {
    const condition = new documents.PutCommand({
        TableName,
        Item: { artist: "Holst", song: "Mars" },
        ConditionExpression: "attribute_not_exists(artist)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    await assert.rejects(sendDocument(condition), (error) => {
        assert.ok(error instanceof dynamodb.ConditionalCheckFailedException);
        assert.equal(error.Item.year.S ?? error.Item.year, "1914");
        return true;
    });
    await assert.rejects(send(new dynamodb.DescribeTableCommand({ TableName: "sdk-nowhere" })),
        dynamodb.ResourceNotFoundException);
    await assert.rejects(send(new dynamodb.GetItemCommand({ TableName, Key: { artist: { S: "x" } } })),
        { name: "ValidationException" });
    const transaction = new documents.TransactWriteCommand({ TransactItems: [
        { Put: { TableName, Item: { artist: "Holst", song: "Venus" } } },
        { ConditionCheck: { TableName, Key: { artist: "Holst", song: "Mars" }, ConditionExpression: "attribute_not_exists(artist)" } },
    ] });
    await assert.rejects(sendDocument(transaction), (error) => {
        assert.ok(error instanceof dynamodb.TransactionCanceledException);
        assert.deepEqual(error.CancellationReasons.map((reason) => reason.Code), ["None", "ConditionalCheckFailed"]);
        return true;
    });
}

async function readMany() {
    const songs = Array.from({ length: 40 }, (_, i) => ({ artist: "Bach", song: String(i).padStart(2, "0"), year: "1742" }));
    for (let start = 0; start < songs.length; start += 25) {
        const RequestItems = { [TableName]: songs.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } })) };
        const { UnprocessedItems } = await sendDocument(new documents.BatchWriteCommand({ RequestItems }));
        assert.deepEqual(UnprocessedItems ?? {}, {});
    }
    const found = [];
    const pages = documents.paginateQuery({ client: documentClient, pageSize: 7 }, {
        TableName,
        KeyConditionExpression: "artist = :a AND song BETWEEN :from AND :to",
        FilterExpression: "attribute_exists(#y)",
        ExpressionAttributeNames: { "#y": "year" },
        ExpressionAttributeValues: { ":a": "Bach", ":from": "05", ":to": "30" },
    });
    for await (const page of pages) {
        found.push(...page.Items);
    }
    assert.deepEqual(found.map((item) => item.song), songs.slice(5, 31).map((item) => item.song));
    const { Count } = await sendDocument(new documents.QueryCommand({
        TableName, IndexName: "by-year", Select: "COUNT",
        KeyConditionExpression: "#y = :y", ExpressionAttributeNames: { "#y": "year" }, ExpressionAttributeValues: { ":y": "1742" },
    }));
    assert.equal(Count, 40);
    const segments = await Promise.all([0, 1, 2].map((Segment) =>
        sendDocument(new documents.ScanCommand({ TableName, Segment, TotalSegments: 3 }))));
    assert.equal(segments.reduce((sum, page) => sum + page.Count, 0), 41);
    const { Responses } = await sendDocument(new documents.BatchGetCommand({
        RequestItems: { [TableName]: { Keys: songs.slice(0, 3).map(({ artist, song }) => ({ artist, song })) } } }));
    assert.equal(Responses[TableName].length, 3);
    const { Responses: read } = await sendDocument(new documents.TransactGetCommand({
        TransactItems: [{ Get: { TableName, Key: { artist: "Bach", song: "00" } } }, { Get: { TableName, Key: { artist: "x", song: "y" } } }] }));
    assert.equal(read[0].Item.year, "1742");
    assert.equal(read[1].Item, undefined);
    const { Items } = await sendDocument(new documents.ExecuteStatementCommand({
        Statement: `SELECT song FROM "${TableName}" WHERE artist = ? AND song = ?`, Parameters: ["Bach", "07"] }));
    assert.deepEqual(Items, [{ song: "07" }]);
}

async function sendManyAtOnce() {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) =>
        sendDocument(new documents.UpdateCommand({
            TableName, Key: { artist: "counter", song: String(i % 4) },
            UpdateExpression: "ADD plays :one", ExpressionAttributeValues: { ":one": 1 }, ReturnValues: "UPDATED_NEW",
        }))));
    assert.equal(Math.max(...answers.map((answer) => answer.Attributes.plays)), 50);
}

async function sendLargeItems() {
    const text = "é".repeat(150_000);
    await sendDocument(new documents.PutCommand({ TableName, Item: { artist: "long", song: "1", text } }));
    const { Item } = await sendDocument(new documents.GetCommand({ TableName, Key: { artist: "long", song: "1" } }));
    assert.equal(Item.text, text);
    await assert.rejects(
        sendDocument(new documents.PutCommand({ TableName, Item: { artist: "long", song: "2", text: text + text } })),
        { name: "ValidationException" });
}

async function main() {
    await createTable();
    await writeAndReadItems();
    await failAsDocumented();
    await readMany();
    await sendManyAtOnce();
    await sendLargeItems();
    await send(new dynamodb.DeleteTableCommand({ TableName }));
    await dynamodb.waitUntilTableNotExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName });
    client.destroy();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
