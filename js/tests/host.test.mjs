import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Host } from './host.mjs'

const directory = mkdtempSync(join(tmpdir(), 'dynamigrate-host-'))
after(() => rmSync(directory, { recursive: true }))

function file(name, text) {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
}

async function described(...paths) {
    const host = new Host()
    const answers = []
    for (const path of paths) {
        answers.push(await host.ask({ do: 'describe', file: path }))
    }
    assert.equal(await host.end(), 0)
    return answers
}

test('describes modules of every kind', async () => {
    const [esm, cjs, js, commonjs] = await described(
        file('1.mjs', 'export default { description: "m", where: { expression: "a = :b" }, transform(item) { return item } }'),
        file('2.cjs', 'module.exports = { description: "c", transform: (item) => item, transformDown: (item) => item }'),
        file('3.js', 'import { sep } from "node:path"\nexport default { description: sep, transform() {} }'),
        file('4.js', 'const { sep } = require("node:path")\nmodule.exports = { description: sep, transform() {} }')
    )
    assert.deepEqual(esm, { ok: { values: { description: 'm', where: { expression: 'a = :b' } }, functions: ['transform'] } })
    assert.deepEqual(cjs.ok.functions, ['transform', 'transformDown'])
    assert.equal(js.ok.values.description, '/')
    assert.equal(commonjs.ok.values.description, '/')
})

test('tells where a file is wrong', async () => {
    const [syntax, thrown, none, missing] = await described(
        file('5.mjs', 'const a = 1\nexport default { transform(item { } }\n'),
        file('6.mjs', '\nthrow new Error("not today")\n'),
        file('7.mjs', 'export default 5'),
        file('8.mjs', 'import "./no-such-file.mjs"\nexport default {}')
    )
    assert.match(syntax.error.message, /SyntaxError/)
    assert.match(syntax.error.frames[0], /5\.mjs:2/)
    assert.match(thrown.error.message, /not today/)
    assert.match(thrown.error.frames[0], /6\.mjs:2:7/)
    assert.match(none.error.message, /exports no migration/)
    assert.match(missing.error.message, /no-such-file/)
})

test('a function that is all is of records', async () => {
    const host = new Host()
    const path = file('9.js', 'module.exports = (record, dyno, callback) => {}\nmodule.exports.finish = () => {}\nmodule.exports.table = "app"\n')
    assert.deepEqual(await host.ask({ do: 'describe', file: path }), { ok: { values: { table: 'app' }, functions: ['record', 'finish'] } })
    await host.end()
})

test('transforms pages, also asynchronously, and tells of throwing ones', async () => {
    const path = file(
        '9.mjs',
        `export default {
            step: 2,
            transform(item, { run }) {
                if (item.pk === 'bad') {
                    throw new RangeError('bad item')
                }
                console.log('sees', item.pk, run.id)
                return item.pk === 'late' ? new Promise((done) => setTimeout(() => { item.n += this.step; done(item) }, 5))
                                          : { ...item, n: item.n + this.step }
            },
        }`
    )
    const host = new Host()
    assert.deepEqual(await host.ask({ do: 'open', file: path, function: 'transform', run: { run: { id: 'r1' } } }), { ok: true })
    const item = (pk) => ({ pk: { S: pk }, n: { N: '1' } })
    const { ok } = await host.ask({ do: 'page', items: [item('late'), item('bad'), item('now')] })
    assert.deepEqual(ok[0], { s: { n: { N: '3' } }, r: ['pk', 'n'] })
    assert.equal(ok[1].e.message, 'RangeError: bad item')
    assert.match(ok[1].e.frames[0], /^at Object\.transform \(\/.*9\.mjs:5:27\)$/)
    assert.deepEqual(ok[2], { s: { n: { N: '3' } }, a: true })
    assert.equal(await host.end(), 0)
    assert.equal(host.out, 'sees late r1\nsees now r1\n')
})
