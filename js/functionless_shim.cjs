// Stands in for `@dynobase/dynamodb-migrations` and `functionless` in migrations: the names that these
// files import, with what a migration does with them here. Names of types are there since not every
// TypeScript loader leaves their imports out.
'use strict'

/** What the file at hand has made, and who carries out what its function asks for. */
const state = { made: [], dynamodb: undefined }
exports.state = state

const COUNT_OF_THEIRS = 10

/** The table's name of an ARN, a name, or an object that stands for a table. */
function tableName(table) {
    if (typeof table === 'string') {
        return /^arn:[^:]*:dynamodb:[^:]*:[^:]*:table\/([^/]+)/.exec(table)?.[1] ?? table
    }
    const name = table?.tableName ?? table?.tableArn ?? table?.arn ?? table?.name ?? table?.TableName
    if (name !== undefined) {
        return tableName(name)
    }
    if (table?.resource !== undefined) {
        return tableName(table.resource)
    }
    throw new TypeError(`no table: ${JSON.stringify(table)} is neither a name, nor an ARN, nor the table that the function was given`)
}
exports.tableName = tableName

/** `new Migration(scope, name, { tableArn })` with one of `run`, `scan`, `query`. */
class Migration {
    constructor(scope, id, props = {}) {
        this.id = id
        this.props = props
        this.description = props.description
        this.migrationName = props.migrationName ?? id
        this.timeout = props.timeout
        this.table = { tableArn: props.tableArn, tableName: props.tableName }
        this.resource = { stateMachineArn: '' }
        state.made.push(this)
    }
    /** As their page describes it. */
    run(transform, options = {}) {
        return this.take('run', (table, result) => transform(table, result), transform, options)
    }
    /** As it is implemented. */
    scan(transform, options = {}) {
        const segments = options.TotalSegments ?? options.segments ?? COUNT_OF_THEIRS
        return this.take('scan', (_, result) => transform({ result }), transform, { ...options, segments })
    }
    query(transform, options = {}) {
        return this.take('query', (_, result) => transform({ result }), transform, options)
    }
    take(kind, page, transform, options) {
        if (typeof transform !== 'function') {
            throw new TypeError(`.${kind}(...) of the migration was given no function`)
        }
        if (this.page !== undefined) {
            throw new Error(`the migration calls .${kind}(...) after .${this.kind}(...); one function of pages is one migration`)
        }
        Object.assign(this, { kind, page, options })
        return this
    }
}
exports.Migration = Migration

const dynamodb = new Proxy(
    {},
    {
        get: (_, operation) => (input) => {
            if (state.dynamodb === undefined) {
                throw new Error(`$AWS.DynamoDB.${String(operation)} was called outside of the function of pages`)
            }
            return state.dynamodb(String(operation), input ?? {})
        },
    }
)
const offered = { DynamoDB: dynamodb }
exports.$AWS = new Proxy(offered, {
    get(_, service) {
        if (service in offered || typeof service === 'symbol') {
            return offered[service]
        }
        throw new Error(`$AWS.${service} is not offered to migrations, only $AWS.DynamoDB is`)
    },
})

class Duration {
    constructor(seconds) {
        this.seconds = seconds
    }
    static millis = (count) => new Duration(count / 1000)
    static seconds = (count) => new Duration(count)
    static minutes = (count) => new Duration(count * 60)
    static hours = (count) => new Duration(count * 3600)
    static days = (count) => new Duration(count * 86400)
    toSeconds() {
        return this.seconds
    }
}
exports.Duration = Duration

class Table {
    constructor(scope, id, props = {}) {
        this.tableName = props.tableName ?? id
    }
    static fromTable = (table) => ({ tableName: tableName(table) })
    static fromTableArn = (scope, id, arn) => ({ tableName: tableName(arn) })
    static fromTableName = (scope, id, name) => ({ tableName: name })
}
exports.Table = Table

class Construct {}
exports.Construct = Construct
exports.Stack = Construct
exports.NestedStack = Construct
exports.MigrationsManager = Construct

exports.MigrationFunction = undefined
exports.MigrationProps = undefined
exports.MigrationManagerProps = undefined
exports.MigrationsManagerProps = undefined
exports.MigrationHistoryItem = undefined
exports.TransformFunctionType = undefined
exports.ITable = undefined
exports.ScanInput = undefined
exports.ScanOutput = undefined
exports.QueryInput = undefined
exports.QueryOutput = undefined
