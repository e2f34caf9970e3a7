// Distributed maps with the failures that they tolerate, made of what npm's aws-local-stepfunctions
// executes, which ignores `ToleratedFailurePercentage`. For step_functions.mjs.

const BEGIN = 'local:begin'
const FAILED = 'local:failed'
const UNKNOWN = ['ToleratedFailureCount', 'ToleratedFailureCountPath', 'ToleratedFailurePercentagePath', 'InputPath']

function isDistributed(state) {
    return state.Type === 'Map' && state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED'
}

/// The definition with each distributed map as a task that begins a run of it, and the map itself,
/// each of whose children is a parallel state of one branch whose failure a task counts.
export function withFailuresCounted(definition) {
    const States = {}
    for (const [name, state] of Object.entries(definition.States)) {
        Object.assign(States, isDistributed(state) ? counted(name, state) : { [name]: state })
    }
    return { ...definition, States }
}

function counted(name, map) {
    const tolerated = map.ToleratedFailurePercentage ?? 0
    const unknown = UNKNOWN.find((field) => field in map)
    if (unknown || (tolerated > 0 && map.ResultPath !== null)) {
        const what = unknown ?? 'the result of a map that tolerates failures'
        throw Object.assign(new Error(`${name}: ${what} is not emulated`), { name: 'InvalidDefinition' })
    }
    const child = `${name}: child`
    const failed = `${name}: failed child`
    return {
        [name]: {
            Type: 'Task', Resource: BEGIN, ResultPath: null, Next: `${name}: run`,
            Parameters: { 'items.$': map.ItemsPath ?? '$', tolerated },
        },
        [`${name}: run`]: {
            ...map,
            ItemProcessor: {
                StartAt: child, States: {
                    [child]: {
                        Type: 'Parallel', Branches: [map.ItemProcessor], OutputPath: '$[0]', End: true,
                        Catch: [{ ErrorEquals: ['States.ALL'], Next: failed }],
                    },
                    [failed]: { Type: 'Task', Resource: FAILED, End: true },
                },
            },
        },
    }
}

/// Whether the state is one of those that MapRuns handles.
export function isLocal(state) {
    return state.Resource === BEGIN || state.Resource === FAILED
}

/// What the tasks that begin runs and count failures do in one execution, which has one run at a time.
export class MapRuns {
    #present = { total: 0, tolerated: 0, failed: 0, isOver: false }

    /// Whether a run has failed, so that its children are to end.
    get isOver() {
        return this.#present.isOver
    }

    handle(resource, input) {
        if (resource === BEGIN) {
            this.#present = { total: input.items.length, tolerated: input.tolerated, failed: 0, isOver: false }
            return null
        }
        const run = this.#present
        run.failed += 1
        if ((run.failed / run.total) * 100 > run.tolerated) {
            run.isOver = true
            throw Object.assign(new Error('The specified tolerated failure threshold was exceeded'), {
                name: 'States.ExceedToleratedFailureThreshold',
            })
        }
        return null
    }
}
