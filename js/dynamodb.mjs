// DynamoDB over HTTP with no package: one signed request, its answer; errors as AWS's SDK for JavaScript has them.

import { createHash, createHmac } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'

const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** Idle connections are closed here before the other side does that to one which is just used again. */
const IDLE = { keepAlive: true, timeout: 4000 }

const agents = {
    'http:': new http.Agent(IDLE),
    'https:': new https.Agent(IDLE),
}

const ONLY_READS = /^(Get|BatchGet|TransactGet|Query$|Scan$|List|Describe)/

/** The headers of a signed request (Signature Version 4). */
function signed({ region, accessKeyId, secretAccessKey, sessionToken }, url, operation, body) {
    const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '')
    const headers = {
        'content-type': 'application/x-amz-json-1.0',
        host: url.host,
        'x-amz-date': time,
        ...(sessionToken && { 'x-amz-security-token': sessionToken }),
        'x-amz-target': `DynamoDB_20120810.${operation}`,
    }
    const names = Object.keys(headers).join(';')
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
    const canonical = ['POST', url.pathname, '', lines.join(''), names, sha256(body)].join('\n')
    const scope = [time.slice(0, 8), region, 'dynamodb', 'aws4_request']
    const key = scope.reduce(hmac, `AWS4${secretAccessKey}`)
    const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n')).toString('hex')
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`
    headers['content-length'] = Buffer.byteLength(body)
    return headers
}

function serviceError(status, text, requestId) {
    let answer = {}
    try {
        answer = JSON.parse(text)
    } catch {
        // not DynamoDB's
    }
    const code = String(answer.__type ?? 'UnknownError').replace(/^.*#/, '')
    const error = new Error(answer.message ?? answer.Message ?? `HTTP status ${status}`)
    const own = { code, name: code, statusCode: status, requestId, retryable: status >= 500, time: new Date() }
    return Object.assign(error, own, answer.CancellationReasons && { cancellationReasons: answer.CancellationReasons })
}

/** Where requests go: what the environment says, which is the program's gateway, unless `options` say otherwise. */
export class DynamoDB {
    constructor(options) {
        const { env } = process
        this.region = options.region ?? env.AWS_REGION
        this.url = new URL(options.endpoint ?? env.AWS_ENDPOINT_URL_DYNAMODB ?? `https://dynamodb.${this.region}.amazonaws.com`)
        this.accessKeyId = options.accessKeyId ?? env.AWS_ACCESS_KEY_ID
        this.secretAccessKey = options.secretAccessKey ?? env.AWS_SECRET_ACCESS_KEY
        this.sessionToken = options.accessKeyId ? options.sessionToken : env.AWS_SESSION_TOKEN
    }

    /**
     * The answer of one request. What only reads is sent again when its connection was closed; a write may have been done
     * by then, so that whoever asked for it must look.
     */
    call(operation, params) {
        const body = JSON.stringify(params)
        const { request } = this.url.protocol === 'https:' ? https : http
        const options = { method: 'POST', agent: agents[this.url.protocol], headers: signed(this, this.url, operation, body) }
        return new Promise((resolve, reject) => {
            const sent = request(this.url, options, (answer) => {
                const parts = []
                answer.on('data', (part) => parts.push(part))
                answer.on('error', reject)
                answer.on('end', () => {
                    const text = Buffer.concat(parts).toString()
                    const requestId = answer.headers['x-amzn-requestid']
                    if (answer.statusCode === 200) {
                        resolve({ data: JSON.parse(text), requestId })
                    } else {
                        reject(serviceError(answer.statusCode, text, requestId))
                    }
                })
            })
            sent.on('error', (error) => {
                if (sent.reusedSocket && error.code === 'ECONNRESET' && ONLY_READS.test(operation)) {
                    resolve(this.call(operation, params))
                } else {
                    reject(Object.assign(error, { code: error.code ?? 'NetworkingError', retryable: true }))
                }
            })
            sent.end(body)
        })
    }
}
