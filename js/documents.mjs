// Attribute values as AWS's DocumentClient has them: sets are objects of its kind, binary values Buffers,
// numbers JavaScript's where these hold them and else objects that keep all digits.

import { numberFrom, setOwn } from './values.mjs'

const isNumber = (value) => typeof value === 'number' || typeof value === 'bigint' || value?.wrapperName === 'NumberValue'
const isBinary = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer

function setTypeOf(value) {
    return typeof value === 'string' ? 'String' : isNumber(value) ? 'Number' : isBinary(value) ? 'Binary' : undefined
}

/** What DocumentClient takes for a set, and gives. */
export class DocumentSet {
    constructor(list) {
        this.wrapperName = 'Set'
        this.values = [].concat(list)
        this.type = setTypeOf(this.values[0])
        if (this.type === undefined || this.values.some((value) => setTypeOf(value) !== this.type)) {
            throw Object.assign(new Error('Sets can contain string, number, or binary values, of one kind'), { code: 'InvalidSetType' })
        }
    }
    toJSON() {
        return this.values
    }
}

const buffer = (base64) => Buffer.from(base64, 'base64')

/** From DynamoDB JSON such as `{"S": "text"}`. */
export function fromWire(wire) {
    for (const type in wire) {
        const content = wire[type]
        switch (type) {
            case 'S':
            case 'BOOL':
                return content
            case 'N':
                return numberFrom(content)
            case 'NULL':
                return null
            case 'B':
                return buffer(content)
            case 'M':
                return itemFromWire(content)
            case 'L':
                return content.map(fromWire)
            case 'SS':
                return new DocumentSet(content)
            case 'NS':
                return new DocumentSet(content.map(numberFrom))
            case 'BS':
                return new DocumentSet(content.map(buffer))
        }
    }
    throw new TypeError(`a value of an unknown type: ${JSON.stringify(wire)}`)
}

export function itemFromWire(wire) {
    const item = {}
    for (const name of Object.keys(wire)) {
        setOwn(item, name, fromWire(wire[name]))
    }
    return item
}

function base64(value) {
    const bytes = value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return bytes.toString('base64')
}

function setToWire(values) {
    switch (setTypeOf(values[0])) {
        case 'Number':
            return { NS: values.map(String) }
        case 'Binary':
            return { BS: values.map(base64) }
        default:
            return { SS: values }
    }
}

/** To DynamoDB JSON; undefined for what has no place there, such as a function. */
export function toWire(value) {
    if (typeof value === 'string') {
        return { S: value }
    }
    if (isNumber(value)) {
        return { N: String(value) }
    }
    if (typeof value === 'boolean') {
        return { BOOL: value }
    }
    if (value === null) {
        return { NULL: true }
    }
    if (typeof value !== 'object') {
        return undefined
    }
    if (Array.isArray(value)) {
        return { L: value.map((element) => toWire(element) ?? { NULL: true }) }
    }
    if (isBinary(value)) {
        return { B: base64(value) }
    }
    if (value.wrapperName === 'Set' || value instanceof Set) {
        return setToWire(value.wrapperName === 'Set' ? value.values : [...value])
    }
    return { M: itemToWire(value) }
}

export function itemToWire(item) {
    const wire = {}
    for (const name of Object.keys(item)) {
        const value = toWire(item[name])
        if (value !== undefined) {
            setOwn(wire, name, value)
        }
    }
    return wire
}
