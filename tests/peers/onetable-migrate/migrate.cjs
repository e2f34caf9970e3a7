// onetable-migrate's own library on a table: prints what it sees, applies and reverts.
//
//   node migrate.cjs TABLE HASH [SORT] -- [up VERSION | down VERSION | run NAME] ...
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { Table } = require("dynamodb-onetable");
const { Dynamo } = require("dynamodb-onetable/Dynamo");
const { Migrate } = require("onetable-migrate");

const separator = process.argv.indexOf("--");
const [name, hash, sort] = process.argv.slice(2, separator);
const orders = process.argv.slice(separator + 1);

const schema = {
    format: "onetable:1.1.0",
    version: "0.0.1",
    indexes: { primary: sort ? { hash, sort } : { hash } },
    models: {
        Item: {
            [hash]: { type: String, value: "item#${id}" },
            ...(sort ? { [sort]: { type: String, value: "item#" } } : {}),
            id: { type: String, required: true },
            steps: { type: Array },
        },
    },
    params: { isoDates: process.env.ISO_DATES === "1", timestamps: false },
};

// Each migration adds its number to one item, and takes it away again.
const migration = (version) => ({
    version,
    description: `Step ${version}`,
    schema,
    async up(db) {
        const Item = db.getModel("Item");
        const item = (await Item.get({ id: "log" })) || { id: "log", steps: [] };
        await Item.upsert({ id: "log", steps: [...item.steps, version] });
        if (process.env.FAIL === version) {
            throw new Error("asked to fail");
        }
    },
    async down(db) {
        const Item = db.getModel("Item");
        const item = await Item.get({ id: "log" });
        await Item.upsert({ id: "log", steps: item.steps.filter((step) => step !== version) });
    },
});

async function main() {
    const client = new DynamoDBClient({ maxAttempts: 2 });
    const table = new Table({ name, client: new Dynamo({ client }), schema, partial: true, logger: false });
    const versions = ["0.0.1", "0.0.2", "0.0.3", "0.0.4", "cleanup"];
    const log = { info() {}, error() {} };
    const migrate = new Migrate(table, { migrations: versions.map(migration), log });
    await migrate.init();
    let failure = null;
    for (let at = 0; at < orders.length; at += 2) {
        const [action, version] = orders.slice(at, at + 2);
        try {
            await (action === "run" ? migrate.apply(version) : migrate.apply(action, version));
        } catch (error) {
            failure = error.message;
        }
    }
    const past = await migrate.getPastMigrations();
    console.log(
        JSON.stringify({
            current: await migrate.getCurrentVersion(),
            past: past.map(({ version, status, description }) => ({ version, status, description })),
            outstanding: await migrate.getOutstandingVersions(),
            failure,
        }),
    );
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
