// What dynamigrate starts to run migrations that are written in JavaScript. It answers one request after
// another; standard output and errors are the script's.

import { receive, send } from './frames.mjs'
import { describeError, isFunctionless, load, loadModule } from './loading.mjs'
import { record } from './recording.mjs'
import { ExactNumber } from './values.mjs'

/** Asynchronous transforms of a page that are under way at once. */
const AT_ONCE = 16

/** What a file says, without its functions; of a file with a list of migrations, what each says. */
function describe(exported) {
    return Array.isArray(exported) ? { list: exported.map(describeOne) } : describeOne(exported)
}

function describeOne(migration) {
    const isRecordFunction = typeof migration === 'function'
    if (migration === null || !(isRecordFunction || typeof migration === 'object')) {
        throw new TypeError('the file exports no migration: write `export default { description, table, transform(item) { ... } }`')
    }
    const values = {}
    const functions = isRecordFunction ? ['record'] : [] // a script of mapbox's form
    for (const name of Object.keys(migration)) {
        if (typeof migration[name] === 'function') {
            functions.push(name)
        } else if (migration[name] !== undefined) {
            values[name] = name === 'schema' ? true : migration[name]
        }
    }
    JSON.stringify(values) // fails here, by the file's name, for what cannot be written down
    return { values, functions }
}

/** A functionless migration: its exports, and what describes and runs them. */
async function loadFunctionless(file) {
    const loaded = await loadModule(file, true)
    return { exported: loaded.up || loaded.migration ? loaded : loaded.default, form: await import('./functionless.mjs') }
}

async function describeFile({ file, table }) {
    if (!isFunctionless(file)) {
        return describe(await load(file, false))
    }
    const { exported, form } = await loadFunctionless(file)
    return form.describe(exported, file, table)
}

async function answer(file, question) {
    try {
        return { ok: await question() }
    } catch (error) {
        return { error: describeError(error, file) }
    }
}

let migration
let transform
let circumstances
/** Of a functionless migration: works off a page. */
let pages

async function open(request) {
    if (request.form === 'functionless') {
        const { exported, form } = await loadFunctionless(request.file)
        pages = form.open(exported, request)
        return true
    }
    const { file, function: name, run } = request
    migration = await load(file)
    transform = migration[name]
    circumstances = Object.freeze({ ...run, number: (digits) => new ExactNumber(String(digits)) })
    return true
}

/** Runs one item; gives its output, or the promise of one. */
function transformOne(wire) {
    const { item, finish } = record(wire)
    try {
        const returned = transform.call(migration, item, circumstances)
        if (typeof returned?.then === 'function' && returned !== item) {
            return returned.then(finish).catch((error) => ({ e: describeError(error) }))
        }
        return finish(returned)
    } catch (error) {
        return { e: describeError(error) }
    }
}

async function transformPage(items) {
    const outputs = new Array(items.length)
    const pending = new Set()
    for (let i = 0; i < items.length; ++i) {
        const output = transformOne(items[i])
        if (!(output instanceof Promise)) {
            outputs[i] = output
            continue
        }
        const kept = output.then((settled) => {
            outputs[i] = settled
            pending.delete(kept)
        })
        pending.add(kept)
        if (pending.size >= AT_ONCE) {
            await Promise.race(pending)
        }
    }
    await Promise.all(pending)
    return outputs
}

async function answerTo(request) {
    switch (request.do) {
        case 'describe':
            return answer(request.file, () => describeFile(request))
        case 'open':
            return answer(request.file, () => open(request))
        case 'page':
            return pages ? answer(undefined, () => pages(request.items)) : { ok: await transformPage(request.items) }
        default:
            return { error: { message: `the host does not know ${request.do}`, frames: [] } }
    }
}

for (let request = receive(); request !== undefined; request = receive()) {
    send(await answerTo(request))
}
process.exit(0)
