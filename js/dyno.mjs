// The `dyno` of mapbox's scripts where the project has no package for it: a DocumentClient bound to a table.

import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { DocumentSet, fromWire, itemFromWire, itemToWire, toWire } from './documents.mjs'
import { DynamoDB } from './dynamodb.mjs'

const MOST_PUTS = 25
const MOST_GETS = 100
const MOST_BYTES = 16 * 1024 * 1024
const POLL_MS = 1000

const mapValues = (object, change) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))

// Where requests and answers hold values.

const isItem = new Set(['Item', 'Key', 'ExpressionAttributeValues', 'ExclusiveStartKey', 'LastEvaluatedKey', 'Attributes'])
const isConditions = new Set(['Expected', 'AttributeUpdates', 'KeyConditions', 'QueryFilter', 'ScanFilter'])

function conditionToWire(condition) {
    const wire = { ...condition }
    if ('Value' in wire) {
        wire.Value = toWire(wire.Value)
    }
    if (wire.AttributeValueList) {
        const list = wire.AttributeValueList
        wire.AttributeValueList = (list.wrapperName === 'Set' ? list.values : list).map(toWire)
    }
    return wire
}

function writeToWire(write) {
    return mapValues(write, (inner) => paramsToWire(inner))
}

const batchToWire = (asked) => (Array.isArray(asked) ? asked.map(writeToWire) : { ...asked, Keys: asked.Keys.map(itemToWire) })

function paramsToWire(params) {
    const wire = {}
    for (const [name, value] of Object.entries(params)) {
        if (value === undefined) {
            continue
        }
        if (isItem.has(name)) {
            wire[name] = itemToWire(value)
        } else if (isConditions.has(name)) {
            wire[name] = mapValues(value, conditionToWire)
        } else if (name === 'RequestItems') {
            wire[name] = mapValues(value, batchToWire)
        } else {
            wire[name] = value
        }
    }
    return wire
}

const writeFromWire = (write) => mapValues(write, (inner) => mapValues(inner, itemFromWire))

function answerFromWire(wire) {
    const data = { ...wire }
    for (const name of Object.keys(data)) {
        if (isItem.has(name)) {
            data[name] = itemFromWire(data[name])
        } else if (name === 'Items') {
            data[name] = data[name].map(itemFromWire)
        } else if (name === 'Responses') {
            data[name] = mapValues(data[name], (items) => items.map(itemFromWire))
        } else if (name === 'UnprocessedItems') {
            data[name] = mapValues(data[name], (writes) => writes.map(writeFromWire))
        } else if (name === 'UnprocessedKeys') {
            data[name] = mapValues(data[name], (asked) => ({ ...asked, Keys: asked.Keys.map(itemFromWire) }))
        }
    }
    return data
}

// Capacity.

function addUnits(sum, more) {
    for (const name of ['CapacityUnits', 'ReadCapacityUnits', 'WriteCapacityUnits']) {
        if (more[name]) {
            sum[name] = (sum[name] ?? 0) + more[name]
        }
    }
}

/** One object of what one or many answers say. */
function addCapacity(sum, more) {
    for (const one of [].concat(more ?? [])) {
        sum.TableName ??= one.TableName
        addUnits(sum, one)
        if (one.Table) {
            addUnits((sum.Table ??= {}), one.Table)
        }
        for (const group of ['LocalSecondaryIndexes', 'GlobalSecondaryIndexes']) {
            for (const [name, units] of Object.entries(one[group] ?? {})) {
                addUnits(((sum[group] ??= {})[name] ??= {}), units)
            }
        }
    }
    return sum
}

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan'])
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'])

