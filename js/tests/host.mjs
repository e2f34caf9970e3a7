import { Child } from './child.mjs'

/** A host as the program starts it. */
export class Host extends Child {
    constructor(environment = {}) {
        super('host.mjs', [], environment)
    }
    end() {
        this.child.stdio[3].end()
        return this.ended
    }
}
