// Module hook: what functionless migrations import is our shim, also what they import for types only
// and the project has not installed.

const ALWAYS = /^(?:@dynobase\/dynamodb-migrations|dynamodb-migrations|functionless|typesafe-dynamodb)(?:\/|$)/
const WHERE_ABSENT = /^(?:constructs|aws-cdk-lib)(?:\/|$)/

let shim

export function initialize(options) {
    shim = options.shim
}

export async function resolve(specifier, context, next) {
    if (ALWAYS.test(specifier) && !context.parentURL?.includes('/node_modules/')) {
        return { url: shim, format: 'commonjs', shortCircuit: true }
    }
    try {
        return await next(specifier, context)
    } catch (error) {
        if (WHERE_ABSENT.test(specifier)) {
            return { url: shim, format: 'commonjs', shortCircuit: true }
        }
        throw error
    }
}