function logCost(log, operation, data, began) {
    if (!log || !data?.ConsumedCapacity) {
        return
    }
    const kind = `${READS.has(operation) ? 'Read' : 'Write'}CapacityUnits`
    const all = addCapacity({}, data.ConsumedCapacity)
    const ofIndexes = (indexes) => (indexes ? mapValues(indexes, (units) => ({ [kind]: units[kind] ?? units.CapacityUnits })) : null)
    log({
        ConsumedCapacity: {
            CapacityUnits: all.CapacityUnits,
            [kind]: all[kind] ?? all.CapacityUnits ?? 0,
            GlobalSecondaryIndexes: ofIndexes(all.GlobalSecondaryIndexes),
            LocalSecondaryIndexes: ofIndexes(all.LocalSecondaryIndexes),
        },
        Time: Date.now() - began,
    })
}

/** A request that is sent when it is told to, as those of AWS's SDK. */
class Request extends EventEmitter {
    constructor(operation, params, run) {
        super()
        this.operation = operation
        this.params = params
        this.run = run
    }

    send(callback) {
        this.promise().then(
            (data) => callback && process.nextTick(callback, null, data),
            (error) => callback && process.nextTick(callback, error, null)
        )
    }

    async promise() {
        const response = { error: null, data: null, request: this }
        response.hasNextPage = () => Boolean(response.data?.LastEvaluatedKey)
        this.emit('validate', this)
        try {
            Object.assign(response, await this.run(this.params))
            this.emit('success', response)
        } catch (error) {
            response.error = error
            if (this.listenerCount('error') > 0) {
                this.emit('error', error, response)
            }
        }
        this.emit('complete', response)
        if (response.error) {
            throw response.error
        }
        return response.data
    }
}

/** Runs `work` for each element, at most so many at once. */
async function forEach(list, concurrency, work) {
    let next = 0
    const lane = async () => {
        while (next < list.length) {
            const at = next++
            await work(list[at], at)
        }
    }
    await Promise.all(Array.from({ length: Math.max(1, Number(concurrency) || 1) }, lane))
}

const unprocessed = (data) => data?.UnprocessedItems ?? data?.UnprocessedKeys ?? {}
const isEmpty = (object) => Object.keys(object).length === 0

function addLists(into, more, empty, listOf) {
    for (const [table, found] of Object.entries(more ?? {})) {
        listOf((into[table] ??= empty())).push(...listOf(found))
    }
}

