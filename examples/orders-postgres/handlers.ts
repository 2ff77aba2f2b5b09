import { FloodmarkError, handlers, parseBody } from 'floodmark'

interface Payment {
  readonly id: string
  readonly order_id: string | null
  readonly amount: number
  readonly currency: string
}

/**
 * Orders of a shop that is paid by Razorpay. Each statement runs in the transaction that also stores the event's mark: a webhook that
 * comes twice, a process that is killed, a retry after a failure – the order is paid once, or not at all.
 */
export default handlers({
  orders: {
    on: { source: 'razorpay', type: ['payment.captured', 'order.paid'] },
    async handle(event, tx, { attempt, log }) {
      const payment = paymentIn(parseBody(event.body))
      if (!payment.order_id) return 'nothing'
      await tx.client.query(
        `INSERT INTO orders (razorpay_order_id, amount, currency, status, updated_at) VALUES ($1, $2, $3, 'paid', $4)
        ON CONFLICT (razorpay_order_id) DO UPDATE SET status = 'paid', updated_at = excluded.updated_at`,
        [payment.order_id, payment.amount, payment.currency, new Date(event.receivedAtMs)],
      )
      // order.paid and payment.captured tell of the same payment: the second of them finds it there.
      const { rowCount } = await tx.client.query(
        `INSERT INTO payments (razorpay_payment_id, razorpay_order_id, amount) VALUES ($1, $2, $3)
        ON CONFLICT (razorpay_payment_id) DO NOTHING`,
        [payment.id, payment.order_id, payment.amount],
      )
      if (attempt > 1) log(`${payment.order_id} is paid`)
      if (rowCount === 0) return 'nothing'
      tx.increment('payments', 1)
    },
  },
})

function paymentIn(body: unknown): Payment {
  const payment = (body as { payload?: { payment?: { entity?: Payment } } } | undefined)?.payload?.payment?.entity
  // Said aloud: a provider that moved a field must not look like success.
  if (!payment?.id) throw new FloodmarkError('rejected', 'the event has no payload.payment.entity')
  return payment
}
