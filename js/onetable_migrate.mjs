// The `migrate` that a OneTable migration gets: what was applied, what is outstanding.

const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-(.+))?$/

const isVersion = (text) => VERSION.test(text)

function compare(left, right) {
    const a = VERSION.exec(left)
    const b = VERSION.exec(right)
    for (const part of [1, 2, 3]) {
        if (Number(a[part]) !== Number(b[part])) {
            return Number(a[part]) - Number(b[part])
        }
    }
    return a[4] === b[4] ? 0 : a[4] === undefined ? 1 : b[4] === undefined ? -1 : a[4] < b[4] ? -1 : 1
}

export class OneTableMigrate {
    #known

    /** `known`: `{version, description, path}` of all migrations of the project. */
    constructor(db, params, known, schema) {
        this.db = db
        this.params = params
        this.helpers = params.helpers
        this.schema = schema
        this.#known = known
    }

    async init() {
        this.keys ??= (this.db.getKeys ? await this.db.getKeys() : this.db.indexes).primary
    }

    apply() {
        throw new Error('a migration cannot apply others while it runs; name them in the order in which they are to run')
    }

    /** The rows of the history, oldest first; those of the version that is running are not there yet. */
    async getPastMigrations() {
        await this.init()
        const { hash, sort } = this.keys
        const rows = []
        for (const [value, prefix] of [['_migration', '_migration:'], ['_migrations:', '_migrations:']]) {
            const keys = sort ? { [hash]: value, [sort]: { begins: prefix } } : { [hash]: value }
            const items = await this.db.queryItems(keys, { parse: false, hidden: true, consistent: true })
            rows.push(...items.map((item) => this.#row(item)))
        }
        return rows.sort((a, b) => a.date - b.date)
    }

    #row(item) {
        const plain = (value) => (value?.S ?? value?.N ?? value)
        const { version, description, path, status } = Object.fromEntries(
            Object.entries(item).map(([name, value]) => [name, plain(value)])
        )
        const date = plain(item.date)
        return { version, description, path, status, date: new Date(/^\d+$/.test(date) ? Number(date) : date) }
    }

    findPastMigrations() {
        return this.getPastMigrations()
    }

    async getPastVersions() {
        const past = (await this.getPastMigrations()).map((row) => row.version)
        return [...new Set(past.filter(isVersion))].sort(compare)
    }

    async getCurrentVersion() {
        return (await this.getPastVersions()).pop() ?? '0.0.0'
    }

    async getOutstandingMigrations(limit = Infinity) {
        const past = new Set(await this.getPastVersions())
        const outstanding = this.#known.filter(({ version }) => isVersion(version) && !past.has(version))
        return outstanding.sort((a, b) => compare(a.version, b.version)).slice(0, limit)
    }

    async getOutstandingVersions(limit) {
        return (await this.getOutstandingMigrations(limit)).map(({ version }) => version)
    }

    async getNamedVersions(limit = Infinity) {
        return this.#known.map(({ version }) => version).filter((version) => !isVersion(version)).slice(0, limit)
    }

    getNamedMigrations(limit) {
        return this.getNamedVersions(limit)
    }
}