function addAnswer(sum, data) {
    const plain = (list) => list
    const keys = (asked) => asked.Keys
    for (const [name, empty, listOf] of [
        ['Responses', () => [], plain],
        ['UnprocessedItems', () => [], plain],
        ['UnprocessedKeys', () => ({ Keys: [] }), keys],
    ]) {
        if (data[name]) {
            addLists((sum[name] ??= {}), data[name], empty, listOf)
        }
    }
    if (data.ConsumedCapacity) {
        addCapacity((sum.ConsumedCapacity ??= {}), data.ConsumedCapacity)
    }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Requests of many puts, deletes or keys. */
class Batches {
    constructor(make, params, most) {
        this.make = make
        this.capacity = params.ReturnConsumedCapacity
        this.most = most
        this.sets = []
        for (const [table, asked] of Object.entries(params.RequestItems)) {
            for (const one of Array.isArray(asked) ? asked : asked.Keys) {
                this.add(table, one, Array.isArray(asked) ? undefined : asked)
            }
        }
    }

    add(table, one, asked) {
        const size = one.PutRequest ? JSON.stringify(itemToWire(one.PutRequest.Item)).length : 0
        let last = this.sets.at(-1)
        if (last === undefined || last.count === this.most || last.size + size > MOST_BYTES) {
            last = { count: 0, size: 0, RequestItems: {} }
            this.sets.push(last)
        }
        const items = last.RequestItems
        items[table] ??= asked ? { ...asked, Keys: [] } : []
        const list = asked ? items[table].Keys : items[table]
        list.push(one)
        last.count += 1
        last.size += size
    }

    requests() {
        return this.sets.map(({ RequestItems }) => this.make({ RequestItems, ReturnConsumedCapacity: this.capacity }))
    }
}

/** `.sendAll(concurrency, callback(errors, answers, unprocessed))`: each request once. */
function withSendAll(requests, make) {
    requests.sendAll = (concurrency, callback) => {
        const done = typeof concurrency === 'function' ? concurrency : callback
        const errors = requests.map(() => null)
        const answers = requests.map(() => null)
        const left = requests.map(() => null)
        forEach(requests, concurrency, async (request, i) => {
            try {
                answers[i] = request && (await request.promise())
                const items = unprocessed(answers[i])
                left[i] = isEmpty(items) ? null : make({ RequestItems: items })
            } catch (error) {
                errors[i] = error
            }
        }).then(() => {
            const hasLeft = left.some((request) => request !== null)
            process.nextTick(done, errors.some(Boolean) ? errors : null, answers, hasLeft ? withSendAll(left, make) : null)
        })
    }
    return requests
}

/** `.sendAll(concurrency, callback(error, answer))`: again what was not processed. */
function withSendAllAgain(requests, make, maxRetries) {
    requests.sendAll = (concurrency, callback) => {
        const done = typeof concurrency === 'function' ? concurrency : callback
        const sum = {}
        let failure
        forEach(requests, concurrency, async (request) => {
            try {
                let data = await request.promise()
                for (let n = 0; n < maxRetries && !isEmpty(unprocessed(data)); ++n) {
                    const { UnprocessedItems, UnprocessedKeys, ...rest } = data
                    addAnswer(sum, rest)
                    await pause(50 * 2 ** (n - 1))
                    data = await make({
                        RequestItems: UnprocessedItems ?? UnprocessedKeys,
                        ReturnConsumedCapacity: request.params.ReturnConsumedCapacity,
                    }).promise()
                }
                addAnswer(sum, data)
            } catch (error) {
                failure = error
            }
        }).then(() => process.nextTick(done, failure, sum))
    }
    return requests
}

/** The items of all pages, or of so many. */
function pageStream(make, params, options = {}) {
    let pages = options.pages ?? Infinity
    let start = params.ExclusiveStartKey
    const stream = new Readable({
        objectMode: true,
        ...options,
        async read() {
            try {
                for (let isMore = true; isMore && pages > 0; ) {
                    pages -= 1
                    const request = make({ ...params, ExclusiveStartKey: start })
                    request.on('validate', () => stream.emit('validate', request))
                    const data = await request.promise()
                    stream.Count += data.Count
                    stream.ScannedCount += data.ScannedCount
                    stream.LastEvaluatedKey = start = data.LastEvaluatedKey
                    if (data.ConsumedCapacity) {
                        addCapacity((stream.ConsumedCapacity ??= {}), data.ConsumedCapacity)
                    }
                    pages = start === undefined ? 0 : pages
                    isMore = data.Items.length === 0
                    for (const item of data.Items) {
                        stream.push(item)
                    }
                }
                if (pages <= 0) {
                    stream.push(null)
                }
            } catch (error) {
                stream.destroy(error)
            }
        },
    })
    return Object.assign(stream, { Count: 0, ScannedCount: 0 })
}

function readPages(make, params, callback) {
    const { Pages, ...rest } = params
    if (Pages === undefined || Pages === null) {
        const request = make(rest)
        if (callback) {
            request.send(callback)
        }
        return request
    }
    if (!Number.isInteger(Pages) && Pages !== Infinity || Pages < 1) {
        throw new Error('Pages must be an integer greater than 0')
    }
    const items = []
    const stream = pageStream(make, rest, { pages: Pages })
    stream.on('error', callback)
    stream.on('data', (item) => items.push(item))
    stream.on('end', () => {
        const { Count, ScannedCount, LastEvaluatedKey, ConsumedCapacity } = stream
        callback(null, { Items: items, Count, ScannedCount, LastEvaluatedKey, ConsumedCapacity })
    })
    return stream
}

/** A stream that puts items, 25 in a request. */
function putStream(make, table, { concurrency = 1, retry, ...options } = {}) {
    let items = []
    const busy = new Set()
    const put = async (RequestItems) => {
        for (let left = RequestItems; !isEmpty(left); ) {
            stream.requestCount += 1
            const request = make({ RequestItems: left })
            if (retry) {
                request.on('retry', retry)
            }
            left = (await request.promise()).UnprocessedItems ?? {}
        }
    }
    const begin = (callback) => {
        const work = put({ [table]: items.splice(0) }).then(() => busy.delete(work))
        busy.add(work)
        work.catch(() => {}) // it stays busy: who waits next is told
        const until = busy.size < concurrency ? Promise.resolve() : Promise.race(busy)
        until.then(() => callback(), callback)
    }
    const stream = new Writable({
        ...options,
        objectMode: true,
        write(item, encoding, callback) {
            items.push({ PutRequest: { Item: item } })
            items.length < MOST_PUTS ? callback() : begin(callback)
        },
        final(callback) {
            const end = (error) => (error ? callback(error) : Promise.all(busy).then(() => callback(), callback))
            items.length === 0 ? end() : begin(end)
        },
    })
    stream.requestCount = 0
    return stream
}

const isMissing = (error) => error?.code === 'ResourceNotFoundException'

async function described(client, params) {
    try {
        return (await client.describeTable({ TableName: params.TableName }).promise()).Table
    } catch (error) {
        if (isMissing(error)) {
            return undefined
        }
        throw error
    }
}

/** Creates the table unless it is there, and waits until it is ready. */
async function createTable(client, create, params) {
    if ((await described(client, params)) === undefined) {
        await create(params).promise()
    }
    for (;;) {
        const table = await described(client, params)
        if (table?.TableStatus === 'ACTIVE') {
            return { TableDefinition: table }
        }
        await pause(POLL_MS)
    }
}

async function deleteTable(client, remove, params) {
    for (let table = await described(client, params); table; table = await described(client, params)) {
        if (table.TableStatus === 'ACTIVE') {
            await remove({ TableName: params.TableName }).promise()
        } else {
            await pause(POLL_MS)
        }
    }
}

/** A function with a callback of one that gives a promise. */
const called = (work) => (params, callback) => {
    work(params).then((data) => process.nextTick(callback, null, data), (error) => process.nextTick(callback, error))
}

const ONLY_WRITE = ['deleteItem', 'putItem', 'updateItem', 'batchWriteItem', 'batchWriteItemRequests', 'batchWriteAll', 'putStream']
const ONLY_READ = ['batchGetItem', 'getItem', 'query', 'scan', 'batchGetItemRequests', 'batchGetAll', 'queryStream', 'scanStream']

function makeRequests(connection, table, costLogger) {
    const make = (operation, defaults, isPlain) => (params = {}) => {
        const all = { ...defaults, ...params }
        if (costLogger && (READS.has(operation) || WRITES.has(operation))) {
            all.ReturnConsumedCapacity = 'INDEXES'
        }
        return new Request(operation, all, async (asked) => {
            const began = Date.now()
            const answer = await connection.call(operation, isPlain ? asked : paramsToWire(asked))
            const data = isPlain ? answer.data : answerFromWire(answer.data)
            logCost(costLogger, operation, data, began)
            return { data, requestId: answer.requestId }
        })
    }
    const own = { TableName: table }
    return {
        listTables: make('ListTables', {}, true),
        describeTable: make('DescribeTable', own, true),
        createTable: make('CreateTable', own, true),
        deleteTable: make('DeleteTable', own, true),
        batchGetItem: make('BatchGetItem', {}),
        batchWriteItem: make('BatchWriteItem', {}),
        deleteItem: make('DeleteItem', own),
        getItem: make('GetItem', own),
        putItem: make('PutItem', own),
        updateItem: make('UpdateItem', own),
        query: make('Query', own),
        scan: make('Scan', own),
    }
}

/** A request that is sent at once where there is a callback. */
const native = (make) => (params, callback) => {
    const done = typeof params === 'function' ? params : callback
    const request = make(typeof params === 'function' ? {} : params)
    if (done) {
        request.send(done)
    }
    return request
}

/** Reading functions take a callback for the first argument, too. */
const pages = (make) => (params, callback) =>
    typeof params === 'function' ? readPages(make, {}, params) : readPages(make, params ?? {}, callback)

export function Dyno(options) {
    if (!options) {
        throw new Error('options is required')
    }
    const shared = options.dynoInstance?._client
    if (shared && ['region', 'endpoint', 'table'].some((name) => name in options)) {
        throw new Error('No need to provide DynamoDB config when reusing Dynamodb client')
    }
    if (!shared && !options.table) {
        throw new Error('table is required')
    }
    if (!shared && !options.region) {
        throw new Error('region is required')
    }
    const config = shared ? options.dynoInstance.config : { ...options, params: { TableName: options.table } }
    const connection = shared ?? new DynamoDB(options)
    const table = config.params.TableName
    const make = makeRequests(connection, table, options.costLogger)
    const dyno = { config, defaultTable: table, _client: connection }
    const natives = ['listTables', 'describeTable', 'batchGetItem', 'batchWriteItem', 'deleteItem', 'getItem', 'putItem', 'updateItem']
    for (const name of natives) {
        dyno[name] = native(make[name])
    }
    Object.assign(dyno, {
        batchGetItemRequests: (params) => withSendAll(new Batches(make.batchGetItem, params, MOST_GETS).requests(), make.batchGetItem),
        batchWriteItemRequests: (params) => withSendAll(new Batches(make.batchWriteItem, params, MOST_PUTS).requests(), make.batchWriteItem),
        batchGetAll: (params, maxRetries = 10) =>
            withSendAllAgain(new Batches(make.batchGetItem, params, MOST_GETS).requests(), make.batchGetItem, maxRetries),
        batchWriteAll: (params, maxRetries = 10) =>
            withSendAllAgain(new Batches(make.batchWriteItem, params, MOST_PUTS).requests(), make.batchWriteItem, maxRetries),
        createTable: called((params) => createTable(make, make.createTable, { TableName: table, ...params })),
        deleteTable: called((params) => deleteTable(make, make.deleteTable, { TableName: table, ...params })),
        query: pages(make.query),
        scan: pages(make.scan),
        queryStream: (params, options) => pageStream(make.query, params ?? {}, options),
        scanStream: (params, options) => pageStream(make.scan, params ?? {}, options),
        putStream: (options) => putStream(make.batchWriteItem, table, options),
    })
    for (const name of [...(options.read ? ONLY_WRITE : []), ...(options.write ? ONLY_READ : [])]) {
        delete dyno[name]
    }
    for (const name of [...natives, 'createTable', 'deleteTable', 'query', 'scan']) {
        if (dyno[name]) {
            dyno[`${name}Async`] = promisify(dyno[name])
        }
    }
    return dyno
}

/** A client that reads from one table and writes to another. */
Dyno.multi = (readOptions, writeOptions) => {
    const read = Dyno({ ...readOptions, read: true })
    const write = Dyno({ ...writeOptions, write: true })
    const both = (name) => (params, callback) => {
        const done = typeof params === 'function' ? params : callback
        const asked = typeof params === 'function' ? {} : params
        Promise.all([read, write].map((dyno) => dyno[`${name}Async`](asked))).then(() => done(), done)
    }
    const config = { read: read.config, write: write.config }
    return { ...write, ...read, config, read, write, createTable: both('createTable'), deleteTable: both('deleteTable') }
}

Dyno.createSet = (list) => new DocumentSet(list)
Dyno.serialize = (item) => JSON.stringify(itemToWire(item))
Dyno.deserialize = (text) => mapValues(JSON.parse(text), fromWire)
