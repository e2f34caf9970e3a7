// @mapbox/dyno, which stands on the AWS SDK for JavaScript v2, against AWS_ENDPOINT_URL_DYNAMODB.
const assert = require("node:assert/strict");
const { promisify } = require("node:util");
const { Readable } = require("node:stream");
const Dyno = require("@mapbox/dyno");

const table = "dyno-places";
const dyno = Dyno({ table, region: "us-east-1", endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB, maxRetries: 1 });
const call = (name, parameters) => promisify(dyno[name]).call(dyno, parameters);

function collect(stream) {
    return new Promise((resolve, reject) => {
        const items = [];
        stream.on("data", (item) => items.push(item)).on("end", () => resolve(items)).on("error", reject);
    });
}

function write(items) {
    return new Promise((resolve, reject) => {
        const puts = dyno.putStream();
        puts.on("finish", resolve).on("error", reject);
        Readable.from(items).pipe(puts);
    });
}

async function main() {
    await call("createTable", {
        TableName: table,
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }, { AttributeName: "n", AttributeType: "N" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }, { AttributeName: "n", KeyType: "RANGE" }],
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    });
    const set = Dyno.createSet([1, 2, 3], "N");
    await call("putItem", { Item: { id: "a", n: 1, set, bytes: Buffer.from("bytes"), nested: { list: [1, "two", null] } } });
    const { Item } = await call("getItem", { Key: { id: "a", n: 1 } });
    assert.deepEqual(Item.nested, { list: [1, "two", null] });
    assert.equal(Item.bytes.toString(), "bytes");
    assert.deepEqual([...Item.set.values].sort(), [1, 2, 3]);
    const { Attributes } = await call("updateItem", {
        Key: { id: "a", n: 1 }, UpdateExpression: "SET seen = :t", ExpressionAttributeValues: { ":t": true }, ReturnValues: "ALL_NEW" });
    assert.equal(Attributes.seen, true);
    await assert.rejects(
        call("putItem", { Item: { id: "a", n: 1 }, ConditionExpression: "attribute_not_exists(id)" }),
        { code: "ConditionalCheckFailedException" });

    await write(Array.from({ length: 60 }, (_, i) => ({ id: "many", n: i })));
    const found = await collect(dyno.queryStream({
        KeyConditionExpression: "id = :id", ExpressionAttributeValues: { ":id": "many" }, Limit: 25 }));
    assert.deepEqual(found.map((item) => item.n), Array.from({ length: 60 }, (_, i) => i));
    assert.equal((await collect(dyno.scanStream({ Limit: 10 }))).length, 61);
    const { Responses } = await call("batchGetItem", { RequestItems: { [table]: { Keys: [{ id: "many", n: 7 }, { id: "many", n: 8 }] } } });
    assert.equal(Responses[table].length, 2);
    await call("batchWriteItem", { RequestItems: { [table]: [{ DeleteRequest: { Key: { id: "many", n: 7 } } }] } });
    await call("deleteItem", { Key: { id: "many", n: 8 } });
    assert.equal((await call("scan", {})).Count, 59);
    await promisify(dyno.deleteTable).call(dyno, { TableName: table });
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
