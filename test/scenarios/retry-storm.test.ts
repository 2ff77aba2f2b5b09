import { describe, expect, it } from 'vitest'
import { runsFolder } from '../runner/floodmark.ts'

/** 200 first attempts a second; the queue all but stops for four seconds, from 3.2 s on. */
const { run, reportOf } = runsFolder()
const storm = (name: string, ...flags: string[]) =>
  run(name, 'retry-storm', '--rate', '200', '--duration', '16', ...flags)
/** Room for the first attempts, and not for all of the retries. */
const SMALL = ['--capacity', '280']

describe('retry-storm', () => {
  it.concurrent('passes with room to spare: senders gave up and came again, and goodput is back when the trigger is gone', async () => {
    const { code, out, err } = await storm('roomy')
    expect(code, out + err).toBe(0)
    const { cards, audit, faults } = reportOf('roomy')
    const delivery = cards.delivery!
    expect(faults).toMatchObject([{ kind: 'throttle', fault: { perS: 20 }, victim: 'receiver + processor' }])
    expect(delivery.amplification).toBeGreaterThan(1.1)
    expect(audit.duplicatesAbsorbed).toBeGreaterThan(100)
    expect(delivery.goodputAfter).toBeGreaterThan(0.95)
    expect(delivery.diagnosis).toMatchObject({ state: 'recovered' })
  })

  const metastable = 'is metastable with too small a receiver that sheds no load, and says why and what to do'
  it.concurrent(metastable, { tags: 'full' }, async () => {
    const { code, out } = await storm('small', ...SMALL, '--in-flight-max', '1000000', '--publish-deadline', '60000')
    expect(code, out).toBe(1)
    const { cards, checks, audit, reproduce } = reportOf('small')
    const failed = checks.filter(({ ok }) => ok === false).map(({ id }) => id)
    expect(failed).toEqual(['goodput-after-fault'])
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0 })
    const { state, firstPerS, retriesPerS, answeredPerS, donePerS, wastedShare } = cards.delivery!.diagnosis!
    expect(state).toBe('metastable')
    expect(donePerS).toBeGreaterThan(firstPerS)
    expect(donePerS).toBeLessThan(300)
    expect(firstPerS + retriesPerS).toBeGreaterThan(donePerS)
    expect(answeredPerS).toBeLessThan(0.5 * firstPerS)
    expect(wastedShare).toBeGreaterThan(0.5)
    const advised = `Shed load earlier: --in-flight-max ${cards.delivery!.diagnosis!.inFlightMaxAdvised},`
    expect(out.replaceAll(/\s+/g, ' ')).toContain(advised)
    expect(reproduce).toContain('--in-flight-max 1000000 --publish-deadline 1m --capacity 280')
  })

  it('recovers with the same capacity when it sheds load as it was told to', {
    tags: 'full',
  }, async () => {
    const advised = String(reportOf('small').cards.delivery!.diagnosis!.inFlightMaxAdvised)
    const { code, out, err } = await storm('shedding', ...SMALL, '--in-flight-max', advised)
    expect(code, out + err).toBe(0)
    const delivery = reportOf('shedding').cards.delivery!
    expect(delivery.goodputAfter).toBeGreaterThan(0.9)
    expect(delivery.diagnosis).toMatchObject({ state: 'recovered' })
  })
})
