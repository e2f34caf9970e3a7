import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Child } from './child.mjs'

const directory = mkdtempSync(join(tmpdir(), 'dynamigrate-filter-'))
after(() => rmSync(directory, { recursive: true }))

const at = (name) => join(directory, name)

async function filter(input, script) {
    writeFileSync(at('in.gz'), input)
    writeFileSync(at('filter.js'), script)
    rmSync(at('out.gz'), { force: true })
    const child = new Child('filter.mjs', [at('in.gz'), at('filter.js'), at('out.gz')])
    return { code: await child.ended, err: child.err }
}

test('lines for which the function says yes are kept', async () => {
    const lines = Array.from({ length: 30000 }, (_, i) => `line ${i} é`)
    const { code } = await filter(gzipSync(`${lines.join('\n')}\n`), 'module.exports = (line) => /[13] é$/.test(line)')
    assert.equal(code, 0)
    const kept = gunzipSync(readFileSync(at('out.gz'))).toString()
    assert.equal(kept, lines.filter((line) => /[13] é$/.test(line)).map((line) => `${line}\n`).join(''))
})

test('a damaged input is told of', async () => {
    const { code, err } = await filter(gzipSync('a\n'.repeat(1000)).subarray(0, 20), 'module.exports = () => true')
    assert.equal(code, 1)
    assert.match(err, /cannot be unpacked/)
})

test('an error of the function shows its place', async () => {
    const { code, err } = await filter(gzipSync('a\n'), 'module.exports = () => { throw new Error("bad line") }')
    assert.equal(code, 1)
    assert.match(err, /Error: bad line\n {4}at .*filter\.js:1/)
})
