// Loads a user's migration file, whatever module system and language it is written in.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as nodeModule from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

let hasHook = false

/** Has files that Node takes for CommonJS, or does not know, loaded by our hook (hook.mjs). */
function addHook(options) {
    if (nodeModule.register === undefined) {
        return false
    }
    if (!hasHook) {
        nodeModule.register('./hook.mjs', { parentURL: import.meta.url, data: options })
        hasHook = true
    }
    return true
}

function resolveFrom(file, name) {
    try {
        return createRequire(file).resolve(name)
    } catch {
        return undefined
    }
}

/** Whether this Node can run TypeScript by itself. */
const stripsTypes = () => Boolean(process.features.typescript) || process.execArgv.includes('--experimental-strip-types')

async function importTypeScript(file) {
    if (stripsTypes()) {
        return import(pathToFileURL(file).href)
    }
    const tsx = resolveFrom(file, 'tsx/package.json') // it brings an esbuild
    const esbuild = resolveFrom(file, 'esbuild') ?? (tsx && resolveFrom(tsx, 'esbuild'))
    if (esbuild === undefined || !addHook({ esbuild })) {
        throw new Error(
            `Node ${process.version} cannot run TypeScript; use Node 22.6 or later, or install tsx or esbuild in the project ` +
                '(npm install --save-dev esbuild)'
        )
    }
    process.setSourceMapsEnabled?.(true)
    return import(pathToFileURL(file).href)
}

const saysModule = (error) =>
    error instanceof SyntaxError && /Cannot use import statement|Unexpected token 'export'|Cannot use 'import.meta'|await is only valid/.test(error.message)

async function importScript(file) {
    const url = pathToFileURL(file).href
    try {
        return await import(url)
    } catch (error) {
        // Older Nodes take a .js file for CommonJS unless a package.json says otherwise.
        if (!file.endsWith('.js') || !saysModule(error)) {
            throw error
        }
        if (!addHook({})) {
            throw new Error(`Node ${process.version} takes ${file} for CommonJS; name it .mjs, or use Node 18.19 or later`)
        }
        return import(`${url}?module`)
    }
}

const IMPORTS_FUNCTIONLESS = /(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*['"](?:(?:@dynobase\/)?dynamodb-migrations|functionless)['"]/

/** Whether the file imports what is for functionless migrations. */
export const isFunctionless = (file) => IMPORTS_FUNCTIONLESS.test(readFileSync(file, 'utf8'))

/** What the file exports, as a module has it. `functionless`: what isFunctionless says of it. */
export async function loadModule(file, functionless = isFunctionless(file)) {
    if (functionless) {
        const { prepare } = await import('./functionless.mjs')
        prepare()
    }
    return /\.[mc]?ts$/.test(file) ? importTypeScript(file) : importScript(file)
}

/** The file's default export, or what CommonJS exports. */
export async function load(file, functionless = isFunctionless(file)) {
    const loaded = await loadModule(file, functionless)
    const exported = loaded.default ?? loaded
    return exported?.default ?? exported
}

const KEPT_FRAMES = 12

const ownDirectory = fileURLToPath(new URL('.', import.meta.url))

/** The lines of an error's stack that are the user's, shortest form first: `at f (/path/file.js:1:2)`. */
function userFrames(stack) {
    return stack
        .split('\n')
        .filter((line) => /^\s+at /.test(line) && !line.includes('node:') && !line.includes(ownDirectory) && !line.includes('(<anonymous>)'))
        .map((line) => line.trim().replace(/file:\/\/(\/[^):?]*)(\?module)?/g, (_, path) => decodeURIComponent(path)))
}

/** Where a SyntaxError stands: Node writes `file:line` and the line before the stack. */
function syntaxPlace(stack) {
    const [, place, line] = /^(?:file:\/\/)?(\/[^\n]*?:\d+)\n([\s\S]*?)\n\n?SyntaxError/.exec(stack) ?? []
    return place === undefined ? undefined : { place: decodeURIComponent(place.replace('?module', '')), line }
}

/** For modules Node keeps the place to itself, but for `node --check`. */
function checkedPlace(file) {
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], {
        input: readFileSync(file),
        encoding: 'utf8',
    })
    return syntaxPlace(stderr.replace(/^(?:file:\/\/.*)?\[stdin\]/, () => file))
}

/** An error's stack without the host's own lines. */
export function ownStack(error) {
    const isOfHost = (line) => /^\s+at /.test(line) && (line.includes(ownDirectory) || line.includes('new Promise (<anonymous>)'))
    return String(error.stack)
        .split('\n')
        .filter((line) => !isOfHost(line))
        .join('\n')
}

/** An error as the program tells it to people. `file`: whose loading failed. */
export function describeError(error, file) {
    if (!(error instanceof Error)) {
        return { message: `threw ${typeof error === 'string' ? error : JSON.stringify(error)}`, frames: [] }
    }
    const stack = String(error.stack ?? '')
    const syntax = error instanceof SyntaxError ? syntaxPlace(stack) ?? (file && checkedPlace(file)) : undefined
    const frames = syntax ? [`at ${syntax.place}`, ...syntax.line.split('\n')] : userFrames(stack)
    return { message: `${error.name}: ${error.message}`, frames: frames.slice(0, KEPT_FRAMES) }
}
