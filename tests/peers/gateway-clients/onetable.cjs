// dynamodb-onetable's Table against AWS_ENDPOINT_URL_DYNAMODB.
const assert = require("node:assert/strict");
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { Table } = require("dynamodb-onetable");
const { Dynamo } = require("dynamodb-onetable/Dynamo");

const schema = {
    format: "onetable:1.1.0",
    version: "0.0.1",
    indexes: {
        primary: { hash: "pk", sort: "sk" },
        gs1: { hash: "gs1pk", sort: "gs1sk", project: "all" },
    },
    models: {
        Account: {
            pk: { type: String, value: "account#${id}" },
            sk: { type: String, value: "account#" },
            id: { type: String, generate: "ulid" },
            name: { type: String, required: true, unique: true },
        },
        User: {
            pk: { type: String, value: "account#${accountId}" },
            sk: { type: String, value: "user#${email}" },
            gs1pk: { type: String, value: "user#" },
            gs1sk: { type: String, value: "user#${email}" },
            accountId: { type: String, required: true },
            email: { type: String, required: true },
            role: { type: String, enum: ["user", "admin"], default: "user" },
            logins: { type: Number, default: 0 },
            born: { type: Date },
            tags: { type: Array },
        },
    },
    params: { isoDates: true, timestamps: true },
};

async function main() {
    const client = new DynamoDBClient({ maxAttempts: 2 });
    const table = new Table({ name: "onetable-app", client: new Dynamo({ client }), schema, partial: true });
    assert.equal(await table.exists(), false);
    await table.createTable();
    assert.equal(await table.exists(), true);

    const Account = table.getModel("Account");
    const User = table.getModel("User");
    const account = await Account.create({ name: "Acme" });
    await assert.rejects(Account.create({ name: "Acme" }), /unique/i);
    const born = new Date("2000-01-31T00:00:00.000Z");
    for (const email of ["a@x.io", "b@x.io", "c@x.io"]) {
        await User.create({ accountId: account.id, email, born, tags: ["new"] });
    }
    await assert.rejects(User.create({ accountId: account.id, email: "a@x.io" }), /exists/i);

    const user = await User.get({ accountId: account.id, email: "a@x.io" });
    assert.equal(user.role, "user");
    assert.equal(user.born.getTime(), born.getTime());
    const updated = await User.update(
        { accountId: account.id, email: "a@x.io", role: "admin" }, { add: { logins: 2 }, push: { tags: ["vip"] } });
    assert.deepEqual([updated.role, updated.logins, updated.tags], ["admin", 2, ["new", "vip"]]);

    const first = await User.find({ accountId: account.id }, { limit: 2 });
    assert.equal(first.length, 2);
    const second = await User.find({ accountId: account.id }, { limit: 2, next: first.next });
    assert.deepEqual([...first, ...second].map((found) => found.email), ["a@x.io", "b@x.io", "c@x.io"]);
    const admins = await User.find({}, { index: "gs1", where: "${role} = {admin}" });
    assert.deepEqual(admins.map((found) => found.email), ["a@x.io"]);
    assert.equal((await User.scan({})).length, 3);
    assert.equal((await table.scanItems({}, { parse: true, hidden: false })).length, 5);

    const batch = {};
    await User.create({ accountId: account.id, email: "d@x.io" }, { batch });
    await User.create({ accountId: account.id, email: "e@x.io" }, { batch });
    await table.batchWrite(batch);
    const wanted = {};
    await User.get({ accountId: account.id, email: "d@x.io" }, { batch: wanted });
    await User.get({ accountId: account.id, email: "e@x.io" }, { batch: wanted });
    assert.equal((await table.batchGet(wanted, { parse: true })).length, 2);

    const transaction = {};
    await User.update({ accountId: account.id, email: "d@x.io", role: "admin" }, { transaction });
    await User.remove({ accountId: account.id, email: "e@x.io" }, { transaction });
    await table.transact("write", transaction);
    assert.equal((await User.get({ accountId: account.id, email: "d@x.io" })).role, "admin");
    assert.equal(await User.get({ accountId: account.id, email: "e@x.io" }), undefined);

    await User.remove({ accountId: account.id }, { many: true });
    assert.equal((await User.scan({})).length, 0);
    await table.deleteTable("DeleteTableForever");
    client.destroy();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
