// The job of bench/run as a careful script on the AWS SDK for JavaScript would do it, without guards or
// journal: parallel segments, kept connections, whole items put back in batches of 25.
//
//     node bench/sdk.mjs ENDPOINT TABLE SEGMENTS
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(path.join(process.env.SDK_HOME, 'package.json'))
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb')
const { BatchWriteCommand, DynamoDBDocumentClient, ScanCommand } = require('@aws-sdk/lib-dynamodb')

const [endpoint, table, segments] = process.argv.slice(2)
const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } })
)

async function put(items) {
    let requests = items.map((Item) => ({ PutRequest: { Item } }))
    while (requests.length > 0) {
        const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }))
        requests = UnprocessedItems?.[table] ?? []
    }
}

async function migrate(Segment) {
    let ExclusiveStartKey
    do {
        const page = await client.send(
            new ScanCommand({ TableName: table, Segment, TotalSegments: Number(segments), ExclusiveStartKey })
        )
        for (let i = 0; i < page.Items.length; i += 25) {
            const items = page.Items.slice(i, i + 25)
            await put(items.map((item) => ({ ...item, migrated: 'yes', emailLower: item.email.toLowerCase() })))
        }
        ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey)
}

await Promise.all(Array.from({ length: Number(segments) }, (_, segment) => migrate(segment)))
