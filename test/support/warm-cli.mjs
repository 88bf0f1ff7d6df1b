import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/*
 * Runs the commands it is sent one after another, each as a process of its own would run it. What is saved is loading
 * the libraries, which takes a process most of a second, and the tests of commands most of their time.
 */
const [cli] = process.argv.slice(2)
const ownResources = process.getActiveResourcesInfo().length + 1 // the channel on which commands come
const { stdin } = process
let runs = 0

process.on('message', async (command) => process.send(await run(command)))

async function run({ args, env, input }) {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  process.argv = [process.execPath, cli, ...args]
  process.exitCode = undefined
  Object.defineProperty(process, 'stdin', { value: new PassThrough().end(input), configurable: true })
  const [stdout, stderr] = [process.stdout, process.stderr].map(capture)
  const end = () => ({ code: process.exitCode ?? 0, signal: null, stdout: stdout.text(), stderr: stderr.text() })
  let exit
  process.exit = (code) => {
    process.exitCode = code ?? process.exitCode
    exit ??= end()
    throw new Error('what follows would not be run')
  }

  // Another name, so that it runs again; what it imports is there already.
  await import(`${cli}?${++runs}`)
  // A process ends when nothing keeps it.
  while (process.getActiveResourcesInfo().length > ownResources) await sleep(2, undefined, { ref: false })

  exit ??= end()
  for (const stream of [stdout, stderr]) stream.release()
  for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name)
  process.stdout.removeAllListeners('error')
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  return exit
}

function capture(stream) {
  const chunks = []
  const { write } = stream
  stream.write = (chunk, ...rest) => {
    chunks.push(Buffer.from(chunk))
    const done = rest.at(-1)
    if (typeof done === 'function') process.nextTick(done)
    return true
  }
  return {
    text: () => Buffer.concat(chunks).toString(),
    release: () => {
      stream.write = write
    },
  }
}
