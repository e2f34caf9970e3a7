// An item as a transform has it: attributes are decoded when they are read, and it is known which were
// read, so that a write can be conditioned on just those.

import { inspect } from 'node:util'
import { decode, encode, isSame, setOwn } from './values.mjs'

/** Asked for by the language itself: `await item`, `JSON.stringify(item)`, `item.toString` ... */
const asksLanguage = (name) => name === 'then' || name === 'toJSON' || name in Object.prototype

const isMutable = (value) => typeof value === 'object' && value !== null

const target = Object.create({
    [inspect.custom]() {
        return { ...this }
    },
})

/** The outputs that are no objects. */
export const UNCHANGED = 0
export const REMOVED = 1

/** A proxy's handler that keeps what is done with one item. */
class Recording {
    constructor(wire) {
        this.wire = wire
        this.decoded = new Map()
        this.changes = new Map() // undefined: deleted
        this.names = new Set()
        this.all = false
    }

    read(name) {
        if (!this.decoded.has(name)) {
            this.decoded.set(name, decode(this.wire[name]))
        }
        return this.decoded.get(name)
    }

    has(_, name) {
        if (typeof name === 'symbol') {
            return name in target
        }
        if (this.changes.has(name)) {
            return this.changes.get(name) !== undefined
        }
        const is = Object.hasOwn(this.wire, name)
        if (is || !asksLanguage(name)) {
            this.names.add(name)
        }
        return is || name in Object.prototype
    }

    get(_, name) {
        if (typeof name === 'symbol') {
            return target[name]
        }
        if (this.changes.has(name)) {
            return this.changes.get(name)
        }
        if (Object.hasOwn(this.wire, name)) {
            this.names.add(name)
            return this.read(name)
        }
        if (asksLanguage(name)) {
            return Object.prototype[name]
        }
        this.names.add(name)
        return undefined
    }

    set(_, name, value) {
        if (typeof name === 'symbol') {
            return false
        }
        this.changes.set(name, value)
        return true
    }

    deleteProperty(_, name) {
        this.changes.set(name, undefined)
        return true
    }

    defineProperty(_, name, descriptor) {
        return 'value' in descriptor && descriptor.enumerable !== false && this.set(_, name, descriptor.value)
    }

    ownKeys() {
        this.all = true
        const names = Object.keys(this.wire).filter((name) => !this.changes.has(name))
        for (const [name, value] of this.changes) {
            if (value !== undefined) {
                names.push(name)
            }
        }
        return names
    }

    getOwnPropertyDescriptor(_, name) {
        const is = this.changes.has(name) ? this.changes.get(name) !== undefined : typeof name === 'string' && Object.hasOwn(this.wire, name)
        if (typeof name === 'string') {
            this.names.add(name)
        }
        return is ? { value: this.get(_, name), writable: true, enumerable: true, configurable: true } : undefined
    }

    getPrototypeOf() {
        return Object.prototype
    }
    setPrototypeOf() {
        return false
    }
    preventExtensions() {
        return false
    }

    /** What was set and deleted, and what was changed inside of what was read. */
    difference() {
        const set = {}
        const deleted = []
        for (const [name, value] of this.changes) {
            if (value === undefined) {
                deleted.push(name)
            } else {
                this.put(set, name, value)
            }
        }
        for (const [name, value] of this.decoded) {
            if (isMutable(value) && !this.changes.has(name) && !isSame(value, this.wire[name])) {
                this.put(set, name, value)
            }
        }
        return this.output(set, deleted.filter((name) => Object.hasOwn(this.wire, name)))
    }

    /** What another object than the item itself makes of it. */
    differenceTo(object) {
        const set = {}
        for (const name of Object.keys(object)) {
            if (object[name] !== undefined) {
                this.put(set, name, object[name])
            }
        }
        const deleted = Object.keys(this.wire).filter((name) => object[name] === undefined || !Object.hasOwn(object, name))
        return this.output(set, deleted)
    }

    put(set, name, value) {
        if (!Object.hasOwn(this.wire, name) || !isSame(value, this.wire[name])) {
            setOwn(set, name, encode(value, name))
        }
    }

    output(set, deleted) {
        if (deleted.length === 0 && Object.keys(set).length === 0) {
            return UNCHANGED
        }
        const output = { s: set }
        if (deleted.length > 0) {
            output.d = deleted
        }
        if (this.all) {
            output.a = true
        } else {
            output.r = [...this.names]
        }
        return output
    }

    result(item, returned) {
        if (returned === item) {
            return this.difference()
        }
        if (returned === undefined) {
            if (this.difference() !== UNCHANGED) {
                throw new TypeError('transform changed the item but returned nothing; return the item to store it')
            }
            return UNCHANGED
        }
        if (returned === null) {
            return REMOVED
        }
        if (typeof returned !== 'object' || Array.isArray(returned)) {
            throw new TypeError(
                `transform returned ${Array.isArray(returned) ? 'an array' : `a ${typeof returned}`}; return the item, another ` +
                    'object, null to delete it, or nothing to leave it alone'
            )
        }
        return this.differenceTo(returned)
    }
}

/** The item for a transform, and what tells afterwards what has become of it. */
export function record(wire) {
    const recording = new Recording(wire)
    const item = new Proxy(target, recording)
    return { item, finish: (returned) => recording.result(item, returned) }
}
