import { connect, type Socket } from 'node:net'
import type { Destination } from '../sender/connection.ts'

/** How one request of an attack ended. `heldMs`: how long a connection that sends a byte a second lived. */
export interface RawEnd {
  readonly how: number | 'closed' | 'unanswered' | 'held'
  readonly heldMs?: number
}

/** One request on its way. */
export interface Shot {
  /** Ends it as 'held'. */
  cancel(): void
}

/** Sends the next one; `done` is called once. */
export type Shoot = (done: (ended: RawEnd) => void) => Shot

/** What is said on a connection of its own. */
export interface Play {
  readonly bytes: Buffer
  /** Goes on after `bytes`; what it returns is called at the end. */
  readonly more?: (socket: Socket) => () => void
  /** Nothing that the receiver says is read. */
  readonly deaf?: true
  /** It ends when the receiver ends it, or with the attack, and its time is taken. */
  readonly slow?: true
}

/** A request without an answer is given up after so many ms. */
const PATIENCE_MS = 5_000
/** Only the status line of an answer is looked at. */
const STATUS_BYTES = 12

/** A request that no client would send: its bytes as they are, over a connection of its own, until the first answer or the end. */
export function rawExchange(destination: Destination, play: Play, done: (ended: RawEnd) => void): Shot {
  const socket = connect({ ...destination, noDelay: true })
  const beganMs = performance.now()
  let stopMore = () => {}
  let text = ''
  let over = false
  const patience = play.slow ? undefined : setTimeout(() => end('unanswered'), PATIENCE_MS)
  const end = (how: RawEnd['how']) => {
    if (over) return
    over = true
    clearTimeout(patience)
    stopMore()
    socket.destroy()
    done(play.slow && !play.deaf ? { how, heldMs: performance.now() - beganMs } : { how })
  }
  socket.on('connect', () => {
    socket.write(play.bytes)
    if (play.more) stopMore = play.more(socket)
  })
  if (play.deaf) socket.pause()
  else
    socket.on('data', (data) => {
      text += data.toString('latin1', 0, STATUS_BYTES)
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
      if (status) end(Number(status))
      else if (text.length >= STATUS_BYTES) end('closed')
    })
  socket.on('error', () => {})
  socket.on('close', () => end('closed'))
  return { cancel: () => end('held') }
}
