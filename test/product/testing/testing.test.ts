import { describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import { handlers, outcomesOf } from '../../../src/core/handling/handlers.ts'
import { signedRequest, testReceiver, testSecrets } from '../../../testing.ts'

/** Its sender shows a secret, and signs nothing: a body that was changed on the way cannot be told. */
const UNSIGNED = ['label-studio', 'cloudevents']

describe('floodmark/testing', () => {
  it.for(Object.keys(providers) as (keyof typeof providers)[])(
    'has signed requests of %s, each handled once',
    async (name) => {
      const seen: string[] = []
      const receiver = await testReceiver({ providers: [name], handlers: ({ key }) => void seen.push(key) })
      const request = await receiver.sign(name, { key: 'k7' })
      for (let copies = 0; copies < 2; copies++)
        expect((await receiver.deliver(name, request)).status).toBeLessThan(300)
      const forged = { ...request, body: Buffer.from(request.body.toString().replace('k7', 'k8')) }
      if (forged.body.equals(request.body)) forged.body[3]! ^= 1
      if (!UNSIGNED.includes(name)) expect((await receiver.deliver(name, forged)).status).toBe(401)
      expect(await receiver.settled()).toMatchObject({ applied: 1, duplicates: 1 })
      expect(seen).toHaveLength(1)
      await receiver.stop()
    },
  )

  it('shows what handlers did, what was given up, and what is not settled', async () => {
    const effects = handlers({
      books: (event, tx) => {
        if (event.type === 'bad') throw new FloodmarkError('rejected', 'never')
        tx.increment('booked', 1)
      },
      slow: { on: { type: 'slow' }, handle: () => new Promise<void>(() => {}) },
    })
    const receiver = await testReceiver({ providers: ['generic'], handlers: effects })
    await receiver.send('generic', { id: 'a', body: { type: 'good', key: 'x' } })
    await receiver.send('generic', { id: 'b', body: { type: 'bad', key: 'y' } })
    await receiver.settled()
    expect(outcomesOf(effects).books).toMatchObject({ done: 1, failed: 1 })
    expect(String(await receiver.ledger.read('booked'))).toBe('1')
    expect(await receiver.deadLetters()).toMatchObject([{ cause: 'permanent', event: { id: 'generic:b#books' } }])
    await receiver.send('generic', { body: { type: 'slow', key: 'z' } })
    await expect(receiver.settled(50)).rejects.toMatchObject({ code: 'timeout' })
    await expect(receiver.send('stripe')).rejects.toThrow('no route for stripe')
  })

  it("signs with the secret of one's own receiver, and refuses to sign with none", async () => {
    const { signing } = await testSecrets('stripe')
    const { headers, body } = await signedRequest('stripe', signing, { body: { id: 'evt_1', type: 'invoice.paid' } })
    expect([headers['stripe-signature'], JSON.parse(body.toString())]).toEqual([
      expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
      { id: 'evt_1', type: 'invoice.paid' },
    ])
    await expect(signedRequest('stripe', '')).rejects.toMatchObject({ code: 'misuse' })
    await expect(signedRequest('strip' as 'stripe', signing)).rejects.toThrow("no provider 'strip'")
  })
})
