// A program of the host as dynamigrate starts it, with its channel.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export class Child {
    constructor(program, args = [], env = {}) {
        const path = fileURLToPath(new URL(`../${program}`, import.meta.url))
        this.child = spawn(process.execPath, [path, ...args], {
            env: { ...process.env, ...env },
            stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
        })
        this.out = this.err = ''
        this.child.stdout.on('data', (text) => (this.out += text))
        this.child.stderr.on('data', (text) => (this.err += text))
        this.child.stdio[3].on('error', () => {})
        this.bytes = Buffer.alloc(0)
        this.child.stdio[4].on('data', (bytes) => {
            this.bytes = Buffer.concat([this.bytes, bytes])
            this.take?.()
        })
        this.ended = new Promise((resolve) => this.child.on('close', (code) => resolve(code)))
    }
    ask(message) {
        const body = Buffer.from(JSON.stringify(message))
        const length = Buffer.alloc(4)
        length.writeUInt32LE(body.length)
        this.child.stdio[3].write(Buffer.concat([length, body]))
        return new Promise((resolve) => {
            this.take = () => {
                const size = this.bytes.length < 4 ? Infinity : 4 + this.bytes.readUInt32LE(0)
                if (this.bytes.length >= size) {
                    const text = this.bytes.subarray(4, size).toString()
                    this.bytes = this.bytes.subarray(size)
                    resolve(JSON.parse(text))
                }
            }
            this.take()
        })
    }
}
