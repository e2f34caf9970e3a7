// Keeps the lines of a compressed file for which a function, `module.exports = function(line) -> boolean`, says so.
//
//     node filter.mjs INPUT SCRIPT [OUTPUT]
//
// What is in OUTPUT when it fails is for its caller to remove.

import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { describeError, load } from './loading.mjs'

const [input, file, output] = process.argv.slice(2)

async function* keptLines(source, keeps) {
    let kept = ''
    for await (const line of createInterface({ input: source, crlfDelay: Infinity })) {
        if (await keeps(line)) {
            kept += `${line}\n`
        }
        if (kept.length > 64 * 1024) {
            yield kept
            kept = ''
        }
    }
    yield kept
}

async function filter(keeps) {
    const source = createReadStream(input)
    const unpacked = createGunzip()
    const failed = new Promise((_, reject) => [source, unpacked].forEach((stream) => stream.on('error', reject)))
    source.pipe(unpacked)
    const target = output ? createWriteStream(output, { flags: 'wx' }) : process.stdout
    await Promise.race([failed, pipeline(keptLines(unpacked, keeps), createGzip(), target)])
}

try {
    const keeps = await load(file)
    if (typeof keeps !== 'function') {
        throw new TypeError(`${file} exports no function: write module.exports = function(line) { return true or false }`)
    }
    await filter(keeps)
} catch (error) {
    if (error?.code === 'EPIPE') {
        process.exit(0) // who reads has enough
    }
    const isOfFile = error?.code === 'Z_DATA_ERROR' || error?.code === 'Z_BUF_ERROR' || error?.code === 'EISDIR'
    console.error(isOfFile ? `${input} cannot be unpacked: ${error.message}` : error?.stack ?? describeError(error).message)
    process.exit(1)
}
process.exit(0)
