import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OneTableMigrate } from '../onetable_migrate.mjs'

/** A table whose history is `rows`, in DynamoDB JSON as a Table without a model gives it. */
const db = (rows, keys = { hash: 'id', sort: 'rg' }) => ({
    getKeys: async () => ({ primary: keys }),
    queryItems: async ({ id }) => rows.filter((row) => row.id.S === id),
})
const row = (version, date, status = 'success') => ({
    id: { S: '_migration' }, rg: { S: `_migration:${version}:${date}` }, version: { S: version },
    description: { S: `Step ${version}` }, path: { S: 'memory' }, status: { S: status }, date,
})
const known = ['1.10.0', '0.0.1', '1.2.0', '1.2.0-beta', 'reset'].map((version) => ({ version }))

test('versions are known in order, whatever generation wrote them', async () => {
    const rows = [row('0.0.1', { N: '2000' }), row('cleanup', { S: '1970-01-01T00:00:05.000Z' }),
        { ...row('1.2.0-beta', { N: '1000' }), id: { S: '_migrations:' } }]
    const migrate = new OneTableMigrate(db(rows), { dry: '' }, known)
    assert.deepEqual((await migrate.getPastMigrations()).map((past) => past.version), ['1.2.0-beta', '0.0.1', 'cleanup'])
    assert.deepEqual((await migrate.getPastMigrations())[1], {
        version: '0.0.1', description: 'Step 0.0.1', path: 'memory', status: 'success', date: new Date(2000) })
    assert.deepEqual(await migrate.getPastVersions(), ['0.0.1', '1.2.0-beta'])
    assert.equal(await migrate.getCurrentVersion(), '1.2.0-beta')
    assert.deepEqual(await migrate.getOutstandingVersions(), ['1.2.0', '1.10.0'])
    assert.deepEqual(await migrate.getOutstandingVersions(1), ['1.2.0'])
    assert.deepEqual(await migrate.getNamedVersions(), ['reset'])
    assert.equal((await migrate.findPastMigrations()).length, 3)
})

test('nothing applied is 0.0.0', async () => {
    const migrate = new OneTableMigrate(db([], { hash: 'id' }), {}, known)
    assert.equal(await migrate.getCurrentVersion(), '0.0.0')
    assert.equal((await migrate.getOutstandingVersions())[0], '0.0.1')
})

test('applying within a migration is refused', () => {
    assert.throws(() => new OneTableMigrate(db([]), {}, []).apply('up', '1.0.0'), /cannot apply others/)
})
