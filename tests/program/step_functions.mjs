// Step Functions on this machine: its API over state machines that npm's aws-local-stepfunctions
// executes, each of whose `lambda:invoke` tasks is sent to an Invoke API. For step_functions.py.
//
//     node step_functions.mjs NODE_MODULES LAMBDA_ENDPOINT OPTIONS
//
// OPTIONS (JSON): `wait` and `retry`, milliseconds instead of each state's own; `throttled`, of how
// many calls in a hundred the answer is ThrottlingException; `seed`; `rule`, the function that is told
// of executions that ended otherwise than well, as EventBridge tells it.
// Prints {"port": ..}.
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { pathToFileURL } from 'node:url'
import { isLocal, MapRuns, withFailuresCounted } from './distributed_map.mjs'

Promise.withResolvers ??= () => {
    const all = {}
    all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }))
    return all
}

const [modules, lambda, optionsText] = process.argv.slice(2)
const options = { wait: 100, retry: 100, throttled: 0, seed: 1, ...JSON.parse(optionsText ?? '{}') }
const library = `${modules}/aws-local-stepfunctions/build/main.node.esm.js`
const { StateMachine, ExecutionAbortedError, ExecutionTimeoutError } = await import(pathToFileURL(library))
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity })

const machines = new Map()
const executions = new Map()
const refused = new Map()

let state = Number(options.seed)
function chance() {
    state = (state * 1103515245 + 12345) % 2147483648
    return (state / 2147483648) * 100
}

function failure(name, message) {
    return Object.assign(new Error(message), { name })
}

// Lambda -------------------------------------------------------------------------------------

