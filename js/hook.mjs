// Module hooks for what Node does not load by itself: `.js` files with `import` and `export` outside of a
// package that says "module", and TypeScript by the project's esbuild.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

let esbuild

export async function initialize(options) {
    if (options?.esbuild) {
        esbuild = createRequire(import.meta.url)(options.esbuild)
    }
}

const MODULE = /^\s*(?:import\b(?!\s*\()|export\b)/m

export async function resolve(specifier, context, next) {
    try {
        return await next(specifier, context)
    } catch (error) {
        if (esbuild && /^[./]/.test(specifier) && !/\.[a-z]+$/.test(specifier)) {
            return next(`${specifier}.ts`, context)
        }
        throw error
    }
}

export async function load(url, context, next) {
    const path = url.startsWith('file:') ? fileURLToPath(url.replace(/\?module$/, '')) : ''
    if (esbuild && /\.[mc]?ts$/.test(path)) {
        const { code } = esbuild.transformSync(readFileSync(path, 'utf8'), {
            loader: 'ts',
            format: path.endsWith('.cts') ? 'cjs' : 'esm',
            sourcemap: 'inline',
            sourcefile: path,
        })
        return { format: path.endsWith('.cts') ? 'commonjs' : 'module', source: code, shortCircuit: true }
    }
    if (path.endsWith('.js') && context.format !== 'module') {
        const source = readFileSync(path, 'utf8')
        if (MODULE.test(source)) {
            return { format: 'module', source, shortCircuit: true }
        }
    }
    return next(url, context)
}
