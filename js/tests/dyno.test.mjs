import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { Dyno } from '../dyno.mjs'

let server
let dyno
let asked = []
let answers = []

before(async () => {
    server = createServer((request, answer) => {
        let body = ''
        request.on('data', (text) => (body += text))
        request.on('end', () => {
            asked.push([request.headers['x-amz-target'].replace(/.*\./, ''), JSON.parse(body)])
            const { status = 200, lost, ...content } = answers.shift() ?? {}
            if (lost) {
                return request.socket.destroy()
            }
            answer.writeHead(status, { 'x-amzn-requestid': 'r1' })
            answer.end(JSON.stringify(content))
        })
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${server.address().port}`
    dyno = Dyno({ table: 'app', region: 'eu-west-1', endpoint, accessKeyId: 'a', secretAccessKey: 'b' })
})
after(() => {
    server.close()
    server.closeAllConnections?.()
})
beforeEach(() => {
    asked = []
    answers = []
})

const called = (work) => new Promise((resolve, reject) => work((error, data, more) => (error ? reject(error) : resolve(more === undefined ? data : [data, more]))))

test('single operations name the table and translate values', async () => {
    answers = [{}, { Item: { pk: { S: 'a' }, n: { N: '12345678901234567890' }, s: { NS: ['1'] } } }]
    await called((cb) => dyno.putItem({ Item: { pk: 'a', b: Buffer.from('x'), s: Dyno.createSet(['q']), gone: undefined } }, cb))
    const { Item } = await dyno.getItemAsync({ Key: { pk: 'a' } })
    assert.deepEqual(asked, [
        ['PutItem', { TableName: 'app', Item: { pk: { S: 'a' }, b: { B: 'eA==' }, s: { SS: ['q'] } } }],
        ['GetItem', { TableName: 'app', Key: { pk: { S: 'a' } } }],
    ])
    assert.equal(String(Item.n), '12345678901234567890')
    answers = [{}]
    await dyno.putItemAsync({ Item })
    assert.deepEqual(asked[2][1].Item, { pk: { S: 'a' }, n: { N: '12345678901234567890' }, s: { NS: ['1'] } })
})

test('expressions and conditions of the old kind are translated', async () => {
    await dyno.updateItemAsync({ Key: { pk: 'a' }, UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': 1 } })
    await dyno.deleteItemAsync({ Key: { pk: 'a' }, Expected: { n: { Value: 2 }, m: { AttributeValueList: ['x'], ComparisonOperator: 'EQ' } } })
    assert.deepEqual(asked[0][1].ExpressionAttributeValues, { ':n': { N: '1' } })
    assert.deepEqual(asked[1][1].Expected, {
        n: { Value: { N: '2' } },
        m: { AttributeValueList: [{ S: 'x' }], ComparisonOperator: 'EQ' },
    })
})

test('errors are as those of AWS', async () => {
    answers = [{ status: 400, __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no' }]
    const error = await called((cb) => dyno.putItem({ Item: {} }, cb)).catch((failure) => failure)
    assert.equal(error.code, 'ConditionalCheckFailedException')
    assert.equal(error.statusCode, 400)
    assert.equal(error.requestId, 'r1')
    assert.ok(error instanceof Error)
})

test('a read whose answer was lost is sent again, a write is not', async () => {
    const lost = async (ask) => {
        answers = [{}, { lost: true }]
        await dyno.describeTableAsync({ TableName: 'app' }) // the connection that is used again
        asked = []
        return ask()
    }
    await lost(() => dyno.getItemAsync({ Key: { pk: 'a' } }))
    assert.deepEqual(asked.map(([operation]) => operation), ['GetItem', 'GetItem'])
    const write = { Key: { pk: 'a' }, UpdateExpression: 'ADD n :n', ExpressionAttributeValues: { ':n': 1 } }
    await assert.rejects(lost(() => dyno.updateItemAsync(write)), { code: 'ECONNRESET' })
    assert.deepEqual(asked.map(([operation]) => operation), ['UpdateItem'])
})

test('without a callback a request waits to be sent', async () => {
    answers = [{ TableNames: ['app'] }]
    const request = dyno.listTables()
    assert.equal(asked.length, 0)
    assert.deepEqual(await request.promise(), { TableNames: ['app'] })
})

test('many writes become requests of 25, and what is left is given back', async () => {
    const writes = Array.from({ length: 60 }, (_, i) => ({ PutRequest: { Item: { pk: String(i) } } }))
    const requests = dyno.batchWriteItemRequests({ RequestItems: { app: writes } })
    assert.equal(requests.length, 3)
    answers = [{ UnprocessedItems: {} }, { UnprocessedItems: { app: [{ PutRequest: { Item: { pk: { S: '30' } } } }] } }, { UnprocessedItems: {} }]
    const [data, left] = await called((cb) => requests.sendAll(1, (errors, answers, more) => cb(errors, answers, more)))
    assert.equal(data.length, 3)
    assert.deepEqual(left.map(Boolean), [false, true, false])
    asked = []
    await called((cb) => left.sendAll(cb))
    assert.deepEqual(asked, [['BatchWriteItem', { RequestItems: { app: [{ PutRequest: { Item: { pk: { S: '30' } } } }] } }]])
})

test('batchGetAll asks again for what was not processed', async () => {
    const Keys = Array.from({ length: 101 }, (_, i) => ({ pk: String(i) }))
    answers = [
        { Responses: { app: [{ pk: { S: '0' } }] }, UnprocessedKeys: { app: { Keys: [{ pk: { S: '1' } }] } } },
        { Responses: { app: [{ pk: { S: '1' } }] }, UnprocessedKeys: {} },
        { Responses: { app: [{ pk: { S: '100' } }] }, UnprocessedKeys: {} },
    ]
    const { Responses } = await called((cb) => dyno.batchGetAll({ RequestItems: { app: { Keys } } }).sendAll(cb))
    assert.deepEqual(Responses.app.map(({ pk }) => pk), ['0', '1', '100'])
})

test('batchWriteAll ends with what is left after its retries', async () => {
    const left = { UnprocessedItems: { app: [{ DeleteRequest: { Key: { pk: { S: 'a' } } } }] } }
    answers = [left, left, left]
    const requests = dyno.batchWriteAll({ RequestItems: { app: [{ DeleteRequest: { Key: { pk: 'a' } } }] } }, 2)
    const { UnprocessedItems } = await called((cb) => requests.sendAll(2, cb))
    assert.equal(asked.length, 3)
    assert.deepEqual(UnprocessedItems, { app: [{ DeleteRequest: { Key: { pk: 'a' } } }] })
})

const PAGES = [
    { Items: [{ pk: { S: 'a' } }], Count: 1, ScannedCount: 2, LastEvaluatedKey: { pk: { S: 'a' } } },
    { Items: [], Count: 0, ScannedCount: 1, LastEvaluatedKey: { pk: { S: 'b' } } },
    { Items: [{ pk: { S: 'c' } }], Count: 1, ScannedCount: 1 },
]

test('streams and Pages read on', async () => {
    answers = [...PAGES]
    const found = []
    const stream = dyno.scanStream()
    for await (const item of stream) {
        found.push(item.pk)
    }
    assert.deepEqual(found, ['a', 'c'])
    assert.equal(stream.ScannedCount, 4)
    assert.deepEqual(asked[1][1].ExclusiveStartKey, { pk: { S: 'a' } })
    answers = [...PAGES]
    const all = await dyno.queryAsync({ Pages: 2 })
    assert.deepEqual(all.Items, [{ pk: 'a' }])
    assert.deepEqual(all.LastEvaluatedKey, { pk: 'b' })
    answers = [...PAGES]
    assert.deepEqual((await dyno.scanAsync({ Limit: 1 })).Items, [{ pk: 'a' }])
    assert.throws(() => dyno.scan({ Pages: 0 }, () => {}), /Pages must be/)
})

test('a stream of puts puts all', async () => {
    const stream = dyno.putStream({ concurrency: 2 })
    for (let i = 0; i < 60; ++i) {
        stream.write({ pk: String(i) })
    }
    await new Promise((resolve, reject) => stream.end((error) => (error ? reject(error) : resolve())))
    assert.deepEqual(asked.map(([, { RequestItems }]) => RequestItems.app.length).sort(), [10, 25, 25])
    assert.equal(stream.requestCount, 3)
})

test('a put of a stream that fails, fails the stream', async () => {
    answers = [{ status: 400, __type: '#ValidationException', message: 'no' }]
    const stream = dyno.putStream({ concurrency: 2 })
    const failed = new Promise((resolve) => stream.on('error', resolve))
    for (let i = 0; i < 25; ++i) {
        stream.write({ pk: String(i) })
    }
    await dyno.getItemAsync({ Key: { pk: 'answered after it' } })
    stream.end()
    assert.match((await failed).message, /no/)
})

test('tables are created and deleted in the end', async () => {
    const missing = { status: 400, __type: '#ResourceNotFoundException' }
    answers = [missing, {}, { Table: { TableStatus: 'ACTIVE', TableName: 'new' } }, { Table: { TableStatus: 'ACTIVE' } }, {}, missing]
    const { TableDefinition } = await dyno.createTableAsync({ TableName: 'new' })
    assert.equal(TableDefinition.TableName, 'new')
    await dyno.deleteTableAsync({ TableName: 'new' })
    assert.deepEqual(asked.map(([operation]) => operation), [
        'DescribeTable', 'CreateTable', 'DescribeTable', 'DescribeTable', 'DeleteTable', 'DescribeTable',
    ])
})

test('a client of two tables reads from one and writes to the other', () => {
    const { config } = dyno
    const both = Dyno.multi({ ...config, table: 'from' }, { ...config, table: 'to' })
    assert.equal(both.read.config.params.TableName, 'from')
    assert.equal(both.read.putItem, undefined)
    assert.equal(both.write.getItem, undefined)
    assert.equal(typeof both.putItem, 'function')
    assert.equal(typeof both.getItem, 'function')
})

test('costs are told to who asks', async () => {
    const told = []
    const counting = Dyno({ ...dyno.config, costLogger: (cost) => told.push(cost) })
    answers = [{ ConsumedCapacity: { TableName: 'app', CapacityUnits: 3, GlobalSecondaryIndexes: { by: { CapacityUnits: 1 } } } }]
    await counting.putItemAsync({ Item: { pk: 'a' } })
    assert.equal(asked[0][1].ReturnConsumedCapacity, 'INDEXES')
    assert.equal(told[0].ConsumedCapacity.WriteCapacityUnits, 3)
    assert.deepEqual(told[0].ConsumedCapacity.GlobalSecondaryIndexes, { by: { WriteCapacityUnits: 1 } })
})

test('items are written as text and read again', () => {
    const item = { s: Dyno.createSet([1, 2]), b: Buffer.from('x'), list: [null, true], text: 'a' }
    const text = Dyno.serialize(item)
    assert.equal(text, '{"s":{"NS":["1","2"]},"b":{"B":"eA=="},"list":{"L":[{"NULL":true},{"BOOL":true}]},"text":{"S":"a"}}')
    assert.deepEqual(Dyno.deserialize(text), item)
})

test('a client needs a table and a region', () => {
    assert.throws(() => Dyno(), /options is required/)
    assert.throws(() => Dyno({ region: 'a' }), /table is required/)
    assert.throws(() => Dyno({ table: 'a' }), /region is required/)
})
