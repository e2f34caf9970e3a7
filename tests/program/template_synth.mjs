// Includes a template in a CDK stack and prints what comes out of its synthesis, as JSON:
//
//   node template_synth.mjs NODE_MODULES
//
// for each line [FILE, "NESTED=FILE"...] of standard input.
import {createRequire} from 'node:module'
import os from 'node:os'
import fs from 'node:fs'
import path from 'node:path'
import {answerLines} from './asked.mjs'

const [modules] = process.argv.slice(2)
const require = createRequire(path.join(modules, 'x.js'))
const {App, Stack} = require('aws-cdk-lib')
const {CfnInclude} = require('aws-cdk-lib/cloudformation-include')

await answerLines((file, ...nested) => {
    const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'synth-'))
    try {
        const stack = new Stack(new App({outdir}), 'Including')
        new CfnInclude(stack, 'Included', {
            templateFile: file,
            loadNestedStacks: Object.fromEntries(nested.map(pair => {
                const at = pair.indexOf('=')
                return [pair.slice(0, at), {templateFile: pair.slice(at + 1)}]
            })),
        })
        const assembly = stack.node.root.synth()
        return assembly.getStackByName('Including').template
    } finally {
        fs.rmSync(outdir, {recursive: true})
    }
})
