// Runs a script of mapbox's form, `module.exports = function(record, dyno, callback)`, on the records that the
// program sends; its only way to DynamoDB is what the environment names.
//
//     node records.mjs FILE

import { openSync, readFileSync, writeSync } from 'node:fs'
import http from 'node:http'
import { format } from 'node:util'
import { itemFromWire } from './documents.mjs'
import { Dyno } from './dyno.mjs'
import { receiveLater, send } from './frames.mjs'
import { describeError, load, ownStack } from './loading.mjs'
import { directWhenLoaded, findPackage } from './old_clients.mjs'

const file = process.argv[2]
const settings = JSON.parse(process.env.DYNAMIGRATE_RECORDS)
delete process.env.DYNAMIGRATE_RECORDS
const { env } = process

const RATE_MS = 50
const TIMEOUT_MS = 10 * 60 * 1000
/** The other loops get their turn so often, also beside functions that never wait. */
const TURN_MS = 20
const ATTEMPTS_BETWEEN_LOOKS = 32

// What is printed goes to the log, too.

const log = settings.log ? openSync(settings.log, 'ax', 0o600) : undefined

function keep(stream) {
    const write = stream.write
    stream.write = function (text, ...rest) {
        writeSync(log, typeof text === 'string' ? text : Buffer.from(text))
        return write.call(this, text, ...rest)
    }
    return write.bind(stream)
}

const printOnly = log === undefined ? process.stdout.write.bind(process.stdout) : keep(process.stdout)
if (log !== undefined) {
    keep(process.stderr)
}

function fail(error) {
    const isError = error instanceof Error
    process.stderr.write(`${isError ? ownStack(error) : format('Error: %s', error)}\n`)
    send({ error: describeError(isError ? error : new Error(String(error)), file) })
    process.exit(1)
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)

// The script.

directWhenLoaded({ '@mapbox/dyno': Dyno, dyno: Dyno })
if (/aws-sdk/.test(readFileSync(file, 'utf8'))) {
    findPackage(file, ['aws-sdk'])
}

function makeDyno() {
    const make = findPackage(file, ['@mapbox/dyno', 'dyno']) ?? Dyno
    return make({
        table: env.DYNAMIGRATE_TABLE,
        region: env.AWS_REGION,
        endpoint: env.AWS_ENDPOINT_URL_DYNAMODB,
        accessKeyId: env.AWS_ACCESS_KEY_ID,
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
        httpOptions: { timeout: TIMEOUT_MS, agent: new http.Agent({ keepAlive: true }) }, // the program may let requests wait
    })
}

/** What scripts of the first versions got before the callback. */
const logger = {
    info: (...texts) => console.log(...texts),
    error: (...texts) => console.error(...texts),
}

async function loadScript() {
    const script = await load(file)
    if (typeof script !== 'function') {
        throw new TypeError(`${file} exports no function: write module.exports = function(record, dyno, callback) { ... }`)
    }
    return script
}

const script = await loadScript().catch(fail)
const dyno = settings.live ? makeDyno() : null
const hasLogger = script.length >= 4

/** Calls a function that ends by its last argument, or by a promise where it takes fewer. */
function callWith(called, wanted, args) {
    return new Promise((resolve, reject) => {
        const callback = (error) => (error ? reject(error) : resolve())
        const result = called(...args, callback)
        if (typeof result?.then === 'function') {
            result.then(() => called.length < wanted && resolve(), reject)
        }
    })
}

function callScript(record) {
    return hasLogger ? callWith(script, 4, [record, dyno, logger]) : callWith(script, 3, [record, dyno])
}

function callFinish() {
    const { finish } = script
    if (!hasLogger) {
        return callWith(finish, 2, [dyno])
    }
    return finish.length >= 3 ? callWith(finish, 3, [dyno, logger]) : callWith(finish, 2, [logger])
}

// The records under way.

let active = 0
let seen = 0
let waiting = 0
let scans = 0
let ready = 0
let isFinishing = false
let wake = () => {}

const began = performance.now()
let turned = began

/** Until at most so many are under way. */
async function untilActive(most) {
    while (active > most) {
        await new Promise((resolve) => (wake = resolve))
    }
}

async function start(record) {
    active += 1
    try {
        await callScript(record)
    } catch (error) {
        fail(error)
    }
    active -= 1
    seen += 1
    wake()
}

async function take(records) {
    waiting = records.length
    for (const [i, record] of records.entries()) {
        await untilActive(settings.concurrency - 1)
        waiting -= 1
        void start(settings.plain ? record : itemFromWire(record))
        if (i % ATTEMPTS_BETWEEN_LOOKS === 0 && performance.now() - turned > TURN_MS) {
            await new Promise(setImmediate)
            turned = performance.now()
        }
    }
    await untilActive(settings.concurrency - 1)
}

function showRate() {
    const rate = Math.round((seen * 1000) / Math.max(1, performance.now() - began))
    printOnly(
        `\r\x1b[KScanner scans: ${scans}, read depth: ${ready}, Parser write depth: 0, read depth: ${waiting} | ` +
            `Migrator depth: ${waiting + active}, active: ${active}, ${rate}/s`
    )
}

process.on('beforeExit', () => {
    const what = isFinishing && active === 0 ? 'finish' : `the function, for ${active} ${active === 1 ? 'record' : 'records'},`
    fail(new Error(`${what} never called its callback, and has nothing left to wait for`))
})

async function answerTo(request) {
    switch (request.do) {
        case 'records':
            scans = request.scans
            ready = request.ready
            await take(request.records)
            return
        case 'drain':
            await untilActive(0)
            return
        case 'finish':
            await untilActive(0)
            isFinishing = true
            if (typeof script.finish === 'function') {
                await callFinish()
            }
            return
        default:
            throw new Error(`the host does not know ${request.do}`)
    }
}

if (settings.rate) {
    setInterval(showRate, RATE_MS).unref()
}
try {
    let isLast = false
    while (!isLast) {
        const request = await receiveLater()
        if (request === undefined) {
            process.exit(1) // the program is gone
        }
        await answerTo(request)
        isLast = request.do === 'finish'
        if (isLast && settings.rate) {
            showRate()
            printOnly('\n')
        }
        send({ ok: seen })
    }
} catch (error) {
    fail(error)
}
process.exit(0)
