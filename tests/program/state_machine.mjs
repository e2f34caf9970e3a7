// Executes a state machine, each of whose tasks is a process of its own, for fleet_test.py.
//
//     node state_machine.mjs NODE_MODULES PROGRAM DEFINITION EXECUTION INPUT KILLED TWICE SEED
//
// KILLED and TWICE: of how many calls in a hundred the process is killed, or there are two at once.
// Prints {"calls": .., "killed": .., "output": ..} or with "failure" instead of the output.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

Promise.withResolvers ??= () => {
    const all = {}
    all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }))
    return all
}

const [modules, program, definition, execution, input, killed, twice, seed] = process.argv.slice(2)
const library = `${modules}/aws-local-stepfunctions/build/main.node.esm.js`
const { StateMachine } = await import(pathToFileURL(library))

let state = Number(seed)
function below(limit) {
    state = (state * 1103515245 + 12345) % 2147483648
    return Math.floor((state / 2147483648) * limit)
}

const told = { calls: 0, killed: 0 }

function failure(name, message) {
    return Object.assign(new Error(message), { name })
}

function call(event, isKilled) {
    ++told.calls
    return new Promise((resolve, reject) => {
        const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
        const parts = []
        child.stdout.on('data', (part) => parts.push(part))
        child.stdin.on('error', () => {})
        child.stdin.end(JSON.stringify(event))
        const death = isKilled ? setTimeout(() => child.kill('SIGKILL'), below(250)) : undefined
        child.on('close', (code, signal) => {
            clearTimeout(death)
            if (signal !== null) {
                ++told.killed
                return reject(failure('Runtime.ExitError', `killed by ${signal}`))
            }
            const answer = JSON.parse(Buffer.concat(parts).toString())
            return code === 0 ? resolve(answer) : reject(failure(answer.errorType, answer.errorMessage))
        })
    })
}

async function task({ Payload: event }) {
    const calls = [call(event, below(100) < Number(killed))]
    if (below(100) < Number(twice)) {
        calls.push(call(event, below(100) < Number(killed)))
    }
    const ends = await Promise.allSettled(calls)
    const good = ends.find((end) => end.status === 'fulfilled')
    if (good === undefined) {
        throw ends.at(-1).reason
    }
    return { StatusCode: 200, Payload: good.value }
}

const machine = new StateMachine(JSON.parse(readFileSync(definition, 'utf8')))
const running = machine.run(JSON.parse(input), {
    overrides: {
        taskResourceLocalHandlers: {
            Turn: task, Work: task, Record: task, Dry: task, Try: task, 'Dry total': task,
        },
        waitTimeOverrides: { Rest: 100 },
        retryIntervalOverrides: {
            Turn: 100, Work: 100, Record: 100, Dry: 100, Try: 100, 'Dry total': 100,
        },
    },
    context: { Execution: { Id: execution } },
})
try {
    told.output = await running.result
} catch (error) {
    told.failure = error.message
}
console.log(JSON.stringify(told))
