// Looks at CloudFormation templates with tools from npm and prints what each complains of, as JSON:
//
//   node template_check.mjs NODE_MODULES
//
// for each line [FILE...] of standard input, for each FILE {tree, lint, types, definitions, references}. `tree` is what the file says.
import fs from 'node:fs'
import {createRequire} from 'node:module'
import path from 'node:path'
import {answerLines} from './asked.mjs'

const [modules] = process.argv.slice(2)
const require = createRequire(path.join(modules, 'x.js'))
const lint = require('cfn-lint')
const yaml = require('js-yaml')
const validate = require('asl-validator')
const {loadAwsServiceSpec} = require('@aws-cdk/aws-service-spec')

const PSEUDO = {
    'AWS::Partition': 'aws', 'AWS::Region': 'eu-central-1', 'AWS::AccountId': '123456789012', 'AWS::StackName': 'stack',
    'AWS::StackId': 'arn:aws:cloudformation:eu-central-1:123456789012:stack/stack/1', 'AWS::NoValue': undefined,
    'AWS::URLSuffix': 'amazonaws.com',
}

const database = await loadAwsServiceSpec()
const known = type => database.lookup('resource', 'cloudFormationType', 'equals', type)[0]

// What CloudFormation would make of a value; complains of what leads nowhere.
class Stack {
    constructor(template) {
        this.template = template
        this.complaints = []
    }
    ref(name) {
        if (name in PSEUDO) return PSEUDO[name]
        const parameter = this.template.Parameters?.[name]
        if (parameter) return parameter.Default ?? (parameter.Type === 'Number' ? 1 : 'given')
        if (this.template.Resources[name]) return `arn:aws:made:eu-central-1:123456789012:${name}`
        this.complaints.push(`nothing is called ${name}`)
        return ''
    }
    attribute(name, attribute) {
        const resource = this.template.Resources[name]
        const type = resource?.Type
        if (!resource) this.complaints.push(`no resource is called ${name}`)
        else if (type === 'AWS::CloudFormation::Stack') {
            if (!attribute.startsWith('Outputs.')) this.complaints.push(`${name} has no ${attribute}`)
        } else if (!type.startsWith('Custom::') && !(attribute in (known(type)?.attributes ?? {}))) {
            this.complaints.push(`${type} has no attribute ${attribute}`)
        }
        return `arn:aws:made:eu-central-1:123456789012:${name}-${attribute}`
    }
    sub(text, values = {}) {
        return text.replace(/\$\{(!?)([^}]*)\}/g, (_, mark, name) => {
            if (mark) return `\${${name}}`
            if (name in values) return this.value(values[name])
            const at = name.indexOf('.')
            return at < 0 ? this.ref(name) : this.attribute(name.slice(0, at), name.slice(at + 1))
        })
    }
    value(tree) {
        if (Array.isArray(tree)) return tree.map(element => this.value(element))
        if (tree === null || typeof tree !== 'object') return tree
        const keys = Object.keys(tree)
        if (keys.length === 1) {
            const inner = tree[keys[0]]
            if (keys[0] === 'Ref') return this.ref(inner)
            if (keys[0] === 'Fn::GetAtt') return this.attribute(inner[0], inner[1])
            if (keys[0] === 'Fn::If') return this.value(inner[this.holds(inner[0]) ? 1 : 2])
            if (keys[0] === 'Fn::Split') return this.value(inner[1]).split(inner[0])
            if (keys[0] === 'Fn::FindInMap') return this.mapped(...inner)
            if (keys[0] === 'Fn::Sub') {
                return Array.isArray(inner) ? this.sub(inner[0], inner[1]) : this.sub(inner)
            }
        }
        return Object.fromEntries(keys.map(key => [key, this.value(tree[key])]))
    }
    holds(condition) {
        const test = this.template.Conditions?.[condition]
        if (!test) this.complaints.push(`no condition ${condition}`)
        const evaluate = ({'Fn::Equals': pair, 'Fn::Not': not}) =>
            pair ? this.value(pair[0]) === this.value(pair[1]) : !evaluate(not[0])
        return evaluate(test)
    }
    mapped(map, first, second) {
        const found = this.template.Mappings?.[map]?.[first]?.[second]
        if (found === undefined) this.complaints.push(`no mapping ${map}.${first}.${second}`)
        return found
    }
    // As the resource does: the text's names of DefinitionSubstitutions give way to their values.
    definition({DefinitionString, DefinitionSubstitutions}) {
        const values = this.value(DefinitionSubstitutions ?? {})
        return this.value(DefinitionString).replace(/\$\{(\w+)\}/g, (all, name) => values[name] ?? all)
    }
    references() {
        const {Resources, Outputs, Conditions} = this.template
        this.value(Outputs ?? {})
        this.value(Conditions ?? {})
        for (const [name, resource] of Object.entries(Resources)) {
            this.value(resource.Properties)
            for (const other of [resource.DependsOn ?? []].flat()) {
                if (!Resources[other]) this.complaints.push(`${name} depends on ${other}, which is not there`)
            }
            if (resource.Condition && !Conditions?.[resource.Condition]) {
                this.complaints.push(`${name}: no condition ${resource.Condition}`)
            }
        }
        return [...new Set(this.complaints)].concat(this.circles())
    }
    needs(tree, found = new Set()) {
        if (tree === null || typeof tree !== 'object') return found
        for (const [key, inner] of Object.entries(tree)) {
            if (key === 'Ref') found.add(inner)
            else if (key === 'Fn::GetAtt') found.add(inner[0])
            else if (key === 'Fn::Sub') {
                const [text, values] = [inner].flat()
                for (const [, name] of text.matchAll(/\$\{([^!}]+)\}/g)) {
                    if (!values || !(name in values)) found.add(name.split('.')[0])
                }
                this.needs(values, found)
            } else this.needs(inner, found)
        }
        return found
    }
    circles() {
        const {Resources} = this.template
        const state = {}
        const found = []
        const visit = (name, way) => {
            if (state[name] === 'done' || !Resources[name]) return
            if (state[name] === 'open') return found.push(`circle: ${[...way, name].join(' > ')}`)
            state[name] = 'open'
            const needed = this.needs(Resources[name].Properties)
            for (const other of [Resources[name].DependsOn ?? []].flat()) needed.add(other)
            for (const other of needed) visit(other, [...way, name])
            state[name] = 'done'
        }
        Object.keys(Resources).forEach(name => visit(name, []))
        return found
    }
}

