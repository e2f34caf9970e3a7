// Runs one OneTable migration, `up(db, migrate, params)` or `down(...)`, with `db` a Table of the
// project's dynamodb-onetable whose only way to DynamoDB is what the environment names.
//
//     node onetable.mjs FILE VERSION up|down [FILE-OF-THE-SCHEMA VERSION]

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describeError, load } from './loading.mjs'
import { OneTableMigrate } from './onetable_migrate.mjs'
import { makeTable, Packages, saveSchema } from './onetable_table.mjs'

const [file, version, direction, schemaFile, schemaVersion] = process.argv.slice(2)
const settings = JSON.parse(readFileSync(process.env.DYNAMIGRATE_ONETABLE, 'utf8'))

/** The migration of a file, or of a file that exports a list of them. */
async function migrationOf(path, id) {
    const loaded = await load(path)
    return Array.isArray(loaded) ? loaded.find((migration) => migration.version === id) : loaded
}

async function schemaOf(migration) {
    if (migration?.schema) {
        return migration.schema
    }
    return typeof settings.schema === 'string' ? load(resolve(settings.schema)) : settings.schema
}

async function run() {
    const migration = await migrationOf(file, version)
    const schema = await schemaOf(migration)
    const db = await makeTable(new Packages(file), settings, schema)
    const params = {
        dry: process.env.DYNAMIGRATE_DRY === 'yes' ? 'Dry Run: ' : '',
        profile: process.env.DYNAMIGRATE_PROFILE || undefined,
        dir: settings.dir,
        log: console,
        ...settings.params,
    }
    const migrate = new OneTableMigrate(db, params, settings.versions ?? [], schema)
    await migrate.init()
    await migration[direction].call(migration, db, migrate, params)
    const reached = direction === 'up' ? migration : schemaFile && (await migrationOf(schemaFile, schemaVersion))
    await saveSchema(db, reached?.schema)
}

try {
    await run()
} catch (error) {
    const { message, frames } = describeError(error, file)
    const own = frames.filter((frame) => !frame.includes('/node_modules/'))
    console.error([message, ...(own.length > 0 ? own : frames).map((frame) => `    ${frame}`)].join('\n'))
    process.exit(1)
}
