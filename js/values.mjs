// Attribute values between DynamoDB JSON and JavaScript, without loss.

import { inspect } from 'node:util'

/** A number with more digits than a JavaScript number holds: kept as it is, and not for calculating. */
export class ExactNumber {
    #digits
    constructor(digits) {
        this.#digits = digits
    }
    get digits() {
        return this.#digits
    }
    /** By this AWS's DocumentClient knows a number. */
    get wrapperName() {
        return 'NumberValue'
    }
    toString() {
        return this.#digits
    }
    toJSON() {
        return this.#digits
    }
    [Symbol.toPrimitive](hint) {
        if (hint === 'string') {
            return this.#digits
        }
        throw new TypeError(
            `${this.#digits} has more digits than a JavaScript number holds; calculate with ` +
                'BigInt(value.digits), or compare value.digits as text'
        )
    }
    [inspect.custom]() {
        return this.#digits
    }
}

/** The number as digits and a power of ten, so that equal numbers have equal texts. */
function canonical(text) {
    const [, sign, whole, fraction = '', power = '0'] = /^([+-]?)(\d*)\.?(\d*)?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
    if (whole === undefined) {
        return text
    }
    const digits = (whole + fraction).replace(/^0+/, '')
    const shortened = digits.replace(/0+$/, '')
    if (shortened === '') {
        return '0'
    }
    const exponent = Number(power) - fraction.length + (digits.length - shortened.length)
    return `${sign === '-' ? '-' : ''}${shortened}e${exponent}`
}

const SHORT_INTEGER = /^-?\d{1,15}$/

/** A JavaScript number where that says the same, else an ExactNumber. */
export function numberFrom(text) {
    const number = Number(text)
    if ((text.length <= 16 && SHORT_INTEGER.test(text)) || canonical(String(number)) === canonical(text)) {
        return number
    }
    return new ExactNumber(text)
}

/** For names such as `__proto__`, too. */
export function setOwn(object, name, value) {
    if (name === '__proto__') {
        Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
    } else {
        object[name] = value
    }
}

const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'))

/** From DynamoDB JSON such as `{"S": "text"}`. */
export function decode(wire) {
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
            case 'M': {
                const map = {}
                for (const name of Object.keys(content)) {
                    setOwn(map, name, decode(content[name]))
                }
                return map
            }
            case 'L':
                return content.map(decode)
            case 'SS':
                return new Set(content)
            case 'NS':
                return new Set(content.map(numberFrom))
            case 'B':
                return bytes(content)
            case 'BS':
                return new Set(content.map(bytes))
        }
    }
    throw new TypeError(`a value of an unknown type: ${JSON.stringify(wire)}`)
}

const isNumber = (value) => typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber
const isBytes = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer

function digitsOf(value, path) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
        throw new TypeError(`${path} is ${value}, which is no number for DynamoDB`)
    }
    return String(value)
}

function base64Of(value) {
    const buffer = value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return buffer.toString('base64')
}

function encodeSet(set, path) {
    const all = [...set]
    if (all.length === 0) {
        throw new TypeError(`${path} is an empty set, which DynamoDB cannot hold; delete the attribute instead`)
    }
    if (all.every((value) => typeof value === 'string')) {
        return { SS: all }
    }
    if (all.every(isNumber)) {
        return { NS: all.map((value) => digitsOf(value, path)) }
    }
    if (all.every(isBytes)) {
        return { BS: all.map(base64Of) }
    }
    throw new TypeError(`${path} is a set of different kinds; DynamoDB has sets of strings, of numbers and of binary values`)
}

const isPlain = (value) => {
    const prototype = Object.getPrototypeOf(value)
    return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** To DynamoDB JSON. `path` names the value in errors. */
export function encode(value, path) {
    switch (typeof value) {
        case 'string':
            return { S: value }
        case 'number':
        case 'bigint':
            return { N: digitsOf(value, path) }
        case 'boolean':
            return { BOOL: value }
        case 'object':
            break
        default:
            throw new TypeError(`${path} is ${value === undefined ? '' : 'a '}${typeof value}, which DynamoDB cannot hold`)
    }
    if (value === null) {
        return { NULL: true }
    }
    if (value instanceof ExactNumber) {
        return { N: value.digits }
    }
    if (Array.isArray(value)) {
        return { L: value.map((element, i) => encode(element, `${path}[${i}]`)) }
    }
    if (value instanceof Set) {
        return encodeSet(value, path)
    }
    if (isBytes(value)) {
        return { B: base64Of(value) }
    }
    if (!isPlain(value)) {
        const kind = value.constructor?.name ?? 'object'
        const advice = value instanceof Date ? '; store toISOString() or getTime()' : ''
        throw new TypeError(`${path} is a ${kind}, which DynamoDB cannot hold${advice}`)
    }
    const map = {}
    for (const name of Object.keys(value)) {
        if (value[name] !== undefined) {
            setOwn(map, name, encode(value[name], `${path}.${name}`))
        }
    }
    return { M: map }
}

const sameMembers = (found, wanted) => {
    const left = new Set(wanted)
    return found.length === left.size && found.every((member) => left.delete(member))
}

/** Whether a value that was decoded from `wire` still says the same, after who knows what was done with it. */
export function isSame(value, wire) {
    if ('L' in wire) {
        return Array.isArray(value) && value.length === wire.L.length && value.every((element, i) => isSame(element, wire.L[i]))
    }
    if (typeof value !== 'object' || value === null) {
        return isSameScalar(value, wire)
    }
    if (value instanceof ExactNumber) {
        return wire.N !== undefined && canonical(value.digits) === canonical(wire.N)
    }
    if (value instanceof Set) {
        const all = [...value]
        const set = wire.SS ?? wire.NS?.map(canonical) ?? wire.BS
        const found = wire.NS && all.every(isNumber) ? all.map((n) => canonical(String(n))) : wire.BS && all.every(isBytes) ? all.map(base64Of) : all
        return set !== undefined && sameMembers(found, set)
    }
    if (isBytes(value)) {
        return wire.B !== undefined && base64Of(value) === wire.B
    }
    if (!('M' in wire) || Array.isArray(value) || !isPlain(value)) {
        return false
    }
    const names = Object.keys(value).filter((name) => value[name] !== undefined)
    return names.length === Object.keys(wire.M).length && names.every((name) => Object.hasOwn(wire.M, name) && isSame(value[name], wire.M[name]))
}

function isSameScalar(value, wire) {
    switch (typeof value) {
        case 'string':
            return wire.S === value
        case 'number':
        case 'bigint':
            return wire.N !== undefined && canonical(String(value)) === canonical(wire.N)
        case 'boolean':
            return wire.BOOL === value
        default:
            return value === null && wire.NULL === true
    }
}
