import type { ServiceOptions } from 'floodmark'

/** A shop's own work for each event, for `startService({ …, processing: { ledger, ...orders(sendMail, warn) } })`. */
export function orders(
  sendMail: (about: string, once: string) => Promise<void>,
  warn: (line: string) => void,
): Omit<NonNullable<ServiceOptions['processing']>, 'ledger'> {
  return {
    effect: {
      // Exactly once: what tx writes commits with the mark that says it is done.
      books: ({ key, body }, tx) => tx.append(`orders/${key}`, body),
      // At least once: another service absorbs repetitions by the key it is given. While it is down, this effect pauses alone.
      mail: ({ id, type }) => sendMail(type, `${id}#mail`),
    },
    classify: (error) => ((error as { status?: number }).status === 422 ? 'permanent' : undefined),
    gaps: { onGap: ({ key, expected, got }) => warn(`${key}: ${expected} to ${got - 1} are missing before ${got}`) },
  }
}