function post(functionName, payload) {
    return new Promise((resolve, reject) => {
        const request = http.request(
            `${lambda}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
            {
                method: 'POST', agent, headers: {
                    'content-type': 'application/json',
                    authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/lambda/aws4_request',
                },
            },
            (response) => {
                const parts = []
                response.on('data', (part) => parts.push(part))
                response.on('end', () => resolve({
                    status: response.statusCode, headers: response.headers,
                    body: Buffer.concat(parts).toString(),
                }))
                response.on('error', reject)
            })
        request.on('error', reject)
        request.end(payload)
    })
}

/// As the service integration `lambda:invoke` names what Lambda answers.
async function invoke({ FunctionName: name, Payload: event = {} }) {
    let answer
    try {
        answer = await post(name, JSON.stringify(event))
    } catch (error) {
        throw failure('Lambda.SdkClientException', error.message)
    }
    if (answer.status === 429) {
        throw failure('Lambda.TooManyRequestsException', answer.body)
    }
    if (answer.status === 404) {
        throw failure('Lambda.ResourceNotFoundException', answer.body)
    }
    if (answer.status !== 200) {
        throw failure('Lambda.ServiceException', answer.body)
    }
    if (answer.headers['x-amz-function-error']) {
        const { errorType, errorMessage = '' } = JSON.parse(answer.body)
        const usual = errorMessage.includes('Task timed out') ? 'Sandbox.Timedout' : 'Lambda.Unknown'
        throw failure(errorType ?? usual, answer.body)
    }
    return { ExecutedVersion: '$LATEST', StatusCode: 200, Payload: JSON.parse(answer.body) }
}

// Executions ---------------------------------------------------------------------------------

/// A task of an execution or of a map's run that has ended is not begun, nor tried again.
function task(execution, isOfChild, invocation) {
    return (input) => {
        if (execution.status !== 'RUNNING' || (isOfChild && execution.mapRuns.isOver)) {
            throw Object.assign(failure('States.Ended', 'the execution has ended'), { isRetryable: false, isCatchable: false })
        }
        return invocation(input)
    }
}

/// What stands in for the states of a definition, also of those inside others.
function overridesOf(execution, definition, isOfChild = false, found = { taskResourceLocalHandlers: {}, waitTimeOverrides: {}, retryIntervalOverrides: {} }) {
    for (const [name, one] of Object.entries(definition.States)) {
        if (isLocal(one)) {
            found.taskResourceLocalHandlers[name] = (input) => execution.mapRuns.handle(one.Resource, input)
        } else if (one.Type === 'Task') {
            const isIntegration = one.Resource.endsWith(':states:::lambda:invoke')
            found.taskResourceLocalHandlers[name] = task(execution, isOfChild, isIntegration
                ? invoke
                : async (input) => (await invoke({ FunctionName: one.Resource, Payload: input })).Payload)
        }
        if (one.Type === 'Wait') {
            found.waitTimeOverrides[name] = options.wait
        }
        if (one.Retry) {
            found.retryIntervalOverrides[name] = options.retry
        }
        for (const inner of [one.ItemProcessor, one.Iterator, ...(one.Branches ?? [])]) {
            if (inner) {
                overridesOf(execution, inner, isOfChild || one.Type === 'Map', found)
            }
        }
    }
    return found
}

function end(execution, changes) {
    if (execution.status !== 'RUNNING') {
        return
    }
    Object.assign(execution, changes, { stopDate: Date.now() / 1000 })
    if (options.rule && execution.status !== 'SUCCEEDED') {
        tell(execution)
    }
}

/// As EventBridge tells a function: again where it fails.
async function tell(execution) {
    const event = {
        version: '0', id: randomUUID(), source: 'aws.states',
        'detail-type': 'Step Functions Execution Status Change', account: '123456789012',
        region: 'us-east-1', time: new Date().toISOString(), resources: [execution.executionArn],
        detail: { ...described(execution), startDate: execution.startDate * 1000, stopDate: execution.stopDate * 1000 },
    }
    for (let failures = 0; failures < 3;) {
        try {
            execution.told = (await invoke({ FunctionName: options.rule, Payload: event })).Payload
            return
        } catch (error) {
            // Lambda keeps what it has no room for yet.
            failures += error.name === 'Lambda.TooManyRequestsException' ? 0 : 1
            execution.told = failures === 3 ? { error: error.message } : undefined
            await new Promise((resolve) => setTimeout(resolve, options.retry))
        }
    }
}

async function execute(execution, machine) {
    const running = machine.machine.run(JSON.parse(execution.input), {
        overrides: overridesOf(execution, machine.definition),
        context: {
            Execution: {
                Id: execution.executionArn, Name: execution.name, Input: JSON.parse(execution.input),
                RoleArn: 'arn:aws:iam::123456789012:role/states',
                StartTime: new Date(execution.startDate * 1000).toISOString(),
            },
            StateMachine: { Id: machine.arn, Name: machine.name },
        },
    })
    execution.abort = running.abort
    try {
        end(execution, { status: 'SUCCEEDED', output: JSON.stringify(await running.result) })
    } catch (error) {
        if (error instanceof ExecutionTimeoutError) {
            end(execution, { status: 'TIMED_OUT' })
        } else if (!(error instanceof ExecutionAbortedError)) {
            const { name, message } = error.cause ?? error
            end(execution, { status: 'FAILED', error: name, cause: message })
        }
    }
}

function described(execution) {
    const names = ['executionArn', 'stateMachineArn', 'name', 'status', 'startDate', 'stopDate', 'input', 'output', 'error', 'cause']
    return Object.fromEntries(names.filter((name) => execution[name] !== undefined).map((name) => [name, execution[name]]))
}

function executionOf(arn) {
    const execution = executions.get(arn)
    if (!execution) {
        throw failure('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`)
    }
    return execution
}

const operations = {
    CreateStateMachine({ name, definition }) {
        const arn = `arn:aws:states:us-east-1:123456789012:stateMachine:${name}`
        const parsed = JSON.parse(definition)
        new StateMachine(parsed) // refuses what is not valid
        const executed = withFailuresCounted(parsed)
        const machine = new StateMachine(executed, { validationOptions: { noValidate: true } })
        machines.set(arn, { arn, name, definition: executed, machine })
        return { stateMachineArn: arn, creationDate: Date.now() / 1000 }
    },
    StartExecution({ stateMachineArn, name = randomUUID(), input = '{}' }) {
        const arn = stateMachineArn.split(':').slice(0, 7).join(':')
        const machine = machines.get(arn)
        if (!machine) {
            throw failure('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
        }
        if (!/^[0-9A-Za-z_-]{1,80}$/.test(name)) {
            throw failure('InvalidName', `Invalid Name: '${name}'`)
        }
        try {
            JSON.parse(input)
        } catch (error) {
            throw failure('InvalidExecutionInput', error.message)
        }
        const executionArn = arn.replace(':stateMachine:', ':execution:') + ':' + name
        const known = executions.get(executionArn)
        if (known && (known.status !== 'RUNNING' || known.input !== input)) {
            throw failure('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`)
        }
        const execution = known ?? {
            executionArn, stateMachineArn: arn, name, input, status: 'RUNNING', startDate: Date.now() / 1000,
            mapRuns: new MapRuns(),
        }
        if (!known) {
            executions.set(executionArn, execution)
            execute(execution, machine)
        }
        return { executionArn, startDate: execution.startDate }
    },
    DescribeExecution({ executionArn }) {
        return described(executionOf(executionArn))
    },
    ListExecutions({ stateMachineArn }) {
        const all = [...executions.values()].filter((one) => one.stateMachineArn === stateMachineArn).reverse()
        return { executions: all.map((one) => ({ ...described(one), input: undefined, output: undefined })) }
    },
    StopExecution({ executionArn, error, cause }) {
        const execution = executionOf(executionArn)
        if (execution.status === 'RUNNING') {
            end(execution, { status: 'ABORTED', error, cause })
            execution.abort()
        }
        return { stopDate: execution.stopDate }
    },
    /// Not of the service: the operation fails so from now on, or (without an error) no more.
    Refuse({ operation, error }) {
        refused.set(operation, error)
        return {}
    },
    /// Not of the service: what the rule's function answered.
    Told({ executionArn }) {
        return { told: executionOf(executionArn).told ?? null }
    },
}

const server = http.createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
        const answer = (status, body) => {
            response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
            response.end(JSON.stringify(body))
        }
        try {
            const operation = (request.headers['x-amz-target'] ?? '').replace('AWSStepFunctions.', '')
            if (!(request.headers.authorization ?? '').includes('/states/aws4_request')) {
                throw failure('AccessDeniedException', 'no signature')
            }
            if (!operations[operation]) {
                throw failure('UnknownOperationException', operation)
            }
            if (operation.endsWith('Execution') && chance() < options.throttled) {
                throw failure('ThrottlingException', 'Rate exceeded')
            }
            if (refused.get(operation)) {
                throw failure(refused.get(operation), 'refused by the test')
            }
            answer(200, operations[operation](JSON.parse(Buffer.concat(parts).toString())))
        } catch (error) {
            answer(400, { __type: `com.amazonaws.sfn#${error.name}`, message: error.message })
        }
    })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
