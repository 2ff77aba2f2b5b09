import { writeSync } from 'node:fs'
import { type Debugger, Session } from 'node:inspector/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'

/** A thread of tests that beats no more for so long, ms, will not again. */
const BLOCKED_MS = Number(process.env.BLOCKED_MS ?? 180_000)
/** No file takes so long, ms: not even one that gives way to all others, on a busy machine. */
const FILE_MS = 2_700_000
const LOOK_MS = Math.min(5_000, BLOCKED_MS / 4)
/** So many stacks are told, so many ms apart: one may be between two turns of a loop. */
const STACKS = 8
const APART_MS = 100
/** They are there sooner, ms, or cannot be had. */
const STACKS_MS = 20_000

const { beats, file } = workerData as { readonly beats: Int32Array; readonly file: string }
let seen = 0
const beganMs = performance.now()
let seenAtMs = beganMs

const watch = setInterval(() => {
  const nowMs = performance.now()
  const now = Atomics.load(beats, 0)
  if (now !== seen) seenAtMs = nowMs
  seen = now
  if (nowMs - seenAtMs > BLOCKED_MS) tellAndEnd(`nothing else ran in its thread for ${BLOCKED_MS / 1_000} s`)
  else if (nowMs - beganMs > FILE_MS) tellAndEnd(`not at its end after ${FILE_MS / 1_000} s`)
}, LOOK_MS)

function tellAndEnd(what: string): void {
  clearInterval(watch)
  writeSync(2, `\n${file}: ${what}. It is ended here:\n`)
  setTimeout(end, STACKS_MS)
  tellWhere().then(end, end)
}

/** vitest tells of a worker that was killed, and goes on with the other files. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

async function tellWhere(): Promise<void> {
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
