// Migrations of functionless form: `export const up = (scope, name) => new Migration(scope, name, {
// tableArn }).run(async (table, result) => ...)`, or `migration` with `.scan(...)` or `.query(...)`.

import { setImmediate as nextTurn } from 'node:timers/promises'
import nodeModule, { createRequire } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DynamoDB } from './dynamodb.mjs'

const require = createRequire(import.meta.url)
const SHIM = require.resolve('./functionless_shim.cjs')
const shim = require(SHIM)

const PACKAGES = ['@dynobase/dynamodb-migrations', 'dynamodb-migrations', 'functionless']

const SECONDS_OF_THEIRS = 300

let isPrepared = false

/** From now on the names that such files import lead to our shim. */
export function prepare() {
    if (isPrepared) {
        return
    }
    isPrepared = true
    const resolve = nodeModule._resolveFilename
    nodeModule._resolveFilename = function (name, parent, ...rest) {
        return PACKAGES.includes(name) && !parent?.filename?.includes('/node_modules/') ? SHIM : resolve.call(this, name, parent, ...rest)
    }
    nodeModule.register?.('./functionless_hook.mjs', { parentURL: import.meta.url, data: { shim: pathToFileURL(SHIM).href } })
    globalThis.Migration ??= shim.Migration // which their page's example forgets to import
}

/** The functions of the file that make migrations: up, and down where there is one. */
function makersOf(exported) {
    const up = exported?.up ?? exported?.migration
    return typeof up === 'function' ? { up, down: exported.down } : undefined
}

/** What a function of the file makes. */
function make(maker, file, table) {
    const name = basename(file).replace(/\.[^.]*$/, '')
    const scope = { node: { id: 'dynamigrate', path: 'dynamigrate', tryGetContext() {}, addDependency() {} } }
    shim.state.made.length = 0
    maker(scope, name, { migrationName: name, tableArn: table || undefined })
    const made = shim.state.made.filter((migration) => migration.page !== undefined)
    if (made.length !== 1) {
        throw new Error(
            made.length === 0
                ? 'the function makes no migration: `new Migration(scope, name, { tableArn }).run(async (table, result) => { ... })`'
                : `the function makes ${made.length} migrations; a file is one migration`
        )
    }
    return made[0]
}

/** The table that the migration names; nothing where only a deployment would know it. */
function tableOf({ tableArn, tableName }) {
    const named = tableArn ?? tableName
    return typeof named === 'string' && named !== '' && !named.includes('${') ? shim.tableName(named) : undefined
}

const filtered = (object, keep) => Object.fromEntries(Object.entries(object ?? {}).filter(keep))

