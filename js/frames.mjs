// Messages over the two pipes that the program gave: four bytes of length, then JSON.

import { read, readSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'

const FROM_PROGRAM = 3
const TO_PROGRAM = 4

/** Fills the buffer; false when the program is gone. */
function fill(buffer) {
    for (let at = 0; at < buffer.length; ) {
        const got = readSync(FROM_PROGRAM, buffer, at, buffer.length - at, null)
        if (got === 0) {
            return false
        }
        at += got
    }
    return true
}

/** The next message; undefined when the program is gone. */
export function receive() {
    const length = Buffer.allocUnsafe(4)
    if (!fill(length)) {
        return undefined
    }
    const body = Buffer.allocUnsafe(length.readUInt32LE(0))
    return fill(body) ? JSON.parse(body.toString('utf8')) : undefined
}

const readLater = promisify(read)

async function fillLater(buffer) {
    for (let at = 0; at < buffer.length; ) {
        const { bytesRead } = await readLater(FROM_PROGRAM, buffer, at, buffer.length - at, null)
        if (bytesRead === 0) {
            return false
        }
        at += bytesRead
    }
    return true
}

/** As `receive`, while other things go on. */
export async function receiveLater() {
    const length = Buffer.allocUnsafe(4)
    if (!(await fillLater(length))) {
        return undefined
    }
    const body = Buffer.allocUnsafe(length.readUInt32LE(0))
    return (await fillLater(body)) ? JSON.parse(body.toString('utf8')) : undefined
}

export function send(message) {
    const text = JSON.stringify(message)
    const size = Buffer.byteLength(text)
    const frame = Buffer.allocUnsafe(4 + size)
    frame.writeUInt32LE(size, 0)
    frame.write(text, 4)
    for (let at = 0; at < frame.length; ) {
        at += writeSync(TO_PROGRAM, frame, at)
    }
}
