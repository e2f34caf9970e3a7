import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Host } from './host.mjs'

const directory = mkdtempSync(join(tmpdir(), 'dynamigrate-functionless-'))
after(() => rmSync(directory, { recursive: true }))

function file(name, text) {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
}

const README = `
import { MigrationFunction, ScanOutput, $AWS } from '@dynobase/dynamodb-migrations'
export const up = (scope, migrationName) =>
    new Migration(scope, migrationName, {
        tableArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/SubjectTable',
    }).run(async (_table, result) => {
        for (const item of result.Items) {
            await $AWS.DynamoDB.PutItem({ Table: _table, Item: { ...item, migrated: { S: 'migrated' } } })
        }
    })
`

async function answers(requests, environment) {
    const host = new Host(environment)
    const all = []
    for (const request of requests) {
        all.push(await host.ask(request))
    }
    assert.equal(await host.end(), 0)
    return all
}

async function described(path, table = '') {
    return (await answers([{ do: 'describe', file: path, table }]))[0]
}

const opening = (path, more) => ({
    do: 'open', form: 'functionless', direction: 'up', file: path, table: 'real', key: ['id'], tables: { SubjectTable: 'real' }, ...more,
})

/** Pages given to the file's function. */
async function worked(path, pages, environment) {
    const [opened, ...all] = await answers([opening(path), ...pages.map((items) => ({ do: 'page', items }))], environment)
    assert.deepEqual(opened, { ok: true })
    return all
}

test('describes the form of their page', async () => {
    const { ok } = await described(file('20220101-a.mjs', README))
    assert.deepEqual(ok, { values: { functionless: { up: { table: 'SubjectTable', timeout: 300 } } }, functions: [] })
})

test('describes the form that is implemented, in either module system', async () => {
    const body = (load, out) => `
${load}
${out} = (scope, migrationName) =>
    new Migration(scope, migrationName, { tableArn: 'T', migrationName, description: 'Adds', timeout: Duration.minutes(1) }).scan(
        async ({ result }) => {},
        { TotalSegments: 4, FilterExpression: '#a = :b', ExpressionAttributeNames: { '#a': 'a', '#c': 'c' },
          ExpressionAttributeValues: { ':b': { S: 'x' } }, Limit: 7 })`
    const wanted = {
        up: { table: 'T', description: 'Adds', timeout: 60, page_items: 7, segments: 4, where: '#a = :b', names: { '#a': 'a' }, values: { ':b': { $dynamodb: { S: 'x' } } } },
    }
    const names = '{ Migration, Duration }'
    const module = await described(file('20220102-b.js', body(`import ${names} from '@dynobase/dynamodb-migrations'`, 'export const migration')))
    assert.deepEqual(module.ok.values.functionless, wanted)
    const common = await described(file('20220103-c.cjs', body(`const ${names} = require('dynamodb-migrations')`, 'exports.migration')))
    assert.deepEqual(common.ok.values.functionless, wanted)
})

test('describes queries, down, and tables that only a deployment knows', async () => {
    const { ok } = await described(file('20220104-d.mjs', `
import { Migration } from '@dynobase/dynamodb-migrations'
import { Construct } from 'constructs'
export const migration = (scope, name) => new Migration(scope, name, { tableArn: '\${Token[TOKEN.12]}' }).query(async () => {}, {
    IndexName: 'by_a', KeyConditionExpression: 'a = :a', FilterExpression: 'b = :b',
    ExpressionAttributeValues: { ':a': { S: 'a' }, ':b': { N: '1' } } })
export const down = (scope, name, props) => new Migration(scope, name, props).query(async () => {})
`), 'configured')
    const { up, down } = ok.values.functionless
    assert.equal(up.table, undefined)
    assert.deepEqual(up.source, { query: { key_condition: 'a = :a', index: 'by_a', names: {}, values: { ':a': { $dynamodb: { S: 'a' } } } } })
    assert.deepEqual(up.values, { ':b': { $dynamodb: { N: '1' } } })
    assert.equal(down.table, 'configured')
    assert.equal(down.segments, 1)
})

test('says what is wrong with a file that makes no migration', async () => {
    const { error } = await described(file('20220105-e.mjs', `import { Migration } from '@dynobase/dynamodb-migrations'\nexport const up = () => 1\n`))
    assert.match(error.message, /makes no migration/)
})

test('leaves OneTable migrations to OneTable', async () => {
    const { ok } = await described(file('1.0.0.mjs', 'export default { version: "1.0.0", async up(db) {} }'))
    assert.deepEqual(ok.functions, ['up'])
})

test('keeps what is done to items of the page for the program', async () => {
    const path = file('20220106-f.mjs', README)
    const [{ ok }] = await worked(path, [[{ id: { S: '1' }, n: { N: '1' } }, { id: { S: '2' } }]])
    assert.deepEqual(ok, [[{ p: { id: { S: '1' }, n: { N: '1' }, migrated: { S: 'migrated' } } }], [{ p: { id: { S: '2' }, migrated: { S: 'migrated' } } }]])
})