/** The expression with those of the options' names and values that it mentions. */
function expressionOf(text, { ExpressionAttributeNames, ExpressionAttributeValues }) {
    const mentioned = new Set(text.match(/[#:][A-Za-z0-9_]+/g))
    const isMentioned = ([name]) => mentioned.has(name)
    const values = Object.entries(filtered(ExpressionAttributeValues, isMentioned))
    return {
        names: filtered(ExpressionAttributeNames, isMentioned),
        values: Object.fromEntries(values.map(([name, value]) => [name, { $dynamodb: value }])),
    }
}

/** As the fields of a step of ours. */
function fieldsOf({ kind, options, description, timeout, props }) {
    const fields = {
        table: tableOf(props),
        description,
        timeout: timeout?.toSeconds?.() ?? SECONDS_OF_THEIRS,
        page_items: options.Limit,
        segments: kind === 'query' ? 1 : options.TotalSegments ?? options.segments,
        source: options.IndexName && { index: options.IndexName },
    }
    const { KeyConditionExpression: condition, FilterExpression: filter } = options
    if (kind === 'query' && condition) {
        const { IndexName: index, ScanIndexForward: forward } = options
        fields.source = { query: { key_condition: condition, index, forward, ...expressionOf(condition, options) } }
    }
    if (filter) {
        Object.assign(fields, { where: filter, ...expressionOf(filter, options) })
    }
    return JSON.parse(JSON.stringify(fields)) // without what is undefined
}

/** What the file says; nothing when it exports no migration of this form. */
export function describe(exported, file, table) {
    const makers = makersOf(exported)
    if (makers === undefined) {
        return undefined
    }
    const functionless = { up: fieldsOf(make(makers.up, file, table)) }
    if (typeof makers.down === 'function') {
        functionless.down = fieldsOf(make(makers.down, file, table))
    }
    return { values: { functionless }, functions: [] }
}

/** Operations on one item, which can wait until the function is done. */
const ON_ITEM = {
    PutItem: (input, names) => ({ key: names.map((name) => input.Item?.[name]), edit: { p: input.Item } }),
    DeleteItem: (input, names) => ({ key: names.map((name) => input.Key?.[name]), edit: { d: true } }),
    UpdateItem: (input, names) => ({
        key: names.map((name) => input.Key?.[name]),
        edit: { u: { expression: input.UpdateExpression ?? '', names: input.ExpressionAttributeNames ?? {}, values: input.ExpressionAttributeValues ?? {} } },
    }),
}
/** Whether the operation asks for more than a change; what the item was, the page knows. */
const asksMore = ({ ConditionExpression, Expected, AttributeUpdates, ReturnValues = 'NONE' }) =>
    ConditionExpression || Expected || AttributeUpdates || !['NONE', 'ALL_OLD'].includes(ReturnValues)

let client

async function call(operation, body) {
    client ??= new DynamoDB({})
    return (await client.call(operation, body)).data
}

const copy = (value) => JSON.parse(JSON.stringify(value))

/** What the function does with one page of items. */
class Page {
    constructor(opened, items) {
        this.opened = opened
        this.items = items.map(copy)
        this.edits = items.map(() => [])
        this.places = new Map(items.map((item, place) => [this.keyOf(item), place]))
        this.pending = new Set()
    }

    keyOf(item) {
        return JSON.stringify(this.opened.key.map((name) => item[name]))
    }

    /** Where the item of this key is in the page; nothing for others. */
    placeOf(table, key) {
        return table === this.opened.table ? this.places.get(JSON.stringify(key)) : undefined
    }

    do(operation, input) {
        const done = this.doNow(operation, input)
        this.pending.add(done)
        const forget = () => this.pending.delete(done)
        done.then(forget, forget)
        return done
    }

    async doNow(operation, input) {
        const body = withTableNames(input, this.opened)
        if (operation === 'BatchWriteItem') {
            return this.writeBatch(body)
        }
        const onItem = ON_ITEM[operation]?.(body, this.opened.key)
        const key = onItem?.key ?? (body.Key && this.opened.key.map((name) => body.Key[name]))
        const place = key && this.placeOf(body.TableName, key)
        if (place === undefined) {
            return call(operation, body)
        }
        const isEdit = onItem && !asksMore(body)
        if (!isEdit || body.ReturnValues === 'ALL_OLD') {
            this.refuseAfterEdit(operation, place)
        }
        if (!isEdit) {
            return call(operation, body)
        }
        this.edits[place].push(copy(onItem.edit))
        return body.ReturnValues === 'ALL_OLD' ? { Attributes: copy(this.items[place]) } : {}
    }

    /** Changes of the page's items wait; what comes after them would not see them. */
    refuseAfterEdit(operation, place) {
        if (this.edits[place].length > 0) {
            throw new Error(
                `${operation} of an item that this call of the function has changed: items of the page are written when the ` +
                    'function is done; do it before, or keep in a variable what was written'
            )
        }
    }

    async writeBatch(body) {
        const left = {}
        for (const [table, requests] of Object.entries(body.RequestItems ?? {})) {
            for (const request of requests) {
                const item = request.PutRequest?.Item
                const keyed = item ?? request.DeleteRequest?.Key ?? {}
                const place = this.placeOf(table, this.opened.key.map((name) => keyed[name]))
                if (place === undefined) {
                    ;(left[table] ??= []).push(request)
                } else {
                    this.edits[place].push(copy(item ? { p: item } : { d: true }))
                }
            }
        }
        return Object.keys(left).length > 0 ? call('BatchWriteItem', { ...body, RequestItems: left }) : { UnprocessedItems: {} }
    }

    /** Waits for what the function asked for, also where it did not. */
    async settle() {
        for (await nextTurn(); this.pending.size > 0; await nextTurn()) {
            await Promise.allSettled(this.pending)
        }
    }
}

/** `Table` and ARNs as the API has them; the migration's table by its physical name. */
function withTableNames(input, opened) {
    const physical = (table) => {
        const name = shim.tableName(table)
        return opened.tables[name] ?? name
    }
    const named = ({ Table, TableName = Table, ...rest }) =>
        TableName === undefined ? rest : { TableName: physical(TableName), ...rest }
    const body = named(input)
    if (body.RequestItems) {
        body.RequestItems = Object.fromEntries(Object.entries(body.RequestItems).map(([table, value]) => [physical(table), value]))
    }
    if (body.TransactItems) {
        body.TransactItems = body.TransactItems.map((entry) =>
            Object.fromEntries(Object.entries(entry).map(([kind, value]) => [kind, named(value)]))
        )
    }
    return body
}

/** What works pages of items off: gives the edits of each item. */
export function open(exported, { file, direction, table, key, tables, configured }) {
    const migration = make(makersOf(exported)[direction], file, configured)
    const opened = { table, key, tables }
    const given = { tableName: table, tableArn: migration.props.tableArn, resource: { tableName: table } }
    return async (items) => {
        const page = new Page(opened, items)
        shim.state.dynamodb = (operation, input) => page.do(operation, input)
        try {
            await migration.page(given, { Items: items, Count: items.length, ScannedCount: items.length })
            await page.settle()
        } finally {
            shim.state.dynamodb = undefined
        }
        return page.edits.map((edits) => (edits.length > 0 ? edits : 0))
    }
}
