// Answers each line of standard input, a JSON list of arguments, by a line {"answer"} or {"error"}: tools from npm
// take seconds to load, once for all questions of a test.
import readline from 'node:readline'

export async function answerLines(answer) {
    for await (const line of readline.createInterface({input: process.stdin})) {
        let said
        try {
            said = {answer: await answer(...JSON.parse(line))}
        } catch (error) {
            said = {error: error.stack}
        }
        process.stdout.write(JSON.stringify(said) + '\n')
    }
}
