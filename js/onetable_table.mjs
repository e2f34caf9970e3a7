// The Table of the project's dynamodb-onetable, of either generation, whose only way to DynamoDB is what the
// environment names.

import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { direct } from './old_clients.mjs'

/** The packages that a migration's file or the project has. */
export class Packages {
    #file
    #places

    constructor(file) {
        this.#file = file
        this.#places = [createRequire(file), createRequire(resolve('package.json'))]
    }

    find(name) {
        for (const require of this.#places) {
            try {
                return require(require.resolve(name))
            } catch (error) {
                if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
                    throw error
                }
            }
        }
        return undefined
    }

    need(name) {
        const found = this.find(name)
        if (found === undefined) {
            throw new Error(`${this.#file} needs the package ${name.split('/')[0]}, and it is not installed here: npm install ${name}`)
        }
        return found
    }
}

/** What the first generation's Table is told, and since the second one the schema's `params` say. */
const OF_SCHEMA = ['createdField', 'isoDates', 'nulls', 'separator', 'timestamps', 'typeField', 'updatedField']

const defined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

const only = (object, names) => defined(Object.fromEntries(names.map((name) => [name, object[name]])))

const without = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

/** The settings of the configuration under the names that the second generation gives them. */
export function tableParams({ delimiter, nulls, typeField, hidden, crypto, onetable = {} }) {
    const { delimiter: ownDelimiter, crypto: ownCrypto, name: _, ...own } = onetable
    const cipher = crypto ?? ownCrypto
    return {
        ...defined({ nulls, typeField, hidden, separator: ownDelimiter ?? delimiter }),
        ...own,
        ...(cipher && { crypto: cipher.cipher ? { primary: cipher } : cipher }),
    }
}

/** The schema with what the second generation asks for and older schemas do not say. */
export const completeSchema = (schema, params) => ({
    format: 'onetable:1.1.0',
    version: '0.0.1',
    ...schema,
    params: { ...only(params, OF_SCHEMA), ...schema.params },
})

/** Whether the library keeps schemas in the table: since its second generation. */
const keepsSchemas = (Table) => typeof Table.prototype.saveSchema === 'function'

function environmentOfClients() {
    return {
        endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB,
        region: process.env.AWS_REGION,
        credentials: {
            accessKeyId: process.env.AWS_ACCESS_KEY_ID,
            secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
        },
    }
}

function directOldClients(packages) {
    const AWS = packages.find('aws-sdk')
    if (AWS) {
        direct(AWS)
    }
    return AWS
}

function makeClient(packages) {
    const old = directOldClients(packages)
    const sdk = packages.find('@aws-sdk/client-dynamodb')
    const wrapper = sdk && packages.find('dynamodb-onetable/Dynamo')
    if (wrapper) {
        return new wrapper.Dynamo({ client: new sdk.DynamoDBClient(environmentOfClients()) })
    }
    if (old) {
        const { endpoint, region } = environmentOfClients()
        return new old.DynamoDB.DocumentClient({ endpoint, region })
    }
    return packages.need('@aws-sdk/client-dynamodb') && packages.need('dynamodb-onetable/Dynamo')
}

/** The schema of a table of which only the keys are known. */
async function keysOnly(table) {
    const described = await table.describeTable()
    const key = (type) => described.Table.KeySchema.find((part) => part.KeyType === type)?.AttributeName
    return { indexes: { primary: defined({ hash: key('HASH'), sort: key('RANGE') }) }, models: {} }
}

export async function makeTable(packages, settings, schema) {
    const { Table } = packages.need('dynamodb-onetable')
    const params = tableParams(settings)
    const base = { logger: false, client: makeClient(packages), name: process.env.DYNAMIGRATE_TABLE }
    if (!keepsSchemas(Table)) {
        const { separator: delimiter, ...others } = params
        return new Table({ ...others, ...defined({ delimiter, schema }), ...base })
    }
    const table = new Table({ partial: true, ...without(params, OF_SCHEMA), ...base })
    await table.setSchema(completeSchema(schema ?? (await keysOnly(table)), params))
    return table
}

/** As the table's current one, where the library does that. */
export async function saveSchema(table, schema) {
    if (schema && table.saveSchema) {
        await table.saveSchema(schema)
    }
}