test('keeps updates, deletions and batches of items of the page in order', async () => {
    const path = file('20220107-g.mjs', `
import { Migration, $AWS } from '@dynobase/dynamodb-migrations'
export const migration = (scope, name) => new Migration(scope, name, { tableArn: 'arn:aws:dynamodb:eu-west-1:1:table/SubjectTable' }).scan(async ({ result }) => {
    const [a, b, c] = result.Items
    const Table = 'SubjectTable'
    await $AWS.DynamoDB.UpdateItem({ Table, Key: { id: a.id }, UpdateExpression: 'SET n = n + :one', ExpressionAttributeValues: { ':one': { N: '1' } } })
    await $AWS.DynamoDB.UpdateItem({ Table, Key: { id: a.id }, UpdateExpression: 'REMOVE x', ReturnConsumedCapacity: 'TOTAL' })
    const { Attributes } = await $AWS.DynamoDB.DeleteItem({ Table, Key: { id: result.Items[3].id }, ReturnValues: 'ALL_OLD' })
    if (Attributes.id.S !== '4') throw new Error(JSON.stringify(Attributes))
    await $AWS.DynamoDB.BatchWriteItem({ RequestItems: { SubjectTable: [{ DeleteRequest: { Key: { id: b.id } } }, { PutRequest: { Item: { id: c.id } } }] } })
})`)
    const [{ ok }] = await worked(path, [['1', '2', '3', '4', '5'].map((id) => ({ id: { S: id } }))])
    assert.deepEqual(ok, [
        [
            { u: { expression: 'SET n = n + :one', names: {}, values: { ':one': { N: '1' } } } },
            { u: { expression: 'REMOVE x', names: {}, values: {} } },
        ],
        [{ d: true }],
        [{ p: { id: { S: '3' } } }],
        [{ d: true }],
        0,
    ])
})

/** What stands in for the gateway. */
function serve(reply) {
    const calls = []
    const server = createServer(async (request, response) => {
        const chunks = []
        for await (const chunk of request) {
            chunks.push(chunk)
        }
        const operation = request.headers['x-amz-target'].split('.')[1]
        calls.push([operation, JSON.parse(Buffer.concat(chunks))])
        const [status, body] = reply(operation)
        response.writeHead(status).end(JSON.stringify(body))
    })
    after(() => server.close())
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ calls, environment: {
        AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${server.address().port}`, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-west-1',
    } })))
}

test('sends everything else at once, and throws refusals by name', async () => {
    const { calls, environment } = await serve((operation) =>
        operation === 'PutItem' ? [400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no' }] : [200, { Item: { id: { S: '9' } } }])
    const path = file('20220108-h.mjs', `
import { Migration } from '@dynobase/dynamodb-migrations'
import { $AWS } from 'functionless'
export const migration = (scope, name) => new Migration(scope, name, { tableArn: 'SubjectTable' }).scan(async ({ result }) => {
    const { Item } = await $AWS.DynamoDB.GetItem({ Table: 'arn:aws:dynamodb:eu-west-1:1:table/Other', Key: { id: result.Items[0].id } })
    result.Items.forEach(async (item) => { // not awaited
        try {
            await $AWS.DynamoDB.PutItem({ Table: 'SubjectTable', Item: item, ConditionExpression: 'x = y' })
        } catch (error) {
            console.log(error.name, Item.id.S)
        }
        await $AWS.DynamoDB.PutItem({ Table: 'SubjectTable', Item: { ...item, late: { BOOL: true } } })
    })
})`)
    const [{ ok }, second] = await worked(path, [[{ id: { S: '1' } }], [{ id: { S: '2' } }]], environment)
    assert.deepEqual(ok, [[{ p: { id: { S: '1' }, late: { BOOL: true } } }]])
    assert.deepEqual(second.ok, [[{ p: { id: { S: '2' }, late: { BOOL: true } } }]])
    assert.deepEqual(calls.slice(0, 2), [
        ['GetItem', { TableName: 'Other', Key: { id: { S: '1' } } }],
        ['PutItem', { TableName: 'real', Item: { id: { S: '1' } }, ConditionExpression: 'x = y' }],
    ])
})

test('refuses to read what it has not written yet, and services that are not offered', async () => {
    const body = (code) => `
import { Migration, $AWS } from '@dynobase/dynamodb-migrations'
export const up = (scope, name) => new Migration(scope, name, { tableArn: 'T' }).run(async (Table, result) => {
    const [{ id }] = result.Items
    await $AWS.DynamoDB.DeleteItem({ Table, Key: { id } })
    ${code}
})`
    const [read] = await worked(file('20220109-i.mjs', body('await $AWS.DynamoDB.GetItem({ Table, Key: { id } })')), [[{ id: { S: '1' } }]])
    assert.match(read.error.message, /GetItem of an item that this call of the function has changed/)
    assert.match(read.error.frames[0], /20220109-i.mjs:\d+:\d+/)
    const [mail] = await worked(file('20220110-j.mjs', body('await $AWS.SES.SendEmail({})')), [[{ id: { S: '1' } }]])
    assert.match(mail.error.message, /\$AWS.SES is not offered/)
})
