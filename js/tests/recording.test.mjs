import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { test } from 'node:test'
import { record, REMOVED, UNCHANGED } from '../recording.mjs'

const wire = () => ({
    pk: { S: 'a' },
    first: { S: 'Ada' },
    last: { S: 'Lovelace' },
    n: { N: '3' },
    big: { N: '12345678901234567890123456789012345678' },
    tags: { SS: ['x', 'y'] },
    numbers: { NS: ['1', '12345678901234567890'] },
    blob: { B: 'AAEC' },
    address: { M: { city: { S: 'London' }, years: { L: [{ N: '1' }, { N: '2.50' }] } } },
})

function run(transform, item = wire()) {
    const { item: proxy, finish } = record(item)
    return finish(transform(proxy))
}

test('what is read and written is told, and nothing else', () => {
    const output = run((item) => {
        item.name = `${item.first} ${item.last}`
        delete item.first
        delete item.last
        return item
    })
    assert.deepEqual(output, { s: { name: { S: 'Ada Lovelace' } }, d: ['first', 'last'], r: ['first', 'last'] })
})

test('an untouched item is unchanged', () => {
    assert.equal(run((item) => item), UNCHANGED)
    assert.equal(run(() => undefined), UNCHANGED)
    assert.equal(run((item) => { item.n = 3; return item }), UNCHANGED)
    assert.equal(run((item) => { item.tags.has('x'); item.address.city; item.blob[0]; item.numbers.size; return item }), UNCHANGED)
    assert.equal(run((item) => ({ ...item })), UNCHANGED)
    assert.equal(run((item) => { delete item.absent; item.other = undefined; return item }), UNCHANGED)
})

test('null deletes', () => {
    assert.equal(run(() => null), REMOVED)
})

test('changes inside of values are found', () => {
    const output = run((item) => {
        item.address.years.push(3)
        item.tags.delete('x')
        return item
    })
    assert.deepEqual(output.s, {
        address: { M: { city: { S: 'London' }, years: { L: [{ N: '1' }, { N: '2.5' }, { N: '3' }] } } },
        tags: { SS: ['y'] },
    })
    assert.deepEqual(output.r, ['address', 'tags'])
})

test('an absent attribute that was looked for is told', () => {
    assert.deepEqual(run((item) => { if (!item.x && !('y' in item)) item.z = 1; return item }).r, ['x', 'y'])
})

test('whoever enumerates has read everything', () => {
    const output = run((item) => ({ ...item, extra: true }))
    assert.equal(output.a, true)
    assert.deepEqual(output.s, { extra: { BOOL: true } })
    assert.equal(run((item) => { item.count = Object.keys(item).length; return item }).a, true)
})

test('another object replaces the item', () => {
    const output = run((item) => ({ pk: item.pk, n: item.n + 1 }))
    assert.deepEqual(output.s, { n: { N: '4' } })
    assert.deepEqual(output.d.sort(), ['address', 'big', 'blob', 'first', 'last', 'numbers', 'tags'])
})

test('a change that is not returned is an error', () => {
    assert.throws(() => run((item) => { item.n = 4 }), /returned nothing/)
    assert.throws(() => run(() => 'x'), /returned a string/)
    assert.throws(() => run(() => []), /returned an array/)
})

test('numbers keep their digits', () => {
    const output = run((item) => { item.copy = item.big; item.text = `${item.big}`; item.sum = BigInt(item.big.digits) + 1n; return item })
    assert.deepEqual(output.s.copy, { N: '12345678901234567890123456789012345678' })
    assert.deepEqual(output.s.text, { S: '12345678901234567890123456789012345678' })
    assert.deepEqual(output.s.sum, { N: '12345678901234567890123456789012345679' })
    assert.throws(() => run((item) => { item.x = item.big + 1; return item }), /more digits than a JavaScript number/)
    const sets = run((item) => { item.numbers.add(7); return item })
    assert.deepEqual(sets.s.numbers, { NS: ['1', '12345678901234567890', '7'] })
})

test('decimal fractions that say the same are numbers', () => {
    for (const text of ['0.1', '1.50', '1e3', '-0', '0.000001', '1E+20', '9007199254740993']) {
        const value = record({ n: { N: text } }).item.n
        assert.equal(typeof value, text === '9007199254740993' ? 'object' : 'number', text)
        assert.equal(run((item) => { void item.n; return { ...item } }, { n: { N: text } }), UNCHANGED, text)
    }
})

test('what DynamoDB cannot hold is refused by name', () => {
    const put = (value) => () => run((item) => { item.x = { y: [value] }; return item })
    assert.throws(put(NaN), /x\.y\[0\] is NaN/)
    assert.throws(put(new Date()), /Date.*toISOString/)
    assert.throws(put(new Set()), /empty set/)
    assert.throws(put(new Set([1, 'a'])), /different kinds/)
    assert.throws(put(() => 1), /function/)
    assert.throws(put(new Map()), /Map/)
    assert.throws(put(undefined), /undefined/)
})

test('kinds of values go there and back', () => {
    const output = run(() => ({ s: 's', n: 1.5, i: 7n, b: false, nul: null, l: [1, 'a'], m: { a: { b: 1 }, u: undefined },
        ss: new Set(['a']), ns: new Set([1, 2n]), bin: new Uint8Array([1, 2]), bs: new Set([Buffer.from('a')]) }), {})
    assert.deepEqual(output.s, { s: { S: 's' }, n: { N: '1.5' }, i: { N: '7' }, b: { BOOL: false }, nul: { NULL: true },
        l: { L: [{ N: '1' }, { S: 'a' }] }, m: { M: { a: { M: { b: { N: '1' } } } } }, ss: { SS: ['a'] }, ns: { NS: ['1', '2'] },
        bin: { B: 'AQI=' }, bs: { BS: ['YQ=='] } })
})

test('odd names are attributes', () => {
    const odd = JSON.parse('{"__proto__":{"M":{"__proto__":{"S":"x"}}},"constructor":{"S":"c"},"toString":{"S":"t"}}')
    const output = run((item) => { item.copy = item.constructor; item.hasOwnProperty2 = item.toString; return item }, odd)
    assert.deepEqual(output.s, { copy: { S: 'c' }, hasOwnProperty2: { S: 't' } })
    assert.equal(run((item) => ({ ...item }), odd), UNCHANGED)
    assert.equal(run((item) => { void item['__proto__'].x; return item }, odd), UNCHANGED)
})

test('the language asks without reading', async () => {
    const { item, finish } = record(wire())
    const awaited = await (async () => item)()
    assert.equal(awaited, item)
    item.name = item.hasOwnProperty('pk') ? `${typeof item.toString}` : ''
    assert.deepEqual(finish(item).r, ['pk'])
    assert.match(inspect(item), /Ada/)
    assert.equal(JSON.parse(JSON.stringify(record(wire()).item)).first, 'Ada')
})
