// Clients that know no variable for the endpoint: aws-sdk 2, however a script comes to it, and dyno on top of it.

import { createRequire } from 'node:module'
import Module from 'node:module'

const OLD_SDK = /(^|\/node_modules\/)aws-sdk(\/|$)/

/** Has an aws-sdk 2 call DynamoDB where the environment says. */
export function direct(AWS) {
    const { env } = process
    const credentials = new AWS.Credentials({
        accessKeyId: env.AWS_ACCESS_KEY_ID,
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    })
    // Clients may not be known to it yet.
    const allowsAnyName = true
    AWS.config.update({ region: env.AWS_REGION, credentials, dynamodb: { endpoint: env.AWS_ENDPOINT_URL_DYNAMODB } }, allowsAnyName)
}

/** Does so with each copy once it is loaded. `substitutes`: what to give for a package that is not installed. */
export function directWhenLoaded(substitutes = {}) {
    const directed = new Set()
    const load = Module._load
    const directCopy = (request, parent) => {
        const [, place] = /^(.*\/aws-sdk)\//.exec(Module._resolveFilename(request, parent)) ?? []
        if (place !== undefined && !directed.has(place)) {
            directed.add(place)
            direct(load(`${place}/lib/core.js`, parent, false))
        }
    }
    Module._load = function (request, parent, isMain) {
        let loaded
        try {
            loaded = load.call(this, request, parent, isMain)
        } catch (error) {
            if (error.code === 'MODULE_NOT_FOUND' && Object.hasOwn(substitutes, request)) {
                return substitutes[request]
            }
            throw error
        }
        if (OLD_SDK.test(request)) {
            directCopy(request, parent)
        }
        return loaded
    }
}

/** Loads the first of the packages that is installed for the file or for the directory at hand. */
export function findPackage(file, names) {
    for (const name of names) {
        for (const require of [createRequire(file), createRequire(`${process.cwd()}/package.json`)]) {
            let path
            try {
                path = require.resolve(name)
            } catch {
                continue
            }
            return require(path)
        }
    }
    return undefined
}
