import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { completeSchema, makeTable, Packages, saveSchema, tableParams } from '../onetable_table.mjs'

test('settings get the names of the second generation', () => {
    assert.deepEqual(tableParams({ delimiter: ':', nulls: true, typeField: 'kind', hidden: false }), {
        separator: ':', nulls: true, typeField: 'kind', hidden: false })
    assert.deepEqual(tableParams({ onetable: { name: 'app', delimiter: '/', isoDates: true }, delimiter: ':' }), {
        separator: '/', isoDates: true })
    const crypto = { cipher: 'aes-256-gcm', password: 'x' }
    assert.deepEqual(tableParams({ crypto }).crypto, { primary: crypto })
    assert.deepEqual(tableParams({ onetable: { crypto: { primary: crypto } } }).crypto, { primary: crypto })
})

test('a schema says for itself what the configuration says otherwise', () => {
    const params = { typeField: 'kind', nulls: true, hidden: true }
    const indexes = { primary: { hash: 'pk' } }
    assert.deepEqual(completeSchema({ indexes }, params), {
        indexes, format: 'onetable:1.1.0', version: '0.0.1', params: { typeField: 'kind', nulls: true } })
    assert.deepEqual(completeSchema({ indexes, version: '3.0.0', params: { typeField: 't' } }, params), {
        indexes, format: 'onetable:1.1.0', version: '3.0.0', params: { typeField: 't', nulls: true } })
})

/** A project with a library that keeps what its Table is told. */
async function withLibrary(methods, use) {
    const project = mkdtempSync(join(tmpdir(), 'onetable-'))
    const write = (name, text) => {
        mkdirSync(join(project, 'node_modules', name), { recursive: true })
        writeFileSync(join(project, 'node_modules', name, 'index.js'), text)
    }
    write('dynamodb-onetable', `exports.Table = class { constructor(params) { this.told = params } ${methods} }`)
    write('aws-sdk', `
exports.config = { update(to) { exports.updated = to } }
exports.Credentials = class { constructor(keys) { Object.assign(this, keys) } }
exports.DynamoDB = { DocumentClient: class { constructor(to) { Object.assign(this, to) } } }`)
    try {
        await use(new Packages(join(project, '1.0.0.js')))
    } finally {
        rmSync(project, { recursive: true })
    }
}

const schema = { indexes: { primary: { hash: 'pk', sort: 'sk' } }, models: {} }

test('the first generation is told all by the constructor, and its SDK where to go', async () => {
    process.env.AWS_ENDPOINT_URL_DYNAMODB = 'http://127.0.0.1:1'
    process.env.AWS_REGION = 'eu-west-1'
    process.env.DYNAMIGRATE_TABLE = 'app'
    await withLibrary('', async (packages) => {
        const table = await makeTable(packages, { delimiter: ':', typeField: 'kind' }, schema)
        const { client, ...told } = table.told
        assert.deepEqual(told, { delimiter: ':', typeField: 'kind', schema, logger: false, name: 'app' })
        assert.deepEqual({ ...client }, { endpoint: 'http://127.0.0.1:1', region: 'eu-west-1' })
        assert.equal(packages.find('aws-sdk').updated.dynamodb.endpoint, 'http://127.0.0.1:1')
        await saveSchema(table, schema)
    })
})

test('the second generation is told by the schema', async () => {
    const methods = `
        setSchema(schema) { this.set = schema }
        saveSchema(schema) { this.saved = schema }
        describeTable() { return { Table: { KeySchema: [{ KeyType: 'HASH', AttributeName: 'id' }] } } }`
    await withLibrary(methods, async (packages) => {
        const table = await makeTable(packages, { delimiter: ':', nulls: true, hidden: true }, schema)
        const { client, ...told } = table.told
        assert.deepEqual(told, { partial: true, hidden: true, logger: false, name: 'app' })
        assert.deepEqual(table.set, completeSchema(schema, { separator: ':', nulls: true }))
        await saveSchema(table, undefined)
        assert.equal(table.saved, undefined)
        await saveSchema(table, schema)
        assert.equal(table.saved, schema)
        assert.deepEqual((await makeTable(packages, {}, undefined)).set.indexes, { primary: { hash: 'id' } })
    })
})

test('what is not installed is named', async () => {
    await withLibrary('', async (packages) => {
        assert.throws(() => packages.need('@aws-sdk/nothing'), /1\.0\.0\.js needs the package @aws-sdk.*npm install @aws-sdk\/nothing/)
    })
})
