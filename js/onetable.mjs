// Runs one OneTable migration, `up(db, migrate, params)` or `down(...)`, with `db` a Table of the
// project's dynamodb-onetable whose only way to DynamoDB is what the environment names.
//
//     node onetable.mjs FILE VERSION up|down [FILE-OF-THE-SCHEMA VERSION]

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { describeError, load } from './loading.mjs'
import { direct } from './old_clients.mjs'
import { OneTableMigrate } from './onetable_migrate.mjs'

const [file, version, direction, schemaFile, schemaVersion] = process.argv.slice(2)
const settings = JSON.parse(readFileSync(process.env.DYNAMIGRATE_ONETABLE, 'utf8'))
const places = [createRequire(file), createRequire(resolve('package.json'))]

function find(name) {
    for (const require of places) {
        try {
            return require(require.resolve(name))
        } catch (error) {
            if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
                throw error
            }
        }
    }
    return undefined
}

function need(name) {
    const found = find(name)
    if (found === undefined) {
        throw new Error(`${file} needs the package ${name.split('/')[0]}, and it is not installed here: npm install ${name}`)
    }
    return found
}

/** The migration of a file, or of a file that exports a list of them. */
async function migrationOf(path, id) {
    const loaded = await load(path)
    return Array.isArray(loaded) ? loaded.find((migration) => migration.version === id) : loaded
}

const endpoint = process.env.AWS_ENDPOINT_URL_DYNAMODB
const region = process.env.AWS_REGION
const credentials = {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
}

/** aws-sdk v2 knows no variable for the endpoint. */
function directOldClients() {
    const AWS = find('aws-sdk')
    if (AWS) {
        direct(AWS)
    }
    return AWS
}

function makeClient() {
    const old = directOldClients()
    const sdk = find('@aws-sdk/client-dynamodb')
    const wrapper = sdk && find('dynamodb-onetable/Dynamo')
    if (wrapper) {
        return new wrapper.Dynamo({ client: new sdk.DynamoDBClient({ endpoint, region, credentials }) })
    }
    if (old) {
        return new old.DynamoDB.DocumentClient({ endpoint, region })
    }
    return need('@aws-sdk/client-dynamodb') && need('dynamodb-onetable/Dynamo')
}

function tableParams() {
    const own = settings.onetable ?? {}
    const { delimiter, nulls, typeField, hidden } = settings
    const params = { partial: true, logger: false, separator: delimiter, nulls, typeField, hidden, ...own }
    delete params.name
    if (params.delimiter) {
        params.separator = params.delimiter
        delete params.delimiter
    }
    const crypto = settings.crypto ?? own.crypto
    if (crypto) {
        params.crypto = crypto.cipher ? { primary: crypto } : crypto
    }
    for (const name of Object.keys(params)) {
        if (params[name] === undefined) {
            delete params[name]
        }
    }
    return params
}

async function makeTable(schema) {
    const { Table } = need('dynamodb-onetable')
    const client = makeClient()
    const table = new Table({ ...tableParams(), client, name: process.env.DYNAMIGRATE_TABLE, schema })
    if (schema === undefined) {
        await table.setSchema(await keysOnly(table))
    }
    return table
}

/** The schema of a table of which only the keys are known. */
async function keysOnly(table) {
    const described = await table.describeTable()
    const key = (type) => described.Table.KeySchema.find((part) => part.KeyType === type)?.AttributeName
    const primary = { hash: key('HASH') }
    if (key('RANGE')) {
        primary.sort = key('RANGE')
    }
    return { version: '0.0.1', format: 'onetable:1.1.0', indexes: { primary }, models: {} }
}

async function schemaOf(migration) {
    if (migration?.schema) {
        return migration.schema
    }
    return typeof settings.schema === 'string' ? load(resolve(settings.schema)) : settings.schema
}

async function run() {
    const migration = await migrationOf(file, version)
    const schema = await schemaOf(migration)
    const db = await makeTable(schema)
    const params = {
        dry: process.env.DYNAMIGRATE_DRY === 'yes' ? 'Dry Run: ' : '',
        profile: process.env.DYNAMIGRATE_PROFILE || undefined,
        dir: settings.dir,
        log: console,
        ...settings.params,
    }
    const migrate = new OneTableMigrate(db, params, settings.versions ?? [], schema)
    await migrate.init()
    await migration[direction].call(migration, db, migrate, params)
    const reached = direction === 'up' ? migration.schema : schemaFile && (await migrationOf(schemaFile, schemaVersion)).schema
    if (reached) {
        await db.saveSchema(reached)
    }
}

try {
    await run()
} catch (error) {
    const { message, frames } = describeError(error, file)
    const own = frames.filter((frame) => !frame.includes('/node_modules/'))
    console.error([message, ...(own.length > 0 ? own : frames).map((frame) => `    ${frame}`)].join('\n'))
    process.exit(1)
}
