import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Child } from './child.mjs'

const directory = mkdtempSync(join(tmpdir(), 'dynamigrate-records-'))
after(() => rmSync(directory, { recursive: true }))

let numbered = 0

function start(script, settings = {}, extension = 'js') {
    const file = join(directory, `script${++numbered}.${extension}`)
    writeFileSync(file, script)
    return new Child('records.mjs', [file], {
        AWS_REGION: 'eu-west-1',
        AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 'b',
        DYNAMIGRATE_TABLE: 'app',
        DYNAMIGRATE_RECORDS: JSON.stringify({ live: false, concurrency: 1, plain: false, rate: false, log: '', ...settings }),
    })
}

const wire = (count) => Array.from({ length: count }, (_, i) => ({ n: { N: String(i) } }))
const records = (list) => ({ do: 'records', scans: 1, ready: 0, records: list })

test('each record comes once and in order, then finish', async () => {
    const child = start(`
        const seen = []
        module.exports = (record, dyno, callback) => { seen.push([record.n, dyno]); callback() }
        module.exports.finish = (dyno, callback) => { console.log(JSON.stringify(seen), dyno); callback() }`)
    assert.deepEqual(await child.ask(records(wire(2))), { ok: 2 })
    assert.deepEqual(await child.ask(records(wire(1))), { ok: 3 })
    assert.deepEqual(await child.ask({ do: 'finish' }), { ok: 3 })
    assert.equal(await child.ended, 0)
    assert.equal(child.out, '[[0,null],[1,null],[0,null]] null\n')
})

test('as many are under way at once as wanted, over batches too', async () => {
    const child = start(
        `let active = 0, most = 0
        module.exports = (record, dyno, callback) => {
            most = Math.max(most, ++active)
            setTimeout(() => { --active; callback() }, 2)
        }
        module.exports.finish = (dyno, callback) => { console.log(most); callback() }`,
        { concurrency: 3 }
    )
    for (let i = 0; i < 4; ++i) {
        await child.ask(records(wire(5)))
    }
    assert.deepEqual(await child.ask({ do: 'finish' }), { ok: 20 })
    await child.ended
    assert.equal(child.out, '3\n')
})

test('an error stops at once, with its stack', async () => {
    for (const how of ['callback(new Error("bad one"))', 'throw new Error("bad one")', 'setTimeout(() => { throw new Error("bad one") })']) {
        const child = start(`
            let n = 0
            module.exports = (record, dyno, callback) => { console.log(++n); if (n === 3) { ${how} } else callback() }`)
        const { error } = await child.ask(records(wire(1000)))
        assert.equal(error.message, 'Error: bad one')
        assert.match(error.frames[0], /script\d+\.js:3:/)
        assert.equal(await child.ended, 1)
        assert.equal(child.out, '1\n2\n3\n')
        assert.match(child.err, /^Error: bad one\n {4}at .*script\d+\.js:3:/)
        assert.doesNotMatch(child.err, /records\.mjs/)
    }
})

test('what is no error object stops, too', async () => {
    const child = start(`module.exports = (record, dyno, callback) => callback('no more')`)
    assert.equal((await child.ask(records(wire(1)))).error.message, 'Error: no more')
    assert.equal(await child.ended, 1)
})

test('a callback that never comes is noticed', async () => {
    const child = start(`let n = 0; module.exports = (record, dyno, callback) => { if (++n !== 2) callback() }`)
    assert.match((await child.ask(records(wire(9)))).error.message, /1 record, never called its callback/)
    assert.equal(await child.ended, 1)
    const finish = start(`module.exports = (record, dyno, callback) => callback()\nmodule.exports.finish = () => {}`)
    assert.match((await finish.ask({ do: 'finish' })).error.message, /finish never called its callback/)
})

test('promises end functions that take no callback', async () => {
    const child = start(
        `export default async (record, dyno) => { if (record.n === 1) throw new Error('one') ; console.log(record.n) }`,
        {},
        'mjs'
    )
    assert.equal((await child.ask(records(wire(3)))).error.message, 'Error: one')
    assert.equal(child.out, '0\n')
})

test('values are as DocumentClient has them', async () => {
    const child = start(`module.exports = (record, dyno, callback) => { console.log(JSON.stringify([
        record.s.wrapperName, record.s.values, record.s.type, record.n.type, record.b.toString(), Buffer.isBuffer(record.b),
        typeof record.small, record.big.wrapperName, String(record.big), record.m, record.l])); callback() }`)
    await child.ask(records([{
        s: { SS: ['a', 'b'] }, n: { NS: ['1'] }, b: { B: 'YWJj' }, small: { N: '1.5' }, big: { N: '12345678901234567890' },
        m: { M: { x: { NULL: true } } }, l: { L: [{ BOOL: true }] },
    }]))
    await child.ask({ do: 'finish' })
    await child.ended
    assert.deepEqual(JSON.parse(child.out), [
        'Set', ['a', 'b'], 'String', 'Number', 'abc', true, 'number', 'NumberValue', '12345678901234567890', { x: null }, [true],
    ])
})

test('plain records come as they are', async () => {
    const child = start(`module.exports = (record, dyno, callback) => { console.log(record.a.S); callback() }`, { plain: true })
    await child.ask(records([{ a: { S: 'text' } }]))
    await child.ask({ do: 'finish' })
    await child.ended
    assert.equal(child.out, 'text\n')
})

test('live scripts get a dyno of the table, also where they ask for the package', async () => {
    const child = start(
        `const Dyno = require('@mapbox/dyno')
        module.exports = (record, dyno, callback) => {
            console.log(dyno.config.params.TableName, typeof dyno.putItem, Dyno.createSet(['a']).type)
            callback()
        }`,
        { live: true }
    )
    await child.ask(records(wire(1)))
    await child.ask({ do: 'finish' })
    await child.ended
    assert.equal(child.out, 'app function String\n')
})

test('scripts of the first versions get a logger', async () => {
    const child = start(`
        module.exports = function (record, dyno, logger, callback) { logger.info('%s seen', record.n); callback() }
        module.exports.finish = function (logger, callback) { logger.error('the end'); callback() }`)
    await child.ask(records(wire(1)))
    await child.ask({ do: 'finish' })
    await child.ended
    assert.equal(child.out, '0 seen\n')
    assert.equal(child.err, 'the end\n')
})

test('what is printed is in the log, which is private', async () => {
    const log = join(directory, 'printed.log')
    const child = start(`module.exports = (r, d, callback) => { console.log('out'); console.error('err'); callback() }`, { log })
    await child.ask(records(wire(1)))
    await child.ask({ do: 'finish' })
    await child.ended
    assert.equal(readFileSync(log, 'utf8'), 'out\nerr\n')
    assert.equal(statSync(log).mode & 0o777, 0o600)
})

test('the rate line says how far it is', async () => {
    const child = start(`module.exports = (r, d, callback) => setTimeout(callback, 30)`, { rate: true })
    await child.ask(records(wire(4)))
    await child.ask({ do: 'finish' })
    await child.ended
    assert.match(child.out, /\r\x1b\[KScanner scans: 1, read depth: 0, Parser write depth: 0, read depth: \d+ \| Migrator depth: \d+, active: \d, \d+\/s/)
})

test('a file that exports no function is refused', async () => {
    const child = start(`module.exports = {}`)
    assert.match((await child.ask({ do: 'finish' })).error.message, /exports no function/)
    assert.equal(await child.ended, 1)
})
