import { expect, it } from 'vitest'
import generic from '../../providers/generic.ts'
import type { Bench } from '../contract/receiver.ts'
import { exchange, NOW_MS, SECRET, signed, statuses } from './wire.ts'

const NEXT = generic.secret('the key after this one')

/** Secrets change while requests come: from the moment that a change resolves, nothing is judged by what was before. */
export function rotationContract(bench: Bench): void {
  it('takes a new secret, and refuses one that was removed or has ended', async () => {
    const running = await bench.start({ inFlightMax: 500, connectionsMax: 500 })
    const { ingest } = bench
    const send = async (secret: typeof SECRET) =>
      statuses((await exchange(running.port, signed('r', { secret }), 1)).text)[0]
    expect([await send(SECRET), await send(NEXT)]).toEqual([200, 401])
    await ingest.rotateSecrets('in', [NEXT, { secret: SECRET, untilMs: NOW_MS + 1_000 }])
    bench.nowMs = NOW_MS + 1_000
    expect([await send(SECRET), await send(NEXT)]).toEqual([200, 200])
    bench.nowMs++
    expect([await send(SECRET), await send(NEXT)]).toEqual([401, 200])
    bench.nowMs = NOW_MS
    for (let round = 0; round < 3; round++) {
      for (const [right, wrong] of [
        [SECRET, NEXT],
        [NEXT, SECRET],
      ] as const) {
        const during = Array.from({ length: 20 }, (_, at) => send(at % 2 === 0 ? right : wrong))
        await ingest.rotateSecrets('in', [right])
        const after = await Promise.all(Array.from({ length: 20 }, (_, at) => send(at % 2 === 0 ? right : wrong)))
        expect(after).toEqual(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 200 : 401)))
        for (const code of await Promise.all(during)) expect([200, 401]).toContain(code)
      }
    }
    await running.stop()
  })

  it('goes on with its secrets where it is given none that could serve', async () => {
    const running = await bench.start()
    const { ingest } = bench
    for (const secrets of [[], [{ secret: NEXT, untilMs: NOW_MS - 1 }], [{ secret: NEXT, untilMs: Number.NaN }]]) {
      await expect(ingest.rotateSecrets('in', secrets)).rejects.toMatchObject({ code: 'misuse' })
    }
    await expect(ingest.rotateSecrets('elsewhere', [NEXT])).rejects.toMatchObject({ code: 'misuse' })
    expect(statuses((await exchange(running.port, signed('kept'), 1)).text)).toEqual([200])
    await running.stop()
  })
}