const isIntrinsic = value => value !== null && typeof value === 'object' && !Array.isArray(value) &&
    Object.keys(value).length === 1 && /^(Ref|Fn::.*)$/.test(Object.keys(value)[0])

// Against the current description of AWS's resource types.
function checkType(type, value, place, complaints) {
    if (isIntrinsic(value)) return
    switch (type.type) {
    case 'ref': {
        const {properties} = database.get('typeDefinition', type.reference.$ref)
        return checkProperties(properties, value, place, complaints)
    }
    case 'array':
        if (!Array.isArray(value)) return complaints.push(`${place}: must be a list`)
        return value.forEach((element, i) => checkType(type.element, element, `${place}.${i}`, complaints))
    case 'union': {
        const all = type.types.map(one => {
            const inner = []
            checkType(one, value, place, inner)
            return inner
        })
        if (!all.some(inner => inner.length === 0)) complaints.push(...all[0])
        return
    }
    case 'boolean':
    case 'string':
        if (typeof value !== type.type) complaints.push(`${place}: must be a ${type.type}`)
        if (type.allowedValues && !type.allowedValues.includes(value)) complaints.push(`${place}: ${value} is not allowed`)
        return
    case 'integer':
    case 'number':
        if (typeof value !== 'number') complaints.push(`${place}: must be a number`)
    }
}

function checkProperties(properties, value, place, complaints) {
    for (const [name, inner] of Object.entries(value ?? {})) {
        if (!properties[name]) complaints.push(`${place}.${name}: no such property`)
        else checkType(properties[name].type, inner, `${place}.${name}`, complaints)
    }
    for (const [name, property] of Object.entries(properties)) {
        if (property.required && !(name in (value ?? {}))) complaints.push(`${place}.${name}: is required`)
    }
}

function types(template) {
    const complaints = []
    for (const [name, resource] of Object.entries(template.Resources)) {
        if (resource.Type.startsWith('Custom::')) continue
        const type = known(resource.Type)
        if (!type) complaints.push(`${name}: no type ${resource.Type}`)
        else checkProperties(type.properties, resource.Properties, name, complaints)
    }
    return complaints
}

// cfn-lint from npm knows AWS's types of some years ago: what it takes for no property although there
// is one now is not repeated.
function linted(file, template) {
    const {errors} = lint.validateFile(file, {parameters: {StatesRoleArn: 'arn:aws:iam::123456789012:role/states'}})
    const isOutdated = ({message, resource}) => {
        const property = /^(\w+) is not a valid property of (.*)$/.exec(message)
        const name = /^Resources > (\w+)/.exec(resource)?.[1]
        return property && name && types(template).length === 0
    }
    return errors.crit.concat(errors.warn).filter(error => !isOutdated(error))
        .map(({message, resource}) => `${resource}: ${message}`)
}

// The validator takes a third of a second: of definitions that differ by their migration only, one is looked at.
const complained = new Map()

function complaintOf(definition, migration) {
    const shape = JSON.stringify(definition, (_, value) => value === migration ? '' : value)
        .replace(`migration ${migration}"`, '"')
    if (!complained.has(shape)) {
        const {isValid, errorsText} = validate(definition)
        complained.set(shape, isValid ? '' : errorsText())
    }
    return complained.get(shape)
}

function definitions(template) {
    const found = {}
    for (const [name, {Type, Properties}] of Object.entries(template.Resources)) {
        if (Type !== 'AWS::StepFunctions::StateMachine') continue
        const stack = new Stack(template)
        const definition = JSON.parse(stack.definition(Properties))
        found[name] = {definition, complaint: complaintOf(definition, Properties.DefinitionSubstitutions?.Migration)}
    }
    return found
}

await answerLines((...files) => files.map(file => {
    const text = fs.readFileSync(file, 'utf8')
    const tree = file.endsWith('.json') ? JSON.parse(text) : yaml.safeLoad(text)
    return {
        tree, lint: linted(file, tree), types: types(tree), definitions: definitions(tree),
        references: new Stack(tree).references(), resolved: new Stack(tree).value(tree.Resources),
    }
}))
