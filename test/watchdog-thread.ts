import { writeSync } from 'node:fs'
import { type Debugger, Session } from 'node:inspector/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'

/** A thread of tests that beats no more for so long, ms, will not again. */
const BLOCKED_MS = Number(process.env.BLOCKED_MS ?? 180_000)
const LOOK_MS = Math.min(5_000, BLOCKED_MS / 4)
/** So many stacks are told, so many ms apart: one may be between two turns of a loop. */
const STACKS = 8
const APART_MS = 100
/** They are there sooner, ms, or cannot be had. */
const STACKS_MS = 20_000

const { beats, file } = workerData as { readonly beats: Int32Array; readonly file: string }
let seen = 0
let seenAtMs = performance.now()

const watch = setInterval(() => {
  const now = Atomics.load(beats, 0)
  if (now !== seen) {
    seen = now
    seenAtMs = performance.now()
  } else if (performance.now() - seenAtMs > BLOCKED_MS) {
    clearInterval(watch)
    setTimeout(end, STACKS_MS)
    void tellWhere().then(end, end)
  }
}, LOOK_MS)

/** vitest tells of a worker that was killed, and goes on with the other files. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

async function tellWhere(): Promise<void> {
  writeSync(2, `\n${file}: nothing else ran in its thread for ${BLOCKED_MS / 1_000} s. It is ended here:\n`)
  const session = new Session()
  session.connectToMainThread()
  const scripts = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url))
  await session.post('Debugger.enable')
  for (let told = 0; told < STACKS; told++) {
    const paused = new Promise<readonly Debugger.CallFrame[]>((resolve) =>
      session.once('Debugger.paused', ({ params }) => resolve(params.callFrames)),
    )
    await session.post('Debugger.pause')
    const frames = (await paused).map(({ functionName, location }) => {
      const place = `${scripts.get(location.scriptId)}:${location.lineNumber + 1}`
      return `    at ${functionName || '<anonymous>'} (${place})\n`
    })
    writeSync(2, `${frames.join('')}\n`)
    await session.post('Debugger.resume')
    await pause(APART_MS)
  }
}
