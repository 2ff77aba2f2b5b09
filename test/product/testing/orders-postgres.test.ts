import { readFileSync } from 'node:fs'
import pg from 'pg'
import { expect, it } from 'vitest'
import config from '../../../examples/orders-postgres/floodmark.config.ts'
import handlers from '../../../examples/orders-postgres/handlers.ts'
import postgres from '../../../ledgers/postgres.ts'
import { outcomesOf } from '../../../src/core/handling/handlers.ts'
import { testReceiver } from '../../../testing.ts'
import { describeWithServer } from '../../servers.ts'

const SCHEMA = readFileSync(new URL('../../../examples/orders-postgres/schema.sql', import.meta.url), 'utf8')
const paid = (type: string, payment: object) => ({ event: type, payload: { payment: { entity: payment } } })

describeWithServer('postgres', (server) => {
  it('examples/orders-postgres: books each order once, in the transaction of its mark, and undoes all of one that fails', async () => {
    const url = `${server().url.replace('//', '//postgres@')}/postgres`
    const db = new pg.Client(url)
    await db.connect()
    await db.query(SCHEMA)
    const ledger = await postgres.open({ url, namespace: 'shop' })
    const receiver = await testReceiver({ providers: ['razorpay'], handlers, ledger })
    const payment = { id: 'pay_1', order_id: 'order_1', amount: 500, currency: 'INR' }
    const send = (id: string, body: object) => receiver.send('razorpay', { id, body })
    for (let copies = 0; copies < 3; copies++) await send('evt_1', paid('payment.captured', payment))
    await send('evt_2', paid('order.paid', payment))
    await send('evt_3', paid('payment.captured', { ...payment, id: 'pay_2', order_id: null }))
    await send('evt_4', paid('refund.created', payment))
    // The order breaks a rule of the table: it is tried again, then buried, and its payment is not there either.
    await send('evt_5', paid('payment.captured', { ...payment, id: 'pay_5', order_id: 'order_5', amount: -1 }))
    await send('evt_6', { event: 'order.paid', payload: {} })
    const counts = await receiver.settled(20_000)
    expect(counts).toMatchObject({ duplicates: 2, buried: 2, unrouted: 1 })
    expect((await db.query('SELECT razorpay_order_id AS id, status FROM orders')).rows).toEqual([
      { id: 'order_1', status: 'paid' },
    ])
    expect((await db.query('SELECT razorpay_payment_id AS id FROM payments')).rows).toEqual([{ id: 'pay_1' }])
    expect(String(await receiver.ledger.read('payments'))).toBe('1')
    expect(outcomesOf(handlers).orders).toMatchObject({ done: 1, nothing: 2 })
    const reasons = (await receiver.deadLetters()).map(({ event, reason }) => [event.id, reason])
    expect(reasons).toEqual([
      ['razorpay:evt_6#orders', 'permanent: the event has no payload.payment.entity'],
      ['razorpay:evt_5#orders', expect.stringContaining('orders_amount_check')],
    ])
    await receiver.stop()
    await ledger.close()
    await db.end()
  })

  it('its config names the routes and stores that it speaks of', () => {
    expect(config).toMatchObject({ queue: { use: 'postgres' }, ledger: { use: 'postgres' }, handlers })
  })
})
